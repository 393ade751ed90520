package core

import (
	"maps"
	"net/http"
	"slices"
	"time"

	"github.com/rowgate/rowgate/internal/sandbox/state"
)

// Action is what a fault does to a call.
type Action string

// The actions of faults.
const (
	ActionError       Action = "error"        // answer Code with the status and msg that the endpoint has for it
	ActionStatus      Action = "status"       // answer Status with an empty body
	ActionHTML        Action = "html"         // answer Status (default 502) with a gateway's HTML page
	ActionCut         Action = "cut"          // close the connection without an answer
	ActionHang        Action = "hang"         // no answer until the client gives up or the sandbox closes
	ActionInvalidJSON Action = "invalid_json" // 200 and the first half of the body
	ActionSlowBody    Action = "slow_body"    // the right answer, its body spread over Delay
	ActionDelay       Action = "delay"        // the right answer, Delay later; the write rule is not held meanwhile
	ActionRevoke      Action = "revoke_token" // the call's token becomes invalid, for this call already
	ActionStale       Action = "stale"        // a search or list shows the rows as they were Delay ago

	// ActionForget makes Feishu forget the call's client_token: at once, or Delay after the call. It changes no answer, so another fault
	// (a cut, say) may affect the same call.
	ActionForget Action = "forget_client_token"
)

var actions = []Action{
	ActionError, ActionStatus, ActionHTML, ActionCut, ActionHang,
	ActionInvalidJSON, ActionSlowBody, ActionDelay, ActionRevoke, ActionStale, ActionForget,
}

// Moment is when a fault takes effect.
type Moment string

// Before and after the call has done its work. A write with a fault "after" is stored, and the client does not learn of it.
const (
	BeforeCommit Moment = "before" // default
	AfterCommit  Moment = "after"
)

// Fault changes the answers of calls that match. Calls are counted after the checks of token, scopes, rate and quota. Zero fields match
// everything.
type Fault struct {
	ID string `json:"id"` // given by AddFault
	// Endpoint is a name of the endpoint table or a glob over them: "record.batch_create", "record.*", "*".
	Endpoint string `json:"endpoint"`
	App      string `json:"app_id"`
	Base     string `json:"app_token"`
	Table    string `json:"table_id"`

	Skip  int     `json:"skip"`  // let so many matching calls pass first
	Every int     `json:"every"` // then affect each nth call only; 0 and 1: each
	Rate  float64 `json:"rate"`  // then affect a call with this probability; 0: always
	Count int     `json:"count"` // affect so many calls at most; 0: no limit

	Action Action        `json:"action"`
	When   Moment        `json:"when"`
	Code   int           `json:"code"`   // of ActionError
	Status int           `json:"status"` // of ActionStatus and ActionHTML
	Delay  time.Duration `json:"-"`      // of ActionSlowBody, ActionDelay, ActionStale and ActionForget; "delay":"300ms" in JSON

	seen, struck int
}

// before applies the fault before the work is done; stop is true when the call ends here.
func (f *Fault) before(c *Call) (failure *Failure, stop bool) {
	if f.Action == ActionDelay {
		state.Pause(f.Delay, c.server.done)
		return nil, false
	}
	if f.Action == ActionStale {
		c.SearchLag = f.Delay
		return nil, false
	}
	if f.Action == ActionRevoke && f.When == BeforeCommit && c.app != nil {
		c.Store.Revoke(c.app, c.token)
		return Fail(99991663), true
	}
	if f.When == AfterCommit || f.Action == ActionSlowBody || f.Action == ActionRevoke {
		return nil, false
	}
	return Fail(f.code()), true
}

// code is what an answer that the fault replaces is journalled as.
func (f *Fault) code() int {
	if f.Action == ActionError {
		return f.Code
	}
	return 2200
}

// replacesAnswer reports whether the answer of work that was done becomes the fault's code. A failure of the call itself stays.
func (f *Fault) replacesAnswer(own *Failure) bool {
	return f.Action == ActionError && f.When == AfterCommit && own == nil
}

// deliver writes the answer as the fault changes it, and the journal entry.
func (f *Fault) deliver(c *Call, w http.ResponseWriter, out answer) {
	log := func(status, code int) { c.server.journal.add(c, status, code) }
	switch f.Action {
	case ActionCut:
		log(0, 0)
		panic(http.ErrAbortHandler)
	case ActionHang:
		log(0, 0)
		select {
		case <-c.Request.Context().Done():
		case <-c.server.done:
		}
		panic(http.ErrAbortHandler)
	case ActionStatus:
		out.status, out.body, out.code = f.Status, nil, 0
		out.header.Del("Content-Type")
	case ActionHTML:
		out.status, out.code = f.Status, 0
		out = out.html()
	case ActionInvalidJSON:
		if f.When == BeforeCommit {
			out.body = []byte(`{"code":0,"data":{"records":[`)
		} else {
			out.body = out.body[:len(out.body)/2]
		}
		out.status, out.code = http.StatusOK, 0
	case ActionSlowBody:
		log(out.status, out.code)
		out.dribble(w, f.Delay, c.server.done)
		return
	case ActionRevoke:
		if f.When == AfterCommit && c.app != nil {
			c.Store.Revoke(c.app, c.token)
		}
	case ActionError, ActionDelay, ActionStale, ActionForget:
	}
	log(out.status, out.code)
	out.write(w)
}

// dribbleChunks is how many pieces a slow body comes in.
const dribbleChunks = 10

func (a answer) dribble(w http.ResponseWriter, over time.Duration, done <-chan struct{}) {
	maps.Copy(w.Header(), a.header)
	w.WriteHeader(a.status)
	flush := http.NewResponseController(w)
	for chunk := range slices.Chunk(a.body, max(1, (len(a.body)+dribbleChunks-1)/dribbleChunks)) {
		if !state.Pause(over/dribbleChunks, done) {
			panic(http.ErrAbortHandler)
		}
		_, _ = w.Write(chunk)
		_ = flush.Flush() // a writer that cannot flush sends it at the end
	}
}
