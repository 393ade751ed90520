package attachment

import (
	"net/http"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
)

func TestGuard(t *testing.T) {
	t.Parallel()
	guard := reach{}.guard()

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
		for _, address := range []string{"93.184.216.34:80", "8.8.8.8:443", "[2606:2800:220:1::1]:443", "100.63.255.255:80", "172.32.0.1:80"} {
			if err := guard.SafeAddrPort(netip.MustParseAddrPort(address)); err != nil {
				t.Errorf("%s: %v", address, err)
			}
		}
	})
	t.Run("refuses_other_ports_and_networks", func(t *testing.T) {
		t.Parallel()
		if guard.SafeAddrPort(netip.MustParseAddrPort("93.184.216.34:22")) == nil {
			t.Error("port 22 may be dialled")
		}
		if guard.Safe("udp4", "93.184.216.34:80", nil) == nil {
			t.Error("UDP may be dialled")
		}
	})
	t.Run("uses_no_proxy_of_the_environment", func(t *testing.T) {
		t.Parallel()
		if (reach{}).transport().Proxy != nil {
			t.Error("a proxy would dial in our place")
		}
	})
}

func TestFetchRefusesAddresses(t *testing.T) {
	t.Parallel()
	fetcher := NewFetcher(FetcherOptions{Dir: t.TempDir()})
	longest := "https://example.com/" + strings.Repeat("a", maxURLBytes-len("https://example.com/"))
	if _, err := (reach{}).parse(longest); err != nil {
		t.Errorf("an address of %d bytes: %v", maxURLBytes, err)
	}

	for _, address := range []string{
		"http://127.0.0.1/", "http://localhost/", "http://10.0.0.1/", "http://169.254.169.254/latest/meta-data/",
		"http://100.64.0.1/", "http://[::ffff:127.0.0.1]/", "https://192.168.1.1/",
	} {
		t.Run("not_public "+address, func(t *testing.T) {
			t.Parallel()
			_, err := fetcher.Fetch(t.Context(), "owner", address)
			wantFailure(t, err, notPublic)
		})
	}
	for what, address := range map[string]string{
		"another_scheme":    "ftp://example.com/a",
		"a_local_file":      "file:///etc/passwd",
		"no_host":           "http:///a",
		"no_scheme":         "example.com/a.png",
		"another_port":      "http://example.com:8080/a",
		"a_port_of_letters": "http://example.com:http/a",
		"user_information":  "https://user:pass@example.com/a",
		"a_user_alone":      "https://user@example.com/a",
		"a_control_letter":  "https://example.com/\x00",
		"nothing":           "",
		"an_endless_one":    longest + "a",
	} {
		t.Run("malformed_"+what, func(t *testing.T) {
			t.Parallel()
			_, err := fetcher.Fetch(t.Context(), "owner", address)
			wantFailure(t, err, badAddress)
		})
	}
}

func TestRebinding(t *testing.T) {
	t.Parallel()
	var public, private atomic.Int64
	inside := newSite(t, func(http.ResponseWriter, *http.Request) { private.Add(1) })
	outside := newSite(t, func(w http.ResponseWriter, r *http.Request) {
		public.Add(1)
		if r.URL.Path == "/again" {
			http.Redirect(w, r, "/next", http.StatusFound)
			return
		}
		_, _ = w.Write([]byte(png))
	})
	// The name resolves to the address that counts as public here, and from the second time on to a private one.
	names := newNames("127.0.0.1", "127.0.0.2")
	o := outside.options(t)
	o.reach.ports = append(o.reach.ports, inside.port)
	o.reach.resolver = names.resolver()
	fetcher := NewFetcher(o)

	address := "http://rebind.example.:" + portText(outside.port) + "/again"
	_, err := fetcher.Fetch(t.Context(), "owner", address)
	wantFailure(t, err, notPublic)
	if public.Load() != 1 || private.Load() != 0 {
		t.Errorf("public server asked %d times, private one %d; want 1 and 0", public.Load(), private.Load())
	}
	if names.asked() < 2 {
		t.Error("the second connection did not resolve the name again, so nothing was shown")
	}
}

func TestRedirects(t *testing.T) {
	t.Parallel()
	var referrers atomic.Int64
	s := newSite(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Referer") != "" || r.Header.Get("Cookie") != "" {
			referrers.Add(1)
		}
		http.SetCookie(w, &http.Cookie{Name: "session", Value: "x"})
		if next, ok := map[string]string{
			"/1": "/2?signature=x", "/2": "/3", "/3": "/file.png", "/0": "/1",
			"/private": "http://127.0.0.2:" + portText(portOf(t, "http://"+r.Host)) + "/", "/local": "file:///etc/passwd",
			"/user": "http://user@" + r.Host + "/file.png", "/port": "http://127.0.0.1:22/",
		}[r.URL.Path]; ok {
			http.Redirect(w, r, next, http.StatusFound)
			return
		}
		_, _ = w.Write([]byte(png))
	})

	t.Run("follows_three_and_tells_none_of_them_where_it_came_from", func(t *testing.T) {
		t.Parallel()
		file, err := s.fetch(t, s.options(t), "/1")
		must(t, err)
		if file.Name != "1.png" {
			t.Errorf("name = %q, want the caller's own spelling before the server's", file.Name)
		}
		if referrers.Load() != 0 {
			t.Error("a referrer or a cookie was sent")
		}
	})
	t.Run("refuses_the_fourth", func(t *testing.T) {
		t.Parallel()
		_, err := s.fetch(t, s.options(t), "/0")
		wantFailure(t, err, tooManyRedirects)
	})
	t.Run("refuses_a_private_address", func(t *testing.T) {
		t.Parallel()
		_, err := s.fetch(t, s.options(t), "/private")
		wantFailure(t, err, notPublic)
	})
	for _, path := range []string{"/local", "/user", "/port"} {
		t.Run("refuses_what_no_caller_may_give "+path, func(t *testing.T) {
			t.Parallel()
			_, err := s.fetch(t, s.options(t), path)
			wantFailure(t, err, badAddress)
		})
	}
}
