package sqlite

import (
	"fmt"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/rowgate/rowgate/internal/outbox"
)

func TestLiveKeys(t *testing.T) {
	t.Parallel()

	t.Run("a key that no entry has is not looked up", func(t *testing.T) {
		t.Parallel()
		store := openKeys(t, filepath.Join(t.TempDir(), "rowgate.db"))
		write(t, store, outbox.Changes{Insert: []outbox.Entry{entryOf("one")}})
		if !found(t, store, "one") {
			t.Error("the key of an entry is not found")
		}
		if store.keys.mayHave("tenant", "two") {
			t.Error("the key of no entry is looked up")
		}
	})

	t.Run("what is stored is known after a restart", func(t *testing.T) {
		t.Parallel()
		path := filepath.Join(t.TempDir(), "rowgate.db")
		store := openKeys(t, path)
		write(t, store, outbox.Changes{Insert: []outbox.Entry{entryOf("one")}})
		if err := store.Close(); err != nil {
			t.Fatal(err)
		}
		store = openKeys(t, path)
		if !found(t, store, "one") || store.keys.mayHave("tenant", "two") {
			t.Error("the filter does not know what the table holds")
		}
	})

	t.Run("a key that becomes live again is found", func(t *testing.T) {
		t.Parallel()
		path := filepath.Join(t.TempDir(), "rowgate.db")
		store := openKeys(t, path)
		entry := entryOf("one")
		entry.Derived = true
		write(t, store, outbox.Changes{Insert: []outbox.Entry{entry}})
		write(t, store, outbox.Changes{
			Done:      []outbox.EntryResult{{ID: entry.ID, Result: []byte("r"), DoneAt: time.Now()}},
			Delivered: []string{entry.ID},
		})
		if err := store.Close(); err != nil {
			t.Fatal(err)
		}
		store = openKeys(t, path)
		if store.keys.mayHave("tenant", "one") {
			t.Error("the key of an answer that arrived is looked up")
		}
		write(t, store, outbox.Changes{Recalled: []string{entry.ID}})
		if !found(t, store, "one") {
			t.Error("the key of a recalled answer is not found at once")
		}
		store.scans.Wait()
		if !found(t, store, "one") {
			t.Error("the key of a recalled answer is not found once the table was read")
		}
	})

	t.Run("a recall makes a reading under way void", func(t *testing.T) {
		t.Parallel()
		store := openKeys(t, Memory)
		store.keys.forget()
		if !store.keys.wanted() {
			t.Fatal("a forgotten filter is not read anew")
		}
		store.keys.forget()
		if err := store.keys.read(t.Context(), store.read.scanLiveKeys); err != nil {
			t.Fatal(err)
		}
		if !store.keys.mayHave("tenant", "any") {
			t.Error("a reading begun before a recall denies keys")
		}
	})

	t.Run("what is added while the table is read is not lost", func(t *testing.T) {
		t.Parallel()
		store := openKeys(t, Memory)
		store.keys.forget()
		if !store.keys.wanted() || store.keys.wanted() {
			t.Fatal("the table is not read once")
		}
		store.keys.add("tenant", "late")
		if err := store.keys.read(t.Context(), store.read.scanLiveKeys); err != nil {
			t.Fatal(err)
		}
		if !store.keys.mayHave("tenant", "late") || store.keys.mayHave("tenant", "never") {
			t.Error("the filter does not hold the key added late, or holds any key")
		}
	})

	t.Run("a reading that fails leaves the questions to the table", func(t *testing.T) {
		t.Parallel()
		store := openKeys(t, Memory)
		store.keys.forget()
		if !store.keys.wanted() {
			t.Fatal("a forgotten filter is not read anew")
		}
		if err := store.read.scanLiveKeys.Close(); err != nil {
			t.Fatal(err)
		}
		if err := store.keys.read(t.Context(), store.read.scanLiveKeys); err == nil {
			t.Error("no error of a closed statement")
		}
		if !store.keys.mayHave("tenant", "any") || !store.keys.wanted() {
			t.Error("after a failed reading keys are denied, or the table is not read again")
		}
	})
}

func TestKeyFilter(t *testing.T) {
	t.Parallel()
	keys := newLiveKeys()
	filter := newKeyFilter(0)
	for i := range filterSpareKeys {
		filter.add(keys.hash("tenant", strconv.Itoa(i)))
	}
	if filter.spare > -filterSpareKeys {
		t.Errorf("spare is %d after %d keys", filter.spare, filterSpareKeys)
	}
	for i := range filterSpareKeys {
		if !filter.has(keys.hash("tenant", strconv.Itoa(i))) {
			t.Fatalf("key %d is denied", i)
		}
	}
	wrong := 0
	for i := range filterSpareKeys {
		if filter.has(keys.hash("other", strconv.Itoa(i))) {
			wrong++
		}
	}
	if wrong > filterSpareKeys/100 {
		t.Errorf("%d of %d new keys are taken for known ones", wrong, filterSpareKeys)
	}
	if size := len(newKeyFilter(100_000_000).words) * wordBytes; size != filterMaxBytes {
		t.Errorf("a filter of 100 million keys has %d bytes, not the bound of %d", size, filterMaxBytes)
	}
}

func openKeys(t *testing.T, path string) *Store {
	t.Helper()
	store, err := Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	store.scans.Wait()
	return store
}

func entryOf(key string) outbox.Entry {
	return outbox.Entry{
		ID: "job_" + key, Lane: "lane", Tenant: "tenant", Key: key, Rows: 1, Bytes: 1, Payload: []byte("p"), CreatedAt: time.Now(),
	}
}

func write(t *testing.T, store *Store, changes outbox.Changes) {
	t.Helper()
	if err := store.Apply(t.Context(), &changes); err != nil {
		t.Fatal(fmt.Errorf("apply: %w", err))
	}
}

func found(t *testing.T, store *Store, key string) bool {
	t.Helper()
	_, found, err := store.Find(t.Context(), outbox.Lookup{Tenant: "tenant", Key: key})
	if err != nil {
		t.Fatal(err)
	}
	return found
}
