package sandbox

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"path"
	"slices"
	"sync"
	"time"
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
)

var actions = []Action{ActionError, ActionStatus, ActionHTML, ActionCut, ActionHang, ActionInvalidJSON, ActionSlowBody, ActionDelay, ActionRevoke}

// Moment is when a fault strikes.
type Moment string

// Before and after the call has done its work. An "after" write has landed, and the client does not learn of it.
const (
	BeforeCommit Moment = "before" // default
	AfterCommit  Moment = "after"
)

// Fault spoils calls that match. Calls are counted when they have passed token, scopes, rate and quota. Zero fields match everything.
type Fault struct {
	ID string `json:"id"` // given by AddFault
	// Endpoint is a name of the endpoint table or a glob over them: "record.batch_create", "record.*", "*".
	Endpoint string `json:"endpoint"`
	App      string `json:"app_id"`
	Base     string `json:"app_token"`
	Table    string `json:"table_id"`

	Skip  int     `json:"skip"`  // let so many matching calls pass first
	Every int     `json:"every"` // then strike each nth only; 0 and 1: each
	Rate  float64 `json:"rate"`  // then strike with this probability; 0: always
	Count int     `json:"count"` // strike so often at most; 0: without end

	Action Action        `json:"action"`
	When   Moment        `json:"when"`
	Code   int           `json:"code"`   // of ActionError
	Status int           `json:"status"` // of ActionStatus and ActionHTML
	Delay  time.Duration `json:"-"`      // of ActionSlowBody and ActionDelay; "delay":"300ms" in JSON

	seen, struck int
}

type faults struct {
	mu   sync.Mutex
	list []*Fault
	last int
	dice uint64
}

// maxFaults bounds the script.
const maxFaults = 1000

// AddFault puts a fault at the end of the script and returns its id. The first fault that strikes a call is the only one.
func (s *Server) AddFault(f Fault) (string, error) {
	f.When = cmp.Or(f.When, BeforeCommit)
	f.Endpoint = cmp.Or(f.Endpoint, "*")
	if f.Action == ActionHTML {
		f.Status = cmp.Or(f.Status, http.StatusBadGateway)
	}
	matchesAny := false
	for name := range s.router.byName {
		ok, err := path.Match(f.Endpoint, name)
		if err != nil {
			return "", fmt.Errorf("fault: endpoint %q: %w", f.Endpoint, err)
		}
		matchesAny = matchesAny || ok
	}
	switch {
	case !matchesAny:
		return "", fmt.Errorf("fault: no endpoint is named %q", f.Endpoint)
	case !slices.Contains(actions, f.Action):
		return "", fmt.Errorf("fault: action %q is none of %v", f.Action, actions)
	case f.When != BeforeCommit && f.When != AfterCommit:
		return "", fmt.Errorf("fault: when %q is neither before nor after", f.When)
	case f.Action == ActionError && f.Code == 0:
		return "", errors.New("fault: action error needs a code")
	case (f.Action == ActionStatus || f.Action == ActionHTML) && (f.Status < 200 || f.Status > 599):
		return "", fmt.Errorf("fault: status %d", f.Status)
	case f.Rate < 0 || f.Rate > 1 || f.Skip < 0 || f.Every < 0 || f.Count < 0 || f.Delay < 0:
		return "", errors.New("fault: negative number, or rate over 1")
	}
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	if len(s.faults.list) >= maxFaults {
		return "", fmt.Errorf("fault: more than %d", maxFaults)
	}
	s.faults.last++
	f.ID = fmt.Sprintf("fault-%d", s.faults.last)
	f.seen, f.struck = 0, 0
	s.faults.list = append(s.faults.list, &f)
	return f.ID, nil
}

// RemoveFault takes a fault out of the script; false if it is not there.
func (s *Server) RemoveFault(id string) bool {
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	before := len(s.faults.list)
	s.faults.list = slices.DeleteFunc(s.faults.list, func(f *Fault) bool { return f.ID == id })
	return len(s.faults.list) < before
}

// ClearFaults empties the script.
func (s *Server) ClearFaults() { s.faults.reset() }

// FaultStatus is a fault of the script and how often it matched and struck.
type FaultStatus struct {
	Fault
	Seen   int `json:"seen"`
	Struck int `json:"struck"`
}

// Faults returns the script.
func (s *Server) Faults() []FaultStatus {
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	out := make([]FaultStatus, len(s.faults.list))
	for i, f := range s.faults.list {
		out[i] = FaultStatus{*f, f.seen, f.struck}
	}
	return out
}

func (f *faults) reset() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.list, f.dice = nil, 0
}

// pick returns a copy of the fault that strikes the call; nil for none.
func (f *faults) pick(c *call) *Fault {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, fault := range f.list {
		if fault.matches(c) && f.strikes(fault, c.opts.Seed) {
			struck := *fault
			return &struck
		}
	}
	return nil
}

func (f *Fault) matches(c *call) bool {
	ok, _ := path.Match(f.Endpoint, c.endpoint.name) // the pattern was checked in AddFault
	return ok && (f.App == "" || f.App == c.appID) && (f.Base == "" || f.Base == c.params["app_token"]) &&
		(f.Table == "" || f.Table == c.params["table_id"])
}

func (f *faults) strikes(fault *Fault, seed uint64) bool {
	fault.seen++
	nth := fault.seen - fault.Skip
	switch {
	case nth <= 0, fault.Every > 1 && nth%fault.Every != 0, fault.Count > 0 && fault.struck >= fault.Count:
		return false
	case fault.Rate > 0:
		f.dice++
		const steps = 1 << 53
		if float64(mix(seed^mix(f.dice))>>11)/steps >= fault.Rate {
			return false
		}
	}
	fault.struck++
	return true
}

// before does what strikes ahead of the work; stop when the call goes no further.
func (f *Fault) before(c *call) (failure *failure, stop bool) {
	if f.Action == ActionDelay {
		pause(f.Delay, c.srv.done)
		return nil, false
	}
	if f.Action == ActionRevoke && f.When == BeforeCommit && c.app != nil {
		c.store.revoke(c.app, c.token)
		return fail(99991663), true
	}
	if f.When == AfterCommit || f.Action == ActionSlowBody || f.Action == ActionRevoke {
		return nil, false
	}
	return fail(f.code()), true
}

// code is what an answer that the fault replaces is journalled as.
func (f *Fault) code() int {
	if f.Action == ActionError {
		return f.Code
	}
	return 2200
}

// replacesAnswer reports whether the answer of work that was done becomes the fault's code. A failure of the call itself stays.
func (f *Fault) replacesAnswer(own *failure) bool {
	return f.Action == ActionError && f.When == AfterCommit && own == nil
}

// deliver writes the answer as the fault spoils it, and the journal entry.
func (f *Fault) deliver(c *call, w http.ResponseWriter, out answer) {
	log := func(status, code int) { c.srv.journal.add(c, status, code) }
	switch f.Action {
	case ActionCut:
		log(0, 0)
		panic(http.ErrAbortHandler)
	case ActionHang:
		log(0, 0)
		select {
		case <-c.req.Context().Done():
		case <-c.srv.done:
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
		out.dribble(w, f.Delay, c.srv.done)
		return
	case ActionRevoke:
		if f.When == AfterCommit && c.app != nil {
			c.store.revoke(c.app, c.token)
		}
	case ActionError, ActionDelay:
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
		if !pause(over/dribbleChunks, done) {
			panic(http.ErrAbortHandler)
		}
		_, _ = w.Write(chunk)
		_ = flush.Flush() // a writer that cannot flush sends it at the end
	}
}
