package egress

import (
	"net/netip"
	"testing"
)

func TestGuard(t *testing.T) {
	t.Parallel()
	guard := New(Options{}).public

	for class, addresses := range map[string][]string{
		"this_network":      {"0.0.0.0", "0.1.2.3", "::"},
		"loopback":          {"127.0.0.1", "127.255.255.254", "::1"},
		"private":           {"10.0.0.1", "172.16.0.1", "172.31.255.254", "192.168.1.1", "fc00::1", "fd12:3456::1"},
		"link_local":        {"169.254.0.1", "fe80::1", "fec0::1"},
		"carrier_nat":       {"100.64.0.1", "100.127.255.254"},
		"cloud_metadata":    {"169.254.169.254", "100.100.100.200", "168.63.129.16", "192.0.0.192", "fd00:ec2::254"},
		"mapped_ipv4":       {"::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:93.184.216.34"},
		"compatible_ipv4":   {"::7f00:1"},
		"nat64":             {"64:ff9b::7f00:1", "64:ff9b:1::a00:1"},
		"6to4":              {"2002:7f00:1::1", "192.88.99.1"},
		"teredo":            {"2001::1"},
		"multicast":         {"224.0.0.1", "239.255.255.250", "ff02::1"},
		"broadcast":         {"255.255.255.255"},
		"reserved":          {"240.0.0.1"},
		"documentation":     {"192.0.2.1", "198.51.100.1", "203.0.113.1", "2001:db8::1", "3fff::1"},
		"benchmarking":      {"198.18.0.1"},
		"discard_or_unused": {"100::1", "4000::1"},
	} {
		t.Run("refuses_"+class, func(t *testing.T) {
			t.Parallel()
			for _, address := range addresses {
				if guard.SafeAddrPort(netip.AddrPortFrom(netip.MustParseAddr(address), 443)) == nil {
					t.Errorf("%s may be dialled", address)
				}
			}
		})
	}
	t.Run("lets_public_addresses_through", func(t *testing.T) {
		t.Parallel()
		for _, address := range []string{"93.184.216.34:443", "8.8.8.8:443", "[2606:2800:220:1::1]:443", "100.63.255.255:443", "172.32.0.1:443"} {
			if err := guard.SafeAddrPort(netip.MustParseAddrPort(address)); err != nil {
				t.Errorf("%s: %v", address, err)
			}
		}
	})
	t.Run("refuses_other_ports_and_networks", func(t *testing.T) {
		t.Parallel()
		for _, port := range []string{"22", "80"} {
			if guard.SafeAddrPort(netip.MustParseAddrPort("93.184.216.34:"+port)) == nil {
				t.Errorf("port %s may be dialled", port)
			}
		}
		if guard.Safe("udp4", "93.184.216.34:443", nil) == nil {
			t.Error("UDP may be dialled")
		}
	})
	t.Run("uses_no_proxy_of_the_environment", func(t *testing.T) {
		t.Parallel()
		if both := New(Options{}).transport; both.plain.Proxy != nil || both.secure.Proxy != nil {
			t.Error("a proxy would dial in our place")
		}
	})
}
