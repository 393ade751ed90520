package app

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/rowgate/rowgate/internal/outbox"
	"github.com/rowgate/rowgate/internal/outbox/postgres"
	"github.com/rowgate/rowgate/internal/outbox/sqlite"
)

// instanceMode is that of the database.
const instanceMode = os.FileMode(0o600)

// database is a store, and what App keeps of the database itself. *sqlite.Store and *postgres.Store are ones.
type database interface {
	outbox.Store
	metaStore
	resource
}

// resource is what App sees to of a database that is open.
type resource interface {
	// Reseal replaces every sealed value by what the function makes of it.
	Reseal(ctx context.Context, reseal func(outbox.Sealed, []byte) ([]byte, error)) error
	Ping(ctx context.Context) error
	Close() error
}

// metaStore keeps values by name.
type metaStore interface {
	Meta(ctx context.Context, name string) ([]byte, error)
	SetMeta(ctx context.Context, values map[string][]byte) error
	HasEntries(ctx context.Context) (bool, error)
	// Exclusive runs f while no other instance runs one.
	Exclusive(ctx context.Context, f func(context.Context) error) error
}

// openDatabase opens the store, proves that the keys open what is in it, and names the instance.
func (a *App) openDatabase(ctx context.Context) error {
	a.health.Instance = rand.Text()
	if a.config.Database.Postgres.IsZero() {
		store, err := sqlite.Open(ctx, a.config.Database.Path)
		if err != nil {
			return fmt.Errorf("opening the database: %w", err)
		}
		a.store = store
		if a.keyring, err = a.unlock(ctx, a.config.Keyring, time.Now()); err != nil {
			return err
		}
		return a.nameInstance()
	}
	store, err := postgres.Open(ctx, a.config.Database.Postgres.Reveal())
	if err != nil {
		return fmt.Errorf("opening the database: %w", err)
	}
	a.store = store
	// One instance after the other: of two that begin with an empty database one makes its keys, and no two differ in theirs.
	err = store.Exclusive(ctx, func(ctx context.Context) error { return a.join(ctx, store) })
	if err == nil && !a.owner.Hears() {
		a.logger.WarnContext(ctx, "the database sends no notifications on a connection of its own (LISTEN), perhaps because a pooler in "+
			"transaction mode stands between: other instances are asked every second instead; a direct address is faster")
	}
	return err
}

// join makes this instance one of those that share the database.
func (a *App) join(ctx context.Context, store *postgres.Store) (err error) {
	others, err := store.Instances(ctx)
	if err != nil {
		return err
	}
	ids := a.config.Keyring.IDs()
	if err := fitting(ids, others); err != nil {
		return err
	}
	if a.keyring, err = a.unlock(ctx, a.config.Keyring, time.Now()); err != nil {
		return err
	}
	a.owner, err = postgres.NewOwner(ctx, store, postgres.OwnerOptions{
		URL: a.config.Database.Postgres.Reveal(), Name: a.health.Instance, Keys: ids, Logger: a.logger,
	})
	a.logger.InfoContext(ctx, "instances share the database", slog.String("instance", a.health.Instance), slog.Int("others", len(others)))
	return err
}

// lanes is who decides which instance runs a lane; nil where there is one instance only.
func (a *App) lanes() outbox.Owner {
	if a.owner == nil {
		return nil
	}
	return a.owner
}

// nameInstance writes the name of the instance beside the lock that it holds.
func (a *App) nameInstance() error {
	if a.config.Database.Path == sqlite.Memory {
		return nil
	}
	return os.WriteFile(a.config.Database.Path+instanceSuffix, []byte(a.health.Instance+"\n"), instanceMode)
}
