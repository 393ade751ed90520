package sandbox

import (
	"encoding/json"
	"sync"
	"time"
)

// maxRepeatBytes bounds the answers kept for a repeated client_token; beyond it the oldest are forgotten before their time.
const maxRepeatBytes = 64 << 20

// clientTokens remembers what creates with a client_token have answered.
type clientTokens struct {
	mu    sync.Mutex
	known map[tokenKey]*repeat
	queue []*repeat // by age; the first of them expire first
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
func (c *call) tokenKey() tokenKey {
	scope := c.appID
	if c.opts.ClientTokenScope == ScopeTable {
		scope += "/" + c.params["app_token"] + "/" + c.params["table_id"]
	}
	return tokenKey{scope, c.clientToken}
}

// repeated answers a repeat of the call's client_token as Options.ClientToken says; nil and nil when there is none or it is new.
func (c *call) repeated(hash [32]byte) (any, *failure) {
	if c.clientToken == "" {
		return nil, nil
	}
	r := &c.srv.repeats
	r.mu.Lock()
	defer r.mu.Unlock()
	first := r.known[c.tokenKey()]
	switch {
	case first == nil || !time.Now().Before(first.expires):
		return nil, nil
	case first.hash != hash:
		return nil, fail(1255006)
	}
	switch c.opts.ClientToken {
	case ClientTokenConflict:
		return nil, fail(1255006)
	case ClientTokenRepeat:
		return nil, fail(1254608)
	case ClientTokenReplay:
	}
	return first.answer, nil
}

// keep remembers the answer to a call for repeats of its client_token; without one it does nothing.
func (c *call) keep(hash [32]byte, answer json.RawMessage) {
	if c.clientToken == "" {
		return
	}
	r := &c.srv.repeats
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
	entry := &repeat{c.tokenKey(), hash, answer, now.Add(c.opts.ClientTokenTTL)}
	r.known[entry.key] = entry
	r.queue = append(r.queue, entry)
	r.bytes += len(answer)
}
