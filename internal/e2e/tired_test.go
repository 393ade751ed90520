package e2e_test

import (
	"net/http"
	"strings"
	"testing"
)

// TestErrorsLeadTheRightWay: what a tired reader sends, and what the answer has to name.
func TestErrorsLeadTheRightWay(t *testing.T) {
	t.Parallel()
	h := setup(t, options{})
	link := "https://example.feishu.cn/base/" + baseName
	for name, test := range map[string]struct {
		request request
		status  int
		code    string   // "" in another dialect
		names   []string // in detail or fix
	}{
		"a base link without its table": {
			request{header: map[string]string{"X-App-Token": link, "X-Table-Id": ""}, body: `{"records":[{"标题":"甲"}]}`},
			http.StatusBadRequest, "missing_connection",
			[]string{"table_id", table, h.table, "?table="},
		},
		"a link that shows a dashboard": {
			request{header: map[string]string{"X-App-Token": link + "?table=blkExample1234", "X-Table-Id": ""}, body: `{"records":[{"标题":"甲"}]}`},
			http.StatusBadRequest, "missing_connection",
			[]string{"仪表盘", table, h.table},
		},
		"a link that shows an embedded document": {
			request{header: map[string]string{"X-App-Token": link + "?table=ldxExample1234", "X-Table-Id": ""}, body: `{"records":[{"标题":"甲"}]}`},
			http.StatusBadRequest, "missing_connection",
			[]string{"嵌入的文档", h.table},
		},
		"a link as table_id": {
			request{
				header: map[string]string{"X-App-Token": "", "X-Table-Id": ""},
				body:   `{"table_id":"` + link + `?table=` + h.table + `","records":[{"标题":"甲"}]}`,
			},
			http.StatusBadRequest, "bad_link",
			[]string{"app_token", "?table=tbl"},
		},
		"a link as table_id beside the base": {
			request{
				header: map[string]string{"X-Table-Id": ""},
				body:   `{"table_id":"` + link + `?table=` + h.table + `","records":[{"标题":"甲"}]}`,
			},
			http.StatusBadRequest, "bad_link",
			[]string{"app_token"},
		},
		"a path with a slash at its end": {
			request{path: "/v1/records/", body: `{}`}, http.StatusNotFound, "not_found", []string{"POST /v1/records。"},
		},
		"a path in the singular": {request{path: "/v1/record", body: `{}`}, http.StatusNotFound, "not_found", []string{"POST /v1/records"}},
		"a path without its version": {
			request{path: "/records", body: `{}`}, http.StatusNotFound, "not_found", []string{"POST /v1/records"},
		},
		"a drop-in that is off, in its own dialect": {
			request{path: "/api/sync", body: `{"records":[]}`},
			http.StatusNotFound, "",
			[]string{"API_AUTH_TOKEN", "FEISHU_BASE_TOKEN"},
		},
		"a passphrase without Bearer": {
			request{header: map[string]string{"Authorization": h.secrets.passphrase + "x"}, body: `{"records":[{"标题":"甲"}]}`},
			http.StatusUnauthorized, "bad_passphrase",
			[]string{"Bearer "},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := h.do(test.request)
			if got.status != test.status || !strings.Contains(got.raw, test.code) {
				t.Fatalf("answered %d %s", got.status, got.raw)
			}
			for _, part := range test.names {
				if !strings.Contains(got.raw, part) {
					t.Errorf("does not name %q: %s", part, got.raw)
				}
			}
		})
	}
	t.Run("diagnose names the tables of a link without one", func(t *testing.T) {
		t.Parallel()
		got := h.do(request{path: "/v1/diagnose", header: map[string]string{"X-App-Token": link, "X-Table-Id": ""}, body: `{}`})
		if got.status != http.StatusOK || !strings.Contains(got.raw, h.table) {
			t.Errorf("answered %d %s", got.status, got.raw)
		}
	})
	t.Run("a person who opens a path that does not exist is led on", func(t *testing.T) {
		t.Parallel()
		html := http.Header{"Accept": {"text/html,application/xhtml+xml,*/*;q=0.8"}}
		for path, status := range map[string]int{"/nowhere/at/all": http.StatusNotFound, "/v1/records": http.StatusMethodNotAllowed} {
			got := h.asked("", path, html)
			if got.status != status || !strings.HasPrefix(got.header.Get("Content-Type"), "text/html") ||
				!strings.Contains(got.raw, `href="`+h.app.URL()+`/docs"`) {
				t.Errorf("%s: %d %v", path, got.status, got.header)
			}
		}
		if got := h.asked("", "/nowhere", nil); !strings.Contains(got.header.Get("Content-Type"), "problem+json") {
			t.Errorf("a program gets %s", got.raw)
		}
		if got := h.asked("", "/favicon.ico", nil); got.status != http.StatusNoContent || got.raw != "" {
			t.Errorf("the icon: %d", got.status)
		}
	})
	t.Run("the log names the host that cannot be reached", func(t *testing.T) {
		t.Parallel()
		away := setup(t, options{settings: map[string]string{"FEISHU_BASE_URL": "http://127.0.0.1:1"}})
		got := away.do(request{body: `{"records":[{"标题":"甲"}]}`})
		if got.Code != "upstream_unavailable" || strings.Contains(got.raw, "127.0.0.1:1\"") {
			t.Errorf("answered %s", got.raw)
		}
		logs := away.logs.String()
		if !strings.Contains(logs, `"host":"127.0.0.1:1"`) || !strings.Contains(logs, `"reason":"connection refused"`) {
			t.Error("no line says which host gave no answer, and why")
		}
	})
}
