package intake

import (
	"encoding/json"
	"slices"

	"github.com/rowgate/rowgate/internal/problem"
)

// Columns reports whether the table has a column of that name, matched as the keys of rows are.
type Columns func(name string) bool

// Settled is a request's rows once the table's columns are known.
type Settled struct {
	Rows    []json.RawMessage        // as Result.Rows, without their wrappers
	Repairs []Repair                 // those of the Result, and what was done to wrappers
	Refused map[int]problem.RowError // by place in Rows: what is a wrapper and cannot be taken as rows; nil if none
	Guessed bool                     // CSV that could be read in several ways was read by its commas, since no header fits the table
}

// Settle decides what Parse left open because only the columns of the table decide it: whether names that are parameters are
// columns of a flat row, whether rows are inside wrappers, and by which separator CSV is read (docs/contract.md §3, "Bodies",
// "Wrappers" and "Tables as text").
//
// A row whose first key is a column, as nearly all are, is not looked at any further. The Result is not changed. The errors are
// problems: unknown_parameter, no_rows, wrapper for a wrapper that is the whole body, too_many_rows, bad_body for CSV that fits no way.
func (r *Result) Settle(has Columns) (*Settled, error) {
	if r.doubt != nil {
		if !slices.ContainsFunc(r.doubt.names, func(name string) bool { return !has(name) }) {
			return &Settled{Rows: r.Rows, Repairs: r.Repairs}, nil
		}
		return nil, r.doubt.otherwise
	}
	if r.csv != nil {
		rows, guessed, err := r.csv.rows(func(name string) bool { return has(name) || slices.Contains(r.spec.RowParts, name) })
		if err != nil {
			return nil, err
		}
		chosen := *r
		chosen.Rows, chosen.csv = rows, nil
		settled, err := chosen.Settle(has)
		if err == nil {
			settled.Guessed = guessed
		}
		return settled, err
	}
	if r.spec == nil {
		return &Settled{Rows: r.Rows, Repairs: r.Repairs}, nil
	}
	u := &unwrapper{
		result: r, has: has, classes: map[string]class{},
		settled: &Settled{Rows: r.Rows, Repairs: r.Repairs}, repairs: slices.Clone(r.Repairs),
	}
	for i, row := range r.Rows {
		if err := u.row(i, row); err != nil {
			return nil, err
		}
	}
	u.settled.Repairs = u.repairs
	return u.settled, nil
}

// doubt is what Parse could not decide about a flat row.
type doubt struct {
	names     []string // parameters that may be columns
	otherwise error    // what is wrong if one of them is none
}

// class is what a name at the top of a row is.
type class int

const (
	classOther     class = iota
	classColumn          // of the table
	classParameter       // of the tool
	classWrapper         // may hold the rows
	classPaired          // stands beside what holds the rows
	classFailure         // says that there are none
)

// maxClasses bounds the names whose class is remembered.
const maxClasses = 1000

// classOf classes a name, given as a canonical string.
func (u *unwrapper) classOf(key []byte) class {
	if known, ok := u.classes[string(key)]; ok {
		return known
	}
	name := string(unquote(key))
	c := classOther
	switch {
	case u.has(name):
		c = classColumn
	case isRowName(u.result.spec, name):
		c = classParameter
	case slices.Contains(wrapperNames, name):
		c = classWrapper
	case slices.Contains(pairedNames, name):
		c = classPaired
	case name == "error" || name == "errors":
		c = classFailure
	case slices.ContainsFunc(u.result.spec.Params, func(param Param) bool { return param.Name == name }):
		c = classParameter
	}
	if len(u.classes) < maxClasses {
		u.classes[string(key)] = c
	}
	return c
}

// isRowName reports whether a name at the top of an object says that it is a row, or holds rows.
func isRowName(spec *Spec, name string) bool {
	return name == spec.Rows || name == spec.Row && name != "" || name == "fields"
}
