package core

import (
	"encoding/json"
	"regexp"
	"sync"
	"time"
)

// uuid4 is what a client_token must look like (1254037).
var uuid4 = regexp.MustCompile(`^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-4[0-9a-fA-F]{3}-[89abAB][0-9a-fA-F]{3}-[0-9a-fA-F]{12}$`)

// ReadClientToken takes client_token where the endpoint has it (creates).
func (c *Call) ReadClientToken() *Failure {
	if !c.Route.Token {
		return nil
	}
	value := c.Request.URL.Query().Get("client_token")
	if value != "" && !uuid4.MatchString(value) {
		return Fail(1254037)
	}
	c.ClientToken = value
	return nil
}

// maxRepeatBytes bounds the answers kept for a repeated client_token; beyond it the oldest are forgotten before their time.
const maxRepeatBytes = 64 << 20

// clientTokens remembers what creates with a client_token have answered.
type clientTokens struct {
	mu    sync.Mutex
	known map[tokenKey]*repeat
	queue []*repeat // by age; those whose life a fault cut short may expire before older ones
	bytes int
}

type tokenKey struct{ scope, token string }

type repeat struct {
	key     tokenKey
	hash    [32]byte
	answer  json.RawMessage
	expires time.Time
}

func (r *clientTokens) reset() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.known, r.queue, r.bytes = map[tokenKey]*repeat{}, nil, 0
}

// tokenKey names the call's client_token in its scope.
func (c *Call) tokenKey() tokenKey {
	scope := c.AppID
	if c.Options.ClientTokenScope == ScopeTable {
		scope += "/" + c.Params["app_token"] + "/" + c.Params["table_id"]
	}
	return tokenKey{scope, c.ClientToken}
}

// Repeated answers a repeat of the call's client_token as Options.ClientToken says; nil and nil when there is none or it is new.
func (c *Call) Repeated(hash [32]byte) (any, *Failure) {
	if c.ClientToken == "" {
		return nil, nil
	}
	r := &c.server.repeats
	r.mu.Lock()
	defer r.mu.Unlock()
	first := r.known[c.tokenKey()]
	switch {
	case first == nil || !time.Now().Before(first.expires):
		return nil, nil
	case first.hash != hash:
		return nil, Fail(1255006)
	}
	switch c.Options.ClientToken {
	case ClientTokenConflict:
		return nil, Fail(1255006)
	case ClientTokenRepeat:
		return nil, Fail(1254608)
	case ClientTokenForget: // the mode was set after this answer was kept
		return nil, nil
	case ClientTokenReplay:
	}
	return first.answer, nil
}

// Keep remembers the answer to a call for repeats of its client_token; without one it does nothing.
func (c *Call) Keep(hash [32]byte, answer json.RawMessage) {
	life := c.Options.ClientTokenTTL
	switch {
	case c.forget && c.forgetAfter > 0:
		life = min(life, c.forgetAfter)
	case c.ClientToken == "" || c.forget || c.Options.ClientToken == ClientTokenForget:
		return
	}
	r := &c.server.repeats
	now := time.Now()
	r.mu.Lock()
	defer r.mu.Unlock()
	for len(r.queue) > 0 && (r.bytes > maxRepeatBytes || !now.Before(r.queue[0].expires)) {
		old := r.queue[0]
		r.queue = r.queue[1:]
		r.bytes -= len(old.answer)
		if r.known[old.key] == old {
			delete(r.known, old.key)
		}
	}
	entry := &repeat{c.tokenKey(), hash, answer, now.Add(life)}
	r.known[entry.key] = entry
	r.queue = append(r.queue, entry)
	r.bytes += len(answer)
}

// ForgetClientTokens forgets every client_token that was used until now: the next create with one of them creates again.
func (s *Server) ForgetClientTokens() { s.repeats.reset() }
