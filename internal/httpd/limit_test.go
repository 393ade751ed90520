package httpd

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"github.com/rowgate/rowgate/internal/problem"
)

func TestConcurrencyLimiter(t *testing.T) {
	t.Parallel()
	one, two, three := netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("192.0.2.2"), netip.MustParseAddr("2001:db8::1")
	t.Run("bounds all and each address, and forgets who has left", func(t *testing.T) {
		t.Parallel()
		limiter := newConcurrencyLimiter(3, 2)
		for _, step := range []struct {
			address netip.Addr
			want    problem.Code
		}{{one, ""}, {one, ""}, {one, problem.RateLimited}, {two, ""}, {three, problem.Overloaded}} {
			if got := limiter.enter(step.address); codeOf(got) != step.want {
				t.Errorf("%v: got %q, want %q", step.address, codeOf(got), step.want)
			}
		}
		limiter.leave(one)
		if got := limiter.enter(three); got != nil {
			t.Errorf("no room after one left: %v", got)
		}
		limiter.leave(one)
		limiter.leave(two)
		limiter.leave(three)
		if limiter.running != 0 || len(limiter.byAddress) != 0 {
			t.Errorf("%d running, %v", limiter.running, limiter.byAddress)
		}
	})
	t.Run("takes an IPv6 network for one address, and its neighbour for another", func(t *testing.T) {
		t.Parallel()
		limiter := newConcurrencyLimiter(9, 2)
		same := netip.MustParseAddr("2001:db8::ffff:1")
		for _, step := range []struct {
			address netip.Addr
			want    problem.Code
		}{{three, ""}, {same, ""}, {three.Next(), problem.RateLimited}, {netip.MustParseAddr("2001:db8:0:1::1"), ""}} {
			if got := limiter.enter(step.address); codeOf(got) != step.want {
				t.Errorf("%v: got %q, want %q", step.address, codeOf(got), step.want)
			}
		}
		limiter.leave(same)
		if got := limiter.enter(three); got != nil {
			t.Errorf("no room after one of the network left: %v", got)
		}
	})
	t.Run("turns away at once, with a time to come back, and lets health checks pass", func(t *testing.T) {
		t.Parallel()
		renderer := Renderer{}
		handler := limit(renderer, newConcurrencyLimiter(0, 0))(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
		for path, want := range map[string]int{toolPath: 503, pathHealth: 200, pathReady: 200} {
			w := httptest.NewRecorder()
			handler.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), "POST", path, nil))
			if w.Code != want || (want == 503 && w.Header().Get("Retry-After") == "") {
				t.Errorf("%s: %d %v", path, w.Code, w.Header())
			}
		}
	})
	t.Run("gives a place back after a panic", func(t *testing.T) {
		t.Parallel()
		limiter := newConcurrencyLimiter(1, 1)
		handler := recoverPanics(Renderer{Logger: discard()})(limit(Renderer{}, limiter)(
			http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("x") })))
		handler.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(t.Context(), "POST", "/", nil))
		if limiter.running != 0 {
			t.Errorf("%d running", limiter.running)
		}
	})
	t.Run("lets the router hold its bounds for each address", func(t *testing.T) {
		t.Parallel()
		if MaxRequestsPerAddress >= MaxRequests {
			t.Error("one address can have everything")
		}
		inside, goOn := make(chan struct{}), make(chan struct{})
		e := newEdge(t, func(http.ResponseWriter, *http.Request) { inside <- struct{}{}; <-goOn })
		done := make(chan int)
		for range MaxRequestsPerAddress {
			go func() { done <- e.do(t, post(`{"records":[]}`)).Code }()
			<-inside
		}
		if w := e.do(t, post(`{"records":[]}`)); w.Code != http.StatusTooManyRequests || !strings.Contains(w.Body.String(), "rate_limited") {
			t.Errorf("%d %s", w.Code, w.Body)
		}
		close(goOn)
		for range MaxRequestsPerAddress {
			if status := <-done; status != http.StatusOK {
				t.Errorf("status %d", status)
			}
		}
	})
}

func codeOf(e *problem.Error) problem.Code {
	if e == nil {
		return ""
	}
	return e.Code
}
