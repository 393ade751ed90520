package httpd

import (
	"net/http"
	"strings"
)

// hstsValue keeps browsers on https for half a year.
const hstsValue = "max-age=15768000"

// Values of the headers that every answer carries. Answers share them: a header is set or deleted, its values are not changed.
var (
	noSniffing      = []string{"nosniff"}
	noFraming       = []string{"DENY"}
	noReferrer      = []string{"no-referrer"}
	noActiveContent = []string{"default-src 'none'; frame-ancestors 'none'"}
	noStoring       = []string{"no-store"}
	alwaysHTTPS     = []string{hstsValue}
)

// secureHeaders sets what every answer carries unless its handler says otherwise: no sniffing, no framing, no referrer, no
// active content, no storing of receipts on the way.
func secureHeaders(publicURL string) func(http.Handler) http.Handler {
	https := strings.HasPrefix(publicURL, "https://")
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			header := w.Header()
			header["X-Content-Type-Options"] = noSniffing
			header["X-Frame-Options"] = noFraming
			header["Referrer-Policy"] = noReferrer
			header["Content-Security-Policy"] = noActiveContent
			header["Cache-Control"] = noStoring
			if https {
				header["Strict-Transport-Security"] = alwaysHTTPS
			}
			next.ServeHTTP(w, r)
		})
	}
}
