package egress

import (
	"net/http"
	"net/netip"
	"strings"
	"testing"
)

func TestParseRule(t *testing.T) {
	t.Parallel()
	network := netip.MustParsePrefix
	for text, want := range map[string]Rule{
		"files.internal":      {Host: "files.internal"},
		"Files.Internal.:900": {Host: "files.internal", Port: 900},
		"host_1":              {Host: "host_1"},
		"10.0.0.0/8":          {Network: network("10.0.0.0/8")},
		"10.1.2.3/8":          {Network: network("10.0.0.0/8")},
		"10.1.2.3":            {Network: network("10.1.2.3/32")},
		"10.1.2.3:9000":       {Network: network("10.1.2.3/32"), Port: 9000},
		"fd00::/8":            {Network: network("fd00::/8")},
		"fd00::1":             {Network: network("fd00::1/128")},
		"[fd00::1]":           {Network: network("fd00::1/128")},
		"[fd00::1]:80":        {Network: network("fd00::1/128"), Port: 80},
		"::ffff:10.0.0.0/104": {Network: network("10.0.0.0/8")},
		"::ffff:10.1.2.3":     {Network: network("10.1.2.3/32")},
	} {
		t.Run("takes "+text, func(t *testing.T) {
			t.Parallel()
			if got, err := ParseRule(text); err != nil || got != want {
				t.Errorf("got %+v, %v, want %+v", got, err, want)
			}
		})
	}
	for _, text := range []string{
		"", "http://files.internal", "files.internal/a", "files.internal:", "files.internal:0", "files.internal:65536", "files.internal:x",
		"10.0.0.0/33", "*", "*.internal", "fe80::1%eth0", "a b", "-a", "a..b",
	} {
		t.Run("refuses "+text, func(t *testing.T) {
			t.Parallel()
			if got, err := ParseRule(text); err == nil {
				t.Errorf("got %+v", got)
			}
		})
	}
}

// TestPermit judges addresses of connections over plain http and over https.
func TestPermit(t *testing.T) {
	t.Parallel()
	const plain, secure = true, false
	everything := []string{"0.0.0.0/0", "::/0", "169.254.169.254", "[fe80::1]:80"}
	listeners := func() []netip.AddrPort {
		return []netip.AddrPort{netip.MustParseAddrPort("[::]:8080"), netip.MustParseAddrPort("10.0.0.5:9091")}
	}
	for name, test := range map[string]struct {
		rules   []string
		plain   bool
		address string
		want    bool
	}{
		"https to a public address":              {nil, secure, "93.184.216.34:443", true},
		"http to a public address":               {nil, plain, "93.184.216.34:80", false},
		"http on the port of https":              {nil, plain, "93.184.216.34:443", false},
		"https to a private address":             {nil, secure, "10.1.2.3:443", false},
		"a network that is opened":               {[]string{"10.1.0.0/16"}, plain, "10.1.2.3:9000", true},
		"over https as well":                     {[]string{"10.1.0.0/16"}, secure, "10.1.2.3:9000", true},
		"its neighbour":                          {[]string{"10.1.0.0/16"}, plain, "10.2.0.1:9000", false},
		"an address on its port":                 {[]string{"10.1.2.3:9000"}, plain, "10.1.2.3:9000", true},
		"an address on another port":             {[]string{"10.1.2.3:9000"}, plain, "10.1.2.3:9001", false},
		"a network of IPv6":                      {[]string{"fd00:1::/32"}, plain, "[fd00:1::1]:80", true},
		"the mapped form of what is opened":      {[]string{"10.1.0.0/16"}, plain, "[::ffff:10.1.2.3]:80", true},
		"the loopback, if it is opened":          {[]string{"127.0.0.0/8"}, plain, "127.0.0.1:9000", true},
		"plain http to public, if it is opened":  {[]string{"93.184.216.0/24"}, plain, "93.184.216.34:80", true},
		"metadata":                               {everything, plain, "169.254.169.254:80", false},
		"metadata in the form of IPv6":           {everything, plain, "[::ffff:169.254.169.254]:80", false},
		"metadata through NAT64":                 {everything, plain, "[64:ff9b::a9fe:a9fe]:80", false},
		"metadata through 6to4":                  {everything, plain, "[2002:a9fe:a9fe::1]:80", false},
		"a link-local address":                   {everything, plain, "[fe80::1%lo]:80", false},
		"Azure's own service":                    {everything, plain, "168.63.129.16:80", false},
		"Alibaba's own service":                  {everything, plain, "100.100.100.200:80", false},
		"Amazon's own service":                   {everything, plain, "[fd00:ec2::254]:80", false},
		"multicast":                              {everything, plain, "239.255.255.250:80", false},
		"no address at all":                      {everything, plain, "0.0.0.0:9000", false},
		"no address of IPv6":                     {everything, plain, "[::]:9000", false},
		"the service on the loopback":            {everything, plain, "127.0.0.1:8080", false},
		"the service on another loopback":        {everything, plain, "127.0.0.9:8080", false},
		"the service on the loopback of IPv6":    {everything, plain, "[::1]:8080", false},
		"the same port elsewhere":                {everything, plain, "10.0.0.6:8080", true},
		"the admin listener":                     {everything, plain, "10.0.0.5:9091", false},
		"the admin listener's port elsewhere":    {everything, plain, "10.0.0.6:9091", true},
		"another port of the service's own host": {everything, plain, "127.0.0.1:8081", true},
	} {
		t.Run("of "+name, func(t *testing.T) {
			t.Parallel()
			guard := New(Options{Allow: rulesOf(t, test.rules...), Listeners: listeners})
			network := "tcp4"
			if strings.HasPrefix(test.address, "[") {
				network = "tcp6"
			}
			if err := guard.permit(network, test.address, false, test.plain, nil); (err == nil) != test.want {
				t.Errorf("%v, want it to be let through: %t", err, test.want)
			}
			named := guard.permit(network, test.address, true, test.plain, nil) == nil
			if never := len(test.rules) == len(everything) && !test.want; named == never {
				t.Errorf("with a host that is opened by its name, let through: %t", named)
			}
		})
	}
}

