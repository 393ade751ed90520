package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/rowgate/rowgate/internal/outbox"
	"github.com/rowgate/rowgate/internal/pgtest"
)

// TestLostAnswer cuts the connection while a change is under way: Apply finds out what became of it, and it is made exactly once.
func TestLostAnswer(t *testing.T) {
	t.Parallel()
	for name, how := range map[string]cut{
		"before_the_server_had_it": loseBefore, "after_it_was_committed": loseAfter, "and_it_comes_late": late,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			address := pgtest.Database(t)
			proxy := newProxy(t, address)
			store := open(t, proxy.url)
			mustApply(t, store, &outbox.Changes{Insert: []outbox.Entry{entry(1)}})
			proxy.set(how, entry(2).ID)
			mustApply(t, store, &outbox.Changes{Insert: []outbox.Entry{entry(2)}})
			if how == late {
				close(proxy.held)
				<-proxy.sent
			}
			mustApply(t, store, &outbox.Changes{Insert: []outbox.Entry{entry(3)}})
			wantEntries(t, open(t, address), 3)
		})
	}
}

// TestRestart restarts and crashes the server under load: what Apply reports as stored is there, once.
func TestRestart(t *testing.T) {
	t.Parallel()
	cluster := pgtest.New(t, pgtest.Options{Sync: true})
	store := open(t, cluster.Database(t))
	var (
		mu      sync.Mutex
		applied int
		busy    sync.WaitGroup
	)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	reached := make(chan struct{}, 1)
	busy.Go(func() {
		for n := 1; ctx.Err() == nil; n++ {
			if err := store.Apply(t.Context(), &outbox.Changes{Insert: []outbox.Entry{entry(n)}}); err != nil {
				t.Errorf("Apply %d: %v", n, err)
				return
			}
			if _, found, err := store.Find(t.Context(), outbox.Lookup{ID: entry(n).ID}); err != nil || !found {
				t.Errorf("entry %d is not there: %v", n, err)
			}
			mu.Lock()
			applied = n
			mu.Unlock()
			select {
			case reached <- struct{}{}:
			default:
			}
		}
	})
	for _, upset := range []func(testing.TB){cluster.Restart, func(tb testing.TB) { cluster.Kill(tb); cluster.Start(tb) }, cluster.Restart} {
		for range 30 {
			<-reached
		}
		upset(t)
	}
	for range 30 {
		<-reached
	}
	stop()
	busy.Wait()
	wantEntries(t, store, applied)
}

// TestAwayForLong has no server for longer than Apply waits: the change fails, and is not made.
func TestAwayForLong(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("it waits for a bound of 15 seconds")
	}
	cluster := pgtest.New(t, pgtest.Options{})
	store := open(t, cluster.Database(t))
	mustApply(t, store, &outbox.Changes{Insert: []outbox.Entry{entry(1)}})
	cluster.Stop(t)
	if err := store.Apply(t.Context(), &outbox.Changes{Insert: []outbox.Entry{entry(2)}}); err == nil {
		t.Error("a change was stored without a server")
	}
	if err := store.Ping(t.Context()); err == nil {
		t.Error("a store without a server is ready")
	}
	cluster.Start(t)
	mustApply(t, store, &outbox.Changes{Insert: []outbox.Entry{entry(2)}})
	wantEntries(t, store, 2)
	if err := store.Ping(t.Context()); err != nil {
		t.Error(err)
	}
}

// TestTwoStores: what one instance does holds for another one.
func TestTwoStores(t *testing.T) {
	t.Parallel()
	address := pgtest.Database(t)
	one, other := open(t, address), open(t, address)
	fence := func(token int64) []outbox.Fence { return []outbox.Fence{{Lane: "lane1", Token: token}} }

	t.Run("a_key_is_inserted_by_one_of_them", func(t *testing.T) {
		for n := range 20 {
			var both sync.WaitGroup
			errs := make([]error, 2)
			for i, store := range []outbox.Store{one, other} {
				both.Go(func() {
					e := entry(1000 + 2*n + i)
					e.Key = fmt.Sprint("shared", n)
					errs[i] = store.Apply(t.Context(), &outbox.Changes{Insert: []outbox.Entry{e}})
				})
			}
			both.Wait()
			first, second := errs[0], errs[1]
			if first != nil {
				first, second = second, first
			}
			if first != nil || !errors.Is(second, outbox.ErrDuplicate) {
				t.Errorf("%v, %v; want one that is stored and one duplicate", first, second)
			}
		}
	})
	t.Run("keys_in_opposite_order_are_no_deadlock", func(t *testing.T) {
		for n := range 10 {
			a, b := entry(2000+2*n), entry(2001+2*n)
			a2, b2 := entry(3000+2*n), entry(3001+2*n)
			a2.Key, b2.Key = a.Key, b.Key
			var both sync.WaitGroup
			both.Go(func() { _ = one.Apply(t.Context(), &outbox.Changes{Insert: []outbox.Entry{a, b}}) })
			both.Go(func() { _ = other.Apply(t.Context(), &outbox.Changes{Insert: []outbox.Entry{b2, a2}}) })
			both.Wait()
			_, first, err := one.Find(t.Context(), outbox.Lookup{ID: a.ID})
			_, second, err2 := one.Find(t.Context(), outbox.Lookup{ID: a2.ID})
			if err != nil || err2 != nil || first == second {
				t.Errorf("one of the two must have the keys: %t, %t (%v, %v)", first, second, err, err2)
			}
		}
	})
	t.Run("a_newer_lease_at_one_refuses_the_changes_of_an_older_at_the_other", func(t *testing.T) {
		if err := errors.Join(
			one.Apply(t.Context(), &outbox.Changes{Fences: fence(1)}), other.Apply(t.Context(), &outbox.Changes{Fences: fence(2)}),
		); err != nil {
			t.Fatal(err)
		}
		err := one.Apply(t.Context(), &outbox.Changes{Insert: []outbox.Entry{entry(4000)}, Fences: fence(1)})
		if !errors.Is(err, outbox.ErrFenced) {
			t.Errorf("error is %v", err)
		}
		if _, found, _ := other.Find(t.Context(), outbox.Lookup{ID: entry(4000).ID}); found {
			t.Error("the change was made")
		}
	})
}

func entry(n int) outbox.Entry {
	return outbox.Entry{
		ID: fmt.Sprintf("job_%06d", n), Lane: "lane1", Tenant: "tenant1", Key: fmt.Sprint("key", n), Print: []byte{1}, Rows: 1, Bytes: 7,
		Payload: []byte("payload"), CreatedAt: time.UnixMilli(1_700_000_000_000).UTC(),
	}
}

func mustApply(t *testing.T, store outbox.Store, changes *outbox.Changes) {
	t.Helper()
	if err := store.Apply(t.Context(), changes); err != nil {
		t.Fatalf("Apply: %v", err)
	}
}

// wantEntries fails unless exactly the entries 1 to n are there.
func wantEntries(t *testing.T, store outbox.Store, n int) {
	t.Helper()
	entries, _, err := store.Load(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	if len(entries) != n {
		t.Errorf("%d entries, want %d", len(entries), n)
	}
	for i := range entries {
		if entries[i].ID != entry(i+1).ID {
			t.Errorf("entry %d is %s", i+1, entries[i].ID)
		}
	}
}
