package httpd

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/rowgate/rowgate/internal/telemetry"
)

// running is a server that serves; ended has what Serve returned.
type running struct {
	*Server
	ended chan error
}

func start(t *testing.T, handler http.HandlerFunc) running {
	t.Helper()
	server, err := Listen(t.Context(), "127.0.0.1:0", handler, discard())
	if err != nil {
		t.Fatal(err)
	}
	s := running{server, make(chan error, 1)}
	go func() { s.ended <- server.Serve() }()
	t.Cleanup(func() { _ = server.Stop(context.WithoutCancel(t.Context())) })
	return s
}

// get asks the server once, on a connection of its own.
func (s running) get(t *testing.T) (string, error) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+s.Addr().String(), nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Close = true
	response, err := new(http.Client).Do(r)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	return string(body), err
}

func TestServer(t *testing.T) {
	t.Parallel()
	t.Run("serves until it is stopped, which is no error", func(t *testing.T) {
		t.Parallel()
		s := start(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "hello") })
		if body, err := s.get(t); err != nil || body != "hello" {
			t.Errorf("%q %v", body, err)
		}
		for range 2 {
			if err := s.Stop(t.Context()); err != nil {
				t.Errorf("stop: %v", err)
			}
		}
		if err := <-s.ended; err != nil {
			t.Errorf("serve: %v", err)
		}
		if _, err := s.get(t); err == nil {
			t.Error("a stopped server answers")
		}
	})
	t.Run("lets running requests end", func(t *testing.T) {
		t.Parallel()
		inside, goOn := make(chan struct{}), make(chan struct{})
		s := start(t, func(w http.ResponseWriter, _ *http.Request) {
			close(inside)
			<-goOn
			_, _ = io.WriteString(w, "done")
		})
		type answer struct {
			body string
			err  error
		}
		got, stopped := make(chan answer, 1), make(chan error, 1)
		go func() {
			body, err := s.get(t)
			got <- answer{body, err}
		}()
		<-inside
		go func() { stopped <- s.Stop(context.WithoutCancel(t.Context())) }()
		if err := <-s.ended; err != nil { // no longer accepts, the request still runs
			t.Errorf("serve: %v", err)
		}
		close(goOn)
		if a := <-got; a.err != nil || a.body != "done" {
			t.Errorf("%q %v", a.body, a.err)
		}
		if err := <-stopped; err != nil {
			t.Errorf("stop: %v", err)
		}
	})
	t.Run("cuts running requests off when its time is up, and says so", func(t *testing.T) {
		t.Parallel()
		inside, left := make(chan struct{}), make(chan struct{})
		s := start(t, func(_ http.ResponseWriter, r *http.Request) {
			close(inside)
			<-r.Context().Done()
			close(left)
		})
		failed := make(chan error, 1)
		go func() {
			_, err := s.get(t)
			failed <- err
		}()
		<-inside
		up, cancel := context.WithCancel(t.Context())
		cancel()
		if err := s.Stop(up); !errors.Is(err, context.Canceled) {
			t.Errorf("stop: %v", err)
		}
		if err := <-failed; err == nil {
			t.Error("the caller got an answer")
		}
		<-left
	})
	t.Run("closes connections without a request well before its time is up", func(t *testing.T) {
		t.Parallel()
		s := start(t, func(http.ResponseWriter, *http.Request) {})
		silent, err := new(net.Dialer).DialContext(t.Context(), "tcp", s.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer silent.Close()
		if _, err := s.get(t); err != nil { // connections are accepted in their order: the silent one is known by now
			t.Fatal(err)
		}
		up, cancel := context.WithTimeout(t.Context(), 5*time.Second) // net/http alone waits six
		defer cancel()
		if err := s.Stop(up); err != nil {
			t.Errorf("stop: %v", err)
		}
		if n, err := silent.Read(make([]byte, 1)); n != 0 || err == nil {
			t.Errorf("the connection is open: %d bytes, %v", n, err)
		}
	})
	t.Run("may be stopped before it serves, and its address is free again", func(t *testing.T) {
		t.Parallel()
		server, err := Listen(t.Context(), "127.0.0.1:0", http.NotFoundHandler(), discard())
		if err != nil {
			t.Fatal(err)
		}
		if err := server.Stop(t.Context()); err != nil {
			t.Errorf("stop: %v", err)
		}
		if err := server.Serve(); err != nil {
			t.Errorf("serve: %v", err)
		}
		again, err := Listen(t.Context(), server.Addr().String(), http.NotFoundHandler(), discard())
		if err != nil {
			t.Fatalf("the address is still taken: %v", err)
		}
		if err := again.Stop(t.Context()); err != nil {
			t.Error(err)
		}
	})
	t.Run("says that an address is taken", func(t *testing.T) {
		t.Parallel()
		s := start(t, http.NotFound)
		if _, err := Listen(t.Context(), s.Addr().String(), http.NotFoundHandler(), discard()); err == nil {
			t.Error("two servers on one address")
		}
	})
	t.Run("refuses a header that is too large", func(t *testing.T) {
		t.Parallel()
		s := start(t, func(http.ResponseWriter, *http.Request) { t.Error("the handler ran") })
		answer := talk(t, s, "GET / HTTP/1.1\r\nHost: a\r\nX-Long: "+strings.Repeat("x", 2*maxHeaderBytes)+"\r\n\r\n")
		if !strings.HasPrefix(answer, "HTTP/1.1 431") {
			t.Errorf("got %.80s", answer)
		}
	})
	t.Run("asks for the body of Expect only if it is wanted", func(t *testing.T) {
		t.Parallel()
		e := newEdge(t, echo)
		s := start(t, e.router.ServeHTTP)
		const head = "POST " + toolPath + " HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nConnection: close\r\nContent-Length: "
		if answer := talk(t, s, head+"14\r\n\r\n"+`{"records":[]}`); !strings.HasPrefix(answer, "HTTP/1.1 100 Continue") ||
			!strings.Contains(answer, "200 OK") {
			t.Errorf("got %s", answer)
		}
		if answer := talk(t, s, head+"99999999\r\n\r\n"); !strings.HasPrefix(answer, "HTTP/1.1 413") {
			t.Errorf("got %s", answer)
		}
	})
	t.Run("takes a chunked body, and says where one was cut", func(t *testing.T) {
		t.Parallel()
		e := newEdge(t, echo)
		s := start(t, e.router.ServeHTTP)
		const head = "POST " + toolPath + " HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
		if answer := talk(t, s, head+"e\r\n"+`{"records":[]}`+"\r\n0\r\n\r\n"); !strings.Contains(answer, "200 OK") {
			t.Errorf("got %s", answer)
		}
		if answer := talk(t, s, head+"ff\r\n"+`{"records":[`); !strings.Contains(answer, "400 Bad Request") ||
			!strings.Contains(answer, `"code":"bad_body"`) {
			t.Errorf("got %s", answer)
		}
	})
}

