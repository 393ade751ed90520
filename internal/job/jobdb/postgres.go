package jobdb

import (
	"context"
	"errors"
	"hash/fnv"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"

	"github.com/rowgate/rowgate/internal/job"
	"github.com/rowgate/rowgate/internal/job/migrations"
)

// Schema is where the tables of jobs are in PostgreSQL, River's too: that of the outbox, so that one right and one backup are for all.
const Schema = "rowgate"

// Postgres is the database of several instances. Its commits are synced as the server's synchronous_commit says, which is on.
type Postgres struct{ pool *pgxpool.Pool }

// OpenPostgres brings the engine's own tables up to date; instances that start together take turns. The pool is the caller's to close.
func OpenPostgres(ctx context.Context, pool *pgxpool.Pool) (_ *Postgres, err error) {
	db := stdlib.OpenDBFromPool(pool)
	defer func() { err = errors.Join(err, db.Close()) }()
	err = Exclusive(ctx, pool, func() error {
		if err := makeSchema(ctx, pool); err != nil {
			return err
		}
		return migrate(ctx, db, goose.DialectPostgres, migrations.Postgres(), Schema+"."+versionTable)
	})
	if err != nil {
		return nil, err
	}
	return &Postgres{pool: pool}, nil
}

// makeSchema makes the schema if it is not there. IF NOT EXISTS would ask for the right to make one even where it is.
func makeSchema(ctx context.Context, pool *pgxpool.Pool) error {
	var exists bool
	err := pool.QueryRow(ctx, `SELECT EXISTS (SELECT 1 FROM pg_namespace WHERE nspname = $1)`, Schema).Scan(&exists)
	if err != nil || exists {
		return err
	}
	_, err = pool.Exec(ctx, `CREATE SCHEMA `+Schema)
	return err
}

// Exclusive calls do while no other instance is in an Exclusive of the same database. The lock is a transaction's, so that it holds
// behind a pooler too.
func Exclusive(ctx context.Context, pool *pgxpool.Pool, do func() error) error {
	return pgx.BeginFunc(ctx, pool, func(tx pgx.Tx) error {
		name := fnv.New64a()
		_, _ = name.Write([]byte("rowgate job migrations"))
		if _, err := tx.Exec(ctx, `SELECT pg_advisory_xact_lock($1)`, int64(name.Sum64())); err != nil { //nolint:gosec // any number will do
			return err
		}
		return do()
	})
}

// Write implements job.Database.
func (p *Postgres) Write(ctx context.Context, within func(context.Context, job.Tx) error) error {
	return p.run(ctx, "ISOLATION LEVEL READ COMMITTED", within)
}

// Note implements job.Database.
func (p *Postgres) Note(ctx context.Context, within func(context.Context, job.Tx) error) error {
	return p.run(ctx, "ISOLATION LEVEL READ COMMITTED", func(ctx context.Context, tx job.Tx) error {
		if _, err := tx.Exec(ctx, `SET LOCAL synchronous_commit = off`); err != nil {
			return err
		}
		return within(ctx, tx)
	})
}

// Read implements job.Database.
func (p *Postgres) Read(ctx context.Context, within func(context.Context, job.Tx) error) error {
	return p.run(ctx, "ISOLATION LEVEL REPEATABLE READ READ ONLY", within)
}

// Several implements job.Database.
func (p *Postgres) Several() bool { return true }

// run names the schema for the transaction alone, in the round trip that begins it: behind a pooler no other setting lasts.
func (p *Postgres) run(ctx context.Context, mode string, within func(context.Context, job.Tx) error) error {
	options := pgx.TxOptions{BeginQuery: "BEGIN " + mode + "; SET LOCAL search_path = " + Schema}
	return pgx.BeginTxFunc(ctx, p.pool, options, func(tx pgx.Tx) error { return within(ctx, Pgx(tx)) })
}
