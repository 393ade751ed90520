package e2e_test

import (
	"maps"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/rowgate/rowgate/internal/app"
	"github.com/rowgate/rowgate/internal/config"
	"github.com/rowgate/rowgate/internal/pgtest"
	"github.com/rowgate/rowgate/internal/secret"
)

// TestPostgres: a service on PostgreSQL keeps keys, answers and jobs over a restart.
func TestPostgres(t *testing.T) {
	t.Parallel()
	h := setup(t, options{settings: map[string]string{"ROWGATE_DATABASE_URL": pgtest.Database(t)}})
	keyed := `{"fields":{"标题":"甲"},"idempotency_key":"run-1"}`
	first := h.write(keyed)
	job := h.write(`{"fields":{"标题":"乙"},"async":true}`)
	h.await(job.JobID)
	for range 2 {
		if again := h.write(keyed); !again.IdempotentReplay || again.RecordID != first.RecordID {
			t.Errorf("repeated: %s", again.raw)
		}
		got := h.do(request{path: "/v1/jobs/get", body: `{"job_id":"` + job.JobID + `"}`})
		if got.status != http.StatusOK || got.State != "done" {
			t.Errorf("the job: %s", got.raw)
		}
		h.stop()
		h.open()
	}
	if n := len(h.rows()); n != 2 {
		t.Errorf("%d rows, want 2", n)
	}
}

// TestCheckPostgres: what check says of a PostgreSQL database, before and while a service uses it.
func TestCheckPostgres(t *testing.T) {
	t.Parallel()
	address := pgtest.Database(t)
	key := secret.GenerateKey()
	base := map[string]string{"ROWGATE_LISTEN": "127.0.0.1:0", "ROWGATE_DATABASE_URL": address, "ROWGATE_KEY": key}
	check := func(t *testing.T, change map[string]string) app.Finding {
		t.Helper()
		settings := maps.Clone(base)
		maps.Copy(settings, change)
		cfg, problems := config.Read(func(name string) string { return settings[name] })
		if len(problems) > 0 {
			t.Fatal(problems)
		}
		return app.Check(t.Context(), cfg)
	}
	wantNote := func(t *testing.T, got app.Finding, part string) {
		t.Helper()
		for _, note := range got.Notes {
			if strings.Contains(note.EN, part) {
				return
			}
		}
		t.Errorf("no note says %q: %+v", part, got)
	}
	wantProblem := func(t *testing.T, got app.Finding, variable, part string) {
		t.Helper()
		if len(got.Problems) != 1 || got.Problems[0].Variable != variable || !strings.Contains(got.Problems[0].Text.EN, part) {
			t.Errorf("want one problem of %s that says %q: %+v", variable, part, got)
		}
	}
	got := check(t, nil)
	if len(got.Problems) != 0 {
		t.Errorf("of an empty database: %+v", got)
	}
	wantNote(t, got, "is not carried over")
	wantNote(t, got, "fsync is off") // the cluster of tests does not sync

	elsewhere, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	nowhere := *elsewhere
	nowhere.Host = "127.0.0.1:1"
	nowhere.User = url.UserPassword("rowgate", "hidden-password")
	got = check(t, map[string]string{"ROWGATE_DATABASE_URL": nowhere.String()})
	wantProblem(t, got, "ROWGATE_DATABASE_URL", "cannot be reached")
	if strings.Contains(got.Problems[0].String(), "hidden-password") {
		t.Error("check shows the password")
	}
	missing := *elsewhere
	missing.Path = "/none"
	got = check(t, map[string]string{"ROWGATE_DATABASE_URL": missing.String()})
	wantProblem(t, got, "ROWGATE_DATABASE_URL", `database "none" does not exist`)
	pgtest.Exec(t, address, `DO $$ BEGIN CREATE ROLE nobody LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$`)
	poor := *elsewhere
	poor.User = url.User("nobody")
	wantProblem(t, check(t, map[string]string{"ROWGATE_DATABASE_URL": poor.String()}), "ROWGATE_DATABASE_URL", "may not make")

	h := setup(t, options{settings: base})
	wantProblem(t, check(t, map[string]string{"ROWGATE_DATABASE_URL": poor.String()}), "ROWGATE_DATABASE_URL", "may not make")
	own := strings.TrimPrefix(h.app.URL(), "http://")
	got = check(t, map[string]string{"ROWGATE_LISTEN": own})
	if len(got.Problems) != 0 {
		t.Errorf("of this very service: %+v", got)
	}
	wantNote(t, got, "The service is running")
	if got = check(t, nil); len(got.Problems) != 0 {
		t.Errorf("of a second instance: %+v", got)
	}
	other := secret.GenerateKey()
	got = check(t, map[string]string{"ROWGATE_KEY": other + "," + key})
	wantProblem(t, got, "ROWGATE_KEY", "Rotate in two steps")
	if got = check(t, map[string]string{"ROWGATE_KEY": other}); len(got.Problems) != 2 {
		t.Errorf("of a key that opens nothing: %+v", got)
	}
	pgtest.Exec(t, address, `INSERT INTO rowgate.goose_db_version (version_id, is_applied) VALUES (99999, true)`)
	wantProblem(t, check(t, nil), "ROWGATE_DATABASE_URL", "newer version")
}
