package httpd

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/rowgate/rowgate/internal/problem"
)

// anyOrigin in an allow-list opens a surface to every web page.
const anyOrigin = "*"

// What a page of an allowed origin may send and read.
const (
	corsMethods = "GET, HEAD, POST, PUT, PATCH, DELETE"
	corsExpose  = "X-Request-Id, Retry-After"
	corsMaxAge  = "600" // seconds that a browser may keep a preflight's answer
)

// CORS lets web pages of the given origins (scheme://host[:port], or "*") read the answers, preflights included. Without
// origins it changes nothing: a browser then keeps every other site's page out. Credentials are never allowed, since no
// answer depends on a cookie.
func CORS(origins []string) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		if len(origins) == 0 {
			return next
		}
		open := slices.Contains(origins, anyOrigin)
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			origin := r.Header.Get("Origin")
			header := w.Header()
			header.Add("Vary", "Origin")
			if origin == "" || (!open && !slices.Contains(origins, origin)) {
				next.ServeHTTP(w, r)
				return
			}
			if open {
				origin = anyOrigin
			}
			header.Set("Access-Control-Allow-Origin", origin)
			header.Set("Access-Control-Expose-Headers", corsExpose)
			if r.Method != http.MethodOptions || r.Header.Get("Access-Control-Request-Method") == "" {
				next.ServeHTTP(w, r)
				return
			}
			header.Set("Access-Control-Allow-Methods", corsMethods)
			header.Set("Access-Control-Max-Age", corsMaxAge)
			if asked := r.Header.Get("Access-Control-Request-Headers"); asked != "" {
				header.Set("Access-Control-Allow-Headers", asked)
			}
			w.WriteHeader(http.StatusNoContent)
		})
	}
}

// ownAndAllowed returns the origins whose pages may write: those that are allowed, and that of a configured PublicURL, which a proxy in
// front may serve under another Host than it asks for here.
func (o Options) ownAndAllowed() []string {
	origins := slices.Clone(o.AllowedOrigins)
	if public, err := url.Parse(o.PublicURL); err == nil && public.Host != "" && !o.FromRequest {
		origins = append(origins, public.Scheme+"://"+public.Host)
	}
	return origins
}

// refuseCrossOrigin answers 403 wrong_origin to what a browser sends on behalf of another site's page, unless that origin is on
// the list: a page could otherwise write through a service on loopback or in an office network, even where it cannot read the
// answer. What only reads is refused at paths alone, since anyone can see the rest. Callers other than browsers are not affected.
func refuseCrossOrigin(renderer Renderer, origins, paths []string) (func(http.Handler) http.Handler, error) {
	protection := http.NewCrossOriginProtection()
	for _, origin := range origins {
		if origin == anyOrigin {
			return func(next http.Handler) http.Handler { return next }, nil
		}
		if err := protection.AddTrustedOrigin(origin); err != nil {
			return nil, fmt.Errorf("allowed origin %q: want scheme://host[:port]: %w", strings.ToValidUTF8(origin, "?"), err)
		}
	}
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			judged := r
			if (r.Method == http.MethodGet || r.Method == http.MethodHead) && slices.Contains(paths, RoutePath(r)) {
				writing := *r
				writing.Method = http.MethodPost // a method that the protection does not let pass
				judged = &writing
			}
			if protection.Check(judged) == nil {
				next.ServeHTTP(w, r)
				return
			}
			renderer.Write(w, r, problem.New(problem.WrongOrigin, problem.Text{
				ZH: "请求来自其他网站的网页，该来源（Origin）不在允许的列表中。",
				EN: "The request comes from a web page of another site, and its Origin is not on the allow-list.",
			}))
		})
	}, nil
}
