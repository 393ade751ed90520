package core

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"path"
	"slices"
	"sync"

	"github.com/rowgate/rowgate/internal/sandbox/state"
)

type faults struct {
	mu   sync.Mutex
	list []*Fault
	last int
	dice uint64
}

// MaxFaults bounds the script.
const MaxFaults = 1000

// AddFault puts a fault at the end of the script and returns its id. Only the first fault that matches and is due affects a call; beside
// it, the first due ActionForget does.
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
		return "", fmt.Errorf("fault: action %q is not one of %v", f.Action, actions)
	case f.When != BeforeCommit && f.When != AfterCommit:
		return "", fmt.Errorf("fault: when %q is neither before nor after", f.When)
	case f.Action == ActionStale && f.Delay == 0:
		return "", errors.New("fault: action stale needs a delay")
	case f.Action == ActionError && f.Code == 0:
		return "", errors.New("fault: action error needs a code")
	case (f.Action == ActionStatus || f.Action == ActionHTML) && (f.Status < 200 || f.Status > 599):
		return "", fmt.Errorf("fault: status %d", f.Status)
	case f.Rate < 0 || f.Rate > 1 || f.Skip < 0 || f.Every < 0 || f.Count < 0 || f.Delay < 0:
		return "", errors.New("fault: negative number, or rate over 1")
	}
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	if len(s.faults.list) >= MaxFaults {
		return "", fmt.Errorf("fault: more than %d", MaxFaults)
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

// FaultStatus is a fault of the script and how many calls it matched (Seen) and affected (Struck).
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

// pick returns a copy of the fault that affects the call, nil for none, and notes on the call whether its client_token is forgotten.
func (f *faults) pick(c *Call) *Fault {
	f.mu.Lock()
	defer f.mu.Unlock()
	var picked *Fault
	for _, fault := range f.list {
		forgets := fault.Action == ActionForget
		if forgets && c.forget || !forgets && picked != nil || !fault.matches(c) || !f.strikes(fault, c.Options.Seed) {
			continue
		}
		if forgets {
			c.forget, c.forgetAfter = true, fault.Delay
			continue
		}
		struck := *fault
		picked = &struck
	}
	return picked
}

func (f *Fault) matches(c *Call) bool {
	ok, _ := path.Match(f.Endpoint, c.Route.Name) // the pattern was checked in AddFault
	return ok && (f.App == "" || f.App == c.AppID) && (f.Base == "" || f.Base == c.Params["app_token"]) &&
		(f.Table == "" || f.Table == c.Params["table_id"])
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
		if float64(state.Mix(seed^state.Mix(f.dice))>>11)/steps >= fault.Rate {
			return false
		}
	}
	fault.struck++
	return true
}
