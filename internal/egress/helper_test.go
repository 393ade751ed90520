package egress

import (
	"crypto/x509"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strconv"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// site is a server on this machine that a guard with its options lets through, and no other address of the machine.
type site struct {
	*httptest.Server

	port uint16
}

func newSite(t *testing.T, handler http.HandlerFunc) *site {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return &site{server, portOf(t, server.URL)}
}

// options permit the site on 127.0.0.1; 127.0.0.2 stays as private as every address of its kind.
func (s *site) options() Options {
	return Options{Allow: []Rule{{Network: netip.MustParsePrefix("127.0.0.1/32"), Port: s.port}}}
}

// rulesOf parses rules.
func rulesOf(t *testing.T, texts ...string) []Rule {
	t.Helper()
	var all []Rule
	for _, text := range texts {
		rule, err := ParseRule(text)
		must(t, err)
		all = append(all, rule)
	}
	return all
}

func portOf(t *testing.T, address string) uint16 {
	t.Helper()
	u, err := url.Parse(address)
	must(t, err)
	port, err := strconv.ParseUint(u.Port(), 10, 16)
	must(t, err)
	return uint16(port)
}

func portText(port uint16) string { return strconv.Itoa(int(port)) }

func poolOf(t *testing.T, certificate []byte) *x509.CertPool {
	t.Helper()
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(certificate) {
		t.Fatal("no certificate")
	}
	return pool
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// wantRefusal fails the test unless err is a Refusal of that kind, with words in both languages.
func wantRefusal(t *testing.T, err error, kind Kind) {
	t.Helper()
	refusal, ok := errors.AsType[*Refusal](err)
	if !ok {
		t.Fatalf("err = %v, want a Refusal of kind %s", err, kind)
	}
	if refusal.Kind != kind {
		t.Fatalf("kind %s, want %s", refusal.Kind, kind)
	}
	if refusal.Words.ZH == "" || refusal.Words.EN == "" {
		t.Fatalf("the words of %s lack one of their languages", kind)
	}
}
