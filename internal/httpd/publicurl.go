package httpd

import (
	"net/http"
	"net/netip"
	"regexp"
	"slices"
	"strings"

	"github.com/rowgate/rowgate/internal/request"
)

// maxHostBytes bounds the host that answers repeat. Source: the longest name of RFC 1035 §2.3.4, and a port.
const maxHostBytes = 253 + len(":65535")

// plainHost matches a host of letters, digits, hyphens, underscores and dots, or an IPv6 address in brackets, with or without a port. No
// character of it means anything in JSON, YAML, HTML, a shell or a header.
var plainHost = regexp.MustCompile(`^([A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9_.])?|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?$`)

// publicAddress notes on the call the address that the request was sent to, where links in answers are to name it: its scheme and its
// Host, or what a trusted proxy says they were. Whoever asks may choose the Host, so the answer is for that request alone: it varies
// with Host, and is not stored. A host that is not plain is not repeated; options.PublicURL then stands in its place.
func (o Options) publicAddress() func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		if !o.FromRequest {
			return next
		}
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Add("Vary", "Host")
			request.CallFrom(r.Context()).SetPublicURL(o.askedAt(r))
			next.ServeHTTP(w, r)
		})
	}
}

// askedAt returns scheme://host of a request.
func (o Options) askedAt(r *http.Request) string {
	scheme, host := "http", r.Host
	if r.TLS != nil {
		scheme = "https"
	}
	if fromTrusted(r, o.TrustedProxies) {
		switch proto := strings.ToLower(lastOf(r.Header, "X-Forwarded-Proto")); proto {
		case "http", "https":
			scheme = proto
		}
		if forwarded := lastOf(r.Header, "X-Forwarded-Host"); forwarded != "" {
			host = forwarded
		}
	}
	if len(host) > maxHostBytes || !plainHost.MatchString(host) {
		return o.PublicURL
	}
	return scheme + "://" + host
}

// fromTrusted reports whether the peer is a proxy whose word is taken.
func fromTrusted(r *http.Request, proxies []netip.Prefix) bool {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	return err == nil && slices.ContainsFunc(proxies, func(p netip.Prefix) bool { return p.Contains(peer.Addr().Unmap()) })
}

// lastOf returns the last element of a comma-separated header: what the nearest proxy said, whatever came before it.
func lastOf(header http.Header, name string) string {
	values := header.Values(name)
	if len(values) == 0 {
		return ""
	}
	last := values[len(values)-1]
	return strings.TrimSpace(last[strings.LastIndexByte(last, ',')+1:])
}
