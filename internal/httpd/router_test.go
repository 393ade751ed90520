package httpd

import (
	"maps"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/rowgate/rowgate/internal/problem"
	"github.com/rowgate/rowgate/internal/request"
	"github.com/rowgate/rowgate/internal/telemetry"
	"github.com/rowgate/rowgate/internal/tenant"
)

func TestRouter(t *testing.T) {
	t.Parallel()
	refuse := func(w http.ResponseWriter, r *http.Request) {
		(Renderer{PublicURL: "https://rowgate.example"}).Write(w, r, problem.New(problem.RateLimited, problem.Text{ZH: "慢", EN: "slow"}))
	}
	const rows = `{"records":[{"标题":"` + canary + `"}]}`
	for name, test := range map[string]struct {
		call   call
		handle http.HandlerFunc // echo if nil
		status int
		code   string            // of the problem; "" for none
		header map[string]string // "" for a header that must be missing
		has    []string          // in the body
		logged []string
		shown  bool // the body may show the canary
	}{
		"answers an unknown path with a problem that does not repeat it": {
			call:   call{method: "GET", target: "/v2/" + canary + "?passphrase=" + canary},
			status: 404, code: "not_found",
			header: map[string]string{"Content-Type": "application/problem+json", "Content-Language": "zh", "Retry-After": ""},
			has:    []string{`"type":"https://rowgate.example/errors/not_found"`},
			logged: []string{`"route":"other"`, `"code":"not_found"`, `"level":"INFO"`},
		},
		"answers a wrong method with what the path takes": {
			call:   call{method: "GET", target: toolPath},
			status: 405, code: "method_not_allowed", header: map[string]string{"Allow": "POST, OPTIONS"}, has: []string{"POST"},
		},
		"answers a method nobody knows like a wrong one, and does not log it": {
			call:   call{method: strings.ToUpper(canary), target: toolPath},
			status: 405, code: "method_not_allowed", logged: []string{`"method":"other"`},
		},
		"answers a method nobody knows at a path nobody knows with not_found": {
			call: call{method: "PURGE", target: "/nowhere"}, status: 404, code: "not_found",
		},
		"answers OPTIONS with what the path takes": {
			call: call{method: "OPTIONS", target: "/errors"}, status: 204, header: map[string]string{"Allow": "GET, HEAD, OPTIONS"},
		},
		"answers OPTIONS of an unknown path with a problem": {
			call: call{method: "OPTIONS", target: "/nowhere"}, status: 404, code: "not_found",
		},
		"answers HEAD where GET is": {
			call: call{method: "HEAD", target: "/healthz"}, status: 200,
		},
		"does not answer HEAD where only POST is": {
			call: call{method: "HEAD", target: toolPath}, status: 405, header: map[string]string{"Allow": "POST, OPTIONS"},
			code: "method_not_allowed",
		},
		"hands a body on as canonical JSON": {
			call:   post("```json\n"+rows+"\n```").with("Content-Type", "text/plain"),
			status: 200, has: []string{`{"标题":"` + canary + `"}`}, shown: true,
			logged: []string{`"tool":"write_records"`, `"route":"/v1/records"`, `"method":"POST"`, `"status":200`},
		},
		"says where a body breaks, in English where that is preferred": {
			call:   post(`{"records":[`).with("Accept-Language", "en-US,en;q=0.9"),
			status: 400, code: "bad_body", header: map[string]string{"Content-Language": "en"}, has: []string{"The body cannot be read"},
			logged: []string{`"route":"/v1/records"`, `"tool":"write_records"`},
		},
		"softens a problem where the URL asks for it, even if the body cannot be read": {
			call:   call{method: "POST", target: toolPath + "?soft_errors=True", body: `{"records":[`},
			status: 200, code: "bad_body", header: map[string]string{"Content-Type": "application/json"},
			has:    []string{`"ok":false`, `"status":400`},
			logged: []string{`"status":200`, `"code":"bad_body"`},
		},
		"does not soften its own refusal of a soft_errors that is neither true nor false": {
			call:   call{method: "POST", target: toolPath + "?soft_errors=t", body: `{"records":[{"a":1}]}`},
			status: 400, code: "bad_parameter", has: []string{`soft_errors`},
		},
		"softens a problem found further in where the body asks for it": {
			call: post(`{"soft_errors":true,"records":[{"a":1}]}`), handle: refuse,
			status: 200, code: "rate_limited", has: []string{`"ok":false`, `"retryable":true`},
		},
		"lets the body overrule the URL": {
			call:   call{method: "POST", target: toolPath + "?soft_errors=true", body: `{"soft_errors":false,"records":[{"a":1}]}`},
			handle: refuse, status: 429, code: "rate_limited",
		},
		"takes a column that is called soft_errors for a column": {
			call: post(`{"records":[{"soft_errors":true}]}`), handle: refuse, status: 429, code: "rate_limited",
		},
		"says when to repeat, in whole seconds": {
			call: post(rows), handle: refuse, status: 429, code: "rate_limited", header: map[string]string{"Retry-After": "2"},
		},
		"refuses a compressed body": {
			call: post("\x1f\x8b"+canary).with("Content-Encoding", "gzip"), status: 400, code: "bad_body", has: []string{"Content-Encoding"},
		},
		"takes a body that says it is not compressed": {
			call: post(`{"records":[]}`).with("Content-Encoding", "identity"), status: 200,
		},
		"refuses a secret in the URL without repeating it": {
			call: call{method: "POST", target: toolPath + "?app_secret=" + canary, body: rows}, status: 400, code: "secret_in_query",
		},
		"does not log headers or bodies": {
			call: post(rows).with("Authorization", "Bearer "+canary).with("X-App-Secret", canary).with("Cookie", canary).with("User-Agent",
				canary),
			status: 200, shown: true,
		},
		"names every request, and keeps the caller's own name for it beside": {
			call: post(rows).with("X-Request-Id", "mine-1"), status: 200, shown: true,
			logged: []string{`"client_request_id":"mine-1"`, `"request_id":"req_`},
		},
		"does not log a caller's name for it that is none": {
			call: post(`{"records":[]}`).with("X-Request-Id", "mine "+canary), status: 200,
		},
		"carries the security headers everywhere": {
			call: call{method: "GET", target: "/nowhere"}, status: 404, code: "not_found",
			header: map[string]string{
				"X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY", "Referrer-Policy": "no-referrer", "Cache-Control": "no-store",
				"Content-Security-Policy":   "default-src 'none'; frame-ancestors 'none'",
				"Strict-Transport-Security": "max-age=15768000", "Access-Control-Allow-Origin": "", "Vary": "",
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			handle := test.handle
			if handle == nil {
				handle = echo
			}
			e := newEdge(t, handle)
			w := e.do(t, test.call)
			if w.Code != test.status {
				t.Errorf("status %d, want %d: %s", w.Code, test.status, w.Body)
			}
			if test.code != "" {
				doc := problemOf(t, w)
				if doc["code"] != test.code || doc["request_id"] != w.Header().Get("X-Request-Id") {
					t.Errorf("problem %v", doc)
				}
			}
			for _, name := range slices.Sorted(maps.Keys(test.header)) {
				if got := w.Header().Get(name); got != test.header[name] {
					t.Errorf("%s: %q, want %q", name, got, test.header[name])
				}
			}
			for _, part := range test.has {
				if !strings.Contains(w.Body.String(), part) {
					t.Errorf("the body has no %s: %s", part, w.Body)
				}
			}
			if !test.shown && strings.Contains(strings.ToLower(w.Body.String()), canary) {
				t.Errorf("the body shows what was sent: %s", w.Body)
			}
			for _, part := range test.logged {
				if !strings.Contains(e.log.String(), part) {
					t.Errorf("the log has no %s: %s", part, e.log)
				}
			}
			if strings.Contains(strings.ToLower(e.log.String()), canary) {
				t.Errorf("the log shows what was sent: %s", e.log)
			}
		})
	}
}

