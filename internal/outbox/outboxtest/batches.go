package outboxtest

import (
	"bytes"
	"context"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rowgate/rowgate/internal/outbox"
)

func batches(t *testing.T, open func(t *testing.T) outbox.Store) {
	// Every case begins with a batch of entries 1 and 2, both waiting.
	first, second := newEntry(1), newEntry(2)
	shared := newBatch(1, first, second)
	of := func(entries ...outbox.Entry) []outbox.Batch {
		b := newBatch(1, entries...)
		return []outbox.Batch{b}
	}
	finished := outbox.Changes{Finish: []outbox.BatchResult{{ID: shared.ID, Result: []byte("sealed ids")}}}
	end := func(e outbox.Entry) outbox.Changes {
		return outbox.Changes{Done: []outbox.EntryResult{result(e.ID, 1)}}
	}
	forget := func(entries ...outbox.Entry) outbox.Changes {
		var c outbox.Changes
		for _, e := range entries {
			c.Forget = append(c.Forget, e.ID)
		}
		return c
	}
	withResult := of(first, second)
	withResult[0].Result = []byte("sealed ids")
	for _, test := range []struct {
		name string
		then []outbox.Changes
		want []outbox.Batch
	}{
		{"are_there_before_the_call", nil, of(first, second)},
		{"are_there_with_their_result_after_the_call", []outbox.Changes{finished}, withResult},
		{"stay_while_one_entry_waits", []outbox.Changes{end(first)}, of(second)},
		{"go_with_the_last_entry_that_ends", []outbox.Changes{end(first), end(second)}, nil},
		{"go_when_all_end_at_once", []outbox.Changes{{Done: []outbox.EntryResult{result(first.ID, 1), result(second.ID, 1)}}}, nil},
		{"stay_while_another_entry_than_the_forgotten_waits", []outbox.Changes{forget(second)}, of(first)},
		{"go_when_all_their_entries_are_forgotten", []outbox.Changes{forget(first, second)}, nil},
		{"go_when_one_ended_and_the_last_is_forgotten", []outbox.Changes{end(first), forget(second)}, nil},
		{"stay_when_the_forgotten_had_ended", []outbox.Changes{end(first), forget(first)}, of(second)},
		{"go_when_one_is_forgotten_and_the_last_ends", []outbox.Changes{forget(first), end(second)}, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			store := open(t)
			mustApply(t, store, &outbox.Changes{Insert: []outbox.Entry{first, second}, Start: []outbox.Batch{shared}})
			for _, changes := range test.then {
				mustApply(t, store, &changes)
			}
			if diff := cmp.Diff(test.want, take(t, store).Batches); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}

	t.Run("of_one_entry_all_stay_until_it_ends", func(t *testing.T) {
		t.Parallel()
		store := open(t)
		want := []outbox.Batch{newBatch(1, first), newBatch(2, first, second), newBatch(3, first)}
		mustApply(t, store, &outbox.Changes{Insert: []outbox.Entry{first, second}, Start: want})
		if diff := cmp.Diff(want, take(t, store).Batches); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		ended := end(first)
		mustApply(t, store, &ended)
		if diff := cmp.Diff([]outbox.Batch{newBatch(2, second)}, take(t, store).Batches); diff != "" {
			t.Errorf("after the end (-want +got):\n%s", diff)
		}
	})

	t.Run("may_begin_and_end_in_one_change", func(t *testing.T) {
		t.Parallel()
		store := open(t)
		mustApply(t, store, &outbox.Changes{
			Insert:    []outbox.Entry{first, second},
			Start:     []outbox.Batch{shared},
			Finish:    finished.Finish,
			Done:      end(first).Done,
			Delivered: []string{first.ID},
			Keep:      []string{first.ID},
			Forget:    []string{second.ID},
		})
		v := take(t, store, first.ID, second.ID)
		if got := v.Found[first.ID]; len(v.Found) != 1 || !got.Delivered || !got.Keep || got.DoneAt != instant(1) {
			t.Errorf("left: %+v", v.Found)
		}
		if len(v.Entries)+len(v.Batches) != 0 {
			t.Errorf("to resume: %d entries, %d batches", len(v.Entries), len(v.Batches))
		}
	})
}

// load: what a start resumes, and in which order.
func load(t *testing.T, open func(t *testing.T) outbox.Store) {
	t.Run("of_an_empty_store_is_empty", func(t *testing.T) {
		t.Parallel()
		if v := take(t, open(t)); len(v.Entries)+len(v.Batches) != 0 || v.Kept != (outbox.Kept{}) {
			t.Errorf("%+v", v)
		}
	})

	t.Run("is_ordered_by_lane_and_creation", func(t *testing.T) {
		t.Parallel()
		store := open(t)
		var want []string
		for _, n := range []int{5, 3, 4, 1, 2} { // ids that sort otherwise than they were created, at one instant
			a, b := newEntry(n), newEntry(10+n)
			a.Lane, b.Lane = "laneB", "laneA"
			mustApply(t, store, &outbox.Changes{Insert: []outbox.Entry{a, b}})
			want = append(want, a.ID)
		}
		want = append([]string{"job_000015", "job_000013", "job_000014", "job_000011", "job_000012"}, want...)
		var got []string
		for _, e := range take(t, store).Entries {
			got = append(got, e.ID)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("entries (-want +got):\n%s", diff)
		}
	})

	t.Run("orders_batches_by_lane_and_seq_and_their_entries_by_creation", func(t *testing.T) {
		t.Parallel()
		store := open(t)
		a, b, c := newEntry(3), newEntry(1), newEntry(2)
		third, first, second, other := newBatch(3, a), newBatch(1, a, b, c), newBatch(2, b), newBatch(9, c)
		other.Lane = "lane0"
		mustApply(t, store, &outbox.Changes{
			Insert: []outbox.Entry{a, b, c},
			Start:  []outbox.Batch{third, first, second, other},
		})
		if diff := cmp.Diff([]outbox.Batch{other, first, second, third}, take(t, store).Batches); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})

	t.Run("of_one_lane_leaves_out_the_others", func(t *testing.T) {
		t.Parallel()
		store := open(t)
		a, b := newEntry(1), newEntry(2)
		a.Lane, b.Lane = "laneA", "laneB"
		first, second := newBatch(1, a), newBatch(2, b)
		first.Lane, second.Lane = "laneA", "laneB"
		mustApply(t, store, &outbox.Changes{Insert: []outbox.Entry{a, b}, Start: []outbox.Batch{first, second}})
		entries, batches, err := store.Load(t.Context(), "laneB")
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]outbox.Entry{b}, withPayloads(t, store, entries)); diff != "" {
			t.Errorf("entries (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff([]outbox.Batch{second}, batches); diff != "" {
			t.Errorf("batches (-want +got):\n%s", diff)
		}
	})

	t.Run("leaves_out_what_is_done", func(t *testing.T) {
		t.Parallel()
		store := open(t)
		ended, waiting := newEntry(1), newEntry(2)
		mustApply(t, store, &outbox.Changes{Insert: []outbox.Entry{ended, waiting}, Done: []outbox.EntryResult{result(ended.ID, 1)}})
		if diff := cmp.Diff([]outbox.Entry{waiting}, take(t, store).Entries); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}

// atomicity: a change that fails leaves no trace.
func atomicity(t *testing.T, open func(t *testing.T) outbox.Store) {
	ended, waiting, fresh := newEntry(1), newEntry(2), newEntry(3)
	for name, spoil := range map[string]func(*outbox.Changes){
		"a_duplicate_key": func(c *outbox.Changes) {
			c.Insert = append(c.Insert, withKey(newEntry(4), ended.Tenant, ended.Key))
		},
		"a_batch_of_an_entry_that_is_not_there": func(c *outbox.Changes) { c.Start = append(c.Start, newBatch(8, waiting, newEntry(5))) },
		"a_batch_of_an_entry_that_is_done":      func(c *outbox.Changes) { c.Start = append(c.Start, newBatch(8, ended)) },
		"a_batch_of_no_entry":                   func(c *outbox.Changes) { c.Start = append(c.Start, newBatch(8)) },
		"a_batch_that_is_there_already":         func(c *outbox.Changes) { c.Start = append(c.Start, newBatch(1, waiting)) },
		"the_result_of_a_batch_that_is_not_there": func(c *outbox.Changes) {
			c.Finish = append(c.Finish, outbox.BatchResult{ID: "batch_none", Result: []byte("x")})
		},
		"the_end_of_an_entry_that_is_not_there": func(c *outbox.Changes) { c.Done = append(c.Done, result("job_none", 3)) },
	} {
		t.Run(name+"_undoes_the_whole_change", func(t *testing.T) {
			t.Parallel()
			store := open(t)
			mustApply(t, store, &outbox.Changes{
				Insert: []outbox.Entry{ended, waiting},
				Start:  []outbox.Batch{newBatch(1, waiting)},
				Done:   []outbox.EntryResult{result(ended.ID, 1)},
			})
			ids := []string{ended.ID, waiting.ID, fresh.ID}
			before := take(t, store, ids...)
			changes := outbox.Changes{
				Insert:    []outbox.Entry{fresh},
				Start:     []outbox.Batch{newBatch(2, waiting, fresh)},
				Finish:    []outbox.BatchResult{{ID: newBatch(1).ID, Result: []byte("sealed")}},
				Done:      []outbox.EntryResult{result(waiting.ID, 2)},
				Delivered: ids,
				Keep:      ids,
				Forget:    []string{ended.ID},
			}
			spoil(&changes)
			if err := store.Apply(t.Context(), &changes); err == nil {
				t.Fatal("the change was applied")
			}
			if diff := cmp.Diff(before, take(t, store, ids...)); diff != "" {
				t.Errorf("the failed change left a trace (-before +after):\n%s", diff)
			}
			mustApply(t, store, &outbox.Changes{Insert: []outbox.Entry{fresh}}) // and the store works on
		})
	}

	t.Run("a_change_of_an_older_lease_changes_nothing", func(t *testing.T) {
		t.Parallel()
		store := open(t)
		fenced := func(entry outbox.Entry, lane string, token int64) error {
			return store.Apply(t.Context(), &outbox.Changes{Insert: []outbox.Entry{entry}, Fences: []outbox.Fence{{Lane: lane, Token: token}}})
		}
		if err := errors.Join(fenced(newEntry(1), "lane1", 7), fenced(newEntry(2), "lane1", 7), fenced(newEntry(3), "lane2", 6)); err != nil {
			t.Fatal(err)
		}
		if err := fenced(newEntry(4), "lane1", 6); !errors.Is(err, outbox.ErrFenced) {
			t.Errorf("error is %v", err)
		}
		if v := take(t, store, newEntry(4).ID); len(v.Found) != 0 {
			t.Error("the entry was stored")
		}
	})

	t.Run("a_cancelled_context_changes_nothing", func(t *testing.T) {
		t.Parallel()
		store := open(t)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := store.Apply(ctx, &outbox.Changes{Insert: []outbox.Entry{fresh}}); !errors.Is(err, context.Canceled) {
			t.Errorf("error is %v", err)
		}
		if v := take(t, store, fresh.ID); len(v.Found) != 0 {
			t.Error("the entry was stored")
		}
	})

	t.Run("an_empty_change_is_fine", func(t *testing.T) {
		t.Parallel()
		mustApply(t, open(t), &outbox.Changes{})
	})
}

// sizes: an import at its largest, and a change that gathers many callers.
func sizes(t *testing.T, open func(t *testing.T) outbox.Store) {
	t.Run("a_payload_and_a_result_of_20_MiB_come_back", func(t *testing.T) {
		t.Parallel()
		store := open(t)
		e := newEntry(1)
		e.Payload = bytes.Repeat([]byte("\x00\x01payload"), 20<<20/9)
		want := bytes.Repeat([]byte("\xffresult"), 20<<20/7)
		mustApply(t, store, &outbox.Changes{Insert: []outbox.Entry{e}})
		if v := take(t, store); len(v.Entries) != 1 || !bytes.Equal(v.Entries[0].Payload, e.Payload) || v.Kept.Bytes != int64(len(e.Payload)) {
			t.Errorf("%d entries, %d bytes kept of %d", len(v.Entries), v.Kept.Bytes, len(e.Payload))
		}
		mustApply(t, store, &outbox.Changes{Done: []outbox.EntryResult{{ID: e.ID, Result: want, DoneAt: instant(1)}}})
		mustApply(t, store, &outbox.Changes{Delivered: []string{e.ID}})
		if got := mustFind(t, store, e.ID); !bytes.Equal(got.Result, want) {
			t.Errorf("result %d of %d bytes", len(got.Result), len(want))
		}
		if kept := take(t, store).Kept; kept.Bytes != int64(len(want)) {
			t.Errorf("kept %d bytes of %d", kept.Bytes, len(want))
		}
	})

	t.Run("a_change_takes_more_than_a_thousand_entries", func(t *testing.T) {
		t.Parallel()
		store := open(t)
		const many = 1_500
		var changes outbox.Changes
		var ids []string
		for n := range many {
			e := newEntry(n)
			ids = append(ids, e.ID)
			changes.Insert = append(changes.Insert, e)
		}
		changes.Start = []outbox.Batch{newBatch(1, changes.Insert...)}
		mustApply(t, store, &changes)
		v := take(t, store)
		if len(v.Entries) != many || len(v.Batches) != 1 || !cmp.Equal(v.Batches[0].Entries, ids) {
			t.Fatalf("loaded %d entries, %d batches", len(v.Entries), len(v.Batches))
		}
		ended := outbox.Changes{Delivered: ids, Keep: ids, Forget: ids[:many/2]}
		for _, id := range ids {
			ended.Done = append(ended.Done, result(id, 1))
		}
		mustApply(t, store, &ended)
		v = take(t, store)
		if len(v.Entries)+len(v.Batches) != 0 || v.Kept.Entries != many-many/2 {
			t.Errorf("after the end: %d entries, %d batches, %d kept", len(v.Entries), len(v.Batches), v.Kept.Entries)
		}
	})
}
