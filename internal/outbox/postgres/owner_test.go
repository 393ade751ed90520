package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/rowgate/rowgate/internal/outbox"
	"github.com/rowgate/rowgate/internal/outbox/postgres"
	"github.com/rowgate/rowgate/internal/pgtest"
)

// long bounds a wait that a busy machine may make long.
const long = time.Minute

// instance is a store and an owner over it.
type instance struct {
	*postgres.Owner

	store *postgres.Store
	notes chan outbox.Note
}

// join starts an instance; address is that of its own connection.
func join(t *testing.T, name, database, address string) *instance {
	t.Helper()
	store := open(t, database)
	owner, err := postgres.NewOwner(t.Context(), store, postgres.OwnerOptions{
		URL: address, Name: name, Keys: []string{"key"}, Logger: slog.New(slog.NewTextHandler(t.Output(), nil)),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = owner.Close() })
	i := &instance{Owner: owner, store: store, notes: make(chan outbox.Note, 10_000)}
	owner.Listen(func(note outbox.Note) { i.notes <- note })
	return i
}

// awaitNote waits for a note of the kind about the lane.
func (i *instance) awaitNote(t *testing.T, kind outbox.NoteKind, lane string) {
	t.Helper()
	timeout := time.After(long)
	for {
		select {
		case note := <-i.notes:
			if note.Kind == kind && note.Lane == lane {
				return
			}
		case <-timeout:
			t.Fatalf("no note of kind %d about %s", kind, lane)
		}
	}
}

// awaitLane acquires a lane as soon as nobody has it.
func (i *instance) awaitLane(t *testing.T, lane string) outbox.Lease {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), long)
	defer cancel()
	for {
		lease, err := i.Acquire(t.Context(), lane)
		if err == nil {
			return lease
		}
		if !errors.Is(err, outbox.ErrOwned) {
			t.Logf("acquire: %v", err)
		}
		select {
		case <-time.After(20 * time.Millisecond):
		case <-ctx.Done():
			t.Fatal("the lane stays with its owner: ", err)
		}
	}
}

func mustAcquire(t *testing.T, i *instance, lane string) outbox.Lease {
	t.Helper()
	lease, err := i.Acquire(t.Context(), lane)
	if err != nil {
		t.Fatal(err)
	}
	return lease
}

func TestOwner(t *testing.T) {
	t.Parallel()
	database := pgtest.Database(t)
	one, other := join(t, "one", database, database), join(t, "other", database, database)
	if !one.Hears() || !other.Hears() {
		t.Error("LISTEN does not work")
	}

	t.Run("a_lane_has_one_owner", func(t *testing.T) {
		lease := mustAcquire(t, one, "lane1")
		for _, i := range []*instance{one, other} {
			if _, err := i.Acquire(t.Context(), "lane1"); !errors.Is(err, outbox.ErrOwned) {
				t.Errorf("error is %v", err)
			}
		}
		if lease.Left() || lease.Context().Err() != nil {
			t.Error("a fresh lease has something left, or has ended")
		}
		lease.Release(true)
		if lease.Context().Err() == nil {
			t.Error("a lease outlives its release")
		}
		lease.Release(true)
		other.awaitNote(t, outbox.NoteFree, "lane1")
		next := other.awaitLane(t, "lane1")
		if next.Token() <= lease.Token() {
			t.Errorf("token %d after %d", next.Token(), lease.Token())
		}
	})

	t.Run("a_lane_is_given_back_and_taken_by_another", func(t *testing.T) {
		lease := mustAcquire(t, one, "lane2")
		lease.Release(false)
		again := mustAcquire(t, one, "lane2") // it was warm
		again.Release(false)
		other.awaitLane(t, "lane2")
	})

	t.Run("a_lease_says_that_entries_are_open", func(t *testing.T) {
		waits, done := entry(1), entry(2)
		waits.Lane, done.Lane = "lane5", "lane6"
		mustApply(t, one.store, &outbox.Changes{Insert: []outbox.Entry{waits, done}, Done: []outbox.EntryResult{{
			ID: done.ID, Result: []byte("r"), DoneAt: time.UnixMilli(1),
		}}})
		if lease := mustAcquire(t, other, waits.Lane); !lease.Left() {
			t.Error("nothing is left of a lane with an open entry")
		}
		if lease := mustAcquire(t, other, done.Lane); lease.Left() {
			t.Error("something is left of a lane whose entries are done")
		}
	})

	t.Run("something_stored_of_a_warm_lane_is_for_who_has_it", func(t *testing.T) {
		mustAcquire(t, one, "lane3").Release(false)
		other.Notify(outbox.Note{Lane: "lane3", Kind: outbox.NoteStored})
		one.awaitNote(t, outbox.NoteFree, "lane3")
		if lease := one.awaitLane(t, "lane3"); !lease.Left() {
			t.Error("what another instance stored is not said to be left")
		}
	})

	t.Run("notes_reach_all", func(t *testing.T) {
		for n := range 100 {
			one.Notify(outbox.Note{Lane: fmt.Sprint("note", n), Kind: outbox.NoteAnswered})
		}
		other.awaitNote(t, outbox.NoteAnswered, "note99")
		one.awaitNote(t, outbox.NoteAnswered, "note99")
	})

	t.Run("a_lane_of_open_entries_that_nobody_runs_is_found", func(t *testing.T) {
		e := entry(50)
		e.Lane = "orphan"
		mustApply(t, one.store, &outbox.Changes{Insert: []outbox.Entry{e}})
		other.awaitNote(t, outbox.NoteFree, "orphan")
	})
}

