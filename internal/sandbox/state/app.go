package state

import (
	"crypto/rand"
	"encoding/hex"
	"sync"
	"sync/atomic"
	"time"
)

// renewBelow is how much life a token has left when the endpoint begins to hand out a new one; the old one stays valid.
const renewBelow = 30 * time.Minute

// App is a Feishu app and its tokens.
type App struct {
	ID   string
	Spec atomic.Pointer[AppSpec] // replaced by AddApp

	mu      sync.Mutex
	current token // the token that the endpoint hands out while it has 30 minutes left
}

type token struct {
	value   string
	expires time.Time
}

// grant is a token's owner and end.
type grant struct {
	app     *App
	expires time.Time
}

// App returns the app of that id; nil if there is none.
func (s *Store) App(id string) *App {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.apps[id]
}

// AddApp makes an app known. For an id that is known it replaces secret, scopes and addresses; the app's tokens stay valid.
func (s *Store) AddApp(spec AppSpec) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if known := s.apps[spec.ID]; known != nil {
		known.Spec.Store(&spec)
		return
	}
	a := &App{ID: spec.ID}
	a.Spec.Store(&spec)
	s.apps[spec.ID] = a
}

// AppOf returns the app that a token is valid for; nil if there is none.
func (s *Store) AppOf(value string) *App {
	s.mu.RLock()
	g, ok := s.tokens[value]
	s.mu.RUnlock()
	if !ok || !time.Now().Before(g.expires) {
		return nil
	}
	return g.app
}

// Issue returns the app's token and its remaining life: a new one of life ttl once the old one has less than renewBelow left.
func (s *Store) Issue(a *App, ttl time.Duration) (string, time.Duration) {
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

func newToken() string {
	var random [20]byte
	_, _ = rand.Read(random[:]) // never fails since Go 1.24
	return "t-" + hex.EncodeToString(random[:])
}

// dropExpired keeps the token map as small as the live tokens; the caller holds s.mu.
func (s *Store) dropExpired() {
	now := time.Now()
	for value, g := range s.tokens {
		if !now.Before(g.expires) {
			delete(s.tokens, value)
		}
	}
}

// ExpireTokens leaves every token of the app (of every app for "") no more than left to live.
func (s *Store) ExpireTokens(appID string, left time.Duration) {
	end := time.Now().Add(left)
	s.mu.Lock()
	for value, g := range s.tokens {
		if (appID == "" || g.app.ID == appID) && g.expires.After(end) {
			g.expires = end
			s.tokens[value] = g
		}
	}
	apps := make([]*App, 0, len(s.apps))
	for id, a := range s.apps {
		if appID == "" || id == appID {
			apps = append(apps, a)
		}
	}
	s.mu.Unlock()
	for _, a := range apps {
		a.mu.Lock()
		if a.current.expires.After(end) {
			a.current.expires = end
		}
		a.mu.Unlock()
	}
}

// Revoke makes one token invalid.
func (s *Store) Revoke(a *App, value string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.current.value == value {
		a.current = token{}
	}
	s.mu.Lock()
	delete(s.tokens, value)
	s.mu.Unlock()
}
