package e2e_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
)

const (
	maxBodyBytes = 20 << 20 // of the contract
	maxRows      = 10_000   // of the contract
)

// bodyOf is a body of one row that has n bytes.
func bodyOf(n int) string {
	const head, tail = `{"fields":{"标题":"`, `"},"dry_run":true}`
	return head + strings.Repeat("x", n-len(head)-len(tail)) + tail
}

// TestEveryRefusalIsAProblem: whatever is asked for and however, what is no success is application/problem+json.
func TestEveryRefusalIsAProblem(t *testing.T) {
	t.Parallel()
	h := setup(t, options{})
	for name, c := range map[string]struct {
		request

		status int
		code   string
		header [2]string // a header that has to be there, and what it holds
	}{
		"no_such_path":                         {request{path: "/v1/nothing"}, 404, "not_found", [2]string{}},
		"a_slash_too_many":                     {request{path: "/v1/records/", body: `{}`}, 404, "not_found", [2]string{}},
		"no_such_error":                        {request{method: "GET", path: "/errors/nothing"}, 404, "not_found", [2]string{}},
		"GET_of_a_tool":                        {request{method: "GET"}, 405, "method_not_allowed", [2]string{"Allow", "POST"}},
		"PUT_of_a_tool":                        {request{method: "PUT", body: `{}`}, 405, "method_not_allowed", [2]string{"Allow", "POST"}},
		"POST_of_a_page":                       {request{path: "/docs", body: `{}`}, 405, "method_not_allowed", [2]string{"Allow", "GET"}},
		"metrics_are_not_public":               {request{method: "GET", path: "/metrics"}, 404, "not_found", [2]string{}},
		"no_profiles_either":                   {request{method: "GET", path: "/debug/pprof/"}, 404, "not_found", [2]string{}},
		"a_body_over_20_MiB":                   {request{body: bodyOf(maxBodyBytes + 1)}, 413, "body_too_large", [2]string{}},
		"a_body_over_20_MiB_of_unknown_length": {request{body: bodyOf(maxBodyBytes + 1), chunked: true}, 413, "body_too_large", [2]string{}},
		"more_than_10000_rows":                 {request{body: manyRows(maxRows+1, "")}, 413, "too_many_rows", [2]string{}},
		"an_option_that_is_none_of_its_values": {request{body: `{"records":[],"return":"all"}`}, 400, "bad_parameter", [2]string{}},
		"a_number_below_its_range":             {request{body: `{"records":[],"timeout_ms":1}`}, 400, "bad_parameter", [2]string{}},
		"a_number_above_its_range":             {request{body: `{"records":[],"timeout_ms":55001}`}, 400, "bad_parameter", [2]string{}},
		"a_number_that_is_text":                {request{body: `{"records":[],"timeout_ms":"soon"}`}, 400, "bad_parameter", [2]string{}},
		"a_switch_that_is_a_list":              {request{body: `{"records":[],"dry_run":[]}`}, 400, "bad_parameter", [2]string{}},
		"a_key_over_255_characters": {
			request{body: `{"records":[],"idempotency_key":"` + strings.Repeat("k", 256) + `"}`},
			400, "bad_parameter",
			[2]string{},
		},
		"rows_that_are_numbers": {request{body: `{"records":[1,2]}`}, 400, "bad_parameter", [2]string{}},
		"no_body":               {request{}, 400, "no_rows", [2]string{}},
		"half_a_body":           {request{body: `{"records":[`}, 400, "bad_body", [2]string{}},
		"a_duplicate_key":       {request{body: `{"fields":{"标题":"甲","标题":"乙"}}`}, 400, "bad_body", [2]string{}},
		"XML":                   {request{kind: "application/xml", body: `<a/>`}, 400, "bad_body", [2]string{}},
		"HTML":                  {request{kind: "text/html", body: `<a>`}, 400, "bad_body", [2]string{}},
		"a_compressed_body": {
			request{header: map[string]string{"Content-Encoding": "gzip"}, body: `{}`},
			400,
			"bad_body",
			[2]string{},
		},
		"a_page_of_another_site": {request{header: map[string]string{
			"Origin":         "https://evil.example",
			"Sec-Fetch-Site": "cross-site",
		}, body: `{"records":[]}`}, 403, "wrong_origin", [2]string{}},
		"a_page_of_another_site_at_MCP": {request{
			path: "/mcp", header: map[string]string{"Origin": "https://evil.example"},
			body: `{"jsonrpc":"2.0","id":1,"method":"ping"}`,
		}, 403, "wrong_origin", [2]string{}},
		"a_page_of_another_site_that_reads_MCP": {request{
			method: http.MethodGet, path: "/mcp",
			header: map[string]string{"Origin": "https://evil.example", "Accept": "text/event-stream"},
		}, 403, "wrong_origin", [2]string{}},
		"Accept_text_html_is_answered_in_JSON": {
			request{header: map[string]string{"Accept": "text/html"}, body: `{"fields":{"题":1}}`},
			422, "invalid_rows",
			[2]string{},
		},
		"Accept_of_nothing_we_have": {
			request{header: map[string]string{"Accept": "image/png"}, body: `{"fields":{"题":1}}`},
			422, "invalid_rows",
			[2]string{},
		},
		"Accept_that_is_malformed": {
			request{header: map[string]string{"Accept": ";;;,,,//"}, body: `{"fields":{"题":1}}`},
			422, "invalid_rows",
			[2]string{},
		},
		"English_is_spoken_to_who_asks": {
			request{header: map[string]string{"Accept-Language": "en"}, path: "/v1/nothing"},
			404,
			"not_found",
			[2]string{"Content-Language", "en"},
		},
		"Chinese_is_spoken_to_others": {request{path: "/v1/nothing"}, 404, "not_found", [2]string{"Content-Language", "zh"}},
		"a_name_of_a_secret_in_a_made_up_query": {
			request{path: "/v1/tables/list", query: "Authorization=x", body: `{}`},
			400,
			"secret_in_query",
			[2]string{},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := h.do(c.request)
			kind := got.header.Get("Content-Type")
			if got.status != c.status || kind != "application/problem+json" {
				t.Fatalf("answered %d %s %s", got.status, kind, got.raw)
			}
			var doc answer
			if err := json.Unmarshal([]byte(got.raw), &doc); err != nil {
				t.Fatal(err)
			}
			if c.code != "" && doc.Code != c.code {
				t.Errorf("code %s, want %s", doc.Code, c.code)
			}
			if doc.Status != c.status || doc.RequestID == "" || doc.RequestID != got.header.Get("X-Request-Id") || doc.Fix["zh"] == "" ||
				doc.Fix["en"] == "" ||
				doc.Title == "" || doc.Detail == "" ||
				doc.Outcome != "not_written" ||
				!strings.HasSuffix(doc.Type, "/errors/"+doc.Code) {
				t.Errorf("the document is not whole: %s", got.raw)
			}
			if c.header[0] != "" && !strings.Contains(got.header.Get(c.header[0]), c.header[1]) {
				t.Errorf("%s is %q, want %s", c.header[0], got.header.Get(c.header[0]), c.header[1])
			}
		})
	}
}

