package bitable

import (
	"encoding/json"
	"slices"
	"unicode/utf8"

	"github.com/rowgate/rowgate/internal/problem"
)

// Plan is what a coercion found: rows to send, errors, warnings, and what has to be looked up or created first. Resolve and
// Reject change it; it is not safe for concurrent use. Its memory is proportional to the rows' size.
type Plan struct {
	rows       []planned
	errors     []RowError
	errorCount int
	warnings   []Warning
	unknown    []UnknownColumn
	optionUses []optionUse
	pending    []Pending
	answers    map[Pending]*answer
	sorted     bool // errors are in order of rows
	skips      bool // a value that a lookup refuses is left out
	clears     bool // a value that proves empty clears the cell
}

// planned is the state of one row of the request.
type planned struct {
	body    json.RawMessage // the coerced object; held values are missing from it
	id      string
	held    []heldCell
	members int // cells that are written or held
	bad     bool
	waiting bool // names a column that has to be created first
}

// heldCell is a list value that cannot be written before its lookups are answered.
type heldCell struct {
	start    int // offset in the row's body of the member, its comma included
	at       int // offset where the list belongs
	column   string
	key      bool // rows are matched on the column
	dropped  bool // left out: a lookup was refused
	cleared  bool // nothing was meant, which clears
	repeated bool // elements may be equal
	elements []element
}

// element is one entry of a list value: its JSON, or the lookup that yields it.
type element struct {
	json    []byte
	lookup  Pending
	pending bool
}

// answer is what a lookup came to: an element, nothing, or nil and false while it is open.
type answer struct {
	json    json.RawMessage
	nothing bool
}

func (a *answer) isOpen() bool { return a.json == nil && !a.nothing }

// optionUse says that a row uses an option that the column does not have.
type optionUse struct {
	column, name string
	row          int
}

// UnknownColumn is a column that rows name and the table does not have.
type UnknownColumn struct {
	Name    string            // as first spelled, trimmed
	Samples []json.RawMessage // every value that rows have for it, nulls left out; parts of the request, not copies
	Files   int               // files that came for it beside the rows
}

// Rows returns the rows that can be sent as they are: no error, every lookup answered, no column to be created first.
func (p *Plan) Rows() []Row {
	rows := make([]Row, 0, len(p.rows))
	for i := range p.rows {
		if r := &p.rows[i]; !r.bad && !r.waiting && p.assemble(i) {
			rows = append(rows, Row{Index: i, RecordID: r.id, Fields: r.body})
		}
	}
	return rows
}

// assemble puts the answers to a row's lookups in, once and for all; it reports false while one is missing.
func (p *Plan) assemble(i int) bool {
	r := &p.rows[i]
	for _, cell := range r.held {
		for _, e := range cell.elements {
			if !cell.dropped && e.pending && p.answers[e.lookup].isOpen() {
				return false
			}
		}
	}
	if len(r.held) == 0 {
		return true
	}
	var body []byte
	done := 0
	for _, cell := range r.held {
		if cell.dropped {
			body = append(body, r.body[done:cell.start]...)
		} else {
			body = append(body, r.body[done:cell.at]...)
			body = p.appendHeld(body, i, cell)
		}
		done = cell.at
	}
	body = append(body, r.body[done:]...)
	if len(body) > 1 && body[1] == ',' { // the first cell was left out
		body = append(body[:1], body[2:]...)
	}
	r.body, r.held = body, nil
	return true
}

// appendHeld appends the list of a cell whose lookups are answered. An address may turn out to be a person that the list
// already has.
func (p *Plan) appendHeld(body []byte, row int, cell heldCell) []byte {
	if cell.cleared {
		return append(body, "null"...)
	}
	var entries distinct
	body = append(body, '[')
	for _, e := range cell.elements {
		value := e.json
		if e.pending {
			if p.answers[e.lookup].nothing {
				continue
			}
			value = p.answers[e.lookup].json
		}
		if !cell.repeated && !entries.add(value) {
			p.warn(Warning{Rule: RulePartsDropped, Field: cell.column, Index: row, Got: cut(value)})
			continue
		}
		if body[len(body)-1] != '[' {
			body = append(body, ',')
		}
		body = append(body, value...)
	}
	return append(body, ']')
}

// Total is the number of rows in the request.
func (p *Plan) Total() int { return len(p.rows) }

// Bad reports whether row i has an error.
func (p *Plan) Bad(i int) bool { return p.rows[i].bad }

// Errors returns what is wrong, by row; several entries for a row with several bad cells. Past problem.MaxRowErrors only
// the first bad cell of each row is kept; ErrorCount counts all.
func (p *Plan) Errors() []RowError {
	if !p.sorted {
		slices.SortStableFunc(p.errors, func(a, b RowError) int { return a.Index - b.Index })
		p.sorted = true
	}
	return p.errors
}

// ErrorCount is the number of all errors found, those that Errors left out among them.
func (p *Plan) ErrorCount() int { return p.errorCount }

// Warnings returns the changes that were made to values, those of bad rows among them, in order of first occurrence.
func (p *Plan) Warnings() []Warning { return p.warnings }

