// Package jobdb runs the transactions of the background engine: on the SQLite file of the outbox, or on PostgreSQL. It also turns a
// transaction that a caller has into one of the engine's.
package jobdb

import (
	"context"
	"database/sql"
	"errors"

	"github.com/jackc/pgx/v5"

	"github.com/rowgate/rowgate/internal/job"
)

// SQL makes a transaction of database/sql, on SQLite, the engine's.
func SQL(tx *sql.Tx) job.Tx { return sqlTx{tx} }

// Pgx makes a transaction of pgx the engine's.
func Pgx(tx pgx.Tx) job.Tx { return pgxTx{tx} }

// errForeign is a program's fault: the transaction is not of this package, or of the other database.
var errForeign = errors.New("the transaction is not of this database")

// AsSQL returns what SQL was given.
func AsSQL(tx job.Tx) (*sql.Tx, error) {
	if own, ok := tx.(sqlTx); ok {
		return own.tx, nil
	}
	return nil, errForeign
}

// AsPgx returns what Pgx was given.
func AsPgx(tx job.Tx) (pgx.Tx, error) {
	if own, ok := tx.(pgxTx); ok {
		return own.tx, nil
	}
	return nil, errForeign
}

type sqlTx struct{ tx *sql.Tx }

// Exec implements job.Tx.
func (t sqlTx) Exec(ctx context.Context, query string, args ...any) (int64, error) {
	result, err := t.tx.ExecContext(ctx, query, args...)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

// Query implements job.Tx.
func (t sqlTx) Query(ctx context.Context, query string, args ...any) (job.Rows, error) {
	return t.tx.QueryContext(ctx, query, args...) //nolint:rowserrcheck // the caller's
}

type pgxTx struct{ tx pgx.Tx }

// Exec implements job.Tx.
func (t pgxTx) Exec(ctx context.Context, query string, args ...any) (int64, error) {
	tag, err := t.tx.Exec(ctx, query, args...)
	return tag.RowsAffected(), err
}

// Query implements job.Tx.
func (t pgxTx) Query(ctx context.Context, query string, args ...any) (job.Rows, error) {
	rows, err := t.tx.Query(ctx, query, args...)
	return pgxRows{rows}, err
}

type pgxRows struct{ pgx.Rows }

// Close implements job.Rows.
func (r pgxRows) Close() error {
	r.Rows.Close()
	return r.Err()
}
