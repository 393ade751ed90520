package e2e_test

import (
	"context"
	"database/sql"
	"net/http"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	_ "modernc.org/sqlite" // registers the driver "sqlite"

	"github.com/rowgate/rowgate/internal/pgtest"
)

// TestBackup takes a copy while the service runs, and goes on from the copy: answers and jobs are known, rows are there once.
func TestBackup(t *testing.T) {
	t.Parallel()
	// goesOn writes, has the copy taken, and starts on it; restore returns the address of the copy.
	goesOn := func(t *testing.T, address string, restore func() string) {
		t.Helper()
		h := setup(t, options{settings: map[string]string{"ROWGATE_DATABASE_URL": address}})
		keyed := `{"fields":{"标题":"甲"},"idempotency_key":"run-1"}`
		first := h.write(keyed)
		job := h.write(`{"fields":{"标题":"乙"},"async":true}`)
		h.await(job.JobID)
		h.settings["ROWGATE_DATABASE_URL"] = restore()
		h.stop()
		h.open()
		if again := h.write(keyed); !again.IdempotentReplay || again.RecordID != first.RecordID {
			t.Errorf("repeated: %s", again.raw)
		}
		got := h.do(request{path: "/v1/jobs/get", body: `{"job_id":"` + job.JobID + `"}`})
		if got.status != http.StatusOK || got.State != "done" {
			t.Errorf("the job: %s", got.raw)
		}
		h.write(`{"fields":{"标题":"丙"}}`)
		if n := len(h.rows()); n != 3 {
			t.Errorf("%d rows, want 3", n)
		}
	}
	t.Run("of SQLite by VACUUM INTO", func(t *testing.T) {
		t.Parallel()
		path, copied := filepath.Join(t.TempDir(), "rowgate.db"), filepath.Join(t.TempDir(), "copy.db")
		goesOn(t, "sqlite:"+path, func() string {
			db, err := sql.Open("sqlite", path)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = db.Close() }()
			if _, err := db.ExecContext(t.Context(), `VACUUM INTO ?`, copied); err != nil {
				t.Fatal(err)
			}
			return "sqlite:" + copied
		})
	})
	t.Run("of PostgreSQL by pg_dump and pg_restore", func(t *testing.T) {
		t.Parallel()
		dump, restore := pgtest.Tool(t, "pg_dump"), pgtest.Tool(t, "pg_restore")
		address, copied := pgtest.Database(t), pgtest.Database(t)
		goesOn(t, address, func() string {
			file := filepath.Join(t.TempDir(), "dump")
			runTool(t, dump, "-Fc", "-n", "rowgate", "-f", file, address)
			runTool(t, restore, "--exit-on-error", "-d", copied, file)
			return copied
		})
	})
}

func runTool(t *testing.T, path string, args ...string) {
	t.Helper()
	cmd := exec.CommandContext(context.WithoutCancel(t.Context()), path, args...)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", strings.Join(cmd.Args, " "), err, out)
	}
}
