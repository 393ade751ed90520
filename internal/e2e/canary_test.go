package e2e_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"io/fs"
	"log"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rowgate/rowgate/internal/httpd"
	"github.com/rowgate/rowgate/internal/intake"
	"github.com/rowgate/rowgate/internal/problem"
	"github.com/rowgate/rowgate/internal/sandbox"
	"github.com/rowgate/rowgate/openapi"
	"github.com/rowgate/rowgate/tool"
)

// TestCanary puts strings that exist nowhere else into every secret slot and into the rows, takes them through success and
// every way to fail, and looks for them wherever they must not be.
func TestCanary(t *testing.T) {
	t.Parallel()
	h := setup(t, options{settings: map[string]string{"ROWGATE_METRICS_PUBLIC": "true"}})
	row, wrong := "rowcanary"+rand.Text(), "wrongcanary"+rand.Text()
	rows := `{"records":[{"标题":"` + row + ` $CASE"}]`

	for name, c := range map[string]struct {
		request

		fault sandbox.Fault
		code  string // of the problem
		shows bool   // the caller's own errors[].got may hold what he sent
	}{
		"success":        {request: request{body: rows + `,"return":"rows"}`}, shows: true},
		"dry_run":        {request: request{body: rows + `,"dry_run":true}`}, shows: true},
		"a_job":          {request: request{body: rows + `,"async":true}`}},
		"with_a_key":     {request: request{body: rows + `,"idempotency_key":"` + row + `"}`}},
		"bad_value":      {request: request{body: `{"records":[{"播放量":"` + row + `"}]}`}, shows: true, code: "invalid_rows"},
		"unknown_column": {request: request{body: `{"records":[{"` + row + `":1}]}`}, shows: true, code: "invalid_rows"},
		"Feishu_refuses": {
			request: request{body: `{"records":[{"标题":"` + row + `","播放量":"` + row + `"}],"typecast":false}`},
			shows:   true, code: "invalid_rows",
		},
		"unreadable":        {request: request{body: `{"records":[{"标题":"` + row + `"`}, code: "bad_body"},
		"unknown_parameter": {request: request{body: rows + `,"app_secert":"` + wrong + `"}`}, code: "unknown_parameter"},
		"secret_of_no_text": {request: request{body: rows + `,"app_secret":{"x":"` + wrong + `"}}`}, code: "bad_parameter"},
		"secret_in_query":   {request: request{body: rows + `}`, query: "app_secret=" + wrong}, code: "secret_in_query"},
		"key_in_query":      {request: request{body: rows + `}`, query: "table_id=rgk_" + wrong}, code: "secret_in_query"},
		"wrong_secret":      {request: request{body: rows + `,"app_secret":"` + wrong + `"}`}, code: "bad_app_credentials"},
		"wrong_personal_token": {
			request: request{
				header: without("X-App-Id X-App-Secret", map[string]string{"X-Personal-Base-Token": wrong}), body: rows + `}`,
			},
			code: "bad_app_credentials",
		},
		"personal_token_beside_an_app":  {request: request{body: rows + `,"personal_base_token":"` + wrong + `"}`}, code: "bad_parameter"},
		"personal_token_in_broken_text": {request: request{body: `{"personal_base_token":"` + wrong + `","records":[}`}, code: "bad_body"},
		"wrong_passphrase":              {request: request{body: rows + `,"passphrase":"` + wrong + `"}`}, code: "bad_passphrase"},
		"wrong_bearer": {
			request: request{body: rows + `}`, header: map[string]string{"Authorization": "Bearer " + wrong}},
			code:    "bad_passphrase",
		},
		"wrong_key": {
			request: request{body: rows + `}`, header: map[string]string{"Authorization": "Bearer rgk_" + wrong}},
			code:    "bad_connection_key",
		},
		"no_such_path": {request: request{path: "/v1/" + wrong, query: "passphrase=" + wrong, body: rows + `}`}, code: "not_found"},
		"no_such_page": {request: request{method: http.MethodGet, path: "/errors/" + wrong, query: "token=" + wrong}},
		"no_such_method": {
			request: request{method: http.MethodPut, query: "app_secret=" + wrong, body: rows + `}`},
			code:    "method_not_allowed",
		},
		"a_made_up_method":    {request: request{method: "X" + wrong[:20], body: rows + `}`}, code: "method_not_allowed"},
		"a_made_up_id":        {request: request{body: rows + `}`, header: map[string]string{"X-Request-Id": wrong + "?x=" + row}}},
		"a_page_with_a_token": {request: request{method: http.MethodGet, path: "/docs", query: "key=" + wrong}},
		"a_link_with_a_login": {request: request{body: rows + `,"app_token":"https://u:` + wrong +
			`@example.feishu.cn/base/bascnExample"}`}, code: "bad_link"},
		"a_gateways_page": {request: request{body: rows + `}`}, fault: sandbox.Fault{
			Endpoint: "record.batch_create",
			Action:   sandbox.ActionHTML, Count: 1,
		}},
		"an_answer_cut": {request: request{body: rows + `}`}, fault: sandbox.Fault{
			Endpoint: "record.batch_create",
			Action:   sandbox.ActionCut, When: sandbox.AfterCommit, Count: 1,
		}},
		"half_an_answer": {request: request{body: rows + `,"return":"rows"}`}, fault: sandbox.Fault{
			Endpoint: "record.batch_get",
			Action:   sandbox.ActionInvalidJSON, When: sandbox.AfterCommit,
		}, code: "upstream_unavailable"},
		"a_full_table": {request: request{body: rows + `}`}, fault: sandbox.Fault{
			Endpoint: "record.batch_create",
			Action:   sandbox.ActionError, Code: 1254103,
		}, code: "table_full"},
		"no_token": {
			request: request{body: rows + `,"app_id":"cli_fresh","app_secret":"` + wrong + `"}`},
			fault:   sandbox.Fault{Endpoint: "auth.tenant_token", App: "cli_fresh", Action: sandbox.ActionHTML}, code: "upstream_unavailable",
		},
	} {
		h.sandbox.ClearFaults()
		if c.fault.Action != "" {
			for range 10 { // calls that Feishu answers: the repeats that the case before used up are earned again
				h.do(request{path: "/v1/tables/list"})
			}
			h.fault(c.fault)
		}
		c.body = strings.ReplaceAll(c.body, "$CASE", name)
		got := h.do(c.request)
		if got.Code != c.code {
			t.Errorf("%s: answered %d %s, want %q", name, got.status, got.raw, c.code)
		}
		if strings.Contains(got.raw, wrong) {
			t.Errorf("%s: the answer shows the secret: %s", name, got.raw)
		}
		if !c.shows && strings.Contains(got.raw, row) {
			t.Errorf("%s: the answer shows the row: %s", name, got.raw)
		}
		for header, values := range got.header {
			if text := strings.Join(values, " "); strings.Contains(text, wrong) || strings.Contains(text, row) {
				t.Errorf("%s: header %s is %s", name, header, text)
			}
		}
	}
	h.sandbox.ClearFaults()

	metrics := h.do(request{method: http.MethodGet, path: "/metrics"}).raw
	tokens := h.tokens()
	log.Print("Unsolicited response received on idle HTTP channel starting with ", row, wrong) // as net/http's client does
	h.shut()
	places := map[string]string{"the log": h.logs.String(), "the metrics": metrics}
	maps.Copy(places, h.files())
	if len(places) < 3 || len(metrics) < 1000 || len(tokens) == 0 {
		t.Fatalf("there was nothing to look at: %d places, %d tokens", len(places), len(tokens))
	}
	for place, content := range places {
		for _, hidden := range append(append(h.secrets.all(), row, wrong), tokens...) {
			if strings.Contains(content, hidden) {
				t.Errorf("%s holds %q", place, hidden)
			}
		}
	}
}

