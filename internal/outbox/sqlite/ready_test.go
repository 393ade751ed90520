package sqlite_test

import (
	"context"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/rowgate/rowgate/internal/outbox"
	"github.com/rowgate/rowgate/internal/outbox/sqlite"
)

func TestPing(t *testing.T) {
	t.Parallel()
	t.Run("tells_that_nothing_can_be_stored_and_that_it_can_again", func(t *testing.T) {
		t.Parallel()
		path := filepath.Join(t.TempDir(), "rowgate.db")
		store := open(t, path)
		if err := store.Ping(t.Context()); err != nil {
			t.Fatal(err)
		}
		other, err := sql.Open("sqlite", "file:"+path+"?_txlock=immediate")
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = other.Close() }()
		lock, err := other.BeginTx(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := store.Apply(t.Context(), &outbox.Changes{Forget: []string{"job_none"}}); err == nil {
			t.Fatal("a write went past another program's lock")
		}
		soon, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		if err := store.Ping(soon); err == nil {
			t.Error("ready while nothing can be stored")
		}
		if err := lock.Rollback(); err != nil {
			t.Fatal(err)
		}
		if err := store.Ping(t.Context()); err != nil {
			t.Errorf("not ready although a write succeeds: %v", err)
		}
	})
	t.Run("tells_that_the_file_is_gone", func(t *testing.T) {
		t.Parallel()
		path := filepath.Join(t.TempDir(), "rowgate.db")
		store := open(t, path)
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
		if err := store.Ping(t.Context()); err == nil {
			t.Error("ready without a file")
		}
	})
}

// TestDamage: a file that is damaged is refused at a start, and rowgate check says so, whatever has become of it.
func TestDamage(t *testing.T) {
	t.Parallel()
	damaged := func(t *testing.T, change func(file []byte)) error {
		t.Helper()
		path := filepath.Join(t.TempDir(), "rowgate.db")
		store, err := sqlite.Open(t.Context(), path)
		if err != nil {
			t.Fatal(err)
		}
		if err := store.Close(); err != nil {
			t.Fatal(err)
		}
		file, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		change(file)
		if err := os.WriteFile(path, file, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := sqlite.Inspect(t.Context(), path); !errors.Is(err, sqlite.ErrCorrupt) {
			t.Errorf("Inspect, which rowgate check asks: %v", err)
		}
		again, err := sqlite.Open(t.Context(), path)
		if err == nil {
			_ = again.Close()
		}
		return err
	}
	for name, change := range map[string]func([]byte){
		"a_foreign_header":              func(file []byte) { copy(file, "this is no database") },
		"a_zeroed_file":                 func(file []byte) { clear(file) },
		"a_zeroed_header":               func(file []byte) { clear(file[:4096]) },
		"a_zeroed_page":                 func(file []byte) { clear(file[4096:8192]) },
		"zeroed_pages_behind_the_first": func(file []byte) { clear(file[4096:]) },
		"a_broken_page": func(file []byte) {
			for i := 4096; i < 8192; i++ {
				file[i] = 0xff
			}
		},
	} {
		t.Run("is_named_for_"+name, func(t *testing.T) {
			t.Parallel()
			if err := damaged(t, change); !errors.Is(err, sqlite.ErrCorrupt) {
				t.Errorf("got %v", err)
			}
		})
	}
}
