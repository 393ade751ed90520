package riverqueue_test

import (
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/rowgate/rowgate/internal/job/jobdb"
	"github.com/rowgate/rowgate/internal/job/jobtest"
	"github.com/rowgate/rowgate/internal/job/riverqueue"
	"github.com/rowgate/rowgate/internal/outbox/sqlite"
	"github.com/rowgate/rowgate/internal/pgtest"
)

func TestMain(m *testing.M) {
	jobtest.Child(onSQLite, onPostgres)
	m.Run()
}

func TestOnSQLite(t *testing.T) {
	t.Parallel()
	jobtest.Run(t, onSQLite)
}

func TestOnPostgres(t *testing.T) {
	t.Parallel()
	jobtest.Run(t, onPostgres)
}

// onSQLite is the file of an outbox.
var onSQLite = jobtest.Backend{
	Name: "sqlite",
	New:  func(tb testing.TB) string { return filepath.Join(tb.TempDir(), "rowgate.db") },
	Open: func(ctx context.Context, where string, logger *slog.Logger) (*jobtest.Parts, error) {
		store, err := sqlite.Open(ctx, where)
		if err != nil {
			return nil, err
		}
		db, err := store.Share()
		if err != nil {
			return nil, errors.Join(err, store.Close())
		}
		own, err := jobdb.OpenSQLite(ctx, db, sqlite.Synced)
		if err != nil {
			return nil, errors.Join(err, store.Close())
		}
		queue, err := riverqueue.OpenSQLite(ctx, db, riverqueue.Options{Logger: logger})
		if err != nil {
			return nil, errors.Join(err, store.Close())
		}
		return &jobtest.Parts{Database: own, Queue: queue, Keeper: queue, Close: store.Close}, nil
	},
}

// onPostgres is a database of its own in the cluster of this test binary.
var onPostgres = jobtest.Backend{
	Name: "postgres",
	New:  pgtest.Database,
	Open: func(ctx context.Context, where string, logger *slog.Logger) (*jobtest.Parts, error) {
		pool, err := pgxpool.New(ctx, where)
		if err != nil {
			return nil, err
		}
		own, err := jobdb.OpenPostgres(ctx, pool)
		if err != nil {
			pool.Close()
			return nil, err
		}
		queue, err := riverqueue.OpenPostgres(ctx, pool, riverqueue.Options{Logger: logger})
		if err != nil {
			pool.Close()
			return nil, err
		}
		return &jobtest.Parts{Database: own, Queue: queue, Keeper: queue, Close: func() error { pool.Close(); return nil }}, nil
	},
	Several: true,
}
