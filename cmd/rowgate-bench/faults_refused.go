package main

import (
	"maps"
	"net/http"
	"slices"
	"sync"

	"github.com/rowgate/rowgate/internal/problem"
)

// explained are the codes with which rows may be refused while the faults last, and what explains them.
var explained = map[string]string{
	string(problem.UnknownOutcome):      "Feishu's answer was lost, and looking did not decide",
	string(problem.UpstreamUnavailable): "Feishu's answers were cut or failed",
	string(problem.Overloaded):          "the service holds as many rows as it may",
	string(problem.RateLimited):         "many callers share an address",
	string(problem.InFlight):            "the first request was still being stored",
	string(problem.Draining):            "the service was being stopped",
}

// refusals counts answers, and rows of answers, that say of rows that they were not written or may not be. It is safe for concurrent use.
type refusals struct {
	mu     sync.Mutex
	counts map[string]int // by code
}

// add counts what an answer refused. A refusal without a code counts as the code "".
func (r *refusals) add(got *reply) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.counts == nil {
		r.counts = make(map[string]int)
	}
	if got.status >= http.StatusBadRequest {
		r.counts[got.Code]++
	}
	if got.status == http.StatusOK {
		for _, row := range got.Errors {
			r.counts[row.Code]++
		}
		if got.Failed+got.Unknown > len(got.Errors) {
			r.counts[""]++
		}
	}
}

// codes returns the codes that occurred, in order.
func (r *refusals) codes() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Sorted(maps.Keys(r.counts))
}

func (r *refusals) count(code string) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.counts[code]
}

// unexplained counts the refusals that no fault of the run explains.
func (r *refusals) unexplained() int {
	n := 0
	for _, code := range r.codes() {
		if explained[code] == "" {
			n += r.count(code)
		}
	}
	return n
}
