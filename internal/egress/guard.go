package egress

import (
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"code.dny.dev/ssrf"
)

const (
	maxURLBytes    = 8 << 10  // bytes of an address
	maxHeaderBytes = 64 << 10 // bytes of an answer's headers
	dialTimeout    = 10 * time.Second
)

// platformAddresses are in public ranges but serve a private purpose, so no registry lists them.
var platformAddresses = []netip.Prefix{
	netip.MustParsePrefix("168.63.129.16/32"), // Azure: the host's own service
}

// Options say what may be dialled besides the public internet on ports 80 and 443, which is the zero value.
type Options struct {
	Ports    []uint16       // further ports, of every address that may be dialled
	Networks []netip.Prefix // networks that may be dialled although they are not public
	Resolver *net.Resolver  // of host names; nil: the system's
	Roots    *x509.CertPool // trusted certificate authorities; nil: the system's
}

// Guard decides which addresses may be dialled. One guard serves all uses: each takes a Client of its own from it. It is safe
// for concurrent use.
type Guard struct {
	ports     []uint16
	judge     *ssrf.Guardian
	transport *http.Transport
}

// New makes a guard.
func New(o Options) *Guard {
	ports := append([]uint16{80, 443}, o.Ports...)
	isV6 := func(network netip.Prefix) bool { return network.Addr().Is6() }
	isV4 := func(network netip.Prefix) bool { return !isV6(network) }
	judge := ssrf.New(
		ssrf.WithPorts(ports...),
		ssrf.WithAllowedV4Prefixes(slices.DeleteFunc(slices.Clone(o.Networks), isV6)...),
		ssrf.WithAllowedV6Prefixes(slices.DeleteFunc(slices.Clone(o.Networks), isV4)...),
		ssrf.WithDeniedV4Prefixes(platformAddresses...),
	)
	return &Guard{ports: ports, judge: judge, transport: newTransport(judge, o)}
}

// newTransport returns a transport that dials only what judge permits. The check is the dialer's Control, which sees the
// address of the connection itself, after the name is resolved, so a second answer of a name server cannot come in between (DNS
// rebinding). No connection is kept for another request, and no proxy of the environment is used: it would dial unguarded.
func newTransport(judge *ssrf.Guardian, o Options) *http.Transport {
	dialer := &net.Dialer{Timeout: dialTimeout, Control: judge.Safe, Resolver: o.Resolver}
	return &http.Transport{
		DialContext:            dialer.DialContext,
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: o.Roots},
		TLSHandshakeTimeout:    dialTimeout,
		MaxResponseHeaderBytes: maxHeaderBytes,
		DisableKeepAlives:      true,
		DisableCompression:     true, // the bytes that are counted are the bytes that were sent
	}
}

// parse reads an address that a caller gave, trimmed of white space. Errors: a *Refusal of kind BadAddress.
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
	if port := u.Port(); port != "" {
		number, err := strconv.ParseUint(port, 10, 16)
		if err != nil || !slices.Contains(g.ports, uint16(number)) {
			return refuse(BadAddress)
		}
	}
	return nil
}
