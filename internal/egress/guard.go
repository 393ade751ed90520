package egress

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"code.dny.dev/ssrf"
)

const (
	maxURLBytes    = 8 << 10  // bytes of an address
	maxHeaderBytes = 64 << 10 // bytes of an answer's headers
	dialTimeout    = 10 * time.Second

	httpPort  = 80
	httpsPort = 443
)

// Options say what may be asked besides the public internet over https on port 443, which is the zero value.
type Options struct {
	Allow     []Rule                  // what the operator opens beside it
	Listeners func() []netip.AddrPort // the service's own listeners, which no rule opens; nil: it has none
	Resolver  *net.Resolver           // of host names; nil: the system's
	Roots     *x509.CertPool          // trusted certificate authorities; nil: the system's
}

// Guard decides which addresses may be dialled. One guard serves all uses: each takes a Client of its own from it. It is safe
// for concurrent use.
type Guard struct {
	allow     rules
	listeners func() []netip.AddrPort
	public    *ssrf.Guardian // judges addresses that no rule opens
	transport transport
}

// New makes a guard.
func New(o Options) *Guard {
	g := &Guard{
		allow: slices.Clone(o.Allow), listeners: o.Listeners,
		public: ssrf.New(ssrf.WithPorts(httpsPort), ssrf.WithDeniedV4Prefixes(platformAddresses...)),
	}
	if g.listeners == nil {
		g.listeners = func() []netip.AddrPort { return nil }
	}
	g.transport = transport{plain: newTransport(g, o, true), secure: newTransport(g, o, false)}
	return g
}

// transport sends http and https over connections that are judged differently.
type transport struct{ plain, secure *http.Transport }

// RoundTrip implements http.RoundTripper.
func (t transport) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.URL.Scheme == "https" {
		return t.secure.RoundTrip(req)
	}
	return t.plain.RoundTrip(req)
}

// newTransport returns a transport that dials only what the guard permits. The check is the dialer's Control, which sees the
// address of the connection itself, after the name is resolved, so a second answer of a name server cannot come in between (DNS
// rebinding). No connection is kept for another request, and no proxy of the environment is used: it would dial unguarded.
func newTransport(g *Guard, o Options, plain bool) *http.Transport {
	return &http.Transport{
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			host, port, _ := net.SplitHostPort(address)
			number, _ := strconv.ParseUint(port, 10, 16)
			named := g.allow.openName(host, uint16(number))
			dialer := &net.Dialer{
				Timeout: dialTimeout, Resolver: o.Resolver,
				Control: func(network, address string, conn syscall.RawConn) error {
					return g.permit(network, address, named, plain, conn)
				},
			}
			conn, err := dialer.DialContext(ctx, network, address)
			if named && isUnknownName(err) {
				return nil, refuse(Unreachable) // its name is no secret
			}
			return conn, err
		},
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: o.Roots},
		TLSHandshakeTimeout:    dialTimeout,
		MaxResponseHeaderBytes: maxHeaderBytes,
		DisableKeepAlives:      true,
		DisableCompression:     true, // the bytes that are counted are the bytes that were sent
	}
}

// errNotAllowed ends a dial to an address that may not be dialled.
var errNotAllowed = errors.New("egress: address not allowed")

// permit judges the address of a connection before it is made. named says that a rule opens the host by its name, plain that the
// connection is not encrypted.
func (g *Guard) permit(network, address string, named, plain bool, conn syscall.RawConn) error {
	target, err := netip.ParseAddrPort(address)
	if err != nil {
		return errNotAllowed
	}
	target = netip.AddrPortFrom(target.Addr().Unmap().WithZone(""), target.Port())
	switch {
	case isNever(target.Addr()) || g.isOwn(target):
		return errNotAllowed
	case named || g.allow.openAddress(target):
		return nil
	case plain || g.public.Safe(network, address, conn) != nil:
		return errNotAllowed
	}
	return nil
}

// parse reads an address that a caller gave, trimmed of white space. Errors: a *Refusal of kind BadAddress or NotAllowed.
func (g *Guard) parse(address string) (*url.URL, error) {
	if len(address) > maxURLBytes {
		return nil, refuse(BadAddress)
	}
	u, err := url.Parse(strings.TrimSpace(address))
	if err != nil {
		return nil, refuse(BadAddress)
	}
	return u, g.check(u)
}

// check refuses an address by its form; what it resolves to is judged when it is dialled.
func (g *Guard) check(u *url.URL) error {
	if (u.Scheme != "http" && u.Scheme != "https") || u.Hostname() == "" || u.User != nil {
		return refuse(BadAddress)
	}
	port := uint16(httpsPort)
	if u.Scheme == "http" {
		port = httpPort
	}
	if text := u.Port(); text != "" {
		number, err := strconv.ParseUint(text, 10, 16)
		if err != nil {
			return refuse(BadAddress)
		}
		port = uint16(number)
	}
	if (u.Scheme == "http" || port != httpsPort) && !g.allow.mayOpen(u.Hostname(), port) {
		return refuse(NotAllowed)
	}
	return nil
}
