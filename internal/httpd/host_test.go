package httpd

import (
	"net"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
)

func TestHosts(t *testing.T) {
	t.Parallel()
	loopback := &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 8080}
	guard := func(o *Options) {
		o.Hosts, o.GuardHosts = LoopbackHosts("127.0.0.1:8080", loopback, "https://rowgate.example")
		o.HostPaths = []string{"/mcp"}
	}
	e := newEdge(t, echo, guard)
	e.router.Post("/mcp", echo)
	for name, test := range map[string]struct {
		target, host, origin string
		want                 int
	}{
		"a rebound name with its own origin": {
			toolPath, "evil.example:8080", "http://evil.example:8080",
			http.StatusMisdirectedRequest,
		},
		"a rebound name at a guarded path":             {"/mcp", "evil.example", "", http.StatusMisdirectedRequest},
		"no name at a guarded path":                    {"/mcp", "", "", http.StatusMisdirectedRequest},
		"a name that only begins like the loopback's":  {"/mcp", "127.0.0.1.evil.example", "", http.StatusMisdirectedRequest},
		"a reverse proxy's own name without an origin": {toolPath, "proxy.example", "", http.StatusOK},
		"the loopback's name":                          {"/mcp", "LocalHost.:9000", "", http.StatusOK},
		"a name below it":                              {"/mcp", "rowgate.localhost", "", http.StatusOK},
		"its IPv4 address":                             {"/mcp", "127.0.0.1:8080", "", http.StatusOK},
		"its IPv6 address":                             {"/mcp", "[::1]:8080", "", http.StatusOK},
		"the public name":                              {"/mcp", "rowgate.example", "https://rowgate.example", http.StatusOK},
	} {
		t.Run("judge "+name, func(t *testing.T) {
			t.Parallel()
			c := post(`{"records":[]}`).with("Origin", test.origin).with("Sec-Fetch-Site", "same-origin")
			c.target = test.target
			r := httptest.NewRequestWithContext(t.Context(), c.method, c.target, http.NoBody)
			r.Host = test.host
			for name, value := range c.header {
				if value != "" {
					r.Header.Set(name, value)
				}
			}
			r.Body, r.ContentLength = http.NoBody, 0
			w := httptest.NewRecorder()
			e.router.ServeHTTP(w, r)
			refused := w.Code == http.StatusMisdirectedRequest
			if refused != (test.want == http.StatusMisdirectedRequest) || refused && problemOf(t, w)["code"] != "wrong_host" {
				t.Errorf("answered %d %s", w.Code, w.Body)
			}
		})
	}
	t.Run("are not judged beyond loopback", func(t *testing.T) {
		t.Parallel()
		if names, guarded := LoopbackHosts("0.0.0.0:8080", &net.TCPAddr{IP: net.IPv4zero}, ""); guarded {
			t.Errorf("guarded with %v", names)
		}
	})
	t.Run("are judged for every request of the admin listener", func(t *testing.T) {
		t.Parallel()
		names, _ := LoopbackHosts("127.0.0.1:9100", loopback, "")
		admin := AdminHosts(Renderer{}, names, Admin(prometheus.NewRegistry()))
		for host, want := range map[string]int{"evil.example": http.StatusMisdirectedRequest, "127.0.0.1:9100": http.StatusOK} {
			r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/metrics", http.NoBody)
			r.Host = host
			w := httptest.NewRecorder()
			admin.ServeHTTP(w, r)
			if w.Code != want {
				t.Errorf("%s: answered %d, want %d", host, w.Code, want)
			}
		}
	})
}
