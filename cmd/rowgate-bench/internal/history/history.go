// Package history checks exactly-once from outside: it records every request and every answer as callers saw them, compares
// them with the rows that are in the table in the end, and names each row that landed twice, was acknowledged and is not
// there, or came from nobody. It knows nothing of the service, of Feishu or of how either works.
//
// Rows are told apart by a mark: a text that the caller put into one column of the row and that no other row of the
// history carries.
package history

import (
	"fmt"
	"slices"
	"sync"
)

// Status is what an answer said of a row.
type Status int

// What an answer can say. An attempt that got no answer says Unknown of all its rows.
const (
	Unknown    Status = iota // the row may be there or not, or may still come
	Written                  // the row is there
	NotWritten               // this attempt did not write the row and will not
)

// Result is what an answer said of one row.
type Result struct {
	Status   Status
	RecordID string // of a written row; "" where the answer did not say
}

// Row is one row of the table in the end.
type Row struct {
	Mark     string
	RecordID string
}

// History is what callers sent and what they were told. The zero value is empty and ready; it is safe for concurrent use.
type History struct {
	mu       sync.Mutex
	requests map[string]*request
	order    []*request
	owners   map[string]*request // by mark
}

// request is one piece of work of a caller: the same rows, sent once or many times.
type request struct {
	id       string
	marks    []string
	attempts []*Attempt
}

// Attempt is one sending of a request.
type Attempt struct {
	history  *History
	request  *request
	answerID string
	results  []Result // nil without an answer
}

// Send notes that a request is about to be sent: call it before the first byte leaves. marks name its rows, in order; a
// request that is sent again carries the same rows. The error says how the caller misuses the history: a mark twice, or a
// request that changed its rows.
func (h *History) Send(id string, marks ...string) (*Attempt, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.requests == nil {
		h.requests, h.owners = make(map[string]*request), make(map[string]*request)
	}
	r := h.requests[id]
	if r == nil {
		var err error
		if r, err = h.add(id, marks); err != nil {
			return nil, err
		}
	} else if !slices.Equal(r.marks, marks) {
		return nil, fmt.Errorf("request %s is sent again with other rows", id)
	}
	a := &Attempt{history: h, request: r}
	r.attempts = append(r.attempts, a)
	return a, nil
}

func (h *History) add(id string, marks []string) (*request, error) {
	r := &request{id: id, marks: slices.Clone(marks)}
	for i, mark := range r.marks {
		if mark == "" || h.owners[mark] != nil {
			for _, taken := range r.marks[:i] {
				delete(h.owners, taken)
			}
			return nil, fmt.Errorf("request %s: the mark %q is empty or another row's", id, mark)
		}
		h.owners[mark] = r
	}
	h.requests[id] = r
	h.order = append(h.order, r)
	return r, nil
}

// Answer notes what came back, one result a row, in order; id is the answer's own name (a request_id), for the report. An
// attempt that gets no answer is left alone. The error says that the answer does not fit the request or is the second one.
func (a *Attempt) Answer(id string, results ...Result) error {
	a.history.mu.Lock()
	defer a.history.mu.Unlock()
	switch {
	case a.results != nil:
		return fmt.Errorf("request %s: an attempt has one answer", a.request.id)
	case len(results) != len(a.request.marks):
		return fmt.Errorf("request %s has %d rows, its answer %s tells of %d", a.request.id, len(a.request.marks), id, len(results))
	}
	a.answerID, a.results = id, append([]Result{}, results...)
	return nil
}
