package admin

import (
	"net"
	"net/http"
	"net/netip"
)

// guarded keeps other web pages out of the admin API, which has no authentication: a browser's cross-origin writes are 403, and on a
// loopback listener so is a Host that is neither localhost nor an address (a page of another site whose name was pointed here).
func guarded(next http.Handler) http.Handler {
	protected := http.NewCrossOriginProtection().Handler(next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !localHost(r) {
			http.Error(w, "Host is not this machine: use localhost or 127.0.0.1", http.StatusForbidden)
			return
		}
		protected.ServeHTTP(w, r)
	})
}

// localHost reports whether Host fits the listener that the request came to.
func localHost(r *http.Request) bool {
	local, _ := r.Context().Value(http.LocalAddrContextKey).(net.Addr)
	if local == nil {
		return true // not from a listener
	}
	at, err := netip.ParseAddrPort(local.String())
	if err != nil || !at.Addr().Unmap().IsLoopback() {
		return true // reached by whatever name its network has for it
	}
	host, _, err := net.SplitHostPort(r.Host)
	if err != nil {
		host = r.Host
	}
	_, err = netip.ParseAddr(host)
	return host == "localhost" || err == nil
}
