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

// gate counts the requests that run.
type gate struct {
	max, maxPerAddress int

	mu        sync.Mutex
	running   int
	byAddress map[netip.Prefix]int // by tenant.Network; no entry for 0
}

func newGate(limit, limitPerAddress int) *gate {
	return &gate{max: limit, maxPerAddress: limitPerAddress, byAddress: map[netip.Prefix]int{}}
}

// enter lets a request of address run, or says why not.
func (g *gate) enter(address netip.Addr) *problem.Error {
	client := tenant.Network(address)
	g.mu.Lock()
	defer g.mu.Unlock()
	switch {
	case g.running >= g.max:
		return problem.New(problem.Overloaded, problem.Text{
			ZH: "同时进行的请求已达上限，本请求未被处理。",
			EN: "Too many requests are running; this one was not processed.",
		})
	case g.byAddress[client] >= g.maxPerAddress:
		return problem.New(problem.RateLimited, problem.Text{
			ZH: "此来源地址同时进行的请求已达上限，本请求未被处理。",
			EN: "Too many requests from this address are running; this one was not processed.",
		})
	}
	g.running++
	g.byAddress[client]++
	return nil
}

// leave ends a request that entered.
func (g *gate) leave(address netip.Addr) {
	client := tenant.Network(address)
	g.mu.Lock()
	defer g.mu.Unlock()
	g.running--
	if g.byAddress[client]--; g.byAddress[client] <= 0 {
		delete(g.byAddress, client)
	}
}

// limit turns away what exceeds g, at once. Health checks always pass.
func limit(renderer Renderer, g *gate) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if isHealth(r) {
				next.ServeHTTP(w, r)
				return
			}
			address := addressOf(r.Context())
			if refused := g.enter(address); refused != nil {
				renderer.Write(w, r, refused)
				return
			}
			defer g.leave(address)
			next.ServeHTTP(w, r)
		})
	}
}
