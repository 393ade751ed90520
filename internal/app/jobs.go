package app

import (
	"context"
	"fmt"

	"github.com/rowgate/rowgate/internal/job"
	"github.com/rowgate/rowgate/internal/job/jobdb"
	"github.com/rowgate/rowgate/internal/job/riverqueue"
	"github.com/rowgate/rowgate/internal/outbox/sqlite"
)

// openJobs makes the background engine in the file of the outbox.
func (a *App) openJobs(ctx context.Context) error {
	db, err := a.store.Share()
	if err != nil {
		return fmt.Errorf("opening the jobs: %w", err)
	}
	database, err := jobdb.OpenSQLite(ctx, db, sqlite.Synced)
	if err != nil {
		return fmt.Errorf("opening the jobs: %w", err)
	}
	queue, err := riverqueue.OpenSQLite(ctx, db, riverqueue.Options{Logger: a.logger})
	if err != nil {
		return fmt.Errorf("opening the jobs: %w", err)
	}
	a.jobs, err = job.New(job.Options{
		Database: database, Queue: queue, Keeper: queue, Keyring: a.keyring, Logger: a.logger, Metrics: a.registry,
	})
	return err
}
