package httpd

import (
	"context"
	"crypto/rand"
	"log/slog"
	"net/http"
	"net/netip"
	"regexp"
	"strings"
	"sync"

	"github.com/go-chi/chi/v5/middleware"

	"github.com/rowgate/rowgate/internal/intake"
	"github.com/rowgate/rowgate/internal/problem"
	"github.com/rowgate/rowgate/internal/request"
	"github.com/rowgate/rowgate/internal/secret"
	"github.com/rowgate/rowgate/internal/tenant"
)

// requestIDChars is the length of a request id after "req_", in base32 characters of 5 bits.
const requestIDChars = 20

// headerRequestID carries the service's id in answers, and the caller's own id in requests.
const headerRequestID = "X-Request-Id"

// clientRequestID is what a caller's own id must look like to be repeated in the log.
var clientRequestID = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)

// NewRequestID returns req_ and 100 random bits.
func NewRequestID() string { return "req_" + strings.ToLower(rand.Text()[:requestIDChars]) }

// startCall gives the request its id and its request.Call: tool, language, and soft errors as far as the URL tells.
func startCall(tools map[string]Tool) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			call := &request.Call{RequestID: NewRequestID()}
			if lang, ok := problem.ParseAcceptLanguage(r.Header.Get("Accept-Language")); ok {
				call.SetLang(lang)
			}
			if tool, ok := tools[RoutePath(r)]; ok {
				call.SetTool(tool.Name)
				if lang := intake.Language(r.URL.Query(), r.Header); lang != "" {
					call.SetLang(lang)
				}
			}
			noteSoftErrors(call, r.URL.Query(), nil)
			w.Header().Set(headerRequestID, call.RequestID)
			next.ServeHTTP(w, r.WithContext(request.WithCall(r.Context(), call)))
		})
	}
}

// clientAddress finds the caller's address: the peer's, or, if the peer is a trusted proxy, the one that proxy gives in
// X-Forwarded-For. An address that cannot be parsed counts as none.
func clientAddress(proxies []netip.Prefix) func(http.Handler) http.Handler {
	if len(proxies) == 0 {
		return middleware.ClientIPFromRemoteAddr
	}
	prefixes := make([]string, 0, len(proxies))
	for _, prefix := range proxies {
		prefixes = append(prefixes, prefix.String())
	}
	return middleware.ClientIPFromXFF(prefixes...)
}

// noteUntrusted logs once that a peer sends X-Forwarded-For and is not trusted to: a proxy that nobody named makes all callers
// one address, with one share of every limit.
func noteUntrusted(logger *slog.Logger, proxies []netip.Prefix) func(http.Handler) http.Handler {
	var once sync.Once
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("X-Forwarded-For") != "" {
				if peer, err := netip.ParseAddrPort(r.RemoteAddr); err == nil && !fromTrusted(r, proxies) {
					once.Do(func() {
						logger.LogAttrs(r.Context(), slog.LevelWarn,
							"X-Forwarded-For is ignored: its sender is not in ROWGATE_TRUSTED_PROXIES, so all callers behind it count as one address",
							slog.String("peer", peer.Addr().String()))
					})
				}
			}
			next.ServeHTTP(w, r)
		})
	}
}

// identify puts the tenant.Caller into the request.
func identify(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		caller := tenant.Caller{
			Bearer:  bearer(r.Header.Get("Authorization")),
			Address: addressOf(r.Context()),
		}
		if caller.Bearer.IsZero() {
			caller.Unread = secret.New(strings.TrimSpace(r.Header.Get("Authorization")))
		}
		next.ServeHTTP(w, r.WithContext(tenant.WithCaller(r.Context(), caller)))
	})
}

// bearer returns the token of an Authorization header, the empty secret for another scheme.
func bearer(header string) secret.Text {
	scheme, token, _ := strings.Cut(strings.TrimSpace(header), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return secret.Text{}
	}
	return secret.New(strings.TrimSpace(token))
}

func addressOf(ctx context.Context) netip.Addr { return middleware.GetClientIPAddr(ctx) }

// RoutePath is the path as the router compares it: with its escapes, if it has any.
func RoutePath(r *http.Request) string {
	if r.URL.RawPath != "" {
		return r.URL.RawPath
	}
	return r.URL.Path
}
