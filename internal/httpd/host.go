package httpd

import (
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"github.com/rowgate/rowgate/internal/problem"
)

// LoopbackHosts returns the names, beside those of the loopback itself, that a Host header may hold at a listener that only this
// machine reaches: the address it was told to listen on and that of publicURL. guarded is false for any other listener, where a
// name says nothing.
func LoopbackHosts(listen string, bound net.Addr, publicURL string) (names []string, guarded bool) {
	if tcp, ok := bound.(*net.TCPAddr); !ok || !tcp.IP.IsLoopback() {
		return nil, false
	}
	names = []string{hostname(listen)}
	if public, err := url.Parse(publicURL); err == nil && public.Host != "" {
		names = append(names, hostname(public.Host))
	}
	return names, true
}

// refuseHosts answers 421 wrong_host to what judged picks, unless its Host is a name of the loopback or one of names. A web page
// whose own name was made to point to this machine (DNS rebinding) could otherwise use a service that trusts whoever reaches it:
// to the browser it is then the same origin.
func refuseHosts(renderer Renderer, names []string, judged func(*http.Request) bool) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			host := hostname(r.Host)
			if !judged(r) || isLoopbackName(host) || slices.Contains(names, host) {
				next.ServeHTTP(w, r)
				return
			}
			renderer.Write(w, r, problem.New(problem.WrongHost, problem.Text{
				ZH: "请求的 Host 不是本机名称、监听地址或 ROWGATE_PUBLIC_URL 的主机名。",
				EN: "The request's Host is not a loopback name, the listen address or the host of ROWGATE_PUBLIC_URL.",
			}))
		})
	}
}

// isLoopbackName reports whether host, as hostname returns it, always means this machine.
func isLoopbackName(host string) bool {
	address, err := netip.ParseAddr(host)
	return host == "localhost" || strings.HasSuffix(host, ".localhost") || err == nil && address.Unmap().IsLoopback()
}

// hostname returns the host of host[:port] in lower case, without brackets and the dot of the root.
func hostname(text string) string {
	host := text
	if name, _, err := net.SplitHostPort(text); err == nil {
		host = name
	}
	host = strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
	return strings.TrimSuffix(strings.ToLower(host), ".")
}
