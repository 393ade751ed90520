package outboxtest

import (
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rowgate/rowgate/internal/outbox"
)

// Callers at once, and what each does.
const (
	callers = 8
	turns   = 25
)

func concurrency(t *testing.T, open func(t *testing.T) outbox.Store) {
	t.Run("of_many_inserts_of_one_key_exactly_one_wins", func(t *testing.T) {
		t.Parallel()
		store := open(t)
		var won, lost atomic.Int32
		var wg sync.WaitGroup
		for n := range 2 * callers {
			wg.Go(func() {
				err := store.Apply(t.Context(), &outbox.Changes{Insert: []outbox.Entry{withKey(newEntry(n), "tenant1", "one key")}})
				switch {
				case err == nil:
					won.Add(1)
				case errors.Is(err, outbox.ErrDuplicate):
					lost.Add(1)
				default:
					t.Errorf("Apply: %v", err)
				}
			})
		}
		wg.Wait()
		if won.Load() != 1 || lost.Load() != 2*callers-1 {
			t.Errorf("%d won, %d lost", won.Load(), lost.Load())
		}
	})

	t.Run("a_caller_reads_what_it_has_applied_and_nobody_sees_half_a_change", func(t *testing.T) {
		t.Parallel()
		store := open(t)
		var wg sync.WaitGroup
		for caller := range callers {
			wg.Go(func() {
				for turn := range turns {
					n := caller*turns + turn
					live(t, store, n)
				}
			})
		}
		wg.Go(func() {
			for range turns {
				whole(t, store)
			}
		})
		wg.Wait()
		if v := take(t, store); len(v.Entries)+len(v.Batches) != 0 || v.Kept.Entries != callers*turns/2 {
			t.Errorf("at the end: %d entries, %d batches, %d kept", len(v.Entries), len(v.Batches), v.Kept.Entries)
		}
	})
}

// live is the life of entry n; those with odd numbers are kept at its end.
func live(t *testing.T, store outbox.Store, n int) {
	e, b := newEntry(n), newBatch(n)
	b.Entries = []string{e.ID}
	apply := func(changes outbox.Changes) {
		if err := store.Apply(t.Context(), &changes); err != nil {
			t.Errorf("entry %d: %v", n, err)
		}
	}
	look := func(by outbox.Lookup, want bool) {
		if _, found, err := store.Find(t.Context(), by); err != nil || found != want {
			t.Errorf("entry %d: found %t, want %t (%v)", n, found, want, err)
		}
	}
	apply(outbox.Changes{Insert: []outbox.Entry{e}, Start: []outbox.Batch{b}})
	look(outbox.Lookup{Tenant: e.Tenant, Key: e.Key}, true)
	apply(outbox.Changes{Finish: []outbox.BatchResult{{ID: b.ID, Result: []byte("sealed")}}})
	apply(outbox.Changes{Done: []outbox.EntryResult{result(e.ID, 1)}, Delivered: []string{e.ID}})
	if n%2 == 0 {
		apply(outbox.Changes{Forget: []string{e.ID}})
	}
	look(outbox.Lookup{ID: e.ID}, n%2 == 1)
}

// whole fails unless every loaded entry has its batch, and the other way round: both came in one change.
func whole(t *testing.T, store outbox.Store) {
	entries, batches, err := store.Load(t.Context(), "")
	if err != nil {
		t.Errorf("Load: %v", err)
	}
	var ids, used []string
	for _, e := range entries {
		ids = append(ids, e.ID)
	}
	for _, b := range batches {
		used = append(used, b.Entries...)
	}
	slices.Sort(ids)
	slices.Sort(used)
	if diff := cmp.Diff(ids, used); diff != "" {
		t.Errorf("half a change is seen (-entries +batches):\n%s", diff)
	}
}

func expire(t *testing.T, open func(t *testing.T) outbox.Store) {
	t.Run("names_the_tenants_of_which_more_than_a_share_is_kept", func(t *testing.T) {
		t.Parallel()
		store := open(t)
		one, two, other := newEntry(1), newEntry(2), newEntry(3)
		one.Tenant, two.Tenant, other.Tenant = "much", "much", "little"
		mustApply(t, store, &outbox.Changes{Insert: []outbox.Entry{one, two, other}})
		bytes := int64(len(one.Payload))
		for share, want := range map[outbox.Kept][]string{
			{Entries: 1, Bytes: 3 * bytes}: {"much"},
			{Entries: 2, Bytes: 3 * bytes}: nil,
			{Entries: 9, Bytes: bytes}:     {"much"},
			{}:                             {"little", "much"},
		} {
			if _, got, err := store.Expire(t.Context(), instant(0), share); err != nil || !slices.Equal(got, want) {
				t.Errorf("share %+v: %v, %v, want %v", share, got, err, want)
			}
		}
	})

	t.Run("deletes_what_ended_before_the_instant_and_nothing_else", func(t *testing.T) {
		t.Parallel()
		store := open(t)
		before, at, waiting := newEntry(1), newEntry(2), newEntry(3)
		mustApply(t, store, &outbox.Changes{
			Insert: []outbox.Entry{before, at, waiting},
			Start:  []outbox.Batch{newBatch(1, before, at, waiting)},
			Done:   []outbox.EntryResult{result(before.ID, 1), result(at.ID, 2)},
		})
		kept := mustExpire(t, store, instant(2))
		want := outbox.Kept{Entries: 2, Bytes: int64(len(result(at.ID, 2).Result) + len(waiting.Payload))}
		if kept != want {
			t.Errorf("kept %+v, want %+v", kept, want)
		}
		v := take(t, store, before.ID, at.ID, waiting.ID)
		if _, found := v.Found[before.ID]; found || len(v.Found) != 2 || len(v.Entries) != 1 || len(v.Batches) != 1 {
			t.Errorf("left: %+v", v)
		}
	})

	t.Run("never_deletes_what_is_not_done", func(t *testing.T) {
		t.Parallel()
		store := open(t)
		mustApply(t, store, &outbox.Changes{Insert: []outbox.Entry{newEntry(1)}})
		if kept := mustExpire(t, store, instant(1<<30)); kept.Entries != 1 {
			t.Errorf("kept %+v", kept)
		}
	})

	t.Run("deletes_more_than_a_thousand_at_once", func(t *testing.T) {
		t.Parallel()
		store := open(t)
		var changes outbox.Changes
		for n := range 1_200 {
			changes.Insert = append(changes.Insert, newEntry(n))
			changes.Done = append(changes.Done, result(newEntry(n).ID, 1+n%2))
		}
		mustApply(t, store, &changes)
		if kept := mustExpire(t, store, instant(2)); kept.Entries != 600 {
			t.Errorf("kept %+v", kept)
		}
		if kept := mustExpire(t, store, instant(3)); kept != (outbox.Kept{}) {
			t.Errorf("kept %+v", kept)
		}
	})
}
