package egress

import (
	"errors"
	"net"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Rule opens targets that are not public: a host by its name, or the addresses of a network, on one port or on all. What it opens
// may be asked over plain http as well. No rule opens a link-local address or one of the service's own listeners.
type Rule struct {
	Host    string       // in lower case, without the dot of the root; "" for a network
	Network netip.Prefix // where Host is ""
	Port    uint16       // 0: every port
}

// errBadRule says what a rule looks like.
var errBadRule = errors.New("a rule is a host, host:port, an IP address or a CIDR range")

// ruleHost matches a host name: labels of letters, digits, hyphens and underscores.
var ruleHost = regexp.MustCompile(`^[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*$`)

// ParseRule reads a rule: host, host:port, a CIDR range, an IP address, or an IP address with a port (IPv6 in brackets).
func ParseRule(text string) (Rule, error) {
	if network, err := netip.ParsePrefix(text); err == nil {
		return Rule{Network: unmapped(network).Masked()}, nil
	}
	host, port, err := text, uint64(0), error(nil)
	if name, number, ok := splitPort(text); ok {
		host = name
		if port, err = strconv.ParseUint(number, 10, 16); err != nil || port == 0 {
			return Rule{}, errBadRule
		}
	}
	host = strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
	if address, err := netip.ParseAddr(host); err == nil && address.Zone() == "" {
		address = address.Unmap()
		return Rule{Network: netip.PrefixFrom(address, address.BitLen()), Port: uint16(port)}, nil
	}
	host = plainName(host)
	if !ruleHost.MatchString(host) {
		return Rule{}, errBadRule
	}
	return Rule{Host: host, Port: uint16(port)}, nil
}

// splitPort splits host:port; an IPv6 address without brackets has none.
func splitPort(text string) (host, port string, ok bool) {
	host, port, err := net.SplitHostPort(text)
	return host, port, err == nil
}

func unmapped(network netip.Prefix) netip.Prefix {
	const mappedBits = 96 // of the prefix ::ffff:0:0
	if address := network.Addr(); address.Is4In6() && network.Bits() >= mappedBits {
		return netip.PrefixFrom(address.Unmap(), network.Bits()-mappedBits)
	}
	return network
}

// plainName is a host name as rules spell it.
func plainName(host string) string { return strings.TrimSuffix(strings.ToLower(host), ".") }

// rules are what the operator opened.
type rules []Rule

// openName reports whether a rule opens a host by its name.
func (rs rules) openName(host string, port uint16) bool {
	return slices.ContainsFunc(rs, func(r Rule) bool { return r.Host != "" && r.Host == plainName(host) && r.opens(port) })
}

// openAddress reports whether a rule opens an address.
func (rs rules) openAddress(target netip.AddrPort) bool {
	return slices.ContainsFunc(rs, func(r Rule) bool { return r.Host == "" && r.Network.Contains(target.Addr()) && r.opens(target.Port()) })
}

// mayOpen reports whether a rule could open what a host on this port resolves to.
func (rs rules) mayOpen(host string, port uint16) bool {
	return rs.openName(host, port) || slices.ContainsFunc(rs, func(r Rule) bool { return r.Host == "" && r.opens(port) })
}

func (r Rule) opens(port uint16) bool { return r.Port == 0 || r.Port == port }