// tokens asks Feishu for the tenant token that the service has in use.
func (h *harness) tokens() []string {
	h.t.Helper()
	body := `{"app_id":"` + appID + `","app_secret":"` + h.secrets.app + `"}`
	r, err := http.NewRequestWithContext(
		h.t.Context(),
		http.MethodPost,
		h.upstream+"/open-apis/auth/v3/tenant_access_token/internal",
		strings.NewReader(body),
	)
	if err != nil {
		h.t.Fatal(err)
	}
	response, err := h.client.Do(r)
	if err != nil {
		h.t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	var answer struct {
		Token string `json:"tenant_access_token"`
	}
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil || answer.Token == "" {
		h.t.Fatalf("no token: %v", err)
	}
	return []string{answer.Token}
}

// files reads everything in the directory of the database.
func (h *harness) files() map[string]string {
	h.t.Helper()
	dir := filepath.Dir(strings.TrimPrefix(h.settings["ROWGATE_DATABASE_URL"], "sqlite:"))
	found := map[string]string{}
	err := fs.WalkDir(os.DirFS(dir), ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		data, err := fs.ReadFile(os.DirFS(dir), path)
		found["the file "+path] = string(data)
		return err
	})
	if err != nil {
		h.t.Fatal(err)
	}
	return found
}

