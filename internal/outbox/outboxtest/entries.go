package outboxtest

import (
	"errors"
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rowgate/rowgate/internal/outbox"
)

func entries(t *testing.T, open func(t *testing.T) outbox.Store) {
	t.Run("come_back_as_they_were_stored", func(t *testing.T) {
		t.Parallel()
		store := open(t)
		want := newEntry(1)
		want.Derived, want.Delivered, want.Keep = true, true, true
		mustApply(t, store, &outbox.Changes{Insert: []outbox.Entry{want, newEntry(2)}})
		for name, by := range map[string]outbox.Lookup{
			"id":  {ID: want.ID},
			"key": {Tenant: want.Tenant, Key: want.Key},
			// The id is not looked at where there is a key.
			"key before id": {Tenant: want.Tenant, Key: want.Key, ID: newEntry(2).ID},
		} {
			bare := want
			bare.Payload = nil
			got, found := find(t, store, by)
			if diff := cmp.Diff(bare, got); !found || diff != "" {
				t.Errorf("Find by %s: found %t (-want +got):\n%s", name, found, diff)
			}
		}
		if diff := cmp.Diff(want, mustFind(t, store, want.ID)); diff != "" {
			t.Errorf("Find with the payload (-want +got):\n%s", diff)
		}
	})

	t.Run("that_do_not_exist_are_not_found", func(t *testing.T) {
		t.Parallel()
		store := open(t)
		e := newEntry(1)
		mustApply(t, store, &outbox.Changes{Insert: []outbox.Entry{e}})
		for _, by := range []outbox.Lookup{
			{},
			{ID: "job_none"},
			{Tenant: e.Tenant, Key: "no such key"},
			{Tenant: "tenant2", Key: e.Key},
			{Key: e.Key},
		} {
			if got, found := find(t, store, by); found {
				t.Errorf("Find(%+v) = %+v", by, got)
			}
		}
	})

	t.Run("end_with_a_result_and_an_instant_and_without_their_payload", func(t *testing.T) {
		t.Parallel()
		store := open(t)
		e := newEntry(1)
		mustApply(t, store, &outbox.Changes{Insert: []outbox.Entry{e}})
		mustApply(t, store, &outbox.Changes{Done: []outbox.EntryResult{result(e.ID, 5)}})
		want := e
		want.Payload, want.Result, want.DoneAt = nil, result(e.ID, 5).Result, instant(5)
		if diff := cmp.Diff(want, mustFind(t, store, e.ID)); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})

	t.Run("are_marked_delivered_and_kept", func(t *testing.T) {
		t.Parallel()
		store := open(t)
		e, other := newEntry(1), newEntry(2)
		mustApply(t, store, &outbox.Changes{Insert: []outbox.Entry{e, other}})
		mustApply(t, store, &outbox.Changes{Delivered: []string{e.ID}})
		mustApply(t, store, &outbox.Changes{Keep: []string{e.ID}})
		if got := mustFind(t, store, e.ID); !got.Delivered || !got.Keep {
			t.Errorf("delivered %t, keep %t", got.Delivered, got.Keep)
		}
		if got := mustFind(t, store, other.ID); got.Delivered || got.Keep {
			t.Errorf("the other entry: delivered %t, keep %t", got.Delivered, got.Keep)
		}
	})

	t.Run("are_as_if_never_delivered_once_recalled", func(t *testing.T) {
		t.Parallel()
		store := open(t)
		e := newEntry(1)
		e.Derived = true
		mustApply(t, store, &outbox.Changes{Insert: []outbox.Entry{e}, Done: []outbox.EntryResult{result(e.ID, 1)}, Delivered: []string{e.ID}})
		mustApply(t, store, &outbox.Changes{Recalled: []string{e.ID, "job_none"}})
		if got := mustFind(t, store, e.ID); got.Delivered {
			t.Error("it is still delivered")
		}
		if _, found, err := store.Find(t.Context(), outbox.Lookup{Tenant: e.Tenant, Key: e.Key}); err != nil || !found {
			t.Errorf("its key is not live: %t, %v", found, err)
		}
	})

	t.Run("are_not_recalled_once_another_has_the_key", func(t *testing.T) {
		t.Parallel()
		store := open(t)
		e, next := newEntry(1), newEntry(2)
		e.Derived, next.Derived = true, true
		next.Tenant, next.Key = e.Tenant, e.Key
		mustApply(t, store, &outbox.Changes{Insert: []outbox.Entry{e}, Done: []outbox.EntryResult{result(e.ID, 1)}, Delivered: []string{e.ID}})
		mustApply(t, store, &outbox.Changes{Insert: []outbox.Entry{next}})
		mustApply(t, store, &outbox.Changes{Recalled: []string{e.ID}})
		if got, found, err := store.Find(t.Context(), outbox.Lookup{Tenant: e.Tenant, Key: e.Key}); err != nil || !found || got.ID != next.ID {
			t.Errorf("the key leads to %s, %v", got.ID, err)
		}
	})

	t.Run("are_forgotten_whether_done_or_not", func(t *testing.T) {
		t.Parallel()
		store := open(t)
		ended, waiting, other := newEntry(1), newEntry(2), newEntry(3)
		mustApply(t, store, &outbox.Changes{
			Insert: []outbox.Entry{ended, waiting, other},
			Done:   []outbox.EntryResult{result(ended.ID, 1)},
		})
		mustApply(t, store, &outbox.Changes{Forget: []string{ended.ID, waiting.ID}})
		v := take(t, store, ended.ID, waiting.ID, other.ID)
		if diff := cmp.Diff([]outbox.Entry{other}, v.Entries); diff != "" || len(v.Found) != 1 || v.Kept.Entries != 1 {
			t.Errorf("found %d, kept %d (-want +got):\n%s", len(v.Found), v.Kept.Entries, diff)
		}
	})

	t.Run("that_are_gone_are_passed_over", func(t *testing.T) {
		t.Parallel()
		store := open(t)
		e := newEntry(1)
		mustApply(t, store, &outbox.Changes{Insert: []outbox.Entry{e}})
		ids := []string{"job_none", e.ID, "job_none"}
		mustApply(t, store, &outbox.Changes{Delivered: ids})
		mustApply(t, store, &outbox.Changes{Keep: ids})
		if got := mustFind(t, store, e.ID); !got.Delivered || !got.Keep {
			t.Errorf("delivered %t, keep %t", got.Delivered, got.Keep)
		}
		mustApply(t, store, &outbox.Changes{Forget: ids})
		mustApply(t, store, &outbox.Changes{Forget: ids})
	})
}