// TestClosedOwner: an instance that ends gives its lanes back at once.
func TestClosedOwner(t *testing.T) {
	t.Parallel()
	database := pgtest.Database(t)
	one, other := join(t, "one", database, database), join(t, "other", database, database)
	mustApply(t, one.store, &outbox.Changes{Insert: []outbox.Entry{entry(1)}})
	lease := mustAcquire(t, one, entry(1).Lane)
	if err := one.Close(); err != nil {
		t.Fatal(err)
	}
	if lease.Context().Err() == nil {
		t.Error("a lease outlives its instance")
	}
	other.awaitNote(t, outbox.NoteFree, entry(1).Lane)
	mustAcquire(t, other, entry(1).Lane)
	if _, err := one.Acquire(t.Context(), "lane9"); err == nil {
		t.Error("a closed owner acquires lanes")
	}
}

// TestLateOwner: the lanes of an instance whose time is over are free, and it learns that and begins anew.
func TestLateOwner(t *testing.T) {
	t.Parallel()
	database := pgtest.Database(t)
	one, other := join(t, "one", database, database), join(t, "other", database, database)
	mustApply(t, one.store, &outbox.Changes{Insert: []outbox.Entry{entry(1)}})
	lease := mustAcquire(t, one, entry(1).Lane)
	pgtest.Exec(t, database, `UPDATE rowgate.instance SET until = clock_timestamp() WHERE name = 'one'`)
	other.awaitNote(t, outbox.NoteFree, entry(1).Lane)
	taken := other.awaitLane(t, entry(1).Lane)
	if !taken.Left() || taken.Token() <= lease.Token() {
		t.Errorf("left %t, token %d after %d", taken.Left(), taken.Token(), lease.Token())
	}
	err := one.store.Apply(t.Context(), &outbox.Changes{
		Done:   []outbox.EntryResult{{ID: entry(1).ID, Result: []byte("r"), DoneAt: time.UnixMilli(1)}},
		Fences: []outbox.Fence{{Lane: entry(1).Lane, Token: lease.Token()}},
	})
	if !errors.Is(err, outbox.ErrFenced) {
		t.Errorf("a change of the late instance: %v", err)
	}
	select {
	case <-lease.Context().Done():
	case <-time.After(long):
		t.Error("the instance does not learn that it is late")
	}
	one.awaitLane(t, "lane8") // it lives on, anew
}

// TestPolling has no LISTEN, as behind a pooler: what others want is heard all the same.
func TestPolling(t *testing.T) {
	t.Parallel()
	database := pgtest.Database(t)
	nowhere := "postgres://rowgate@127.0.0.1:1/none"
	one, other := join(t, "one", database, nowhere), join(t, "other", database, nowhere)
	if one.Hears() {
		t.Error("an instance says that it hears")
	}
	lease := mustAcquire(t, one, "lane1")
	if _, err := other.Acquire(t.Context(), "lane1"); !errors.Is(err, outbox.ErrOwned) {
		t.Errorf("error is %v", err)
	}
	one.awaitNote(t, outbox.NoteStored, "lane1")
	lease.Release(false)
	other.awaitLane(t, "lane1")
}

// TestServerRestart: leases outlast a restart of the server.
func TestServerRestart(t *testing.T) {
	t.Parallel()
	cluster := pgtest.New(t, pgtest.Options{Sync: true})
	database := cluster.Database(t)
	one, other := join(t, "one", database, database), join(t, "other", database, database)
	lease := mustAcquire(t, one, "lane1")
	cluster.Restart(t)
	ctx, cancel := context.WithTimeout(t.Context(), long)
	defer cancel()
	for !one.Hears() || !other.Hears() {
		select {
		case <-time.After(20 * time.Millisecond):
		case <-ctx.Done():
			t.Fatal("the instances do not hear again")
		}
	}
	other.Notify(outbox.Note{Lane: "after", Kind: outbox.NoteAnswered})
	one.awaitNote(t, outbox.NoteAnswered, "after")
	if lease.Context().Err() == nil {
		if _, err := other.Acquire(t.Context(), "lane1"); !errors.Is(err, outbox.ErrOwned) {
			t.Errorf("error is %v", err)
		}
	}
}
