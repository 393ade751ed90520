package httpd

import (
	"net/http"
	"strings"
)

// hstsValue keeps browsers on https for half a year.
const hstsValue = "max-age=15768000"

// secureHeaders sets what every answer carries unless its handler says otherwise: no sniffing, no framing, no referrer, no
// active content, no storing of receipts on the way.
func secureHeaders(publicURL string) func(http.Handler) http.Handler {
	https := strings.HasPrefix(publicURL, "https://")
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			header := w.Header()
			header.Set("X-Content-Type-Options", "nosniff")
			header.Set("X-Frame-Options", "DENY")
			header.Set("Referrer-Policy", "no-referrer")
			header.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
			header.Set("Cache-Control", "no-store")
			if https {
				header.Set("Strict-Transport-Security", hstsValue)
			}
			next.ServeHTTP(w, r)
		})
	}
}
