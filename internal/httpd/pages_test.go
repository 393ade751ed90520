package httpd

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/rowgate/rowgate/internal/problem"
	"github.com/rowgate/rowgate/internal/telemetry"
)

func TestErrorPages(t *testing.T) {
	t.Parallel()
	e := newEdge(t, echo)
	get := func(t *testing.T, path, accept string) *httptest.ResponseRecorder {
		t.Helper()
		return e.do(t, call{method: http.MethodGet, target: path}.with("Accept", accept))
	}
	const browser = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
	t.Run("explain every code at the address that its document names", func(t *testing.T) {
		t.Parallel()
		for _, code := range problem.Codes() {
			doc := problem.Render(problem.New(code, problem.Text{}), problem.RenderOptions{})
			w := get(t, doc.Type, browser)
			if w.Code != 200 || !strings.HasPrefix(w.Header().Get("Content-Type"), "text/html") || !strings.Contains(w.Body.String(), string(code)) {
				t.Errorf("%s: %d %s", doc.Type, w.Code, w.Header())
			}
		}
	})
	t.Run("explain row codes too", func(t *testing.T) {
		t.Parallel()
		for _, code := range problem.RowCodes() {
			if w := get(t, "/errors/"+string(code), browser); w.Code != 200 {
				t.Errorf("%s: %d", code, w.Code)
			}
		}
	})
	t.Run("allow their own style and nothing else", func(t *testing.T) {
		t.Parallel()
		policy := get(t, "/errors", browser).Header().Get("Content-Security-Policy")
		if policy != "default-src 'none'; frame-ancestors 'none'; style-src "+problem.PageStyleSource() {
			t.Error(policy)
		}
	})
	t.Run("are JSON for a program that asks for JSON alone", func(t *testing.T) {
		t.Parallel()
		w := get(t, "/errors/rate_limited", "application/json")
		var page problem.Page
		if err := json.Unmarshal(w.Body.Bytes(), &page); err != nil || len(page.Problems) != 1 || page.Problems[0].RetryAfter != 2 {
			t.Errorf("%v %s", err, w.Body)
		}
		if w := get(t, "/errors", "application/json"); !json.Valid(w.Body.Bytes()) || w.Header().Get("Vary") != "Accept" {
			t.Errorf("%s %v", w.Body, w.Header())
		}
		if w := get(t, "/errors/rate_limited", "text/html, application/json"); json.Valid(w.Body.Bytes()) {
			t.Error("a browser got JSON")
		}
	})
	t.Run("know no other code, and do not repeat it", func(t *testing.T) {
		t.Parallel()
		if w := get(t, "/errors/"+canary, browser); w.Code != 404 || strings.Contains(w.Body.String(), canary) {
			t.Errorf("%d %s", w.Code, w.Body)
		}
	})
}

func TestAdmin(t *testing.T) {
	t.Parallel()
	admin := Admin(telemetry.NewRegistry())
	for path, want := range map[string]struct {
		status int
		has    string
	}{
		"/metrics":                  {200, "go_goroutines"},
		"/debug/pprof/":             {200, "goroutine"},
		"/debug/pprof/heap?debug=1": {200, "heap profile"},
		"/debug/pprof/cmdline":      {200, "test"},
		"/debug/pprof/symbol?0x0":   {200, "num_symbols"},
		"/":                         {404, ""},
	} {
		w := httptest.NewRecorder()
		admin.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), "GET", path, nil))
		body, err := io.ReadAll(w.Body)
		if err != nil || w.Code != want.status || !strings.Contains(string(body), want.has) {
			t.Errorf("%s: %d %v", path, w.Code, err)
		}
	}
	t.Run("is not on the public router", func(t *testing.T) {
		t.Parallel()
		e := newEdge(t, echo)
		for _, path := range []string{"/metrics", "/debug/pprof/"} {
			if w := e.do(t, call{method: "GET", target: path}); w.Code != 404 {
				t.Errorf("%s: %d", path, w.Code)
			}
		}
	})
}
