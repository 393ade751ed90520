package attachment

import (
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/rowgate/rowgate/internal/egress"
)

func TestFetchRefusesAddresses(t *testing.T) {
	t.Parallel()
	fetcher := NewFetcher(FetcherOptions{Dir: t.TempDir()})
	longest := "https://example.com/" + strings.Repeat("a", egress.MaxURLBytes-len("https://example.com/"))
	if _, err := (egress.Reach{}).Parse(longest); err != nil {
		t.Errorf("an address of %d bytes: %v", egress.MaxURLBytes, err)
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
			wantFailure(t, err, egress.BadAddress)
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
	o.reach.Ports = append(o.reach.Ports, inside.port)
	o.reach.Resolver = names.resolver()
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
		wantFailure(t, err, egress.TooManyRedirects)
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
			wantFailure(t, err, egress.BadAddress)
		})
	}
}
