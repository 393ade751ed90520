package httpd

import (
	"net/http"
	"net/netip"
	"sync"

	"github.com/rowgate/rowgate/internal/problem"
	"github.com/rowgate/rowgate/internal/tenant"
)

// Bounds on requests that run at the same time. Many callers may share one address (an automation platform's gateway), so
// one address may have half of all; the addresses of an IPv6 network are one.
const (
	MaxRequests           = 2048 // requests in all
	MaxRequestsPerAddress = 1024 // requests of one client address
)

// concurrencyLimiter counts the running requests, in all and by client address. It is safe for concurrent use.
type concurrencyLimiter struct {
	max, maxPerAddress int

	mu        sync.Mutex
	running   int
	byAddress map[netip.Prefix]int // by tenant.Network; no entry for 0
}

func newConcurrencyLimiter(limit, limitPerAddress int) *concurrencyLimiter {
	return &concurrencyLimiter{max: limit, maxPerAddress: limitPerAddress, byAddress: map[netip.Prefix]int{}}
}

// enter counts a request of address, or returns the problem that refuses it; leave must follow only a request that entered.
func (l *concurrencyLimiter) enter(address netip.Addr) *problem.Error {
	client := tenant.Network(address)
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.running >= l.max:
		return problem.New(problem.Overloaded, problem.Text{
			ZH: "同时进行的请求已达上限，本请求未被处理。",
			EN: "Too many requests are running; this one was not processed.",
		})
	case l.byAddress[client] >= l.maxPerAddress:
		return problem.New(problem.RateLimited, problem.Text{
			ZH: "此来源地址同时进行的请求已达上限，本请求未被处理。",
			EN: "Too many requests from this address are running; this one was not processed.",
		})
	}
	l.running++
	l.byAddress[client]++
	return nil
}

// leave ends a request that entered.
func (l *concurrencyLimiter) leave(address netip.Addr) {
	client := tenant.Network(address)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.running--
	if l.byAddress[client]--; l.byAddress[client] <= 0 {
		delete(l.byAddress, client)
	}
}

// limit refuses at once what exceeds the limiter. Health checks always pass.
func limit(renderer Renderer, limiter *concurrencyLimiter) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if isHealth(r) {
				next.ServeHTTP(w, r)
				return
			}
			address := addressOf(r.Context())
			if refused := limiter.enter(address); refused != nil {
				renderer.Write(w, r, refused)
				return
			}
			defer limiter.leave(address)
			next.ServeHTTP(w, r)
		})
	}
}