// UnknownColumns returns the columns to create under PolicyCreate, in order of first occurrence. Rows that name one are
// not among Rows: create the columns and coerce again with the new schema.
func (p *Plan) UnknownColumns() []UnknownColumn { return p.unknown }

// NewOptions returns, by column, the options that the good rows use and the column does not have, in order of first use. Feishu
// creates one twice if it comes twice in one call: create them before, or keep its first use in a call of its own.
func (p *Plan) NewOptions() map[string][]string {
	type key struct{ column, name string }
	seen := map[key]bool{}
	options := map[string][]string{}
	for _, use := range p.optionUses {
		k := key{use.column, use.name}
		if p.rows[use.row].bad || seen[k] {
			continue
		}
		seen[k] = true
		options[use.column] = append(options[use.column], use.name)
	}
	return options
}

// Pending returns the lookups of good rows that are still open, in order of rows.
func (p *Plan) Pending() []Pending {
	var open []Pending
	for _, l := range p.pending {
		if p.answers[l].isOpen() && !p.rows[l.Row].bad && !p.isDropped(l) {
			open = append(open, l)
		}
	}
	return open
}

// Resolve answers a lookup with a list element in write shape: {"id":"ou_…"} for a person, {"file_token":"…"} for a file, "rec…" for
// a title.
// A lookup that is none of this plan's is ignored.
func (p *Plan) Resolve(l Pending, element json.RawMessage) {
	a, ok := p.answers[l]
	if !ok || !a.isOpen() || p.isDropped(l) {
		return
	}
	a.json = element
	rule := RuleAttachmentUploaded
	switch l.Kind {
	case PendingEmail, PendingMobile:
		rule = RulePersonResolved
	case PendingTitle:
		rule = RuleLinkResolved
	case PendingURL, PendingData, PendingFile:
	}
	p.warn(Warning{Rule: rule, Field: l.Column, Index: l.Row, Got: cut([]byte(l.Value)), Sent: element})
}

// warn counts w, or one more of its rule and field.
func (p *Plan) warn(w Warning) {
	i := slices.IndexFunc(p.warnings, func(known Warning) bool { return known.Rule == w.Rule && known.Field == w.Field })
	if i < 0 {
		i = len(p.warnings)
		p.warnings = append(p.warnings, w)
	}
	p.warnings[i].Count++
}

// Reject fails the row of a lookup. Index, Field and Got are filled in where they are empty; a lookup that is none of this
// plan's is ignored.
func (p *Plan) Reject(l Pending, e RowError) {
	if _, ok := p.answers[l]; !ok {
		return
	}
	e.Index = l.Row
	if e.Field == "" {
		e.Field = l.Column
	}
	if e.Got == "" {
		e.Got = cut([]byte(l.Value))
	}
	if p.skips && IsBadValue(e.Code) && p.drop(l, e) {
		p.warn(Warning{Rule: RuleBadValueSkipped, Field: l.Column, Index: l.Row, Got: e.Got})
		return
	}
	p.fail(e)
}

// drop leaves the cell of a lookup out of its row, once; it reports false for a key column. A row that has no other cell fails. bad is
// what is wrong with the value; zero if it is only empty.
func (p *Plan) drop(l Pending, bad RowError) bool {
	row := &p.rows[l.Row]
	i := slices.IndexFunc(row.held, func(cell heldCell) bool { return cell.column == l.Column })
	if i < 0 || row.held[i].key {
		return false
	}
	if !row.held[i].dropped {
		row.held[i].dropped = true
		if row.members--; row.members == 0 {
			e := emptied(bad)
			e.Index = l.Row
			p.fail(e)
		}
	}
	return true
}

// isDropped reports whether the cell of a lookup was left out.
func (p *Plan) isDropped(l Pending) bool {
	return slices.ContainsFunc(p.rows[l.Row].held, func(cell heldCell) bool { return cell.dropped && cell.column == l.Column })
}

// fail records an error and marks its row.
func (p *Plan) fail(e RowError) {
	row := &p.rows[e.Index]
	p.errorCount++
	if len(p.errors) < problem.MaxRowErrors || !row.bad {
		p.errors = append(p.errors, e)
		p.sorted = p.sorted && (len(p.errors) < 2 || p.errors[len(p.errors)-2].Index <= e.Index)
	}
	row.bad = true
	row.body, row.held = nil, nil
}

// hold records a cell of row i that waits for lookups.
func (p *Plan) hold(i int, cell heldCell) {
	for _, e := range cell.elements {
		if !e.pending {
			continue
		}
		if _, known := p.answers[e.lookup]; !known {
			p.answers[e.lookup] = &answer{}
			p.pending = append(p.pending, e.lookup)
		}
	}
	p.rows[i].held = append(p.rows[i].held, cell)
}

// cut shortens a value for an error or warning to problem.MaxGotRunes.
func cut(b []byte) string {
	at, keep := 0, 0
	for n := 0; at < len(b); n++ {
		if n == problem.MaxGotRunes {
			return string(b[:keep]) + "…"
		}
		keep = at
		_, size := utf8.DecodeRune(b[at:])
		at += size
	}
	return string(b)
}
