package httpd

import (
	"log/slog"
	"net/http"
	"slices"
	"time"

	"github.com/go-chi/chi/v5"

	"github.com/rowgate/rowgate/internal/request"
	"github.com/rowgate/rowgate/internal/telemetry"
)

// other replaces values in the log that a caller chose freely.
const other = "other"

// methods are those that the log names and that a path is asked for.
var methods = []string{
	http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions,
}

// Finished is what is known of a request once it is answered.
type Finished struct {
	request.Summary

	RequestID string
	Route     string // pattern of the path
	Status    int    // meant, also where a soft error hides behind 200
	Began     time.Time
	Took      time.Duration
}

// FinishedFunc is told of a finished request. It must not wait.
type FinishedFunc func(r *http.Request, f Finished)

// logAccess writes one line for each finished request and counts it. It names the route's pattern and never the path or the
// query, which may hold secrets. A caller's fault is logged as Info, a fault of the service as Error, a successful
// health check as Debug.
func logAccess(
	logger *slog.Logger, metrics *telemetry.Metrics, tools map[string]Tool, finished FinishedFunc,
) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			start := time.Now()
			rec := recorded(w)
			defer func() { // also for a request that is aborted
				took := time.Since(start)
				call := request.CallFrom(r.Context())
				about := call.Summary()
				if metrics != nil {
					metrics.Observe(about, rec.written(), took)
				}
				if finished != nil {
					finished(r, Finished{
						RequestID: call.RequestID, Route: route(r, tools), Status: meantStatus(rec, call), Began: start, Took: took, Summary: about,
					})
				}
				level := levelOf(r, meantStatus(rec, call))
				if logger.Enabled(r.Context(), level) {
					logger.LogAttrs(r.Context(), level, "request", accessAttrs(r, call, about, route(r, tools), rec.written(), took)...)
				}
			}()
			next.ServeHTTP(rec, r)
		})
	}
}

func levelOf(r *http.Request, status int) slog.Level {
	switch {
	case status >= http.StatusInternalServerError:
		return slog.LevelError
	case isHealth(r):
		return slog.LevelDebug
	default:
		return slog.LevelInfo
	}
}

func accessAttrs(
	r *http.Request, call *request.Call, about request.Summary, route string, status int, took time.Duration,
) []slog.Attr {
	attrs := []slog.Attr{
		slog.String("request_id", call.RequestID),
		slog.String("method", loggedMethod(r.Method)),
		slog.String("route", route),
		slog.Int("status", status),
		slog.Float64("ms", float64(took.Microseconds())/1000),
	}
	for _, attr := range []slog.Attr{
		slog.String("tool", about.Tool),
		slog.String("caller", about.Caller),
		slog.String("code", about.Code),
		slog.String("log_id", about.LogID),
		slog.String("client_request_id", ownRequestID(r)),
		slog.Int("rows", about.Rows),
		slog.Int("upstream_calls", about.UpstreamCalls+about.SharedCalls),
	} {
		if !attr.Value.Equal(slog.StringValue("")) && !attr.Value.Equal(slog.IntValue(0)) {
			attrs = append(attrs, attr)
		}
	}
	if about.Replay {
		attrs = append(attrs, slog.Bool("replay", true))
	}
	if r.Context().Err() != nil {
		attrs = append(attrs, slog.Bool("caller_left", true))
	}
	return attrs
}

// route returns the pattern that the request matched, "other" if none. A request that intake refused has not been routed.
func route(r *http.Request, tools map[string]Tool) string {
	if ctx := chi.RouteContext(r.Context()); ctx != nil {
		if pattern := ctx.RoutePattern(); pattern != "" {
			return pattern
		}
	}
	if path := RoutePath(r); tools[path].Name != "" {
		return path
	}
	return other
}

// ownRequestID returns the id that the caller gave the request, "" if it has characters or a length that the log does not take.
func ownRequestID(r *http.Request) string {
	if id := r.Header.Get(headerRequestID); clientRequestID.MatchString(id) {
		return id
	}
	return ""
}

func loggedMethod(method string) string {
	if slices.Contains(methods, method) {
		return method
	}
	return other
}
