package app

import (
	"context"
	"fmt"

	"github.com/rowgate/rowgate/internal/job"
	"github.com/rowgate/rowgate/internal/job/jobdb"
	"github.com/rowgate/rowgate/internal/job/riverqueue"
	"github.com/rowgate/rowgate/internal/outbox/postgres"
	"github.com/rowgate/rowgate/internal/outbox/sqlite"
)

// openJobs makes the background engine in the database of the outbox.
func (a *App) openJobs(ctx context.Context) error {
	options := job.Options{Keyring: a.keyring, Logger: a.logger, Metrics: a.registry}
	var err error
	switch store := a.store.(type) {
	case *sqlite.Store:
		err = shareFile(ctx, store, &options)
	case *postgres.Store:
		err = shareServer(ctx, store, riverqueue.Options{Logger: a.logger, PollOnly: !a.owner.Hears()}, &options)
	}
	if err == nil {
		a.jobs, err = job.New(options)
	}
	if err != nil {
		return fmt.Errorf("opening the jobs: %w", err)
	}
	return nil
}

// shareFile keeps jobs in the file of a store.
func shareFile(ctx context.Context, store *sqlite.Store, options *job.Options) error {
	db, err := store.Share()
	if err != nil {
		return err
	}
	if options.Database, err = jobdb.OpenSQLite(ctx, db, sqlite.Synced); err != nil {
		return err
	}
	queue, err := riverqueue.OpenSQLite(ctx, db, riverqueue.Options{Logger: options.Logger})
	options.Queue, options.Keeper = queue, queue
	return err
}

// shareServer keeps jobs in the PostgreSQL database of a store, for all its instances.
func shareServer(ctx context.Context, store *postgres.Store, queues riverqueue.Options, options *job.Options) error {
	pool, err := store.Share(ctx)
	if err != nil {
		return err
	}
	if options.Database, err = jobdb.OpenPostgres(ctx, pool); err != nil {
		return err
	}
	queue, err := riverqueue.OpenPostgres(ctx, pool, queues)
	options.Queue, options.Keeper = queue, queue
	return err
}
