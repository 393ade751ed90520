package httpd

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/rowgate/rowgate/internal/telemetry"
)

// Time and size limits of a connection. A request may take its body's 30 s, then the longest timeout_ms (55 s), and must
// still have time to be answered. The read timeout is no shorter: when it ends, net/http cancels the running request.
const (
	readHeaderTimeout = 10 * time.Second
	readTimeout       = 100 * time.Second
	writeTimeout      = 100 * time.Second
	idleTimeout       = 120 * time.Second
	maxHeaderBytes    = 64 << 10
	// MaxConnections is how many are open at most, fewer where the process may have few open files; each has two buffers of 4 KiB and a
	// goroutine.
	MaxConnections = 2560
	// addressShare is the part of them that one address may have: it leaves half for all others. A reverse proxy in front keeps far
	// fewer open.
	addressShare = 2
	// silentFor is how long a stopping server waits for the first request of a new connection. net/http's own Shutdown waits
	// six seconds for it; clients that dial more connections than they use would make every stop that long.
	silentFor = time.Second
)

// Server is one listener with its handler.
type Server struct {
	server   *http.Server
	listener net.Listener
	silent   silentConns
}

// Listen opens address (host:port; port 0 takes a free one) for handler. The server does not answer before Serve. It logs once if the
// limit of open files leaves fewer connections than MaxConnections.
func Listen(ctx context.Context, address string, handler http.Handler, logger *slog.Logger) (*Server, error) {
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("listen: %w", err)
	}
	files := openFiles()
	connections := connectionsWithin(files)
	if connections < MaxConnections {
		logger.WarnContext(ctx, "few open files", slog.Uint64("open_files", files), slog.Int("connections", connections),
			slog.String("wanted", "ulimit -n "+strconv.Itoa(ownFiles+filesParts*MaxConnections)))
	}
	return newServer(boundConnections(listener, connections, connections/addressShare), handler, logger), nil
}

func newServer(listener net.Listener, handler http.Handler, logger *slog.Logger) *Server {
	s := &Server{
		listener: listener,
		server: &http.Server{
			Handler:           handler,
			ReadHeaderTimeout: readHeaderTimeout,
			ReadTimeout:       readTimeout,
			WriteTimeout:      writeTimeout,
			IdleTimeout:       idleTimeout,
			MaxHeaderBytes:    maxHeaderBytes,
			ErrorLog:          telemetry.LibraryLogger(logger, "http server"),
		},
	}
	s.server.ConnState = s.silent.observe
	return s
}

// Addr returns the address that the server listens on.
func (s *Server) Addr() net.Addr { return s.listener.Addr() }

// Serve answers requests until Stop, and then returns nil; any other end is an error.
func (s *Server) Serve() error {
	if err := s.server.Serve(s.listener); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve: %w", err)
	}
	return nil
}

// Stop takes no more requests and waits for those that run. When ctx ends first, it cuts them off and returns ctx's error.
// Connections that bring no request within silentFor are closed, which is no error. It may be called more than once, also
// before Serve.
func (s *Server) Stop(ctx context.Context) error {
	timer := time.AfterFunc(silentFor, s.silent.close)
	defer timer.Stop()
	err := s.server.Shutdown(ctx)
	if closeErr := s.listener.Close(); closeErr != nil && !errors.Is(closeErr, net.ErrClosed) && err == nil {
		err = closeErr
	}
	if err != nil {
		_ = s.server.Close() // err says why
		return fmt.Errorf("stop: %w", err)
	}
	return nil
}

// silentConns are the open connections that have sent nothing yet. It is safe for concurrent use.
type silentConns struct {
	mu     sync.Mutex
	conns  map[net.Conn]struct{}
	closed bool
}

// observe is an http.Server's ConnState.
func (c *silentConns) observe(conn net.Conn, state http.ConnState) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case state != http.StateNew:
		delete(c.conns, conn)
	case c.closed:
		_ = conn.Close() // accepted while the server was stopping
	default:
		if c.conns == nil {
			c.conns = map[net.Conn]struct{}{}
		}
		c.conns[conn] = struct{}{}
	}
}

// close closes them, and those that are still to come.
func (c *silentConns) close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed = true
	for conn := range c.conns {
		_ = conn.Close() // the server's read of it fails and ends it
	}
	c.conns = nil
}