func TestNames(t *testing.T) {
	t.Parallel()
	s := newSite(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("x")) })
	ask := func(t *testing.T, o Options, host string) error {
		t.Helper()
		if o.Resolver == nil {
			o.Resolver = newNames("127.0.0.1").resolver()
		}
		_, err := get(t.Context(), New(o).Client(Policy{}), "http://"+host+":"+portText(s.port)+"/")
		return err
	}
	t.Run("that are opened may lead to a private address over plain http", func(t *testing.T) {
		t.Parallel()
		for _, rule := range []string{"files.example", "FILES.example:" + portText(s.port)} {
			must(t, ask(t, Options{Allow: rulesOf(t, rule)}, "files.example."))
		}
	})
	t.Run("that are opened on another port are refused", func(t *testing.T) {
		t.Parallel()
		wantRefusal(t, ask(t, Options{Allow: rulesOf(t, "files.example:1")}, "files.example."), NotAllowed)
	})
	t.Run("below one that is opened are refused", func(t *testing.T) {
		t.Parallel()
		wantRefusal(t, ask(t, Options{Allow: rulesOf(t, "files.example")}, "a.files.example."), NotAllowed)
	})
	t.Run("that are opened may not lead to a link-local address", func(t *testing.T) {
		t.Parallel()
		options := Options{Allow: rulesOf(t, "files.example"), Resolver: newNames("169.254.169.254").resolver()}
		wantRefusal(t, ask(t, options, "files.example."), NotAllowed)
	})
	t.Run("that are opened may not lead to the service itself", func(t *testing.T) {
		t.Parallel()
		own := netip.MustParseAddrPort("127.0.0.1:" + portText(s.port))
		options := Options{Allow: rulesOf(t, "files.example"), Listeners: func() []netip.AddrPort { return []netip.AddrPort{own} }}
		wantRefusal(t, ask(t, options, "files.example."), NotAllowed)
	})
	t.Run("that do not exist are refused as those that lead inside", func(t *testing.T) {
		t.Parallel()
		refused := func(names *names) error {
			_, err := get(t.Context(), New(Options{Resolver: names.resolver()}).Client(Policy{}), "https://intranet.example./")
			wantRefusal(t, err, NotAllowed)
			return err
		}
		if inside, unknown := refused(newNames("10.0.0.1")), refused(newNames()); inside.Error() != unknown.Error() {
			t.Errorf("the refusals tell whether a name exists: %v; %v", inside, unknown)
		}
	})
	t.Run("that are opened and do not exist are said to be out of reach", func(t *testing.T) {
		t.Parallel()
		wantRefusal(t, ask(t, Options{Allow: rulesOf(t, "files.example"), Resolver: newNames().resolver()}, "files.example."), Unreachable)
	})
}
