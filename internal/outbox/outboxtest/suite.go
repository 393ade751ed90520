// Package outboxtest is the conformance suite of outbox.Store: what the engine relies on, once, for every store.
package outboxtest

import (
	"bytes"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rowgate/rowgate/internal/outbox"
)

// Run tests the stores that open makes; each call must give an empty one, and close it with t.Cleanup.
func Run(t *testing.T, open func(t *testing.T) outbox.Store) {
	t.Helper()
	for name, test := range map[string]func(*testing.T, func(t *testing.T) outbox.Store){
		"entries":     entries,
		"keys":        keys,
		"batches":     batches,
		"load":        load,
		"expire":      expire,
		"atomicity":   atomicity,
		"sizes":       sizes,
		"concurrency": concurrency,
		"model":       againstModel,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, open)
		})
	}
}

// RunReopen tests that what was applied is there after the store was closed and opened again. Every call of open opens
// the same place, empty at first, and its second value closes the store.
func RunReopen(t *testing.T, open func(t *testing.T) (outbox.Store, func())) {
	t.Helper()
	store, closeStore := open(t)
	open1, open2, done := newEntry(1), newEntry(2), newEntry(3)
	batch := newBatch(1, open1, open2)
	mustApply(t, store, &outbox.Changes{
		Insert: []outbox.Entry{open1, open2, done},
		Start:  []outbox.Batch{batch},
		Done:   []outbox.EntryResult{{ID: done.ID, Result: []byte("sealed result"), DoneAt: instant(9)}},
	})
	before := take(t, store, open1.ID, open2.ID, done.ID)
	closeStore()

	store, closeStore = open(t)
	defer closeStore()
	if diff := cmp.Diff(before, take(t, store, open1.ID, open2.ID, done.ID)); diff != "" {
		t.Errorf("a reopened store differs (-before +after):\n%s", diff)
	}
	err := store.Apply(t.Context(), &outbox.Changes{Insert: []outbox.Entry{withKey(newEntry(4), done.Tenant, done.Key)}})
	wantDuplicate(t, err)
}

// newEntry is entry n: not done, with a key of its own, in lane 1 of tenant 1.
func newEntry(n int) outbox.Entry {
	return outbox.Entry{
		ID: fmt.Sprintf("job_%06d", n), Lane: "lane1", Tenant: "tenant1", Key: fmt.Sprintf("key%06d", n),
		Print: bytes.Repeat([]byte{byte(n & 0xff)}, 32), Rows: 1 + n%7, Bytes: 10 * n,
		Payload: fmt.Appendf(nil, "\x00sealed payload %d\xff", n), CreatedAt: instant(0),
	}
}

func withKey(e outbox.Entry, tenant, key string) outbox.Entry {
	e.Tenant, e.Key = tenant, key
	return e
}

// newBatch is batch n of lane 1, which carries rows of the entries.
func newBatch(n int, of ...outbox.Entry) outbox.Batch {
	b := outbox.Batch{
		ID: fmt.Sprintf("batch_%06d", n), Lane: "lane1", Seq: int64(n),
		ClientToken: fmt.Sprintf("00000000-0000-4000-8000-%012d", n), Plan: fmt.Appendf(nil, "sealed plan %d\x00", n), StartedAt: instant(n),
	}
	for _, e := range of {
		b.Entries = append(b.Entries, e.ID)
	}
	return b
}

// instant is n seconds after the suite's beginning of time, which has milliseconds.
func instant(n int) time.Time {
	return time.Date(2026, 3, 4, 5, 6, 7, 89_000_000, time.UTC).Add(time.Duration(n) * time.Second)
}

func result(id string, at int) outbox.EntryResult {
	return outbox.EntryResult{ID: id, Result: []byte("sealed result of " + id), DoneAt: instant(at)}
}

func mustApply(t testing.TB, store outbox.Store, changes *outbox.Changes) {
	t.Helper()
	if err := store.Apply(t.Context(), changes); err != nil {
		t.Fatalf("Apply: %v", err)
	}
}

// view is all that a store shows of some entries.
type view struct {
	Entries []outbox.Entry
	Batches []outbox.Batch
	Found   map[string]outbox.Entry
	Kept    outbox.Kept
}

func take(t testing.TB, store outbox.Store, ids ...string) view {
	t.Helper()
	var v view
	var err error
	if v.Entries, v.Batches, err = store.Load(t.Context(), ""); err != nil {
		t.Fatalf("Load: %v", err)
	}
	v.Entries = withPayloads(t, store, v.Entries)
	v.Found = make(map[string]outbox.Entry)
	for _, id := range ids {
		if e, found := find(t, store, outbox.Lookup{ID: id, Payload: true}); found {
			v.Found[id] = e
		}
	}
	if v.Kept, _, err = store.Expire(t.Context(), time.Time{}, all); err != nil {
		t.Fatalf("Expire: %v", err)
	}
	return v
}

// withPayloads gives loaded entries their payloads, which must not have come with them.
func withPayloads(t testing.TB, store outbox.Store, loaded []outbox.Entry) []outbox.Entry {
	t.Helper()
	for i := range loaded {
		if loaded[i].Payload != nil {
			t.Errorf("Load returns the payload of %s", loaded[i].ID)
		}
		loaded[i], _ = find(t, store, outbox.Lookup{ID: loaded[i].ID, Payload: true})
	}
	return loaded
}

func find(t testing.TB, store outbox.Store, by outbox.Lookup) (outbox.Entry, bool) {
	t.Helper()
	e, found, err := store.Find(t.Context(), by)
	if err != nil {
		t.Fatalf("Find: %v", err)
	}
	return e, found
}
