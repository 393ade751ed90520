package state

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Store is what the simulated tenant holds: apps with their tokens, bases, people and files. It is safe for concurrent use.
type Store struct {
	ids atomic.Uint64

	mu     sync.RWMutex
	apps   map[string]*App
	tokens map[string]grant
	bases  map[string]*Base
	nodes  map[string]*Base // bases by the token of their wiki page
	keys   map[string]*Base // bases by their PersonalBaseToken
	order  []*Base
	People Directory
	Files  FileStore
}

// New makes an empty store.
func New() *Store {
	s := &Store{}
	s.Reset()
	return s
}

// Reset forgets everything; ids go on.
func (s *Store) Reset() {
	s.mu.Lock()
	s.apps = map[string]*App{}
	s.tokens = map[string]grant{}
	s.bases = map[string]*Base{}
	s.nodes = map[string]*Base{}
	s.keys = map[string]*Base{}
	s.order = nil
	s.mu.Unlock()
	s.People.reset()
	s.Files.reset()
}

// Base returns the base of an app_token; nil if there is none.
func (s *Store) Base(token string) *Base {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.bases[token]
}

// Node returns the base on the wiki page of that token; nil if there is none.
func (s *Store) Node(token string) *Base {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.nodes[token]
}

// BaseOfToken returns the base that a PersonalBaseToken opens; nil if there is none.
func (s *Store) BaseOfToken(token string) *Base {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.keys[token]
}

// Bases returns all bases, oldest first.
func (s *Store) Bases() []*Base {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return slices.Clone(s.order)
}

// AppIDs returns the ids of all apps, in order of their names.
func (s *Store) AppIDs() []string {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return slices.Sorted(maps.Keys(s.apps))
}

// AddBase makes a base without tables known, with the defaults of BaseSpec. It fails for a token or wiki page that is taken or
// malformed and for an unknown time zone.
func (s *Store) AddBase(spec BaseSpec) (*Base, error) {
	if spec.Token == "" {
		spec.Token = s.NewID("bas")
	}
	if !AppTokenShape.MatchString(spec.Token) {
		return nil, fmt.Errorf("base %q: an app_token is 10 to 100 letters and digits", spec.Token)
	}
	spec.TimeZone = cmp.Or(spec.TimeZone, "Asia/Shanghai")
	zone, err := time.LoadLocation(spec.TimeZone)
	if err != nil {
		return nil, fmt.Errorf("base %s: %w", spec.Token, err)
	}
	b := &Base{Spec: spec, Name: spec.Name, Zone: zone, Tables: map[string]*Table{}}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.bases[spec.Token] != nil {
		return nil, fmt.Errorf("base %s exists", spec.Token)
	}
	if spec.PersonalToken != "" && s.keys[spec.PersonalToken] != nil {
		return nil, fmt.Errorf("base %s: another base has this personal token", spec.Token)
	}
	if spec.WikiNode != "" {
		if s.nodes[spec.WikiNode] != nil {
			return nil, fmt.Errorf("wiki node %s exists", spec.WikiNode)
		}
		s.nodes[spec.WikiNode] = b
	}
	if spec.PersonalToken != "" {
		s.keys[spec.PersonalToken] = b
	}
	s.bases[spec.Token] = b
	s.order = append(s.order, b)
	return b, nil
}

const idAlphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

// NewID returns prefix and 11 letters and digits, unique in this sandbox.
func (s *Store) NewID(prefix string) string {
	const length = 11 // 62^11 > 2^64
	n := Mix(s.ids.Add(1))
	id := make([]byte, len(prefix)+length)
	copy(id, prefix)
	for i := range length {
		id[len(prefix)+i] = idAlphabet[n%62]
		n /= 62
	}
	return string(id)
}

// Mix is the finaliser of splitmix64: a bijection that spreads counters over all 64 bits.
func Mix(n uint64) uint64 {
	n += 0x9e3779b97f4a7c15
	n = (n ^ n>>30) * 0xbf58476d1ce4e5b9
	n = (n ^ n>>27) * 0x94d049bb133111eb
	return n ^ n>>31
}
