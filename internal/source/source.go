// Package source reads rows from where they are. A Source has columns and streams its rows; what reads it needs no more than one row in
// memory. The kind of source that is here is a file: CSV, XLSX, JSON Lines.
package source

import (
	"context"
	"encoding/json"

	"github.com/rowgate/rowgate/internal/problem"
)

// Bounds of what is read, whatever the source.
const (
	MaxColumns  = 300     // columns; source: what a row of a request may have (docs/contract.md §3, "A row")
	MaxRowBytes = 4 << 20 // bytes of one row; a larger one is nearly always a quote that is not closed
	maxDepth    = 24      // of lists and objects within a value; a request's body may have 32, its own levels included
)

// Column is a column of a source.
type Column struct {
	Name string // not empty, unlike the names of the others
}

// Row is one row of a source.
type Row struct {
	Number int               // the row as its source shows it: a spreadsheet's row, a file's line, counted from 1 with the header
	Values []json.RawMessage // one for each column, in their order; nil: the row has nothing there
	Fault  *Fault            // why the row cannot be taken; nil: it can
}

// Fault is what is wrong with one row. The rows around it are not concerned.
type Fault struct {
	Column  string // "" where the whole row is meant
	Code    string // one of the codes below
	Message problem.Text
}

// Codes of faults. They stand beside the row codes of docs/contract.md §3 in a file of refused rows.
const (
	FaultExtraCell = "extra_cell" // the row has a value behind the last column
	FaultCellError = "cell_error" // a spreadsheet's #N/A, #DIV/0!, …
	FaultNoValue   = "no_value"   // a formula whose value was not saved
	FaultBadDate   = "bad_date"   // a number that is formatted as a date and is none
	FaultBadText   = "bad_text"   // what no text may hold: NUL, half of a surrogate pair
	FaultBadNumber = "bad_number" // a number beyond what a double holds
	FaultTooDeep   = "too_deep"   // lists within lists beyond maxDepth
)

// Rows is one pass over the rows of a source, in its order. One goroutine uses it.
type Rows interface {
	// Next returns the next row, which stays valid; io.EOF after the last. Any other error ends the pass: the source cannot be read on.
	Next(ctx context.Context) (Row, error)
	Close() error
}

// Source is where rows come from. It is safe for concurrent use.
type Source interface {
	Columns() []Column
	// Rows begins a pass at the first row. Each pass returns the same rows while the source does not change.
	Rows(ctx context.Context) (Rows, error)
}

// Refusal is why a source cannot be read at all, with what to do about it.
type Refusal struct {
	Text problem.Text
}

// Error implements error.
func (r *Refusal) Error() string { return r.Text.EN }

func refuse(zh, en string) error { return &Refusal{problem.Text{ZH: zh, EN: en}} }
