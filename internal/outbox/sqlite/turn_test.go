package sqlite

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/rowgate/rowgate/internal/outbox"
)

func TestTurn(t *testing.T) {
	t.Parallel()
	open := func(t *testing.T) *Store {
		t.Helper()
		store, err := Open(t.Context(), Memory)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = store.Close() })
		return store
	}
	entry := outbox.Changes{Insert: []outbox.Entry{{ID: "job_1", CreatedAt: time.Now()}}}

	t.Run("is not waited for longer than the caller waits", func(t *testing.T) {
		t.Parallel()
		store := open(t)
		if err := store.takeTurn(t.Context()); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		applied, expired := make(chan error), make(chan error)
		go func() { applied <- store.Apply(ctx, &entry) }()
		go func() {
			_, _, err := store.Expire(ctx, time.Now(), outbox.Kept{})
			expired <- err
		}()
		cancel()
		for _, ended := range []chan error{applied, expired} {
			if err := <-ended; !errors.Is(err, context.Canceled) {
				t.Errorf("error is %v", err)
			}
		}
		store.endTurn()
		if err := store.Apply(t.Context(), &entry); err != nil {
			t.Errorf("the next one: %v", err)
		}
	})

	t.Run("ends with an error, too", func(t *testing.T) {
		t.Parallel()
		store := open(t)
		for range 3 {
			if err := store.Apply(t.Context(), &outbox.Changes{Done: []outbox.EntryResult{{ID: "job_none"}}}); err == nil {
				t.Fatal("no error")
			}
		}
		if err := store.Apply(t.Context(), &entry); err != nil {
			t.Error(err)
		}
	})
}

func TestPing(t *testing.T) {
	t.Parallel()
	store, err := Open(t.Context(), Memory)
	if err != nil {
		t.Fatal(err)
	}
	if err := store.Ping(t.Context()); err != nil {
		t.Errorf("an open store: %v", err)
	}
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	if err := store.Ping(t.Context()); err == nil {
		t.Error("a closed store answers")
	}
}
