package sqlite_test

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/rowgate/rowgate/internal/outbox"
)

// BenchmarkApply is the life of n one-row entries of one batch, in two transactions, on a store that keeps 20,000 ended
// ones. Their keys are free (derived) or live (given); live ones make an index of random keys, whose pages each insert
// dirties anew. The figures wanted: insert/1 within 100 µs, insert/100 within 1.5 ms.
func BenchmarkApply(b *testing.B) {
	for _, live := range []bool{false, true} {
		for _, n := range []int{1, 100} {
			for _, phase := range []string{"insert", "life"} {
				b.Run(fmt.Sprintf("live=%t/%s/%d", live, phase, n), func(b *testing.B) {
					store := open(b, filepath.Join(b.TempDir(), "rowgate.db"))
					serial := 0
					for range 20 {
						changes := begin(&serial, 1000)
						apply(b, store, changes)
						ended := end(changes)
						if ended.Delivered, ended.Forget = ended.Forget, nil; live {
							ended.Delivered = nil
						}
						apply(b, store, ended)
					}
					b.ReportAllocs()
					for b.Loop() {
						b.StopTimer()
						changes := begin(&serial, n)
						ended := end(changes)
						b.StartTimer()
						apply(b, store, changes)
						if phase == "insert" {
							b.StopTimer()
						}
						apply(b, store, ended)
						b.StartTimer()
					}
				})
			}
		}
	}
}

func BenchmarkFind(b *testing.B) {
	store := open(b, filepath.Join(b.TempDir(), "rowgate.db"))
	serial := 0
	changes := begin(&serial, 1000)
	apply(b, store, changes)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		e := &changes.Insert[i%len(changes.Insert)]
		if _, found, err := store.Find(b.Context(), outbox.Lookup{Tenant: e.Tenant, Key: e.Key}); !found || err != nil {
			b.Fatal(found, err)
		}
	}
}

func BenchmarkOpen(b *testing.B) {
	path := filepath.Join(b.TempDir(), "rowgate.db")
	for b.Loop() {
		if err := open(b, path).Close(); err != nil {
			b.Fatal(err)
		}
	}
}

// begin inserts n entries with random keys and a batch of them.
func begin(serial *int, n int) *outbox.Changes {
	var changes outbox.Changes
	for range n {
		changes.Insert = append(changes.Insert, outbox.Entry{
			ID: "job_" + rand.Text(), Lane: digest(), Tenant: digest(), Key: digest(), Derived: true,
			Print: make([]byte, 32), Rows: 1, Bytes: 500, Payload: make([]byte, 600), CreatedAt: time.Now(),
		})
	}
	*serial++
	batch := outbox.Batch{
		ID: "bat_" + rand.Text(), Lane: digest(), Seq: int64(*serial), ClientToken: digest(), Plan: make([]byte, 40*n),
	}
	for i := range changes.Insert {
		batch.Entries = append(batch.Entries, changes.Insert[i].ID)
	}
	changes.Start = []outbox.Batch{batch}
	return &changes
}

// end finishes what begin began, and forgets it.
func end(begun *outbox.Changes) *outbox.Changes {
	changes := outbox.Changes{Forget: begun.Start[0].Entries}
	changes.Finish = []outbox.BatchResult{{ID: begun.Start[0].ID, Result: make([]byte, 20*len(begun.Insert))}}
	for i := range begun.Insert {
		changes.Done = append(changes.Done, outbox.EntryResult{ID: begun.Insert[i].ID, Result: make([]byte, 100), DoneAt: time.Now()})
	}
	return &changes
}

func apply(b *testing.B, store outbox.Store, changes *outbox.Changes) {
	b.Helper()
	if err := store.Apply(b.Context(), changes); err != nil {
		b.Fatal(err)
	}
}

func digest() string {
	random := make([]byte, 16)
	_, _ = rand.Read(random)
	return hex.EncodeToString(random)
}
