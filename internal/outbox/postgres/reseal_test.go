package postgres_test

import (
	"bytes"
	"errors"
	"fmt"
	"testing"

	"github.com/rowgate/rowgate/internal/outbox"
	"github.com/rowgate/rowgate/internal/pgtest"
)

func TestReseal(t *testing.T) {
	t.Parallel()
	store := open(t, pgtest.Database(t))
	const many = 120 // more than two transactions
	for n := range many {
		waits, done := entry(2*n), entry(2*n+1)
		batch := outbox.Batch{ID: fmt.Sprint("bat_", n), Lane: "lane1", Seq: int64(n), Entries: []string{waits.ID}, Plan: []byte("old plan")}
		mustApply(t, store, &outbox.Changes{
			Insert: []outbox.Entry{waits, done}, Start: []outbox.Batch{batch},
			Finish: []outbox.BatchResult{{ID: batch.ID, Result: []byte("old result")}},
			Done:   []outbox.EntryResult{{ID: done.ID, Result: []byte("old result"), DoneAt: done.CreatedAt}},
		})
	}
	seen := make(map[outbox.Sealed]int)
	anew := func(kind outbox.Sealed, data []byte) ([]byte, error) {
		seen[kind]++
		return append([]byte("new "), bytes.TrimPrefix(data, []byte("new "))...), nil
	}
	if err := store.Reseal(t.Context(), anew); err != nil {
		t.Fatal(err)
	}
	if seen[outbox.SealedPayload] != many || seen[outbox.SealedPlan] != many || seen[outbox.SealedResult] != 2*many {
		t.Errorf("resealed %v", seen)
	}
	_, batches, err := store.Load(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	for i := range batches {
		if string(batches[i].Plan) != "new old plan" || string(batches[i].Result) != "new old result" {
			t.Errorf("batch %d: %q, %q", i, batches[i].Plan, batches[i].Result)
		}
	}
	for n := range 2 * many {
		e, _, err := store.Find(t.Context(), outbox.Lookup{ID: entry(n).ID, Payload: true})
		if err != nil || n%2 == 0 && string(e.Payload) != "new payload" || n%2 == 1 && string(e.Result) != "new old result" {
			t.Errorf("entry %d: %q, %q (%v)", n, e.Payload, e.Result, err)
		}
	}
	wrong := errors.New("wrong key")
	if err := store.Reseal(t.Context(), func(outbox.Sealed, []byte) ([]byte, error) { return nil, wrong }); !errors.Is(err, wrong) {
		t.Errorf("error is %v", err)
	}
}

func TestMeta(t *testing.T) {
	t.Parallel()
	store := open(t, pgtest.Database(t))
	if value, err := store.Meta(t.Context(), "names"); err != nil || value != nil {
		t.Errorf("Meta of an empty store = %q, %v", value, err)
	}
	for _, value := range []string{"one", "two"} {
		if err := store.SetMeta(t.Context(), map[string][]byte{"names": []byte(value), "keys": []byte("k")}); err != nil {
			t.Fatal(err)
		}
		if got, err := store.Meta(t.Context(), "names"); err != nil || string(got) != value {
			t.Errorf("Meta = %q, %v", got, err)
		}
	}
	if has, err := store.HasEntries(t.Context()); has || err != nil {
		t.Errorf("HasEntries = %t, %v", has, err)
	}
	mustApply(t, store, &outbox.Changes{Insert: []outbox.Entry{entry(1)}})
	if has, err := store.HasEntries(t.Context()); !has || err != nil {
		t.Errorf("HasEntries = %t, %v", has, err)
	}
}