// TestEveryTypeLeadsToAPage: the type of a problem is the address of its explanation.
func TestEveryTypeLeadsToAPage(t *testing.T) {
	t.Parallel()
	h := setup(t, options{})
	got := h.write(`{"fields":{"题":1}}`)
	if !strings.HasPrefix(got.Type, h.app.URL()+"/errors/") {
		t.Fatalf("type %q", got.Type)
	}
	for accept, kind := range map[string]string{"text/html": "text/html", "application/json": "application/json"} {
		page := h.do(
			request{method: http.MethodGet, path: strings.TrimPrefix(got.Type, h.app.URL()), header: map[string]string{"Accept": accept}},
		)
		if page.status != http.StatusOK || !strings.HasPrefix(page.header.Get("Content-Type"), kind) ||
			!strings.Contains(page.raw, "invalid_rows") {
			t.Errorf("%s: answered %d %s", accept, page.status, page.header.Get("Content-Type"))
		}
	}
}

// TestLimitsAreTaken: what is just within the bounds is no problem.
func TestLimitsAreTaken(t *testing.T) {
	t.Parallel()
	h := setup(t, options{})
	if got := h.write(manyRows(maxRows, `,"dry_run":true`)); got.status != http.StatusOK || got.Created != maxRows {
		t.Errorf("%d rows are answered %d %.300s", maxRows, got.status, got.raw)
	}
	if got := h.write(bodyOf(maxBodyBytes)); got.Code == "body_too_large" {
		t.Errorf("%d bytes are answered %d %s", maxBodyBytes, got.status, got.Code)
	}
}

// TestMethods: HEAD is GET without its body, OPTIONS says what there is.
func TestMethods(t *testing.T) {
	t.Parallel()
	h := setup(t, options{})
	for _, path := range []string{"/docs", "/openapi.json", "/healthz", "/readyz", "/errors"} {
		head, get := h.do(request{method: http.MethodHead, path: path}), h.do(request{method: http.MethodGet, path: path})
		if head.status != http.StatusOK || head.raw != "" || get.status != http.StatusOK || get.raw == "" {
			t.Errorf("%s: HEAD %d with %d bytes, GET %d with %d bytes", path, head.status, len(head.raw), get.status, len(get.raw))
		}
	}
	got := h.do(request{method: http.MethodOptions})
	if allow := strings.Split(got.header.Get("Allow"), ", "); got.status != http.StatusNoContent || !slices.Contains(allow, http.MethodPost) {
		t.Errorf("OPTIONS answered %d, Allow %v", got.status, allow)
	}
	if got := h.do(request{method: http.MethodGet, path: "/"}); got.status != http.StatusFound || got.header.Get("Location") != "/docs" {
		t.Errorf("/ answered %d %s", got.status, got.header.Get("Location"))
	}
	browser := request{method: http.MethodGet, path: "/", header: map[string]string{"Accept": "text/html,*/*;q=0.8"}}
	if got := h.do(browser); got.status != http.StatusFound || got.header.Get("Location") != "/console" {
		t.Errorf("/ answered a browser %d %s", got.status, got.header.Get("Location"))
	}
}

// TestDocumentsAreServedByTag: where the address is configured, a client that has the document is told so.
func TestDocumentsAreServedByTag(t *testing.T) {
	t.Parallel()
	h := setup(t, options{settings: map[string]string{"ROWGATE_PUBLIC_URL": goldenURL}})
	for _, path := range []string{"/openapi.json", "/openapi.yaml", "/openapi-3.0.json", "/openapi-3.0.yaml", "/docs"} {
		first := h.do(request{method: http.MethodGet, path: path})
		tag := first.header.Get("Etag")
		again := h.do(request{method: http.MethodGet, path: path, header: map[string]string{"If-None-Match": tag}})
		stale := h.do(request{method: http.MethodGet, path: path, header: map[string]string{"If-None-Match": `"other"`}})
		if tag == "" || again.status != http.StatusNotModified || again.raw != "" || stale.status != http.StatusOK || stale.raw != first.raw {
			t.Errorf("%s: tag %q, then %d, with another tag %d", path, tag, again.status, stale.status)
		}
		if path != "/docs" && !strings.Contains(first.raw, goldenURL) {
			t.Errorf("%s does not say where the service is", path)
		}
	}
}