// TestCanaryAtRest: rows that wait, and what a death leaves in the write-ahead log, are sealed.
func TestCanaryAtRest(t *testing.T) {
	t.Parallel()
	h := setup(t, options{sandbox: sandbox.Options{Write: sandbox.Latency{PerCall: time.Second}}})
	row := "rowcanary" + rand.Text()
	got := h.write(`{"fields":{"标题":"` + row + `"},"async":true,"idempotency_key":"key` + row + `"}`)
	if got.status != http.StatusAccepted {
		t.Fatalf("answered %d %s", got.status, got.raw)
	}
	files := h.files() // while the row waits
	size := 0
	for name, content := range files {
		size += len(content)
		for _, hidden := range append(h.secrets.all(), row) {
			if strings.Contains(content, hidden) {
				t.Errorf("%s holds %q", name, hidden)
			}
		}
	}
	if size == 0 {
		t.Error("nothing is stored")
	}
	h.await(got.JobID)
}

// TestPanic: a tool that panics with a secret in its hand costs one answer and shows nothing.
func TestPanic(t *testing.T) {
	t.Parallel()
	canary := "paniccanary" + rand.Text()
	type input struct {
		tool.Connection
	}
	panicking := tool.Define[input, struct{}](tool.Meta{
		Name: "panic", Path: "/v1/panic", Family: "test", Title: problem.Text{ZH: "崩溃", EN: "Panic"},
	}, func(_ context.Context, in *input) (tool.Answer, error) { panic(in.AppSecret.Reveal()) })

	var logs logBuffer
	o := httpd.Options{
		PublicURL: "https://rowgate.example", Logger: logger(&logs), Health: &httpd.Health{}, Parse: intake.Parse,
		Tools: map[string]httpd.Tool{panicking.Path: {Name: panicking.Name, Spec: panicking.Spec}},
	}
	router, err := httpd.NewRouter(o)
	if err != nil {
		t.Fatal(err)
	}
	renderer := o.Renderer()
	if _, err := openapi.Serve(router, tool.Catalogue{panicking}, openapi.Options{PublicURL: o.PublicURL, Renderer: renderer}); err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, panicking.Path, strings.NewReader(`{"app_secret":"`+canary+`"}`))
	r.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	openapi.WithRenderer(renderer)(router).ServeHTTP(w, r)

	var doc problem.Document
	if err := json.Unmarshal(bytes.TrimSpace(w.Body.Bytes()), &doc); err != nil || w.Code != http.StatusInternalServerError ||
		doc.Code != problem.InternalError {
		t.Errorf("answered %d %s", w.Code, w.Body)
	}
	if strings.Contains(w.Body.String(), canary) || strings.Contains(w.Body.String(), "goroutine") {
		t.Errorf("the answer shows the panic: %s", w.Body)
	}
	if text := logs.String(); !strings.Contains(text, `"msg":"panic"`) || !strings.Contains(text, doc.RequestID) ||
		strings.Contains(text, canary) {
		t.Errorf("the log: %s", text)
	}
}