func TestCaller(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		header  map[string]string
		proxies []netip.Prefix
		bearer  string
		address string // "" for none
		other   bool
	}{
		"is the peer without proxies, whatever it claims": {
			header: map[string]string{"X-Forwarded-For": "203.0.113.9"}, address: "192.0.2.1",
		},
		"is whom a trusted proxy names": {
			header:  map[string]string{"X-Forwarded-For": "198.51.100.7, 203.0.113.9"},
			proxies: []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}, address: "203.0.113.9",
		},
		"is the peer where that is no trusted proxy": {
			header:  map[string]string{"X-Forwarded-For": "203.0.113.9"},
			proxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}, address: "192.0.2.1",
		},
		"has no address where the proxy's word cannot be read": {
			header:  map[string]string{"X-Forwarded-For": "203.0.113.9, nonsense"},
			proxies: []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")},
		},
		"shows its bearer token": {
			header: map[string]string{"Authorization": "Bearer  abc "}, bearer: "abc",
			address: "192.0.2.1",
		},
		"may spell the scheme as it likes": {
			header: map[string]string{"Authorization": "bEARER abc"}, bearer: "abc",
			address: "192.0.2.1",
		},
		"has none with another scheme":              {header: map[string]string{"Authorization": "Basic abc"}, address: "192.0.2.1"},
		"has none with another scheme, and says so": {header: map[string]string{"Authorization": "abc"}, address: "192.0.2.1", other: true},
		"has none with the scheme alone":            {header: map[string]string{"Authorization": "Bearer"}, address: "192.0.2.1"},
		"has none where the scheme is stuck to it":  {header: map[string]string{"Authorization": "Bearerabc"}, address: "192.0.2.1"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got tenant.Caller
			e := newEdge(t, func(_ http.ResponseWriter, r *http.Request) { got = tenant.CallerFrom(r.Context()) },
				func(o *Options) { o.TrustedProxies = test.proxies })
			c := post(`{"records":[]}`)
			for name, value := range test.header {
				c = c.with(name, value)
			}
			e.do(t, c)
			address := ""
			if got.Address.IsValid() {
				address = got.Address.String()
			}
			if test.other && got.Unread.Reveal() != test.header["Authorization"] {
				t.Error("another scheme is not noted")
			}
			if got.Bearer.Reveal() != test.bearer || address != test.address {
				t.Errorf("bearer %q, address %q", got.Bearer.Reveal(), address)
			}
		})
	}
}

