// Package bitable knows tables: field types, coercion of any value to the shape Feishu takes, links, plain values back.
//
// It is pure: no I/O, no clock but the one it is given, no state between calls.
package bitable

import (
	"encoding/json"
	"time"

	"github.com/rowgate/rowgate/internal/problem"
)

// Bounds of a row.
const (
	MaxColumns   = 300     // columns in a row
	MaxTextRunes = 100_000 // characters in a text cell
)

// Bounds of a request.
const (
	MaxTableColumns = 300    // columns of a table, those to be created among them. Source: Feishu's limits of a table
	MaxLookups      = 50_000 // people, files and titles that have to be looked up or uploaded
	maxTargets      = 4096   // spellings of column names that are remembered

	maxNearestSearches = 50 // in one coercion; later errors have no suggestion
)

// Mode says what rows are for.
type Mode int

// The modes.
const (
	Create Mode = iota // null and empty are left out
	Update             // rows carry a record_id; null clears
	Upsert             // rows have the shape of Create; null clears, and is to be left out of those that are created
)

// Policies for what a table does not have.
const (
	PolicyReject = "reject"
	PolicyIgnore = "ignore"
	PolicyCreate = "create"
	EmptySkip    = "skip"
	EmptyClear   = "clear"
)

// Options of a coercion; the zero value is not useful: the tool fills all of it with the contract's defaults.
type Options struct {
	Mode           Mode
	Raw            bool           // typecast:false: values go as they are
	TimeZone       *time.Location // for dates without an offset
	EmptyValues    string         // EmptySkip, EmptyClear
	UnknownFields  string         // PolicyReject, PolicyIgnore, PolicyCreate
	UnknownOptions string         // PolicyCreate, PolicyReject
	UserIDType     string         // open_id, union_id, user_id
	Files          []File         // file parts of a multipart body, for attachment columns
	SkipBadValues  bool           // bad_values:skip: a value that does not fit is left out with a warning, but not in KeyFields
	KeyFields      []string       // columns that rows are matched on, as the caller names them
	Literal        bool           // values of a search: words for nothing are words
	LinksByTitle   []string       // link columns, by their own names, whose entries are titles of linked rows (link_by: title)
	// Refused are rows that were judged already, by their place: what is wrong with each. nil if none.
	Refused  map[int]RowError
	Repeated []string // columns whose list was made of a form's repeated key: only for those that hold several values
}

// File is a file that came beside the rows; it becomes a Pending of kind PendingFile.
type File struct {
	Row    int
	Column string // as the caller wrote it; matched as the keys of rows are
	Ref    string // how the tool finds the content again; becomes Pending.Value
}

// Row is one coerced row, ready to be sent.
type Row struct {
	Index    int             // place in the request
	RecordID string          // for updates
	Fields   json.RawMessage // the JSON object in Feishu's write shape, keys are the table's own column names
}

// PendingKind is what has to be looked up before a cell can be written.
type PendingKind int

// The kinds of lookups.
const (
	PendingEmail PendingKind = iota
	PendingMobile
	PendingURL   // fetch and upload; value is an http(s) URL
	PendingData  // upload; value is a data: URI
	PendingFile  // upload a multipart file; set by the tool
	PendingTitle // find the record of the linked table whose primary column has this text
)

// Pending is one value that needs a lookup; the answer is put in with Plan.Resolve or Plan.Reject.
type Pending struct {
	Row    int // index into Plan rows (the request's index)
	Column string
	Kind   PendingKind
	Value  string
	Name   string // of the file, as the caller wants it; "" for the file's own
}

// Warning is one change that was made to values: one entry for each (rule, field).
type Warning struct {
	Rule    string          `json:"rule"`
	Field   string          `json:"field,omitempty"`
	Count   int             `json:"count"`
	Index   int             `json:"index"`
	Got     string          `json:"got,omitempty"`
	Sent    json.RawMessage `json:"sent,omitempty"`
	Message string          `json:"message,omitempty"` // for people; set in an answer alone, in its language
}

// RowError is problem.RowError; the alias keeps signatures short.
type RowError = problem.RowError