// keys: when a (Tenant, Key) pair is live.
func keys(t *testing.T, open func(t *testing.T) outbox.Store) {
	given, derived := newEntry(1), newEntry(1)
	derived.Derived = true
	done := outbox.Changes{Done: []outbox.EntryResult{result(given.ID, 1)}}
	delivered := outbox.Changes{Delivered: []string{given.ID}}
	kept := outbox.Changes{Keep: []string{given.ID}}
	forgotten := outbox.Changes{Forget: []string{given.ID}}
	for _, test := range []struct {
		name  string
		first outbox.Entry
		then  []outbox.Changes
		live  bool
	}{
		{"a_given_key_is_live_while_its_entry_waits", given, nil, true},
		{"a_given_key_is_live_when_done_and_delivered", given, []outbox.Changes{done, delivered}, true},
		{"a_given_key_is_free_when_forgotten", given, []outbox.Changes{done, forgotten}, false},
		{"a_derived_key_is_live_while_its_entry_waits", derived, nil, true},
		{"a_derived_key_is_live_when_done_but_not_delivered", derived, []outbox.Changes{done, kept}, true},
		{"a_derived_key_is_live_when_delivered_but_not_done", derived, []outbox.Changes{delivered}, true},
		{"a_derived_key_is_free_when_done_then_delivered", derived, []outbox.Changes{kept, done, delivered}, false},
		{"a_derived_key_is_free_when_delivered_then_done", derived, []outbox.Changes{kept, delivered, done}, false},
		{"a_derived_key_is_free_when_forgotten", derived, []outbox.Changes{forgotten}, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			store := open(t)
			mustApply(t, store, &outbox.Changes{Insert: []outbox.Entry{test.first}})
			for _, changes := range test.then {
				mustApply(t, store, &changes)
			}
			by := outbox.Lookup{Tenant: test.first.Tenant, Key: test.first.Key}
			if got, found := find(t, store, by); found != test.live {
				t.Errorf("Find = %+v, %t", got, found)
			}
			second := withKey(newEntry(2), by.Tenant, by.Key)
			err := store.Apply(t.Context(), &outbox.Changes{Insert: []outbox.Entry{second}})
			if test.live {
				wantDuplicate(t, err)
				return
			}
			if err != nil {
				t.Fatalf("insert with a free key: %v", err)
			}
			if got, found := find(t, store, by); !found || got.ID != second.ID {
				t.Errorf("Find = %q, %t; want the second entry", got.ID, found)
			}
		})
	}

	t.Run("two_of_one_key_in_one_change_are_a_duplicate", func(t *testing.T) {
		t.Parallel()
		first := newEntry(1)
		wantDuplicate(t, open(t).Apply(t.Context(), &outbox.Changes{
			Insert: []outbox.Entry{first, withKey(newEntry(2), first.Tenant, first.Key)},
		}))
	})

	t.Run("a_key_is_free_once_its_entry_expired", func(t *testing.T) {
		t.Parallel()
		store := open(t)
		mustApply(t, store, &outbox.Changes{Insert: []outbox.Entry{given}, Done: []outbox.EntryResult{result(given.ID, 1)}})
		mustExpire(t, store, instant(2))
		mustApply(t, store, &outbox.Changes{Insert: []outbox.Entry{given}})
	})

	t.Run("a_key_belongs_to_its_tenant", func(t *testing.T) {
		t.Parallel()
		mustApply(t, open(t), &outbox.Changes{
			Insert: []outbox.Entry{given, withKey(newEntry(2), "tenant2", given.Key)},
		})
	})

	t.Run("an_empty_key_is_never_live", func(t *testing.T) {
		t.Parallel()
		store := open(t)
		mustApply(t, store, &outbox.Changes{
			Insert: []outbox.Entry{withKey(newEntry(1), "tenant1", ""), withKey(newEntry(2), "tenant1", "")},
		})
		if got, found := find(t, store, outbox.Lookup{Tenant: "tenant1"}); found {
			t.Errorf("Find by an empty key = %+v", got)
		}
	})

	t.Run("an_id_is_used_once", func(t *testing.T) {
		t.Parallel()
		store := open(t)
		mustApply(t, store, &outbox.Changes{Insert: []outbox.Entry{given}})
		again := withKey(given, "tenant1", "another key")
		if err := store.Apply(t.Context(), &outbox.Changes{Insert: []outbox.Entry{again}}); err == nil {
			t.Error("a second entry of the same id was stored")
		}
	})
}

// all is a share that nobody has more than.
var all = outbox.Kept{Entries: math.MaxInt, Bytes: math.MaxInt64}

func mustFind(t testing.TB, store outbox.Store, id string) outbox.Entry {
	t.Helper()
	e, found := find(t, store, outbox.Lookup{ID: id, Payload: true})
	if !found {
		t.Fatalf("entry %s is gone", id)
	}
	return e
}

func mustExpire(t testing.TB, store outbox.Store, before time.Time) outbox.Kept {
	t.Helper()
	kept, _, err := store.Expire(t.Context(), before, all)
	if err != nil {
		t.Fatalf("Expire: %v", err)
	}
	return kept
}

func wantDuplicate(t testing.TB, err error) {
	t.Helper()
	if !errors.Is(err, outbox.ErrDuplicate) {
		t.Errorf("error is %v, want ErrDuplicate", err)
	}
}
