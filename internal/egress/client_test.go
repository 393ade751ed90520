package egress

import (
	"context"
	"encoding/pem"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

func TestAddresses(t *testing.T) {
	t.Parallel()
	client := New(Options{}).Client(Policy{})
	longest := "https://example.com/" + strings.Repeat("a", maxURLBytes-len("https://example.com/"))

	t.Run("takes_the_longest_one_and_white_space_around_it", func(t *testing.T) {
		t.Parallel()
		for _, address := range []string{longest, " https://example.com:443/a\n"} {
			req, err := client.NewRequest(t.Context(), http.MethodGet, address, http.NoBody)
			must(t, err)
			if want := strings.TrimSpace(address); req.URL.String() != want {
				t.Errorf("address %q, want %q", req.URL, want)
			}
		}
	})
	for _, address := range []string{
		"http://127.0.0.1/", "http://localhost/", "http://10.0.0.1/", "http://169.254.169.254/latest/meta-data/",
		"http://100.64.0.1/", "http://[::ffff:127.0.0.1]/", "https://192.168.1.1/", "http://example.com/a", "https://example.com:8443/a",
		"https://example.com:80/a", "http://example.com:443/a",
	} {
		t.Run("refuses_what_is_not_public "+address, func(t *testing.T) {
			t.Parallel()
			_, err := get(t.Context(), client, address+"?token=secret")
			wantRefusal(t, err, NotAllowed)
			if text := err.Error() + words[NotAllowed].ZH; strings.Contains(text, "secret") || strings.Contains(text, "://") {
				t.Errorf("the refusal shows the address: %s", text)
			}
		})
	}
	for what, address := range map[string]string{
		"another_scheme":    "ftp://example.com/a",
		"a_local_file":      "file:///etc/passwd",
		"no_host":           "http:///a",
		"no_scheme":         "example.com/a.png",
		"a_port_of_letters": "https://example.com:http/a",
		"user_information":  "https://user:pass@example.com/a",
		"a_user_alone":      "https://user@example.com/a",
		"a_control_letter":  "https://example.com/\x00",
		"nothing":           "",
		"an_endless_one":    longest + "a",
	} {
		t.Run("refuses_"+what, func(t *testing.T) {
			t.Parallel()
			_, err := client.NewRequest(t.Context(), http.MethodGet, address, http.NoBody)
			wantRefusal(t, err, BadAddress)
		})
	}
	t.Run("are_judged_again_when_the_request_is_sent", func(t *testing.T) {
		t.Parallel()
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://user@example.com/", http.NoBody)
		must(t, err)
		resp, err := client.Do(req)
		if err == nil {
			defer resp.Body.Close()
		}
		wantRefusal(t, err, BadAddress)
	})
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
		_, _ = w.Write([]byte("x"))
	})
	// The name resolves to the address that counts as public here, and from the second time on to a private one.
	names := newNames("127.0.0.1", "127.0.0.2")
	options := outside.options()
	options.Allow = append(options.Allow, Rule{Network: netip.MustParsePrefix("127.0.0.1/32"), Port: inside.port})
	options.Resolver = names.resolver()

	_, err := get(t.Context(), New(options).Client(Policy{Redirects: 3}), "http://rebind.example.:"+portText(outside.port)+"/again")
	wantRefusal(t, err, NotAllowed)
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
			"/1": "/2?signature=x", "/2": "/3", "/3": "/end", "/0": "/1",
			"/private": "http://127.0.0.2:" + portText(portOf(t, "http://"+r.Host)) + "/", "/local": "file:///etc/passwd",
			"/user": "http://user@" + r.Host + "/end", "/port": "http://127.0.0.1:22/", "/public": "http://example.com/",
		}[r.URL.Path]; ok {
			http.Redirect(w, r, next, http.StatusFound)
			return
		}
		_, _ = w.Write([]byte(r.URL.Path))
	})
	client := New(s.options()).Client(Policy{Redirects: 3})

	t.Run("are_followed_three_times_and_no_server_learns_the_address_before", func(t *testing.T) {
		t.Parallel()
		got, err := get(t.Context(), client, s.URL+"/1")
		must(t, err)
		if got.status != http.StatusOK || got.body != "/end" {
			t.Errorf("got %+v", got)
		}
		if referrers.Load() != 0 {
			t.Error("a referrer or a cookie was sent")
		}
	})
	t.Run("are_refused_at_the_fourth", func(t *testing.T) {
		t.Parallel()
		_, err := get(t.Context(), client, s.URL+"/0")
		wantRefusal(t, err, TooManyRedirects)
		if !strings.Contains(err.Error(), "3") {
			t.Errorf("the refusal does not name the limit: %v", err)
		}
	})
	t.Run("are_refused_to_a_private_address", func(t *testing.T) {
		t.Parallel()
		_, err := get(t.Context(), client, s.URL+"/private")
		wantRefusal(t, err, NotAllowed)
	})
	for _, path := range []string{"/port", "/public"} {
		t.Run("are_refused_where_no_rule_opens_plain_http "+path, func(t *testing.T) {
			t.Parallel()
			_, err := get(t.Context(), client, s.URL+path)
			wantRefusal(t, err, NotAllowed)
		})
	}
	for _, path := range []string{"/local", "/user"} {
		t.Run("are_refused_to_what_no_caller_may_give "+path, func(t *testing.T) {
			t.Parallel()
			_, err := get(t.Context(), client, s.URL+path)
			wantRefusal(t, err, BadAddress)
		})
	}
	t.Run("are_the_answer_where_the_policy_follows_none", func(t *testing.T) {
		t.Parallel()
		got, err := get(t.Context(), New(s.options()).Client(Policy{}), s.URL+"/private")
		must(t, err)
		if got.status != http.StatusFound {
			t.Errorf("status %d, want the redirect itself", got.status)
		}
	})
}