// talk sends raw bytes and what follows is the end; it returns the whole answer.
func talk(t *testing.T, s running, raw string) string {
	t.Helper()
	var dialer net.Dialer
	conn, err := dialer.DialContext(t.Context(), "tcp", s.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, raw); err != nil {
		t.Fatal(err)
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.CloseWrite()
	}
	answer, err := io.ReadAll(conn)
	if err != nil && len(answer) == 0 {
		t.Fatal(err)
	}
	return string(answer)
}

func TestServerLog(t *testing.T) {
	t.Parallel()
	log := &logBuffer{}
	server := newServer(nil, http.NotFoundHandler(), telemetry.NewLogger(log, slog.LevelInfo, false))
	for _, line := range []string{"http: panic serving 192.0.2.1:1: " + canary + "\nstack", "http: superfluous " + canary + "\n"} {
		server.server.ErrorLog.Print(line)
	}
	if got := log.String(); strings.Contains(got, canary) || strings.Count(got, `"library":"http server"`) != 2 {
		t.Error(got)
	}
}

// TestChunkedConnection: RFC 9112 §6.3. A request with both a length and chunks ends its connection, so that what a proxy in front took for
// a part of its body is not answered as a request.
func TestChunkedConnection(t *testing.T) {
	t.Parallel()
	router, err := NewRouter(Options{Logger: slog.New(slog.DiscardHandler), Health: &Health{}})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(router)
	defer server.Close()
	const second = "GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
	for head, want := range map[string]int{
		"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n": 1,
		"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n":                      1,
		"Content-Length: 0\r\n\r\n":                                        2,
	} {
		var dialer net.Dialer
		conn, err := dialer.DialContext(t.Context(), "tcp", server.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(conn, "GET /healthz HTTP/1.1\r\nHost: x\r\n"+head+second); err != nil {
			t.Fatal(err)
		}
		answers, _ := io.ReadAll(conn) // the server ends the connection, perhaps by a reset
		if got := strings.Count(string(answers), "HTTP/1.1 200"); got != want {
			t.Errorf("%q: %d answers, want %d", head, got, want)
		}
		_ = conn.Close()
	}
}
