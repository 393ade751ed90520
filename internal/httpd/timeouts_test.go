package httpd

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// pipes is a listener whose connections are in memory, so that time can be synctest's.
type pipes struct {
	conns  chan net.Conn
	closed chan struct{}
}

func (l pipes) Accept() (net.Conn, error) {
	select {
	case conn := <-l.conns:
		return conn, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l pipes) Close() error {
	close(l.closed)
	return nil
}

func (pipes) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1)} }

// onPipes serves handler with the limits of Listen and returns a connection to it. It must run in a synctest bubble.
func onPipes(t *testing.T, handler http.Handler) net.Conn {
	t.Helper()
	listener := pipes{make(chan net.Conn), make(chan struct{})}
	server := newServer(boundConnections(listener, MaxConnections, MaxConnections/addressShare), handler, discard())
	ended := make(chan error, 1)
	go func() { ended <- server.Serve() }()
	ours, theirs := net.Pipe()
	listener.conns <- theirs
	t.Cleanup(func() {
		_ = ours.Close()
		if err := errors.Join(server.Stop(context.WithoutCancel(t.Context())), <-ended); err != nil {
			t.Error(err)
		}
	})
	return ours
}

func TestTimeouts(t *testing.T) {
	t.Parallel()
	const head = "POST " + toolPath + " HTTP/1.1\r\nHost: a\r\nContent-Length: 14\r\n\r\n"
	t.Run("a header that comes in drops is cut off", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			conn := onPipes(t, http.NotFoundHandler())
			begin := time.Now()
			_, _ = io.WriteString(conn, "GET / HTTP/1.1\r\nX-Slow: ")
			_, _ = io.Copy(io.Discard, conn)
			if took := time.Since(begin); took != readHeaderTimeout {
				t.Errorf("cut off after %v", took)
			}
		})
	})
	t.Run("a body that does not come is answered", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			conn := onPipes(t, newEdge(t, echo).router)
			begin := time.Now()
			_, _ = io.WriteString(conn, head+`{"rec`)
			answer, _ := io.ReadAll(conn)
			if took := time.Since(begin); took < BodyReadTimeout || took > BodyReadTimeout+time.Second {
				t.Errorf("answered after %v", took)
			}
			if got := string(answer); !strings.HasPrefix(got, "HTTP/1.1 400") || !strings.Contains(got, "30 秒") ||
				!strings.Contains(got, "Connection: close") {
				t.Errorf("got %s", got)
			}
		})
	})
	t.Run("a large body that stops is cut off after the window of the least rate", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			conn := onPipes(t, newEdge(t, echo).router)
			begin := time.Now()
			_, _ = io.WriteString(conn, strings.Replace(head, "Content-Length: ", "Content-Length: 99999", 1)+strings.Repeat(" ", 2*smallBodyBytes))
			answer, _ := io.ReadAll(conn)
			if took := time.Since(begin); took < rateWindow || took > rateWindow+time.Second {
				t.Errorf("answered after %v", took)
			}
			if got := string(answer); !strings.HasPrefix(got, "HTTP/1.1 400") || !strings.Contains(got, "64 KiB") {
				t.Errorf("got %s", got)
			}
		})
	})
	t.Run("a body that a handler reads for itself has the server's time", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			conn := onPipes(t, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				begin := time.Now()
				_, err := io.ReadAll(r.Body)
				if took := time.Since(begin); !errors.Is(err, os.ErrDeadlineExceeded) || took != readTimeout {
					t.Errorf("after %v: %v", took, err)
				}
			}))
			_, _ = io.WriteString(conn, head+`{"rec`)
			_, _ = io.Copy(io.Discard, conn)
		})
	})
	t.Run("an answer that nobody takes is given up", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			gaveUp := make(chan struct{})
			conn := onPipes(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				defer close(gaveUp)
				begin := time.Now()
				_, err := io.CopyN(w, spaces{}, 1<<20)
				if took := time.Since(begin); !errors.Is(err, os.ErrDeadlineExceeded) || took != writeTimeout {
					t.Errorf("after %v: %v", took, err)
				}
			}))
			_, _ = io.WriteString(conn, "GET / HTTP/1.1\r\nHost: a\r\n\r\n")
			<-gaveUp
		})
	})
	t.Run("the longest write is neither cancelled nor cut off, even after the slowest body", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			const longest = 55 * time.Second // the highest timeout_ms
			conn := onPipes(t, newEdge(t, func(w http.ResponseWriter, r *http.Request) {
				select {
				case <-r.Context().Done():
					t.Error("cancelled")
				case <-time.After(longest):
				}
				echo(w, r)
			}).router)
			_, _ = io.WriteString(conn, head+`{"records":[`)
			<-time.After(BodyReadTimeout - time.Millisecond)
			_, _ = io.WriteString(conn, `]}`)
			response, err := http.ReadResponse(bufio.NewReader(conn), nil)
			if err != nil {
				t.Fatal(err)
			}
			body, err := io.ReadAll(response.Body)
			_ = response.Body.Close()
			if err != nil || response.StatusCode != http.StatusOK || string(body) != `{}` {
				t.Errorf("%d %s %v", response.StatusCode, body, err)
			}
		})
	})
	t.Run("a connection without work is closed", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			conn := onPipes(t, http.NotFoundHandler())
			_, _ = io.WriteString(conn, "GET / HTTP/1.1\r\nHost: a\r\n\r\n")
			reader := bufio.NewReader(conn)
			response, err := http.ReadResponse(reader, nil)
			if err != nil {
				t.Fatal(err)
			}
			_, _ = io.Copy(io.Discard, response.Body)
			_ = response.Body.Close()
			begin := time.Now()
			if _, err := reader.ReadByte(); !errors.Is(err, io.EOF) {
				t.Errorf("got %v", err)
			}
			if took := time.Since(begin); took != idleTimeout {
				t.Errorf("closed after %v", took)
			}
		})
	})
}

func TestConnectionBound(t *testing.T) {
	t.Parallel()
	t.Run("takes a further connection once one has gone", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			inner := pipes{make(chan net.Conn), make(chan struct{})}
			listener := boundConnections(inner, 1, 1)
			accepted := make(chan net.Conn)
			go func() {
				for {
					conn, err := listener.Accept()
					if err != nil {
						close(accepted)
						return
					}
					accepted <- conn
				}
			}()
			one, _ := net.Pipe()
			two, _ := net.Pipe()
			inner.conns <- one
			first := <-accepted
			synctest.Wait()
			select {
			case inner.conns <- two:
				t.Error("a second connection was taken")
			default:
			}
			for range 2 { // the place is given back once
				_ = first.Close()
			}
			inner.conns <- two
			second := <-accepted
			synctest.Wait()
			select {
			case inner.conns <- one:
				t.Error("a second connection was taken")
			default:
			}
			for range 2 { // while Accept waits for a place
				if err := listener.Close(); err != nil {
					t.Error(err)
				}
			}
			if _, open := <-accepted; open {
				t.Error("a closed listener accepts")
			}
			_ = second.Close()
		})
	})
}
