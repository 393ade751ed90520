// Package httpd is the service's edge: router, middleware, problems, health, and the server with its limits.
//
// A request passes, in this order: id and call record, client address, caller, access log, panics, public address, security
// headers, Host, CORS, body limit, delivery hooks, intake, concurrency limit; then the router. Every answer that is not a
// success is a problem document, those of the router itself included.
package httpd

import (
	"bytes"
	"cmp"
	"log/slog"
	"maps"
	"net/http"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"

	"github.com/rowgate/rowgate/internal/nearest"
	"github.com/rowgate/rowgate/internal/problem"
	"github.com/rowgate/rowgate/internal/telemetry"
)

// Options is what the edge is made of.
type Options struct {
	PublicURL      string                    // prefix of links in answers, without a slash at the end
	FromRequest    bool                      // links name the address that was asked for; PublicURL where that is not valid
	Logger         *slog.Logger              // required
	Health         *Health                   // required
	Tools          map[string]Tool           // by path; POSTs there go through Parse
	Parse          ParseFunc                 // intake.Parse; required with Tools
	Admit          func(*http.Request) error // judges a caller by its headers before a large body is read; nil: nobody is
	WholeBodies    []string                  // other paths whose POSTs are read whole, within the same bounds, before their handler runs
	BodyLimits     map[string]int64          // bytes of a body at these paths, in place of intake.MaxBodyBytes
	Finished       FinishedFunc              // told of every request once it is answered; nil: nobody is
	Exchanged      ExchangedFunc             // told of what tools took and answered; nil: nobody is
	Metrics        *telemetry.Metrics        // nil: nothing is counted
	TrustedProxies []netip.Prefix            // whose X-Forwarded-For is trusted; none: the peer is the client
	GuardHosts     bool                      // judge the Host of requests with an Origin, and of all to HostPaths: see LoopbackHosts
	Hosts          []string                  // with GuardHosts: the names that are allowed, in lower case, beside those of the loopback
	HostPaths      []string                  // with GuardHosts
	OriginPaths    []string                  // where a foreign Origin is refused whatever the method; elsewhere what only reads passes
	Dialect        Dialect                   // of refusals at paths that stand in for another service; may be nil
	BufferedBytes  int64                     // of bodies in memory at the same time; default DefaultBufferedBytes
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
	sameOrigin, err := refuseCrossOrigin(renderer, options.ownAndAllowed(), options.OriginPaths)
	if err != nil {
		return nil, err
	}
	buffered := cmp.Or(options.BufferedBytes, DefaultBufferedBytes)
	body := takeIn{
		renderer: renderer,
		health:   options.Health,
		tools:    options.Tools,
		whole:    options.WholeBodies,
		parse:    options.Parse,
		budget:   newBodyBudget(buffered, buffered/reservedOf),
		admit:    options.Admit,
		told:     options.Exchanged,
	}
	router := chi.NewRouter()
	router.Use(
		closeChunked,
		startCall(options.Tools),
		clientAddress(options.TrustedProxies),
		noteUntrusted(options.Logger, options.TrustedProxies),
		identify,
		logAccess(options.Logger, options.Metrics, options.Tools, options.Finished),
		recoverPanics(renderer),
		options.publicAddress(),
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
	router.NotFound(func(w http.ResponseWriter, r *http.Request) { refuse(w, r, renderer, options.notFound(r)) })
	router.MethodNotAllowed(options.methodNotAllowed(router, renderer))
	router.Get(pathIcon, noIcon)
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

// notFound names the nearest path of a tool; the path that was asked for may hold anything, and is not repeated.
func (o Options) notFound(r *http.Request) *problem.Error {
	said := problem.Text{ZH: "本服务没有这个路径。", EN: "The service has no such path."}
	if near := nearest.Names(strings.TrimSuffix(RoutePath(r), "/"), slices.Values(slices.Sorted(maps.Keys(o.Tools)))); len(near) > 0 {
		said.ZH += "最接近的是 POST " + near[0] + "。"
		said.EN += " The nearest is POST " + near[0] + "."
	}
	return problem.New(problem.NotFound, said)
}

// refuse answers a path or method that does not exist: with a page that leads on for a person, with a problem for all others.
func refuse(w http.ResponseWriter, r *http.Request, renderer Renderer, err *problem.Error) {
	page, ok := problem.Explain(string(err.Code))
	if !ok || r.Method != http.MethodGet || !strings.Contains(r.Header.Get("Accept"), "text/html") {
		renderer.Write(w, r, err)
		return
	}
	doc := renderer.Document(r.Context(), err)
	page.Home = strings.TrimSuffix(doc.Type, pathErrors+"/"+string(doc.Code))
	var body bytes.Buffer
	_ = page.WriteHTML(&body) // a test renders every page
	header := w.Header()
	header.Set("Content-Type", "text/html; charset=utf-8")
	header.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'; style-src "+problem.PageStyleSource())
	header.Set("Content-Length", strconv.Itoa(body.Len()))
	w.WriteHeader(doc.Status)
	_, _ = w.Write(body.Bytes()) // the reader has left; there is nobody to report to
}

// pathIcon is what browsers ask for beside every page.
const pathIcon = "/favicon.ico"

// noIcon says that there is none, and that it need not be asked for again today.
func noIcon(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Cache-Control", "public, max-age=86400")
	w.WriteHeader(http.StatusNoContent)
}

// methodNotAllowed answers a path that exists with another method: OPTIONS by what the path takes, all else by a problem
// with Allow. A method that nothing takes, at a path that does not exist, is not_found.
func (o Options) methodNotAllowed(router chi.Routes, renderer Renderer) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		allowed := allowedMethods(router, RoutePath(r))
		if len(allowed) == 0 {
			refuse(w, r, renderer, o.notFound(r))
			return
		}
		list := strings.Join(allowed, ", ")
		w.Header().Set("Allow", list)
		if r.Method == http.MethodOptions {
			w.WriteHeader(http.StatusNoContent)
			return
		}
		refuse(w, r, renderer, problem.New(problem.MethodNotAllowed, problem.Text{
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
