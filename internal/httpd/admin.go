package httpd

import (
	"net/http"
	"net/http/pprof" // it also registers itself in http.DefaultServeMux, which is never served

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// maxScrapes bounds the metrics requests that run at the same time.
const maxScrapes = 4

// Metrics serves gatherer's metrics in Prometheus' formats.
func Metrics(gatherer prometheus.Gatherer) http.Handler {
	return promhttp.HandlerFor(gatherer, promhttp.HandlerOpts{MaxRequestsInFlight: maxScrapes})
}

// AdminHosts refuses every request of the admin listener whose Host is not a loopback name or one of names.
func AdminHosts(renderer Renderer, names []string, admin http.Handler) http.Handler {
	return refuseHosts(renderer, names, func(*http.Request) bool { return true })(admin)
}

// Admin serves /metrics and /debug/pprof/. It has no authentication: it belongs on a listener of its own that callers cannot
// reach.
func Admin(gatherer prometheus.Gatherer) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", Metrics(gatherer))
	mux.HandleFunc("GET /debug/pprof/", pprof.Index)
	mux.HandleFunc("GET /debug/pprof/cmdline", pprof.Cmdline)
	mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("GET /debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("POST /debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
	return mux
}
