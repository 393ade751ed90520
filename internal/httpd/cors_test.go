package httpd

import (
	"net/http"
	"testing"
)

func TestOtherSites(t *testing.T) {
	t.Parallel()
	const friend, stranger = "https://friend.example", "https://stranger.example"
	list := func(origins ...string) func(*Options) { return func(o *Options) { o.AllowedOrigins = origins } }
	page := func(origin string) call {
		return post(`{"records":[]}`).with("Origin", origin).with("Sec-Fetch-Site", "cross-site")
	}
	preflight := func(origin string) call {
		return call{method: http.MethodOptions, target: toolPath}.with("Origin", origin).
			with("Access-Control-Request-Method", "POST").with("Access-Control-Request-Headers", "authorization, content-type")
	}
	read := func(origin string) call { return call{method: http.MethodGet, target: "/mcp"}.with("Origin", origin) }
	for name, test := range map[string]struct {
		list    func(*Options)
		call    call
		status  int
		origin  string // Access-Control-Allow-Origin
		headers string // Access-Control-Allow-Headers
	}{
		"without a list, a page of another site may not write":    {list(), page(stranger), 403, "", ""},
		"without a list, a preflight allows nothing":              {list(), preflight(stranger), 204, "", ""},
		"without a list, a program may write":                     {list(), post(`{"records":[]}`), 200, "", ""},
		"a page of a listed site may write and read":              {list(friend), page(friend), 200, friend, ""},
		"a listed site's preflight allows what it asks for":       {list(friend), preflight(friend), 204, friend, "authorization, content-type"},
		"a page of a site that is not listed may not write":       {list(friend), page(stranger), 403, "", ""},
		"a preflight of a site that is not listed allows nothing": {list(friend), preflight(stranger), 204, "", ""},
		"a listed site may read a refusal": {
			list(friend),
			call{method: "GET", target: "/nowhere"}.with("Origin", friend), 404, friend, "",
		},
		"with a star, every page may write, without credentials": {list("*"), page(stranger), 200, "*", ""},
		"an origin is compared whole":                            {list(friend), page(friend + ".evil.example"), 403, "", ""},
		"the service's own page may write": {
			list(),
			post(`{"records":[]}`).with("Origin", "http://example.com").with("Sec-Fetch-Site", "same-origin"), 200, "", "",
		},
		"an old browser's page of another site may not write": {list(), post(`{"records":[]}`).with("Origin", stranger), 403, "", ""},
		"a page of another site may look at what anyone can see": {
			list(),
			call{method: "GET", target: "/errors"}.with("Sec-Fetch-Site", "cross-site"), 200, "", "",
		},
		"a page of another site may not even read at a path that is guarded": {list(), read(stranger), 403, "", ""},
		"a listed site may read there":                                       {list(friend), read(friend), 200, friend, ""},
		"the service's own page may read there":                              {list(), read("http://example.com"), 200, "", ""},
		"a program may read there":                                           {list(), call{method: "GET", target: "/mcp"}, 200, "", ""},
		"a page that hides its origin may not write":                         {list(friend), page("null"), 403, "", ""},
		"a program that names an origin on the list is let in too": {
			list(friend), post(`{"records":[]}`).with("Origin", friend), 200,
			friend, "",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := newEdge(t, echo, test.list, func(o *Options) { o.OriginPaths = []string{"/mcp"} })
			e.router.Get("/mcp", echo)
			w := e.do(t, test.call)
			header := w.Header()
			if w.Code == http.StatusForbidden && problemOf(t, w)["code"] != "wrong_origin" {
				t.Errorf("refused with %s", w.Body)
			}
			if w.Code != test.status {
				t.Errorf("%d %s", w.Code, w.Body)
			}
			if got := header.Get("Access-Control-Allow-Origin"); got != test.origin {
				t.Errorf("origin %q, want %q", got, test.origin)
			}
			if got := header.Get("Access-Control-Allow-Headers"); got != test.headers {
				t.Errorf("headers %q, want %q", got, test.headers)
			}
			if header.Get("Access-Control-Allow-Credentials") != "" {
				t.Error("credentials are allowed")
			}
			if test.origin != "" && header.Get("Vary") != "Origin" {
				t.Errorf("Vary %q", header.Get("Vary"))
			}
		})
	}
	t.Run("an origin that is none is found at start", func(t *testing.T) {
		t.Parallel()
		for _, origin := range []string{"friend.example", "https://friend.example/", ""} {
			options := Options{Health: &Health{}, Logger: discard(), AllowedOrigins: []string{origin}}
			if _, err := NewRouter(options); err == nil {
				t.Errorf("%q was taken", origin)
			}
		}
	})
}
