package history

import (
	"fmt"
	"slices"
	"strings"
)

// Kind is a way to break the promise.
type Kind string

// The kinds of violations.
const (
	Duplicate Kind = "duplicate" // a row is in the table more than once
	Lost      Kind = "lost"      // a row was acknowledged and is not in the table
	Alien     Kind = "alien"     // a row is in the table that nobody sent
	Refused   Kind = "refused"   // a row is in the table though every attempt was told that it was not written
	Changed   Kind = "changed"   // two answers gave one row different record ids
	Misnamed  Kind = "misnamed"  // the table knows the row by another record id than the answer gave
)

// Kinds lists every kind, worst first.
func Kinds() []Kind { return []Kind{Duplicate, Lost, Alien, Refused, Changed, Misnamed} }

// MaxViolations bounds the violations that a report spells out; all are counted.
const MaxViolations = 100

// Violation is one broken promise. It names the request and the answers that prove it.
type Violation struct {
	Kind    Kind     `json:"kind"`
	Mark    string   `json:"mark"`
	Request string   `json:"request"` // "" for an alien
	Answers []string `json:"answers"` // ids of the answers that told of the row, in order of sending
	Detail  string   `json:"detail"`
}

// String is the violation in one line.
func (v Violation) String() string {
	return fmt.Sprintf("%s: row %s of request %q, answers %s: %s", v.Kind, v.Mark, v.Request, strings.Join(v.Answers, " "), v.Detail)
}

// Report is what a history came to.
type Report struct {
	Requests     int          `json:"requests"`
	Attempts     int          `json:"attempts"`
	Unanswered   int          `json:"unanswered"`   // attempts
	Rows         int          `json:"rows"`         // that were sent
	Acknowledged int          `json:"acknowledged"` // rows that some answer called written
	NotWritten   int          `json:"not_written"`  // rows of which every attempt was told that they were not written
	Open         int          `json:"open"`         // all other rows: in the table or not, both are right
	Landed       int          `json:"landed"`       // rows of the table
	Counts       map[Kind]int `json:"counts"`       // violations
	Violations   []Violation  `json:"violations"`   // the first MaxViolations
}

// Broken counts the violations.
func (r *Report) Broken() int {
	n := 0
	for _, count := range r.Counts {
		n += count
	}
	return n
}

// Check compares the history with the table as it is when nothing is under way any more. Rows of the table that carry no mark
// (seeded ones) must be left out of it.
func (h *History) Check(table []Row) *Report {
	h.mu.Lock()
	defer h.mu.Unlock()
	report := &Report{Requests: len(h.order), Landed: len(table), Counts: make(map[Kind]int), Violations: []Violation{}}
	landed := make(map[string][]string, len(table)) // record ids by mark
	for _, row := range table {
		landed[row.Mark] = append(landed[row.Mark], row.RecordID)
		if h.owners[row.Mark] == nil {
			report.add(Violation{Kind: Alien, Mark: row.Mark, Answers: []string{}, Detail: "no request carries it; it is " + row.RecordID})
		}
	}
	for _, r := range h.order {
		report.Attempts += len(r.attempts)
		for _, a := range r.attempts {
			if a.results == nil {
				report.Unanswered++
			}
		}
		for i, mark := range r.marks {
			report.row(r, i, landed[mark])
		}
	}
	return report
}

// row judges the i-th row of r, which the table holds under ids.
func (r *Report) row(of *request, i int, ids []string) {
	r.Rows++
	said := of.said(i)
	found := func(kind Kind, format string, args ...any) {
		r.add(Violation{Kind: kind, Mark: of.marks[i], Request: of.id, Answers: of.answers(), Detail: fmt.Sprintf(format, args...)})
	}
	if len(ids) > 1 {
		found(Duplicate, "the table has it as %s", strings.Join(ids, " "))
	}
	switch {
	case said.written:
		r.Acknowledged++
		if len(ids) == 0 {
			found(Lost, "acknowledged as %s", strings.Join(said.ids, " "))
		}
	case said.refused:
		r.NotWritten++
		if len(ids) > 0 {
			found(Refused, "every attempt was told that it was not written; it is %s", ids[0])
		}
	default:
		r.Open++
	}
	if len(said.ids) > 1 {
		found(Changed, "acknowledged as %s", strings.Join(said.ids, " "))
	}
	if len(said.ids) == 1 && len(ids) == 1 && said.ids[0] != ids[0] {
		found(Misnamed, "acknowledged as %s, the table has %s", said.ids[0], ids[0])
	}
}

// verdict is what all answers together said of a row.
type verdict struct {
	written bool     // at least one said so
	refused bool     // all attempts were answered, and all said not written
	ids     []string // the different record ids that were given
}

func (r *request) said(i int) verdict {
	v := verdict{refused: true}
	for _, a := range r.attempts {
		if a.results == nil {
			v.refused = false
			continue
		}
		result := a.results[i]
		v.refused = v.refused && result.Status == NotWritten
		v.written = v.written || result.Status == Written
		if result.Status == Written && result.RecordID != "" && !slices.Contains(v.ids, result.RecordID) {
			v.ids = append(v.ids, result.RecordID)
		}
	}
	return v
}

func (r *request) answers() []string {
	ids := []string{}
	for _, a := range r.attempts {
		if a.results != nil {
			ids = append(ids, a.answerID)
		}
	}
	return ids
}

func (r *Report) add(v Violation) {
	r.Counts[v.Kind]++
	if len(r.Violations) < MaxViolations {
		r.Violations = append(r.Violations, v)
	}
}