func TestRequestIDs(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for range 100 {
		id := NewRequestID()
		if !clientRequestID.MatchString(id) || len(id) != len("req_")+requestIDChars || strings.ToLower(id) != id || seen[id] {
			t.Fatalf("got %q", id)
		}
		seen[id] = true
	}
}

func TestAccessLog(t *testing.T) {
	t.Parallel()
	t.Run("sums up the call and counts it", func(t *testing.T) {
		t.Parallel()
		registry := telemetry.NewRegistry()
		e := newEdge(t, func(_ http.ResponseWriter, r *http.Request) {
			about := request.CallFrom(r.Context())
			about.AddRows(3)
			about.Upstream("log-1")
		}, func(o *Options) { o.Metrics = telemetry.NewMetrics(registry, []string{"write_records"}, nil) })
		e.do(t, post(`{"records":[]}`))
		line := e.log.line(t, "request")
		for name, want := range map[string]any{
			"rows": 3.0, "upstream_calls": 1.0, "log_id": "log-1", "status": 200.0, "code": nil,
			"caller_left": nil,
		} {
			if line[name] != want {
				t.Errorf("%s: %v, want %v", name, line[name], want)
			}
		}
		if _, ok := line["ms"].(float64); !ok {
			t.Errorf("no time in %v", line)
		}
		const counted = `
# HELP rowgate_request_rows_total Rows in finished requests, by tool.
# TYPE rowgate_request_rows_total counter
rowgate_request_rows_total{tool="write_records"} 3
`
		if err := testutil.GatherAndCompare(registry, strings.NewReader(counted), "rowgate_request_rows_total"); err != nil {
			t.Error(err)
		}
	})
	t.Run("takes our fault for an error, a soft one too", func(t *testing.T) {
		t.Parallel()
		for _, target := range []string{toolPath, toolPath + "?soft_errors=true"} {
			e := newEdge(t, func(http.ResponseWriter, *http.Request) { panic("x") })
			c := post(`{"records":[]}`)
			c.target = target
			e.do(t, c)
			if line := e.log.line(t, "request"); line["level"] != "ERROR" || line["code"] != "internal_error" {
				t.Errorf("got %v", line)
			}
		}
	})
	t.Run("is quiet about good health", func(t *testing.T) {
		t.Parallel()
		e := newEdge(t, echo)
		e.do(t, call{method: "GET", target: "/healthz"})
		if line := e.log.line(t, "request"); line["level"] != "DEBUG" {
			t.Errorf("got %v", line)
		}
	})
}
