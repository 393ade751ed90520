package jobdb

import (
	"context"
	"database/sql"
	"errors"

	"github.com/pressly/goose/v3"

	"github.com/rowgate/rowgate/internal/job"
	"github.com/rowgate/rowgate/internal/job/migrations"
)

// SQLite is the database of a single instance.
type SQLite struct {
	db     *sql.DB
	synced func(context.Context) context.Context
}

// OpenSQLite brings the engine's own tables in db up to date. synced marks the context of a transaction whose commit db puts on the disk
// (outbox/sqlite.Synced); db is the caller's to close.
func OpenSQLite(ctx context.Context, db *sql.DB, synced func(context.Context) context.Context) (*SQLite, error) {
	if err := migrate(ctx, db, goose.DialectSQLite3, migrations.SQLite(), versionTable); err != nil {
		return nil, err
	}
	return &SQLite{db: db, synced: synced}, nil
}

// Write implements job.Database.
func (s *SQLite) Write(ctx context.Context, within func(context.Context, job.Tx) error) error {
	return s.run(s.synced(ctx), nil, within)
}

// Note implements job.Database.
func (s *SQLite) Note(ctx context.Context, within func(context.Context, job.Tx) error) error {
	return s.run(ctx, nil, within)
}

// Read implements job.Database.
func (s *SQLite) Read(ctx context.Context, within func(context.Context, job.Tx) error) error {
	return s.run(ctx, &sql.TxOptions{ReadOnly: true}, within)
}

// Several implements job.Database: the file is locked by its one instance.
func (s *SQLite) Several() bool { return false }

func (s *SQLite) run(ctx context.Context, options *sql.TxOptions, within func(context.Context, job.Tx) error) error {
	tx, err := s.db.BeginTx(ctx, options)
	if err != nil {
		return err
	}
	defer tx.Rollback() // after a commit there is nothing left to roll back
	if err := within(ctx, SQL(tx)); err != nil {
		return err
	}
	return tx.Commit()
}

// ErrNewer is returned for tables that this program does not know yet.
var ErrNewer = errors.New("the tables of jobs were made by a newer version of rowgate")
