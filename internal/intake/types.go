// Package intake turns any body that callers really send into one canonical request: a JSON object of parameters, and the rows
// beside it.
//
// What was repaired is listed; what the contract (docs/contract.md §3, "Bodies") does not allow is refused with its position.
// A quoted value is never altered and nothing is guessed.
//
// # Passes over a row
//
// The JSON of a row is parsed twice between the socket and Feishu:
//
//  1. Here. The scanner checks syntax, depth, numbers, surrogates and duplicate keys, writes the canonical text, and notes where
//     each row begins and ends in it. Result.Rows are these parts of the text. (JSON inside a string is unquoted first, and then
//     scanned in the same way.)
//  2. In bitable.Schema.Coerce, which walks over the members of a row and turns their values into what Feishu takes.
//
// Wrappers around rows are taken off by Result.Settle, since the table's columns decide what is one. It looks at the first key of
// each row; only where that is no column are the other keys walked over, and only a wrapper's inside is parsed once more.
//
// Nothing else parses a row in between: Huma and MCP validate Result.JSON, which has no rows, and a tool decodes only that. The
// fingerprint of a request hashes the bytes of its rows. Coerce runs again only where the table turns out to have other columns
// than were known. (The learning-record service, internal/surface/learning, parses its rows once more to rename their keys.)
//
// Every row of every shape of body passes parser.addRow, one by one and in order.
package intake

import (
	"encoding/json"
	"net/http"
	"net/url"

	"github.com/rowgate/rowgate/internal/problem"
)

// Bounds of a request.
const (
	MaxBodyBytes    = 20 << 20         // bytes of a body
	MaxTableBytes   = 38 << 20         // bytes of a table's rows as JSON, where each repeats the header; below twice MaxBodyBytes
	MaxLength       = 2 * MaxBodyBytes // bytes of a request as one JSON text, which escapes may make longer than its body
	MaxRows         = 10_000           // rows of a request
	MaxDepth        = 32               // nesting of arrays, objects and string layers
	MaxStringLayers = 3                // JSON inside JSON strings
	MaxKeys         = 10_000           // keys of one object
	MaxFormParts    = 1_000            // keys of a form, parts of a multipart body
	MaxThinkBlocks  = 8                // thinking blocks before an answer
	MaxExcerptRunes = 40               // runes of the body that a refusal shows
)

// Kind is what a parameter holds.
type Kind int

// The kinds of parameters.
const (
	Text    Kind = iota // a string; numbers and booleans are taken as spelled
	Bool                // true/false, 1/0; also as text in any case
	Integer             // whole number; also as text "500"
	List                // list of strings: JSON array, JSON text, Python repr or "a,b"
	Object              // one JSON object, or text that holds one
	Array               // one JSON array, or text that holds one; elements as they are
	Rows                // list of row objects in any of the shapes of "Bodies"
	Row                 // one row object ("fields")
	Upload              // a file part of a multipart body; it comes out in Result.Files, never in Result.JSON
)

// Param is one parameter that a tool takes.
type Param struct {
	Name   string
	Kind   Kind
	Header string // canonical header that may carry it, "" if none: X-App-Id
	Secret bool   // never in the query, never shown in a refusal
	Query  bool   // may come in the query string
	Role   Role   // what template text means in it
	// OrObject says that a text may also be one JSON object, or text that holds one; it comes out as the text of that object.
	OrObject bool
	// MayBeColumn says that in a flat row the name is a column where the table has one of that name.
	MayBeColumn bool
	// BesideRows says that in a body with flat rows the name is a parameter only where the rows, or the row, stand beside it.
	BesideRows bool
}

// Role is what a parameter is for, as far as template text that nobody filled in is concerned.
type Role int

// The roles.
const (
	Content        Role = iota // any text may be meant, or the tool judges it once it proved wrong
	Keyword                    // one of a few words, a time zone: template text is never right
	IdempotencyKey             // names one run: template text would name them all
)

// Spec is what a tool takes. It is only read, so one value serves all requests at once.
type Spec struct {
	Params       []Param
	Rows         string // name of the Rows parameter, "" if the tool takes no rows
	Row          string // name of the Row parameter, "" if none
	RowsRequired bool   // nothing there is no_rows
	// FlatRow: a top level without any parameter name is one flat row. Result.Settle then decides what only the table's
	// columns decide.
	FlatRow bool
	// RowParts are the names that, beside parameters at the top level, make up one row: record_id, fields. nil if none do.
	RowParts []string
}

// Input is a request as it came.
type Input struct {
	Body        []byte
	ContentType string     // header value, with parameters
	Query       url.Values // read where RawQuery is empty
	RawQuery    string     // the query as sent; broken escapes and repeated names are seen in it alone
	Header      http.Header
}

// Repair is one rule that was applied and how often.
type Repair struct {
	Rule  string // stable name, one of the Rule constants
	Count int    // places, or 1 where the whole text was unwrapped
}

// File is one file part of a multipart body. Its column is left out of the row's JSON, so that nothing a caller writes can
// pass for a file; a column that has text beside its file is in both places and in Result.Repeated.
type File struct {
	Row         int    // index of the row that it belongs to; -1 where Column is a parameter
	Column      string // column of the row, or the name of an Upload parameter
	Name        string // file name as sent without directories, may be empty
	ContentType string // as sent, may be empty
	Data        []byte
}

// Result is the canonical request: parameters, and rows beside them. It is only read once Parse has returned it, so it may be
// shared between goroutines.
type Result struct {
	// JSON is one compact object, parameter name → value, with the spelling of numbers and the order of keys as sent. It
	// has every parameter but the rows.
	JSON []byte
	// Rows are the rows, each one compact JSON object without duplicate keys; one given as Spec.Row, or by form keys, is
	// {"<Spec.Row>":{…}}. nil if the request gives none, empty if it gives an empty list.
	//
	// Each row is a part of a text that the intake wrote, without spare capacity: neighbours are never overwritten by an
	// append. The texts belong to the Result; the garbage collector frees them with the last row. The request's body is
	// no part of them.
	Rows     []json.RawMessage
	Language problem.Lang // that the request asks for; "" if it asks for none
	Repairs  []Repair     // in the order of first use; nil for plain JSON and plain forms
	Files    []File       // in the order of the body
	// Repeated names the columns of the one row of a form whose key came more than once. Their value in JSON is the list
	// (or their files are in Files); where the column holds a single value that is duplicate_column.
	Repeated []string
	// Named tells apart what body and headers say, where one may contradict the other. The body's value is in JSON.
	Named Named

	kept  int        // bytes of the texts that Rows are parts of
	spec  *Spec      // of a tool with flat rows, else nil
	flat  bool       // the one row is the whole body
	csv   *csvChoice // CSV that can be read in several ways; nil if there is one
	doubt *doubt     // what only the table's columns decide; nil if nothing
}

// Named are the values of parameters that may come as a header and are no secret, by name and by where they stand. What stands in the
// query is in neither.
type Named struct {
	Body   map[string]string // nil if the body names none
	Header map[string]string // nil if the headers name none
}

// Memory returns the bytes that JSON and Rows occupy while the Result is in use; Files are not counted.
func (r *Result) Memory() int { return len(r.JSON) + r.kept }

// Length returns the bytes of the request as one JSON text, rows included.
func (r *Result) Length() int {
	n := len(r.JSON)
	for _, row := range r.Rows {
		n += len(row) + len(",")
	}
	return n
}
