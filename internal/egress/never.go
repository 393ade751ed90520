package egress

import (
	"net"
	"net/netip"
	"slices"
)

// platformAddresses are services of a cloud's own hosts, which answer whoever runs on them with credentials. They lie in public or
// shared ranges, so no registry lists them.
var platformAddresses = []netip.Prefix{
	netip.MustParsePrefix("168.63.129.16/32"), // Azure
}

// neverOpened are networks that no rule opens: link-local addresses and the clouds' services of metadata, multicast, and this host
// by no address.
var neverOpened = append([]netip.Prefix{
	netip.MustParsePrefix("169.254.0.0/16"), netip.MustParsePrefix("fe80::/10"), netip.MustParsePrefix("fec0::/10"),
	netip.MustParsePrefix("100.100.100.200/32"), netip.MustParsePrefix("192.0.0.192/32"), netip.MustParsePrefix("fd00:ec2::254/128"),
	netip.MustParsePrefix("224.0.0.0/4"), netip.MustParsePrefix("ff00::/8"), netip.MustParsePrefix("255.255.255.255/32"),
	netip.MustParsePrefix("0.0.0.0/8"), netip.MustParsePrefix("::/128"),
}, platformAddresses...)

// translated are the networks of IPv6 whose addresses hold one of IPv4, and where in the 16 bytes it begins.
var translated = map[netip.Prefix]int{
	netip.MustParsePrefix("64:ff9b::/96"): 12, // NAT64
	netip.MustParsePrefix("2002::/16"):    2,  // 6to4
}

// isNever reports whether no rule opens an address, or the address of IPv4 within it.
func isNever(address netip.Addr) bool {
	if slices.ContainsFunc(neverOpened, func(p netip.Prefix) bool { return p.Contains(address) }) {
		return true
	}
	bytes := address.As16()
	for network, at := range translated {
		if network.Contains(address) && isNever(netip.AddrFrom4([4]byte(bytes[at:at+4]))) {
			return true
		}
	}
	return false
}

// isOwn reports whether target is one of the service's own listeners, at any address of this machine that reaches it.
func (g *Guard) isOwn(target netip.AddrPort) bool {
	return slices.ContainsFunc(g.listeners(), func(own netip.AddrPort) bool {
		address := own.Addr().Unmap()
		return own.Port() == target.Port() && (address == target.Addr() || address.IsUnspecified() && isLocal(target.Addr()))
	})
}

// isLocal reports whether an address is one of this machine's; also if that cannot be found out.
func isLocal(address netip.Addr) bool {
	if address.IsLoopback() {
		return true
	}
	locals, err := net.InterfaceAddrs()
	if err != nil {
		return true
	}
	return slices.ContainsFunc(locals, func(local net.Addr) bool {
		network, ok := local.(*net.IPNet)
		if !ok {
			return false
		}
		ip, ok := netip.AddrFromSlice(network.IP)
		return ok && ip.Unmap() == address
	})
}
