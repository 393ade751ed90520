package core

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rowgate/rowgate/internal/sandbox/state"
)

// Server is the part of the open platform that all families share: it routes, authorises and limits calls, applies scripted faults,
// renders answers and writes the journal. It is safe for concurrent use.
type Server struct {
	store    *state.Store
	families []Family
	opts     atomic.Pointer[Options]
	codes    codeTable
	router   *router
	admin    http.Handler // of /sandbox/
	done     chan struct{}
	close    sync.Once
	journal  journal
	faults   faults
	limits   limits
	repeats  clientTokens

	serving sync.Mutex
	server  *http.Server // of Start
}

// New makes a server of these families over store; it fails only for Options that contradict themselves.
func New(options Options, store *state.Store, families ...Family) (*Server, error) {
	codes := codeTable{}
	if err := codes.parse("core", codesTSV); err != nil {
		return nil, err
	}
	for _, f := range families {
		if err := codes.parse(f.Name, f.Codes); err != nil {
			return nil, err
		}
	}
	s := &Server{store: store, families: families, codes: codes, router: newRouter(families), done: make(chan struct{})}
	if err := s.SetOptions(options); err != nil {
		return nil, err
	}
	s.Reset()
	return s, nil
}

// ServeAdmin makes handler answer "/" and what is under /sandbox/; call it before the first request.
func (s *Server) ServeAdmin(handler http.Handler) { s.admin = handler }

// Options returns the options in force, defaults filled in.
func (s *Server) Options() Options { return *s.opts.Load() }

// SetOptions replaces the options; calls that are running keep the old ones.
func (s *Server) SetOptions(options Options) error {
	filled, err := options.withDefaults()
	if err != nil {
		return err
	}
	s.opts.Store(&filled)
	s.journal.resize(filled.JournalCalls)
	return nil
}

// Reset forgets apps, tokens, bases, people, files, faults, counters and rate windows. The options stay.
func (s *Server) Reset() {
	s.store.Reset()
	s.repeats.reset()
	for _, f := range s.families {
		if f.Reset != nil {
			f.Reset()
		}
	}
	s.journal.reset()
	s.faults.reset()
	s.limits.reset()
}

// Start serves the sandbox on a free loopback port until Close and returns its base URL ("http://127.0.0.1:port"). It works once.
func (s *Server) Start() (string, error) {
	s.serving.Lock()
	defer s.serving.Unlock()
	if s.server != nil {
		return "", errors.New("sandbox: started already")
	}
	var config net.ListenConfig
	listener, err := config.Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("sandbox: %w", err)
	}
	s.server = &http.Server{Handler: s, ReadHeaderTimeout: 10 * time.Second}
	go func(server *http.Server) { _ = server.Serve(listener) }(s.server)
	return "http://" + listener.Addr().String(), nil
}

// Close ends waiting calls (latencies, hanging faults) and the server of Start, connections included. It may be called twice.
func (s *Server) Close() error {
	s.close.Do(func() { close(s.done) })
	s.serving.Lock()
	defer s.serving.Unlock()
	if s.server == nil {
		return nil
	}
	if err := s.server.Close(); err != nil && !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// takesSlash reports whether a Bitable path may end in a slash: by Options, and with a PersonalBaseToken, whose gateway takes it.
func (s *Server) takesSlash(r *http.Request) bool {
	bearer, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	return s.opts.Load().TrailingSlash || s.store.BaseOfToken(bearer) != nil
}

// ServeHTTP answers one call. A fault that cuts the connection panics with http.ErrAbortHandler, as net/http wants it.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if path := r.URL.Path; path == "/" || path == "/sandbox" || strings.HasPrefix(path, "/sandbox/") {
		s.admin.ServeHTTP(w, r)
		return
	}
	endpoint, params := s.router.match(r.Method, r.URL.Path, s.takesSlash(r))
	if endpoint == nil {
		s.journal.unknown(r)
		notFound(w, r.URL.Path)
		return
	}
	s.newCall(endpoint, params, r).serve(w)
}