func TestDo(t *testing.T) {
	t.Parallel()
	// hang sends one byte and then nothing until the caller leaves.
	hang := func(w http.ResponseWriter, r *http.Request) {
		_, _ = w.Write([]byte("x"))
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	}

	t.Run("sends_its_name_and_returns_an_answer_of_any_status", func(t *testing.T) {
		t.Parallel()
		s := newSite(t, func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(http.StatusTeapot)
			_, _ = w.Write([]byte(r.UserAgent()))
		})
		got, err := get(t.Context(), New(s.options()).Client(Policy{}), s.URL)
		must(t, err)
		if got.status != http.StatusTeapot || got.body != userAgent {
			t.Errorf("got %+v", got)
		}
	})
	t.Run("refuses_what_takes_longer_than_the_policy_allows", func(t *testing.T) {
		t.Parallel()
		s := newSite(t, hang)
		_, err := get(t.Context(), New(s.options()).Client(Policy{Timeout: 50 * time.Millisecond}), s.URL)
		wantRefusal(t, err, TooSlow)
	})
	t.Run("refuses_what_takes_longer_than_the_request_allows", func(t *testing.T) {
		t.Parallel()
		s := newSite(t, hang)
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		_, err := get(ctx, New(s.options()).Client(Policy{}), s.URL)
		wantRefusal(t, err, TooSlow)
	})
	t.Run("ends_with_the_caller", func(t *testing.T) {
		t.Parallel()
		ctx, cancel := context.WithCancel(t.Context())
		s := newSite(t, func(w http.ResponseWriter, r *http.Request) {
			cancel()
			<-r.Context().Done()
		})
		if _, err := get(ctx, New(s.options()).Client(Policy{}), s.URL); !errors.Is(err, context.Canceled) {
			t.Errorf("err = %v, want that of the context", err)
		}
	})
	t.Run("refuses_an_answer_that_breaks_off", func(t *testing.T) {
		t.Parallel()
		s := newSite(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "100")
			_, _ = w.Write([]byte("x"))
		})
		_, err := get(t.Context(), New(s.options()).Client(Policy{}), s.URL)
		wantRefusal(t, err, BrokenOff)
	})
	t.Run("refuses_headers_without_end", func(t *testing.T) {
		t.Parallel()
		s := newSite(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("X-Long", strings.Repeat("x", maxHeaderBytes))
		})
		_, err := get(t.Context(), New(s.options()).Client(Policy{}), s.URL)
		wantRefusal(t, err, Unreachable)
	})
	t.Run("refuses_a_server_that_nobody_vouches_for", func(t *testing.T) {
		t.Parallel()
		server := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
		server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
		server.StartTLS()
		t.Cleanup(server.Close)
		s := &site{server, portOf(t, server.URL)}
		options := s.options()
		_, err := get(t.Context(), New(options).Client(Policy{}), s.URL)
		wantRefusal(t, err, BadCertificate)

		options.Roots = poolOf(t, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}))
		_, err = get(t.Context(), New(options).Client(Policy{}), s.URL)
		must(t, err)
	})
}

// got is an answer that arrived in full.
type got struct {
	status int
	body   string
}

// get asks an address and reads the answer to its end.
func get(ctx context.Context, client *Client, address string) (got, error) {
	req, err := client.NewRequest(ctx, http.MethodGet, address, http.NoBody)
	if err != nil {
		return got{}, err
	}
	resp, err := client.Do(req)
	if err != nil {
		return got{}, err
	}
	defer resp.Body.Close()
	content, err := io.ReadAll(resp.Body)
	return got{resp.StatusCode, string(content)}, err
}
