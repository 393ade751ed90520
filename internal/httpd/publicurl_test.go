package httpd

import (
	"maps"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
)

func TestPublicAddress(t *testing.T) {
	t.Parallel()
	const fallback = "http://127.0.0.1:8080"
	trusted := []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")} // httptest's peer
	for name, test := range map[string]struct {
		host    string
		header  http.Header
		proxies []netip.Prefix
		want    string
	}{
		"is the Host that was asked for": {host: "rowgate.example.com:8083", want: "http://rowgate.example.com:8083"},
		"may be an IPv6 address":         {host: "[fd00::1]:80", want: "http://[fd00::1]:80"},
		"may be a name in Docker":        {host: "rowgate_1:8080", want: "http://rowgate_1:8080"},
		"takes the word of a trusted proxy": {
			host: "10.0.0.3:8080", proxies: trusted, want: "https://rowgate.example.com",
			header: http.Header{"X-Forwarded-Proto": {"https"}, "X-Forwarded-Host": {"rowgate.example.com"}},
		},
		"takes the scheme alone where the proxy keeps the Host": {
			host: "rowgate.example.com", proxies: trusted, want: "https://rowgate.example.com",
			header: http.Header{"X-Forwarded-Proto": {"HTTPS"}},
		},
		"takes the word of nobody else": {
			host: "rowgate.example.com", want: "http://rowgate.example.com",
			header: http.Header{"X-Forwarded-Proto": {"https"}, "X-Forwarded-Host": {"evil.example"}},
		},
		"takes what the nearest proxy said last": {
			host: "x", proxies: trusted, want: "https://right.example",
			header: http.Header{"X-Forwarded-Proto": {"http, https"}, "X-Forwarded-Host": {"evil.example", "evil.example, right.example"}},
		},
		"leaves a scheme out that is none": {
			host: "rowgate.example.com", proxies: trusted, want: "http://rowgate.example.com",
			header: http.Header{"X-Forwarded-Proto": {"javascript"}},
		},
		"is the listen address where a trusted proxy forwards nonsense": {
			host: "rowgate.example.com", proxies: trusted, header: http.Header{"X-Forwarded-Host": {`a"b`}}, want: fallback,
		},
		"is the listen address without a Host":         {want: fallback},
		"is the listen address for JSON in a Host":     {host: `x","y":"z`, want: fallback},
		"is the listen address for a line in a Host":   {host: "x\ny: z", want: fallback},
		"is the listen address for a comment in YAML":  {host: "x #y", want: fallback},
		"is the listen address for a tag in a Host":    {host: "<script>", want: fallback},
		"is the listen address for a quote of a shell": {host: "x'$(id)", want: fallback},
		"is the listen address for a path":             {host: "evil.example/a", want: fallback},
		"is the listen address for a user":             {host: "a@evil.example", want: fallback},
		"is the listen address for template braces":    {host: "{{#env.x#}}", want: fallback},
		"is the listen address for letters beyond":     {host: "例子.example", want: fallback},
		"is the listen address for an endless name":    {host: strings.Repeat("a", maxHostBytes+1), want: fallback},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := newEdge(t, echo, func(o *Options) { o.FromRequest, o.PublicURL, o.TrustedProxies = true, fallback, test.proxies })
			r := httptest.NewRequestWithContext(t.Context(), "GET", "/nowhere", http.NoBody)
			r.Host = test.host
			maps.Copy(r.Header, test.header)
			w := httptest.NewRecorder()
			e.router.ServeHTTP(w, r)
			if got := problemOf(t, w)["type"]; got != test.want+"/errors/not_found" {
				t.Errorf("type is %v, want %s", got, test.want)
			}
			if w.Header().Get("Vary") != "Host" || w.Header().Get("Cache-Control") != "no-store" {
				t.Errorf("the answer may be stored: %v", w.Header())
			}
		})
	}
	t.Run("is the configured one where there is one", func(t *testing.T) {
		t.Parallel()
		e := newEdge(t, echo)
		r := httptest.NewRequestWithContext(t.Context(), "GET", "/nowhere", http.NoBody)
		r.Host = "evil.example"
		w := httptest.NewRecorder()
		e.router.ServeHTTP(w, r)
		if got := problemOf(t, w)["type"]; got != "https://rowgate.example/errors/not_found" || w.Header().Get("Vary") != "" {
			t.Errorf("type is %v, headers %v", got, w.Header())
		}
	})
}
