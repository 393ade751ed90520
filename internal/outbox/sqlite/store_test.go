package sqlite_test

import (
	"path/filepath"
	"testing"

	"github.com/rowgate/rowgate/internal/outbox"
	"github.com/rowgate/rowgate/internal/outbox/outboxtest"
	"github.com/rowgate/rowgate/internal/outbox/sqlite"
)

func open(t testing.TB, path string) *sqlite.Store {
	t.Helper()
	store, err := sqlite.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return store
}

func TestConformance(t *testing.T) {
	t.Parallel()
	t.Run("file", func(t *testing.T) {
		t.Parallel()
		outboxtest.Run(t, func(t *testing.T) outbox.Store { return open(t, filepath.Join(t.TempDir(), "rowgate.db")) })
	})
	t.Run("memory", func(t *testing.T) {
		t.Parallel()
		outboxtest.Run(t, func(t *testing.T) outbox.Store { return open(t, sqlite.Memory) })
	})
	t.Run("reopened", func(t *testing.T) {
		t.Parallel()
		path := filepath.Join(t.TempDir(), "rowgate.db")
		outboxtest.RunReopen(t, func(t *testing.T) (outbox.Store, func()) {
			store := open(t, path)
			return store, func() { _ = store.Close() }
		})
	})
}
