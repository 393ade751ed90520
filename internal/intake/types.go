// Package intake turns any body that callers really send into one canonical JSON object of parameters.
//
// What was repaired is listed; what is not ruled by the contract (api.md "Bodies") is refused with its position. A quoted
// value is never altered and nothing is guessed.
package intake

import (
	"net/http"
	"net/url"
)

// Bounds of a request.
const (
	MaxBodyBytes    = 20 << 20 // bytes of a body
	MaxRows         = 10_000   // rows of a request
	MaxDepth        = 32       // nesting of arrays, objects and string layers
	MaxStringLayers = 3        // JSON inside JSON strings
)

// Kind is what a parameter holds.
type Kind int

// The kinds of parameters.
const (
	Text    Kind = iota // a string; numbers and booleans are taken as spelled
	Bool                // true/false; text "true", "True", "1", …
	Integer             // whole number; text "500"
	List                // list of strings: JSON array, JSON text, Python repr or "a,b"
	Object              // one JSON object, or text that holds one
	Array               // one JSON array, or text that holds one; elements as they are
	Rows                // list of row objects in any of the shapes of "Bodies"
	Row                 // one row object ("fields")
)

// Param is one parameter that a tool takes.
type Param struct {
	Name   string
	Kind   Kind
	Header string // canonical header that may carry it, "" if none: X-App-Id
	Secret bool   // never in the query
	Query  bool   // may come in the query string
}

// Spec is what a tool takes.
type Spec struct {
	Params       []Param
	Rows         string // name of the Rows parameter, "" if the tool takes no rows
	Row          string // name of the Row parameter, "" if none
	RowsRequired bool   // nothing there is no_rows
	FlatRow      bool   // a top level without any parameter name is one flat row
}

// Input is a request as it came.
type Input struct {
	Body        []byte
	ContentType string // header value, with parameters
	Query       url.Values
	RawQuery    string
	Header      http.Header
}

// Repair is one rule that was applied, how often, and where first.
type Repair struct {
	Rule  string // stable name, e.g. markdown_fence
	Count int
}

// File is one file part of a multipart body.
type File struct {
	Row         int    // index of the row that it belongs to
	Column      string // column of the row; the parameter's name where it is no column
	Name        string // file name as sent, may be empty
	ContentType string // as sent, may be empty
	Data        []byte
}

// Result is the canonical request.
type Result struct {
	JSON    []byte // one compact JSON object: parameter name → value; spelling of numbers and order of keys as sent
	Repairs []Repair
	Files   []File
}
