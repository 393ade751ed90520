package httpd

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"time"
)

// Time and size limits of a connection. A request may take its body's 30 s, then the longest timeout_ms (55 s), and must
// still have time to be answered. The read timeout is no shorter: when it ends, net/http cancels the running request.
const (
	readHeaderTimeout = 10 * time.Second
	readTimeout       = 100 * time.Second
	writeTimeout      = 100 * time.Second
	idleTimeout       = 120 * time.Second
	maxHeaderBytes    = 64 << 10
	maxConnections    = 8192
	// maxConnectionsPerAddress leaves half for all others; a reverse proxy in front keeps far fewer open.
	maxConnectionsPerAddress = maxConnections / 2
)

// Server is one listener with its handler.
type Server struct {
	server   *http.Server
	listener net.Listener
}

// Listen opens address (host:port; port 0 takes a free one) for handler. The server does not answer before Serve.
func Listen(ctx context.Context, address string, handler http.Handler, logger *slog.Logger) (*Server, error) {
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("listen: %w", err)
	}
	return newServer(boundConnections(listener, maxConnections, maxConnectionsPerAddress), handler, logger), nil
}

func newServer(listener net.Listener, handler http.Handler, logger *slog.Logger) *Server {
	errorLog := slog.NewLogLogger(logger.Handler(), slog.LevelWarn)
	errorLog.SetOutput(serverLog{logger})
	return &Server{
		listener: listener,
		server: &http.Server{
			Handler:           handler,
			ReadHeaderTimeout: readHeaderTimeout,
			ReadTimeout:       readTimeout,
			WriteTimeout:      writeTimeout,
			IdleTimeout:       idleTimeout,
			MaxHeaderBytes:    maxHeaderBytes,
			ErrorLog:          errorLog,
		},
	}
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
// It may be called more than once, also before Serve.
func (s *Server) Stop(ctx context.Context) error {
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

// serverLog takes net/http's own log lines.
type serverLog struct{ logger *slog.Logger }

// Write logs one line of net/http. A panic's line holds the panic's value, which may be row content, and is left out.
func (l serverLog) Write(line []byte) (int, error) {
	event := strings.TrimSpace(string(line))
	if strings.HasPrefix(event, "http: panic serving") {
		event = "panic outside the router"
	}
	l.logger.Warn("http server", slog.String("event", event))
	return len(line), nil
}
