package outboxtest

import (
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/rowgate/rowgate/internal/outbox"
)

// model is a store as simple as can be: what types.go says, once more. It is right where it is obvious.
type model struct {
	entries []outbox.Entry
	batches []outbox.Batch
}

func (m *model) at(id string) int {
	return slices.IndexFunc(m.entries, func(e outbox.Entry) bool { return e.ID == id })
}

func (m *model) live(tenant, key string) bool {
	return key != "" && slices.ContainsFunc(m.entries, func(e outbox.Entry) bool {
		return e.Tenant == tenant && e.Key == key && (!e.Derived || !e.Delivered || e.DoneAt.IsZero())
	})
}

// taken reports whether another entry has the key of e.
func (m *model) taken(e *outbox.Entry) bool {
	return e.Key != "" && slices.ContainsFunc(m.entries, func(other outbox.Entry) bool {
		return other.ID != e.ID && other.Tenant == e.Tenant && other.Key == e.Key &&
			(!other.Derived || !other.Delivered || other.DoneAt.IsZero())
	})
}

// apply reports whether the changes were fit to be applied.
func (m *model) apply(c *outbox.Changes) bool {
	next := model{entries: slices.Clone(m.entries), batches: slices.Clone(m.batches)}
	for _, e := range c.Insert {
		if next.live(e.Tenant, e.Key) || next.at(e.ID) >= 0 {
			return false
		}
		next.entries = append(next.entries, e)
	}
	for _, b := range c.Start {
		for _, id := range b.Entries {
			if i := next.at(id); i < 0 || !next.entries[i].DoneAt.IsZero() {
				return false
			}
		}
		next.batches = append(next.batches, b)
	}
	for _, r := range c.Finish {
		i := slices.IndexFunc(next.batches, func(b outbox.Batch) bool { return b.ID == r.ID })
		if i < 0 {
			return false
		}
		next.batches[i].Result = r.Result
	}
	for _, r := range c.Done {
		i := next.at(r.ID)
		if i < 0 {
			return false
		}
		e := &next.entries[i]
		e.Payload, e.Result, e.DoneAt = nil, r.Result, r.DoneAt
	}
	for i := range next.entries {
		e := &next.entries[i]
		e.Delivered = e.Delivered || slices.Contains(c.Delivered, e.ID)
		if slices.Contains(c.Recalled, e.ID) && !next.taken(e) {
			e.Delivered = false
		}
		e.Keep = e.Keep || slices.Contains(c.Keep, e.ID)
	}
	next.entries = slices.DeleteFunc(next.entries, func(e outbox.Entry) bool { return slices.Contains(c.Forget, e.ID) })
	next.settle()
	*m = next
	return true
}

// settle leaves each batch the entries that still wait, and drops a batch that has none.
func (m *model) settle() {
	for i := range m.batches {
		m.batches[i].Entries = slices.DeleteFunc(slices.Clone(m.batches[i].Entries), func(id string) bool {
			at := m.at(id)
			return at < 0 || !m.entries[at].DoneAt.IsZero()
		})
	}
	m.batches = slices.DeleteFunc(m.batches, func(b outbox.Batch) bool { return len(b.Entries) == 0 })
}

func (m *model) expire(before time.Time) {
	m.entries = slices.DeleteFunc(m.entries, func(e outbox.Entry) bool { return !e.DoneAt.IsZero() && e.DoneAt.Before(before) })
}

// view is what a store must show after the same changes; all entries are of one lane.
func (m *model) view() view {
	v := view{Found: make(map[string]outbox.Entry), Batches: m.batches, Kept: outbox.Kept{Entries: len(m.entries)}}
	for _, e := range m.entries {
		v.Found[e.ID] = e
		v.Kept.Bytes += int64(len(e.Payload) + len(e.Result))
		if e.DoneAt.IsZero() {
			v.Entries = append(v.Entries, e)
		}
	}
	return v
}

// maxSteps bounds a run of the model test, in changes.
const maxSteps = 12

// againstModel applies random changes to one store and to the model; both must agree after each.
func againstModel(t *testing.T, open func(t *testing.T) outbox.Store) {
	store := open(t)
	number := 0 // of entries and batches, never used twice
	rapid.Check(t, func(rt *rapid.T) {
		var m model
		var ids []string
		for range rapid.IntRange(1, maxSteps).Draw(rt, "steps") {
			changes := drawChanges(rt, &m, &number)
			for _, e := range changes.Insert {
				ids = append(ids, e.ID)
			}
			fit := m.apply(&changes)
			if err := store.Apply(t.Context(), &changes); (err == nil) != fit {
				rt.Fatalf("Apply = %v; the model says fit: %t\n%+v", err, fit, changes)
			}
			if rapid.IntRange(0, 4).Draw(rt, "expire") == 0 {
				before := instant(rapid.IntRange(0, 6).Draw(rt, "before"))
				m.expire(before)
				mustExpire(t, store, before)
			}
			if diff := cmp.Diff(m.view(), take(t, store, ids...), cmpopts.EquateEmpty()); diff != "" {
				rt.Fatalf("(-model +store):\n%s", diff)
			}
		}
		mustApply(t, store, &outbox.Changes{Forget: ids}) // an empty store for the next run
	})
}

// drawChanges draws changes that are mostly fit: of entries and batches that are there, with few keys.
func drawChanges(rt *rapid.T, m *model, number *int) outbox.Changes {
	var c outbox.Changes
	var ids, waiting []string
	for _, e := range m.entries {
		ids = append(ids, e.ID)
		if e.DoneAt.IsZero() {
			waiting = append(waiting, e.ID)
		}
	}
	for range rapid.IntRange(0, 3).Draw(rt, "inserts") {
		*number++
		e := withKey(newEntry(*number), "tenant1", rapid.SampledFrom([]string{"", "a", "b", "c", "d"}).Draw(rt, "key"))
		e.Derived = rapid.Bool().Draw(rt, "derived")
		c.Insert = append(c.Insert, e)
		ids, waiting = append(ids, e.ID), append(waiting, e.ID)
	}
	if len(waiting) > 0 && rapid.Bool().Draw(rt, "start") {
		*number++
		b := newBatch(*number)
		b.Entries = inOrder(waiting, rapid.SliceOfNDistinct(rapid.SampledFrom(waiting), 1, -1, rapid.ID).Draw(rt, "of"))
		c.Start = []outbox.Batch{b}
	}
	for _, b := range m.batches {
		if rapid.Bool().Draw(rt, "finish") {
			c.Finish = append(c.Finish, outbox.BatchResult{ID: b.ID, Result: fmt.Append(nil, "result of ", b.ID)})
		}
	}
	some := func(label string, of []string) []string {
		chosen := map[string]bool{}
		for _, id := range of {
			if rapid.IntRange(0, 3).Draw(rt, label) == 0 {
				chosen[id] = true
			}
		}
		return slices.Sorted(maps.Keys(chosen))
	}
	for _, id := range some("done", waiting) {
		c.Done = append(c.Done, result(id, rapid.IntRange(1, 5).Draw(rt, "at")))
	}
	c.Delivered, c.Keep, c.Forget = some("delivered", ids), some("keep", ids), some("forget", ids)
	return c
}

// inOrder returns those of all that were chosen, in the order of all.
func inOrder(all, chosen []string) []string {
	return slices.DeleteFunc(slices.Clone(all), func(id string) bool { return !slices.Contains(chosen, id) })
}
