package e2e_test

import (
	"database/sql"
	"errors"
	"net/http"
	"strings"
	"testing"

	_ "modernc.org/sqlite" // registers the driver "sqlite"

	"github.com/rowgate/rowgate/internal/app"
	"github.com/rowgate/rowgate/internal/config"
	"github.com/rowgate/rowgate/internal/secret"
)

// TestRotation: keys come and go, and neither idempotency nor jobs end with them. (docs/contract.md §1, Rotation.)
func TestRotation(t *testing.T) {
	t.Parallel()
	h := setup(t, options{})
	old, fresh := h.secrets.key, secret.GenerateKey()
	start := func(keys string) error {
		h.stop()
		h.settings["ROWGATE_KEY"] = keys
		cfg, problems := config.Load(func(name string) string { return h.settings[name] })
		if len(problems) > 0 {
			t.Fatal(problems)
		}
		service, err := app.Start(t.Context(), app.Options{Config: cfg, Logger: logger(h.logs), Version: "test"})
		if err == nil {
			h.app = service
		}
		return err
	}
	refused := func(keys string) {
		t.Helper()
		err := start(keys)
		if _, ok := errors.AsType[*app.KeyError](err); !ok {
			t.Fatalf("a start with these keys: %v", err)
		}
	}
	keyed := `{"fields":{"标题":"甲"},"idempotency_key":"run-1"}`
	first := h.write(keyed)
	job := h.write(`{"fields":{"标题":"乙"},"async":true}`)
	h.await(job.JobID)
	holds := func(keys string) {
		t.Helper()
		if err := start(keys); err != nil {
			t.Fatal(err)
		}
		if again := h.write(keyed); !again.IdempotentReplay || again.RecordID != first.RecordID {
			t.Errorf("repeated: %s", again.raw)
		}
		if got := h.do(request{path: "/v1/jobs/get", body: `{"job_id":"` + job.JobID + `"}`}); got.status != http.StatusOK ||
			got.State != "done" {
			t.Errorf("the job: %s", got.raw)
		}
	}
	refused(fresh)
	holds(old)
	holds(old + "," + fresh)
	holds(fresh + "," + old)
	for !strings.Contains(h.logs.String(), "sealed anew with the first key") {
		h.write(keyed) // some work beside
	}
	refused(fresh) // too early
	path := strings.TrimPrefix(h.settings["ROWGATE_DATABASE_URL"], "sqlite:")
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.ExecContext(t.Context(), // 25 h later
		`UPDATE meta SET value = CAST(json_set(CAST(value AS TEXT), '$.retired[0].until', '2020-01-01T00:00:00Z') AS BLOB) WHERE name `+
			`= 'keys'`); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	holds(fresh)
	if n := len(h.rows()); n != 2 {
		t.Errorf("%d rows, want 2", n)
	}
}
