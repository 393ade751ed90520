package sandbox

import (
	"bytes"
	"cmp"
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
	*Server
	*Admin
}

// Server is the part of the open platform that all families share: it routes, authorises and limits calls, spoils them by script,
// renders answers and writes the journal. It is safe for concurrent use.
type Server struct {
	store    *store
	families []family
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

// family is a group of endpoints with what they keep beyond the store.
type family struct {
	name      string // of its folder
	endpoints []*endpoint
	scopes    []string // what an app gets of it whose AppSpec names no scopes
	reset     func()   // forgets what the family keeps by itself; may be nil
}

// store is what the simulated tenant holds: apps with their tokens, bases, people and files. It is safe for concurrent use.
type store struct {
	ids atomic.Uint64

	mu     sync.RWMutex
	apps   map[string]*app
	tokens map[string]grant
	bases  map[string]*base
	nodes  map[string]*base // bases by the token of their wiki page
	people directory
	files  fileStore
}

// newStore makes an empty store.
func newStore() *store {
	s := &store{}
	s.reset()
	return s
}

// reset forgets everything; ids go on.
func (s *store) reset() {
	s.mu.Lock()
	s.apps = map[string]*app{}
	s.tokens = map[string]grant{}
	s.bases = map[string]*base{}
	s.nodes = map[string]*base{}
	s.mu.Unlock()
	s.people.reset()
	s.files.reset()
}

// base returns the base of an app_token; nil if there is none.
func (s *store) base(token string) *base {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.bases[token]
}

// node returns the base on the wiki page of that token; nil if there is none.
func (s *store) node(token string) *base {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.nodes[token]
}

// app returns the app of that id; nil if there is none.
func (s *store) app(id string) *app {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.apps[id]
}

// addApp makes an app known. For an id that is known it replaces secret, scopes and addresses; the app's tokens stay valid.
func (s *store) addApp(spec AppSpec) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if known := s.apps[spec.ID]; known != nil {
		known.spec.Store(&spec)
		return
	}
	a := &app{id: spec.ID}
	a.spec.Store(&spec)
	s.apps[spec.ID] = a
}

// addBase makes a base without tables known, with the defaults of BaseSpec. It fails for a token or wiki page that is taken or
// malformed and for an unknown time zone.
func (s *store) addBase(spec BaseSpec) (*base, error) {
	if spec.Token == "" {
		spec.Token = s.newID("bas")
	}
	if !appTokenShape.MatchString(spec.Token) {
		return nil, fmt.Errorf("base %q: an app_token is 10 to 100 letters and digits", spec.Token)
	}
	spec.TimeZone = cmp.Or(spec.TimeZone, "Asia/Shanghai")
	zone, err := time.LoadLocation(spec.TimeZone)
	if err != nil {
		return nil, fmt.Errorf("base %s: %w", spec.Token, err)
	}
	b := &base{spec: spec, name: spec.Name, zone: zone, tables: map[string]*table{}}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.bases[spec.Token] != nil {
		return nil, fmt.Errorf("base %s exists", spec.Token)
	}
	if spec.WikiNode != "" {
		if s.nodes[spec.WikiNode] != nil {
			return nil, fmt.Errorf("wiki node %s exists", spec.WikiNode)
		}
		s.nodes[spec.WikiNode] = b
	}
	s.bases[spec.Token] = b
	return b, nil
}

// appOf returns the app that a token is valid for; nil if there is none.
func (s *store) appOf(value string) *app {
	s.mu.RLock()
	g, ok := s.tokens[value]
	s.mu.RUnlock()
	if !ok || !time.Now().Before(g.expires) {
		return nil
	}
	return g.app
}

// issue returns the app's token and its remaining life: a new one of life ttl once the old one has less than renewBelow left.
func (s *store) issue(a *app, ttl time.Duration) (string, time.Duration) {
	a.mu.Lock()
	defer a.mu.Unlock()
	left := time.Until(a.current.expires)
	if left < renewBelow {
		a.current = token{newToken(), time.Now().Add(ttl)}
		left = ttl
		s.mu.Lock()
		s.dropExpired()
		s.tokens[a.current.value] = grant{a, a.current.expires}
		s.mu.Unlock()
	}
	return a.current.value, left
}

// grant is a token's owner and end.
type grant struct {
	app     *app
	expires time.Time
}

// New makes an empty sandbox; it fails only for Options that contradict themselves.
func New(options Options) (*Sandbox, error) {
	store := newStore()
	server, err := newServer(options, store, families()...)
	if err != nil {
		return nil, err
	}
	return &Sandbox{server, newAdmin(server, store)}, nil
}

// families are all that the sandbox serves under /open-apis; a new one is one line here.
func families() []family {
	return []family{authFamily(), baseFamily(), recordFamily(), wikiFamily(), contactFamily(), driveFamily()}
}

// newServer makes a server of these families over store; it fails only for Options that contradict themselves.
func newServer(options Options, store *store, families ...family) (*Server, error) {
	codes, err := parseCodes(codesTSV)
	if err != nil {
		return nil, err
	}
	s := &Server{store: store, families: families, codes: codes, router: newRouter(families), done: make(chan struct{})}
	if err := s.SetOptions(options); err != nil {
		return nil, err
	}
	s.Reset()
	return s, nil
}

// serveAdmin makes handler answer what is under /sandbox/; call it before the first request.
func (s *Server) serveAdmin(handler http.Handler) { s.admin = handler }

// defaultScopes are the scopes of all families.
func (s *Server) defaultScopes() []string { return scopesOf(s.families) }

func scopesOf(families []family) []string {
	var all []string
	for _, f := range families {
		all = append(all, f.scopes...)
	}
	return all
}

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
	s.store.reset()
	s.repeats.reset()
	for _, f := range s.families {
		if f.reset != nil {
			f.reset()
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

// ServeHTTP answers one call. A fault that cuts the connection panics with http.ErrAbortHandler, as net/http wants it.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
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
func (s *store) newID(prefix string) string {
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

// AllScopes is what an app gets whose AppSpec names no scopes.
func AllScopes() []string { return scopesOf(families()) }

// Endpoints returns what the sandbox serves under /open-apis.
func Endpoints() []Endpoint { return endpointsOf(families()) }
