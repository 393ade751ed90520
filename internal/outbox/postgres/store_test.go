package postgres_test

import (
	"testing"

	"github.com/rowgate/rowgate/internal/outbox"
	"github.com/rowgate/rowgate/internal/outbox/outboxtest"
	"github.com/rowgate/rowgate/internal/outbox/postgres"
	"github.com/rowgate/rowgate/internal/pgtest"
)

func open(t testing.TB, url string) *postgres.Store {
	t.Helper()
	store, err := postgres.Open(t.Context(), url)
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
	pgtest.Tool(t, "postgres")
	t.Run("store", func(t *testing.T) {
		t.Parallel()
		outboxtest.Run(t, func(t *testing.T) outbox.Store { return open(t, pgtest.Database(t)) })
	})
	t.Run("reopened", func(t *testing.T) {
		t.Parallel()
		url := pgtest.Database(t)
		outboxtest.RunReopen(t, func(t *testing.T) (outbox.Store, func()) {
			store := open(t, url)
			return store, func() { _ = store.Close() }
		})
	})
}
