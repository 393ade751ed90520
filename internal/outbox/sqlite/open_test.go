package sqlite_test

import (
	"bytes"
	"database/sql"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rowgate/rowgate/internal/outbox"
	"github.com/rowgate/rowgate/internal/outbox/sqlite"
)

func TestOpen(t *testing.T) {
	t.Parallel()

	t.Run("makes_directories_and_files_for_their_owner_only", func(t *testing.T) {
		t.Parallel()
		dir := filepath.Join(t.TempDir(), "data")
		store := open(t, filepath.Join(dir, "rowgate.db"))
		applyOne(t, store, "job_1")
		if mode := stat(t, dir).Mode().Perm(); mode != 0o700 {
			t.Errorf("directory: %o", mode)
		}
		files, err := os.ReadDir(dir)
		if err != nil || len(files) < 3 {
			t.Fatalf("%d files, %v", len(files), err)
		}
		for _, file := range files {
			if mode := stat(t, filepath.Join(dir, file.Name())).Mode().Perm(); mode != 0o600 {
				t.Errorf("%s: %o", file.Name(), mode)
			}
		}
	})

	t.Run("takes_a_path_of_any_characters", func(t *testing.T) {
		t.Parallel()
		path := filepath.Join(t.TempDir(), "数据 ?mode=memory#100%25&x", "rowgate.db")
		store := open(t, path)
		applyOne(t, store, "job_1")
		if err := store.Close(); err != nil {
			t.Fatal(err)
		}
		if stat(t, path).Size() == 0 {
			t.Error("the data went elsewhere")
		}
	})

	t.Run("refuses_a_file_that_is_open_by_whatever_name", func(t *testing.T) {
		t.Parallel()
		dir := t.TempDir()
		path, alias := filepath.Join(dir, "rowgate.db"), filepath.Join(dir, "alias.db")
		store := open(t, path)
		if err := os.Symlink(path, alias); err != nil {
			t.Skip(err)
		}
		for _, name := range []string{path, alias} {
			if _, err := sqlite.Open(t.Context(), name); !errors.Is(err, sqlite.ErrInUse) {
				t.Errorf("%s: %v, want ErrInUse", filepath.Base(name), err)
			}
		}
		if err := store.Close(); err != nil {
			t.Fatal(err)
		}
		open(t, path)
	})

	t.Run("refuses_a_file_of_a_newer_version", func(t *testing.T) {
		t.Parallel()
		path := filepath.Join(t.TempDir(), "rowgate.db")
		if err := open(t, path).Close(); err != nil {
			t.Fatal(err)
		}
		db, err := sql.Open("sqlite", path)
		if err != nil {
			t.Fatal(err)
		}
		_, err = db.ExecContext(t.Context(), `INSERT INTO goose_db_version (version_id, is_applied) VALUES (9999, 1)`)
		if err := errors.Join(err, db.Close()); err != nil {
			t.Fatal(err)
		}
		if _, err := sqlite.Open(t.Context(), path); !errors.Is(err, sqlite.ErrNewer) {
			t.Errorf("%v, want ErrNewer", err)
		}
	})

	t.Run("names_the_file_that_is_no_database", func(t *testing.T) {
		t.Parallel()
		path := filepath.Join(t.TempDir(), "notes.txt")
		if err := os.WriteFile(path, []byte(strings.Repeat("not a database ", 100)), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := sqlite.Open(t.Context(), path); err == nil || !strings.Contains(err.Error(), "notes.txt") {
			t.Errorf("%v", err)
		}
	})

	t.Run("fails_on_a_directory_that_cannot_be_made", func(t *testing.T) {
		t.Parallel()
		file := filepath.Join(t.TempDir(), "file")
		if err := os.WriteFile(file, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := sqlite.Open(t.Context(), filepath.Join(file, "rowgate.db")); err == nil {
			t.Error("no error")
		}
	})

	t.Run("may_be_closed_twice", func(t *testing.T) {
		t.Parallel()
		store := open(t, filepath.Join(t.TempDir(), "rowgate.db"))
		if err := errors.Join(store.Close(), store.Close()); err != nil {
			t.Error(err)
		}
		if err := store.Apply(t.Context(), &outbox.Changes{}); err == nil {
			t.Error("a closed store applies")
		}
	})
}

// childPath tells the test binary to be the other process.
const childPath = "ROWGATE_TEST_CHILD_PATH"

// A process that applies changes and is killed: what it said it had applied is there, and the file is free.
func TestProcess(t *testing.T) {
	t.Parallel()
	if path := os.Getenv(childPath); path != "" {
		beChild(t, path)
		return
	}
	path := filepath.Join(t.TempDir(), "rowgate.db")
	child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestProcess$")
	child.Env = append(os.Environ(), childPath+"="+path)
	said, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	buffer := make([]byte, 64)
	if n, err := said.Read(buffer); err != nil || !bytes.HasPrefix(buffer[:n], []byte("applied")) {
		t.Fatalf("the child said %q, %v", buffer[:n], err)
	}
	if _, err := sqlite.Open(t.Context(), path); !errors.Is(err, sqlite.ErrInUse) {
		t.Errorf("while the other process lives: %v, want ErrInUse", err)
	}
	if err := child.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = child.Wait() // it was killed, which is an error
	store := open(t, path)
	if _, found, err := store.Find(t.Context(), outbox.Lookup{ID: "job_child"}); !found || err != nil {
		t.Errorf("what the killed process had applied: found %t, %v", found, err)
	}
}

func beChild(t *testing.T, path string) {
	store, err := sqlite.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	applyOne(t, store, "job_child")
	_, _ = os.Stdout.WriteString("applied\n") //nolint:forbidigo // to the parent process
	<-t.Context().Done()                      // never: it is killed
}

func applyOne(t *testing.T, store *sqlite.Store, id string) {
	t.Helper()
	err := store.Apply(t.Context(), &outbox.Changes{Insert: []outbox.Entry{{ID: id, CreatedAt: time.Now()}}})
	if err != nil {
		t.Fatal(err)
	}
}

func stat(t *testing.T, path string) os.FileInfo {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info
}
