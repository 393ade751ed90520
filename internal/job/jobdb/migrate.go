package jobdb

import (
	"context"
	"database/sql"
	"fmt"
	"io/fs"

	"github.com/pressly/goose/v3"
)

// versionTable keeps which migrations have landed. The outbox has a table of its own.
const versionTable = "job_migration"

// migrate brings the engine's own tables up to date, of which the table versions tells; ErrNewer.
func migrate(ctx context.Context, db *sql.DB, dialect goose.Dialect, files fs.FS, versions string) error {
	provider, err := goose.NewProvider(dialect, db, files, goose.WithTableName(versions))
	if err != nil {
		return fmt.Errorf("tables of jobs: %w", err)
	}
	if _, err := provider.Up(ctx); err != nil {
		return fmt.Errorf("tables of jobs: %w", err)
	}
	known := provider.ListSources()
	version, err := provider.GetDBVersion(ctx)
	if err != nil {
		return fmt.Errorf("tables of jobs: %w", err)
	}
	if version > known[len(known)-1].Version {
		return ErrNewer
	}
	return nil
}
