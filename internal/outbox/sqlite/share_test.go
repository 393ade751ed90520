package sqlite_test

import (
	"context"
	"database/sql"
	"errors"
	"path/filepath"
	"sync"
	"testing"

	"github.com/rowgate/rowgate/internal/outbox"
	"github.com/rowgate/rowgate/internal/outbox/sqlite"
)

func TestShare(t *testing.T) {
	t.Parallel()

	setup := func(t *testing.T, path string) (*sqlite.Store, *sql.DB) {
		t.Helper()
		store, err := sqlite.Open(t.Context(), path)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := store.Close(); err != nil {
				t.Error(err)
			}
		})
		db, err := store.Share()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := db.ExecContext(t.Context(), `CREATE TABLE beside (n INTEGER)`); err != nil {
			t.Fatal(err)
		}
		return store, db
	}
	file := func(t *testing.T) string { return filepath.Join(t.TempDir(), "rowgate.db") }

	t.Run("writes beside Apply without an error", func(t *testing.T) {
		t.Parallel()
		for name, path := range map[string]string{"in a file": file(t), "in memory": sqlite.Memory} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				store, db := setup(t, path)
				const each = 50
				var group sync.WaitGroup
				for range 4 {
					group.Go(func() {
						for i := range each {
							ctx := t.Context()
							if i%2 == 0 {
								ctx = sqlite.Synced(ctx)
							}
							tx, err := db.BeginTx(ctx, nil)
							if err == nil {
								_, err = tx.ExecContext(ctx, `INSERT INTO beside VALUES (1)`)
								err = errors.Join(err, tx.Commit())
							}
							if err == nil {
								err = db.QueryRowContext(ctx, `UPDATE beside SET n = n WHERE rowid = 1 RETURNING n`).Scan(new(int))
							}
							if err != nil {
								t.Error(err)
							}
						}
					})
					group.Go(func() {
						for i := range each {
							if err := store.Apply(t.Context(), &outbox.Changes{Volatile: i%2 == 0}); err != nil {
								t.Error(err)
							}
						}
					})
				}
				group.Wait()
				var n int
				if err := db.QueryRowContext(t.Context(), `SELECT COUNT(*) FROM beside`).Scan(&n); err != nil || n != 4*each {
					t.Errorf("%d rows, %v", n, err)
				}
			})
		}
	})
	t.Run("keeps Apply waiting for its transaction and lets reads through", func(t *testing.T) {
		t.Parallel()
		store, db := setup(t, file(t))
		tx, err := db.BeginTx(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		applied := make(chan error, 1)
		go func() { applied <- store.Apply(ctx, &outbox.Changes{}) }()
		var n int
		if err := db.QueryRowContext(t.Context(), `SELECT COUNT(*) FROM beside`).Scan(&n); err != nil {
			t.Error(err)
		}
		read, err := db.BeginTx(t.Context(), &sql.TxOptions{ReadOnly: true})
		if err != nil {
			t.Fatal(err)
		}
		if err := read.Rollback(); err != nil {
			t.Error(err)
		}
		cancel()
		if err := <-applied; !errors.Is(err, context.Canceled) {
			t.Errorf("%v, want it to wait until its caller leaves", err)
		}
		if err := tx.Rollback(); err != nil {
			t.Fatal(err)
		}
		if err := store.Apply(t.Context(), &outbox.Changes{}); err != nil {
			t.Error(err)
		}
	})
	t.Run("ends the turn of a transaction whose caller leaves", func(t *testing.T) {
		t.Parallel()
		store, db := setup(t, file(t))
		ctx, cancel := context.WithCancel(t.Context())
		if _, err := db.BeginTx(ctx, nil); err != nil {
			t.Fatal(err)
		}
		cancel()
		if err := store.Apply(t.Context(), &outbox.Changes{}); err != nil {
			t.Error(err)
		}
	})
	t.Run("syncs what is marked, and nothing else", func(t *testing.T) {
		t.Parallel()
		_, db := setup(t, file(t))
		for _, want := range []int{2, 1, 2} { // SQLite's numbers of FULL and NORMAL
			ctx := t.Context()
			if want == 2 {
				ctx = sqlite.Synced(ctx)
			}
			db.SetMaxOpenConns(1)
			tx, err := db.BeginTx(ctx, nil)
			if err != nil {
				t.Fatal(err)
			}
			var mode int
			if err := tx.QueryRowContext(ctx, `PRAGMA synchronous`).Scan(&mode); err != nil || mode != want {
				t.Errorf("mode %d, %v, want %d", mode, err, want)
			}
			if err := tx.Rollback(); err != nil {
				t.Error(err)
			}
		}
	})
	t.Run("prepares no statements", func(t *testing.T) {
		t.Parallel()
		_, db := setup(t, file(t))
		if _, err := db.PrepareContext(t.Context(), `SELECT 1`); !errors.Is(err, sqlite.ErrPrepare) { //nolint:sqlclosecheck // there is none
			t.Errorf("%v, want ErrPrepare", err)
		}
	})
}
