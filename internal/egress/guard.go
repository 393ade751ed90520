// Package egress is the guarded way out to addresses that callers name.
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
	MaxURLBytes    = 8 << 10  // bytes of an address
	MaxHeaderBytes = 64 << 10 // bytes of an answer's headers
	maxRedirects   = 3
	dialTimeout    = 10 * time.Second
)

// platformAddresses are public by number and private by use, so that no registry lists them.
var platformAddresses = []netip.Prefix{
	netip.MustParsePrefix("168.63.129.16/32"), // Azure: the host's own service
}

// Reach is what may be dialled; the zero value is the public internet on ports 80 and 443. Only tests widen it.
type Reach struct {
	Ports    []uint16
	Prefixes []netip.Prefix // IPv4
	Resolver *net.Resolver
	Roots    *x509.CertPool
}

func (r Reach) allPorts() []uint16 { return append([]uint16{80, 443}, r.Ports...) }

// Transport dials what is public and nothing else. The check is the dialer's Control: it sees the address that is really
// connected to, after the name is resolved, so that no second answer of a name server comes in between. No connection is kept
// for another request, and no proxy of the environment is used: it would dial in our place.
func (r Reach) Transport() *http.Transport {
	dialer := &net.Dialer{Timeout: dialTimeout, Control: r.guard().Safe, Resolver: r.Resolver}
	return &http.Transport{
		DialContext:            dialer.DialContext,
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: r.Roots},
		TLSHandshakeTimeout:    dialTimeout,
		MaxResponseHeaderBytes: MaxHeaderBytes,
		DisableKeepAlives:      true,
		DisableCompression:     true, // what is counted is what was sent
	}
}

// guard judges addresses: public, TCP, on a port that is allowed.
func (r Reach) guard() *ssrf.Guardian {
	return ssrf.New(
		ssrf.WithPorts(r.allPorts()...), ssrf.WithAllowedV4Prefixes(r.Prefixes...), ssrf.WithDeniedV4Prefixes(platformAddresses...),
	)
}

// Parse reads an address that a caller gave and refuses what the dialer could not judge.
func (r Reach) Parse(address string) (*url.URL, error) {
	if len(address) > MaxURLBytes {
		return nil, &Refusal{Reason: BadAddress}
	}
	u, err := url.Parse(strings.TrimSpace(address))
	if err != nil || r.check(u) != nil {
		return nil, &Refusal{Reason: BadAddress}
	}
	return u, nil
}

// check refuses an address by its form; what it resolves to is the dialer's to judge.
func (r Reach) check(u *url.URL) error {
	if (u.Scheme != "http" && u.Scheme != "https") || u.Hostname() == "" || u.User != nil {
		return &Refusal{Reason: BadAddress}
	}
	if port := u.Port(); port != "" {
		number, err := strconv.ParseUint(port, 10, 16)
		if err != nil || !slices.Contains(r.allPorts(), uint16(number)) {
			return &Refusal{Reason: BadAddress}
		}
	}
	return nil
}

// Redirect checks each further address as the first one was. The one before it is nobody's business there: it may hold the
// caller's signature.
func (r Reach) Redirect(next *http.Request, before []*http.Request) error {
	if len(before) > maxRedirects {
		return &Refusal{Reason: TooManyRedirects}
	}
	next.Header.Del("Referer")
	return r.check(next.URL)
}
