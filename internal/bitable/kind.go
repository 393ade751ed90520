package bitable

import (
	"slices"
	"strings"

	"github.com/rowgate/rowgate/internal/feishu"
	"github.com/rowgate/rowgate/internal/problem"
)

// Kind is all that is known of one type of columns but its coercion, which is in cell.go. The table of kinds is in kinds.go.
type Kind struct {
	Type   feishu.FieldType
	UIType string       // tells the kind from others of its Type; "" for the kind that a Type has without one
	Name   string       // stable, in snake_case: for describe_table and create_table
	Label  problem.Text // what people call it

	Writable  bool // Feishu takes values for it
	Creatable bool // a column can be made of its name and kind alone; formulas and links need more than that
	Primary   bool // it may be a table's first column, its index
	Key       bool // rows can be matched on it in an upsert
	KeyFilter bool // Feishu's search finds every row that has a key, and perhaps others

	Compare    Compare
	ComparedAs feishu.FieldType // the writable type whose values it is compared with; 0 for its own

	example  string       // JSON of a value that write_records takes; "" if not writable
	expected problem.Text // what it takes, for the error of a value that it does not; zero for text, which takes anything
	form     form
}

// Compare is how the columns of a kind are compared in a search.
type Compare int

// The ways to compare.
const (
	CompareNone     Compare = iota // not at all
	CompareText                    // as text; a url by its text
	ComparePhone                   // as text, in the spelling that is stored
	CompareNumber                  // by size
	CompareOption                  // by the option's name
	CompareSet                     // a list of options or ids: by what it holds
	CompareDate                    // by instant; a date without a time of day is the whole day
	CompareCheckbox                // an untouched one is false
	CompareSerial                  // as text, which Feishu cannot filter
	CompareAddress                 // the text of a location's address; no page says with which operators Feishu filters it
	ComparePresence                // only whether there is something
)

// form is the form that cells have in Feishu's answers.
type form int

const (
	formScalar    form = iota // a string, a number, true, or a form that is passed on as it is
	formNumber                // a number, or text that spells one
	formSegments              // text, or a list of segments with texts
	formTime                  // milliseconds
	formCheckbox              // a boolean; an untouched one is absent
	formOptions               // a list of strings
	formPeople                // a list of objects with an id, whose order says nothing
	formGroups                // a list of objects with an id
	formFiles                 // a list of objects with a file_token
	formRecordIDs             // a list of strings, or an object that holds one
	formURL                   // an object of text and link
	formLocation              // text, or an object that holds it
	formComputed              // {"type":n,"value":[…]}
)

// isList reports whether a cell of the form is a list of values.
func (f form) isList() bool {
	switch f {
	case formOptions, formPeople, formGroups, formFiles, formRecordIDs:
		return true
	case formScalar, formNumber, formSegments, formTime, formCheckbox, formURL, formLocation, formComputed:
		return false
	}
	return false
}

// holdsSeveral reports whether a cell takes a list of values.
func (k *Kind) holdsSeveral() bool { return k.Writable && k.form.isList() }

// unknownKind stands for types that Feishu added later.
var unknownKind = Kind{Name: "unknown", Label: problem.Text{ZH: "未知类型", EN: "unknown"}}

// kindIndex finds kinds by type and ui_type.
var kindIndex = func() map[feishu.FieldType][]*Kind {
	index := make(map[feishu.FieldType][]*Kind, len(kinds))
	for i := range kinds {
		index[kinds[i].Type] = append(index[kinds[i].Type], &kinds[i])
	}
	return index
}()

// kindOf returns the kind of a column. The result is shared and must not be changed.
func kindOf(f feishu.Field) *Kind {
	variants := kindIndex[f.Type]
	if len(variants) == 0 {
		return &unknownKind
	}
	for _, kind := range variants[1:] {
		if kind.UIType == f.UIType {
			return kind
		}
	}
	return variants[0]
}

// KindOf returns the kind of a column; one with the name "unknown" for a type that Feishu added later.
func KindOf(f feishu.Field) Kind { return *kindOf(f) }

// Expected says what a column takes; zero for one that takes anything or nothing.
func Expected(f feishu.Field) problem.Text { return kindOf(f).expected }

// KindNamed finds the kind of a name.
func KindNamed(name string) (kind Kind, ok bool) {
	i := slices.IndexFunc(kinds, func(k Kind) bool { return k.Name == name })
	if i < 0 {
		return Kind{}, false
	}
	return kinds[i], true
}

// Kinds lists those kinds for which has holds.
func Kinds(has func(Kind) bool) []Kind {
	var found []Kind
	for _, kind := range kinds {
		if has(kind) {
			found = append(found, kind)
		}
	}
	return found
}

// Labels lists the labels of those kinds for which has holds, separated by commas; variants of a kind are left out.
func Labels(has func(Kind) bool) problem.Text {
	var zh, en []string
	for _, kind := range Kinds(func(k Kind) bool { return k.UIType == "" && has(k) }) {
		zh, en = append(zh, kind.Label.ZH), append(en, kind.Label.EN)
	}
	return problem.Text{ZH: strings.Join(zh, "、"), EN: strings.Join(en, ", ")}
}

// TypeName names a column's type in snake_case; "unknown" for a type that Feishu added later.
func TypeName(f feishu.Field) string { return kindOf(f).Name }

// Writable reports whether Feishu takes values for the column.
func Writable(f feishu.Field) bool { return kindOf(f).Writable }

// KeyFieldAllowed reports whether rows can be matched on the column in an upsert.
func KeyFieldAllowed(f feishu.Field) bool { return kindOf(f).Key }
