package sandbox

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Sandbox is a Feishu of its own: an http.Handler for the open platform under /open-apis and for the admin API under
// /sandbox. It keeps everything in memory and is safe for concurrent use.
type Sandbox struct {
	opts    atomic.Pointer[Options]
	codes   codeTable
	router  *router
	admin   http.Handler
	done    chan struct{}
	close   sync.Once
	ids     atomic.Uint64
	journal journal
	faults  faults
	limits  limits

	// All but opts, codes, router and admin is replaced by Reset, under mu.
	mu      sync.RWMutex
	apps    map[string]*app
	tokens  map[string]grant
	bases   map[string]*base
	nodes   map[string]*base
	people  directory
	repeats clientTokens
	media   mediaStore

	serving sync.Mutex
	server  *http.Server // of Start
}

// grant is a token's owner and end.
type grant struct {
	app     *app
	expires time.Time
}

// New makes an empty sandbox; it fails only for Options that contradict themselves.
func New(options Options) (*Sandbox, error) {
	codes, err := parseCodes(codesTSV)
	if err != nil {
		return nil, err
	}
	s := &Sandbox{codes: codes, router: newRouter(endpoints()), done: make(chan struct{})}
	if err := s.SetOptions(options); err != nil {
		return nil, err
	}
	s.Reset()
	s.admin = s.adminHandler()
	return s, nil
}

// Options returns the options in force, defaults filled in.
func (s *Sandbox) Options() Options { return *s.opts.Load() }

// SetOptions replaces the options; calls that are running keep the old ones.
func (s *Sandbox) SetOptions(options Options) error {
	filled, err := options.withDefaults()
	if err != nil {
		return err
	}
	s.opts.Store(&filled)
	s.journal.resize(filled.JournalCalls)
	return nil
}

// Reset forgets apps, tokens, bases, people, files, faults, counters and rate windows. The options stay.
func (s *Sandbox) Reset() {
	s.mu.Lock()
	s.apps = map[string]*app{}
	s.tokens = map[string]grant{}
	s.bases = map[string]*base{}
	s.nodes = map[string]*base{}
	s.mu.Unlock()
	s.people.reset()
	s.repeats.reset()
	s.media.reset()
	s.journal.reset()
	s.faults.reset()
	s.limits.reset()
}

// Start serves the sandbox on a free loopback port until Close and returns its base URL ("http://127.0.0.1:port"). It works once.
func (s *Sandbox) Start() (string, error) {
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
func (s *Sandbox) Close() error {
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

// ServeHTTP answers one call. A fault that cuts the connection panics with http.ErrAbortHandler, as net/http wants it.
func (s *Sandbox) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if strings.HasPrefix(r.URL.Path, "/sandbox/") {
		s.admin.ServeHTTP(w, r)
		return
	}
	endpoint, params := s.router.match(r.Method, r.URL.Path)
	if endpoint == nil {
		s.journal.unknown(r)
		notFound(w)
		return
	}
	s.newCall(endpoint, params, r).serve(w)
}

const idAlphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

// newID returns prefix and 11 letters and digits, unique in this sandbox.
func (s *Sandbox) newID(prefix string) string {
	const length = 11 // 62^11 > 2^64
	n := mix(s.ids.Add(1))
	id := make([]byte, len(prefix)+length)
	copy(id, prefix)
	for i := range length {
		id[len(prefix)+i] = idAlphabet[n%62]
		n /= 62
	}
	return string(id)
}

// mix is the finaliser of splitmix64: a bijection that spreads counters over all 64 bits.
func mix(n uint64) uint64 {
	n += 0x9e3779b97f4a7c15
	n = (n ^ n>>30) * 0xbf58476d1ce4e5b9
	n = (n ^ n>>27) * 0x94d049bb133111eb
	return n ^ n>>31
}

// strictJSON decodes exactly one JSON value and refuses names that v has not.
func strictJSON(b []byte, v any) error {
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.DisallowUnknownFields()
	if err := dec.Decode(v); err != nil {
		return err
	}
	if dec.More() {
		return errors.New("more than one JSON value")
	}
	return nil
}
