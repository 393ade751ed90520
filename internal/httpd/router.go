// Package httpd is the service's edge: router, middleware, problems, health, and the server with its limits.
//
// A request passes, in this order: id and call record, client address, caller, access log, panics, security headers, Host, CORS,
// body limit, delivery hooks, intake, concurrency limit; then the router. Every answer that is not a success is a problem
// document, those of the router itself included.
package httpd

import (
	"log/slog"
	"net/http"
	"net/netip"
	"slices"
	"strings"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"

	"github.com/rowgate/rowgate/internal/problem"
	"github.com/rowgate/rowgate/internal/telemetry"
)

// Options is what the edge is made of.
type Options struct {
	PublicURL      string                    // prefix of links in answers, without a slash at the end
	Logger         *slog.Logger              // required
	Health         *Health                   // required
	Tools          map[string]Tool           // by path; POSTs there go through Parse
	Parse          ParseFunc                 // intake.Parse; required with Tools
	Admit          func(*http.Request) error // judges a caller by its headers before a large body is read; nil: nobody is
	WholeBodies    []string                  // other paths whose POSTs are read whole, within the same bounds, before their handler runs
	BodyLimits     map[string]int64          // bytes of a body at these paths, in place of intake.MaxBodyBytes
	Metrics        *telemetry.Metrics        // nil: nothing is counted
	TrustedProxies []netip.Prefix            // whose X-Forwarded-For is trusted; none: the peer is the client
	GuardHosts     bool                      // judge the Host of requests with an Origin, and of all to HostPaths: see LoopbackHosts
	Hosts          []string                  // with GuardHosts: the names that are allowed, in lower case, beside those of the loopback
	HostPaths      []string                  // with GuardHosts
	Dialect        Dialect                   // of refusals at paths that stand in for another service; may be nil
	AllowedOrigins []string                  // web pages that may call, scheme://host[:port] or "*"; none: no page of another site
}

// Renderer returns the renderer of this edge's problems.
func (o Options) Renderer() Renderer {
	return Renderer{PublicURL: o.PublicURL, Logger: o.Logger, Dialect: o.Dialect}
}

// NewRouter returns the router with all middleware, the health checks and the error pages; the caller adds its routes.
// It fails if an allowed origin is not an origin.
func NewRouter(options Options) (*chi.Mux, error) {
	renderer := options.Renderer()
	sameOrigin, err := refuseCrossOrigin(renderer, options.AllowedOrigins)
	if err != nil {
		return nil, err
	}
	body := takeIn{
		renderer: renderer,
		health:   options.Health,
		tools:    options.Tools,
		whole:    options.WholeBodies,
		parse:    options.Parse,
		budget:   newBodyBudget(maxBufferedBytes, reservedBytes),
		admit:    options.Admit,
	}
	router := chi.NewRouter()
	router.Use(
		closeChunked,
		startCall(options.Tools),
		clientAddress(options.TrustedProxies),
		noteUntrusted(options.Logger, options.TrustedProxies),
		identify,
		logAccess(options.Logger, options.Metrics, options.Tools),
		recoverPanics(renderer),
		secureHeaders(options.PublicURL),
		options.hosts(renderer),
		CORS(options.AllowedOrigins),
		sameOrigin,
		capBody(renderer, options.BodyLimits),
		deliver,
		body.middleware,
		limit(renderer, newConcurrencyLimiter(MaxRequests, MaxRequestsPerAddress)), // a body that does not come holds no place
		middleware.GetHead,
	)
	router.NotFound(func(w http.ResponseWriter, r *http.Request) { renderer.Write(w, r, notFound()) })
	router.MethodNotAllowed(methodNotAllowed(router, renderer))
	router.Get(pathErrors, explainAll)
	router.Get(pathErrors+"/{code}", explain(renderer))
	router.Get(pathHealth, options.Health.live)
	router.Get(pathReady, options.Health.ready(renderer))
	return router, nil
}

// hosts judges the Host header where a page of another name could reach what trusts this machine.
func (o Options) hosts(renderer Renderer) func(http.Handler) http.Handler {
	return refuseHosts(renderer, o.Hosts, func(r *http.Request) bool {
		return o.GuardHosts && (r.Header.Get("Origin") != "" || slices.Contains(o.HostPaths, RoutePath(r)))
	})
}

func notFound() *problem.Error {
	return problem.New(problem.NotFound, problem.Text{
		ZH: "本服务没有这个路径。",
		EN: "The service has no such path.",
	})
}

// methodNotAllowed answers a path that exists with another method: OPTIONS by what the path takes, all else by a problem
// with Allow. A method that nothing takes, at a path that does not exist, is not_found.
func methodNotAllowed(router chi.Routes, renderer Renderer) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		allowed := allowedMethods(router, RoutePath(r))
		if len(allowed) == 0 {
			renderer.Write(w, r, notFound())
			return
		}
		list := strings.Join(allowed, ", ")
		w.Header().Set("Allow", list)
		if r.Method == http.MethodOptions {
			w.WriteHeader(http.StatusNoContent)
			return
		}
		renderer.Write(w, r, problem.New(problem.MethodNotAllowed, problem.Text{
			ZH: "这个路径只接受：" + list + "。",
			EN: "This path accepts only " + list + ".",
		}))
	}
}

// allowedMethods returns what path takes, OPTIONS included; nothing for a path that does not exist.
func allowedMethods(router chi.Routes, path string) []string {
	var allowed []string
	for _, method := range methods {
		match := router.Match(chi.NewRouteContext(), method, path) ||
			method == http.MethodHead && router.Match(chi.NewRouteContext(), http.MethodGet, path)
		if match || method == http.MethodOptions && len(allowed) > 0 {
			allowed = append(allowed, method)
		}
	}
	return allowed
}
