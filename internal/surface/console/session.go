package console

import (
	"crypto/rand"
	"crypto/sha256"
	"slices"
	"sync"
	"time"

	"github.com/rowgate/rowgate/internal/secret"
)

// Bounds of the sessions. They are in memory alone: a restart ends them, and no passphrase or app secret is at rest.
const (
	SessionFor     = 12 * time.Hour // from the sign-in
	MaxSessions    = 1000           // the oldest makes room
	maxOfOne       = 100            // of one passphrase: its own oldest makes room
	maxOneTimes    = 16             // unused one-time sign-ins
	maxConnections = 8              // tables that a session remembers; the oldest makes room
)

// sessionKey is what a session is found by: a digest, so that no comparison tells anything of the token.
type sessionKey [sha256.Size]byte

// sessions are those who are signed in. It is safe for concurrent use.
type sessions struct {
	mu       sync.Mutex
	open     map[sessionKey]*session
	oneTimes map[sessionKey]oneTime
}

// oneTime is a sign-in that has not been used.
type oneTime struct {
	passphrase secret.Text
	sample     Sample
	until      time.Time
}

// session is one person who is signed in. Fields below mu change; the others do not.
type session struct {
	key        sessionKey
	form       string // token that every form carries
	name       string // of the passphrase
	passphrase secret.Text
	began      time.Time
	sample     Sample

	mu          sync.Mutex
	connections []*connection // the current one last
}

// connection is one table with the credential that opens it. Once a session has it, only Tenant changes, under its mu.
type connection struct {
	ID       string // within the session
	Link     string
	AppID    string
	Secret   secret.Text
	Personal secret.Text // in place of AppID and Secret
	View     string      // page that shows the rows; "" for the link itself
	Tenant   string      // digest of the credential, as the service computes it; "" until a call has told
	AppToken string
	TableID  string
	Name     string // of the table
}

func newSessions() *sessions {
	return &sessions{open: map[sessionKey]*session{}, oneTimes: map[sessionKey]oneTime{}}
}

// begin opens a session for the passphrase of that name and returns the token of its cookie.
func (s *sessions) begin(passphrase secret.Text, name string, sample Sample) string {
	token, now := rand.Text(), time.Now()
	one := &session{
		key: sha256.Sum256([]byte(token)), form: rand.Text(), name: name, passphrase: passphrase, began: now, sample: sample,
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var oldest, own *session
	ofOne := 0
	for key, other := range s.open {
		if now.Sub(other.began) >= SessionFor {
			delete(s.open, key)
			continue
		}
		if oldest == nil || other.began.Before(oldest.began) {
			oldest = other
		}
		if other.name == name {
			if ofOne++; own == nil || other.began.Before(own.began) {
				own = other
			}
		}
	}
	switch {
	case ofOne >= maxOfOne:
		delete(s.open, own.key)
	case len(s.open) >= MaxSessions:
		delete(s.open, oldest.key)
	}
	s.open[one.key] = one
	return token
}

// find returns the session of a cookie, nil if there is none or its time is over.
func (s *sessions) find(token string) *session {
	key := sha256.Sum256([]byte(token))
	s.mu.Lock()
	defer s.mu.Unlock()
	one := s.open[key]
	if one != nil && time.Since(one.began) >= SessionFor {
		delete(s.open, key)
		return nil
	}
	return one
}

func (s *sessions) end(one *session) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.open, one.key)
}

// once makes a one-time sign-in and returns its token.
func (s *sessions) once(passphrase secret.Text, sample Sample) string {
	token, now := rand.Text(), time.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	for key, other := range s.oneTimes {
		if now.After(other.until) || len(s.oneTimes) >= maxOneTimes {
			delete(s.oneTimes, key)
		}
	}
	s.oneTimes[sha256.Sum256([]byte(token))] = oneTime{passphrase, sample, now.Add(OneTimeFor)}
	return token
}

// take uses up a one-time sign-in; false if there is none, or its time is over.
func (s *sessions) take(token string) (oneTime, bool) {
	key := sha256.Sum256([]byte(token))
	s.mu.Lock()
	defer s.mu.Unlock()
	one, ok := s.oneTimes[key]
	delete(s.oneTimes, key)
	return one, ok && time.Now().Before(one.until)
}

// current returns the table that the session is at, nil if there is none.
func (s *session) current() *connection {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.connections) == 0 {
		return nil
	}
	return s.connections[len(s.connections)-1]
}

// known returns the tables of the session, the current one first.
func (s *session) known() []*connection {
	s.mu.Lock()
	defer s.mu.Unlock()
	known := slices.Clone(s.connections)
	slices.Reverse(known)
	return known
}

// choose makes a table of the session the current one; false if it has none of that id.
func (s *session) choose(id string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := slices.IndexFunc(s.connections, func(one *connection) bool { return one.ID == id })
	if i < 0 {
		return false
	}
	one := s.connections[i]
	s.connections = append(slices.Delete(s.connections, i, i+1), one)
	return true
}

// learn notes the digest of a connection's credential, as the service computed it for a call with that credential.
func (s *session) learn(known *connection, tenant string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	known.Tenant = tenant
}

// with returns the connection of the session whose credential has that digest, nil if it has none.
func (s *session) with(tenant string) *connection {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, one := range slices.Backward(s.connections) {
		if tenant != "" && one.Tenant == tenant {
			return one
		}
	}
	return nil
}
