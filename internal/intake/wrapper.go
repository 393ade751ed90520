package intake

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/rowgate/rowgate/internal/problem"
)

// maxWrappers bounds how many wrappers one row may be inside.
const maxWrappers = 3

// The names of a wrapper's members (docs/contract.md §3, "Wrappers").
var (
	wrapperNames = []string{
		"data", "result", "results", "output", "outputs", "response", "body", "json", "items", "rows", "list", "structured_output",
		"answer", "text", "fields_json", "values",
	}
	pairedNames = []string{
		"pairedItem", "binary", "headers", "params", "query", "usage", "files", "finish_reason", "code", "msg", "message", "success",
		"ok", "status", "status_code", "has_more", "total", "page_token", "request_id", "log_id",
	}
)

// unwrapper takes rows out of the wrappers that other APIs and nodes put around them.
type unwrapper struct {
	result  *Result
	has     Columns
	classes map[string]class // by canonical key
	settled *Settled
	repairs tally
	changed bool // settled.Rows is a list of its own
}

// member is one member of an object, as parts of it.
type member struct{ key, value []byte }

// shell is an object that has the names of a wrapper.
type shell struct {
	holders []member // members that may hold the rows
	stray   string   // a member that no wrapper has beside its rows; "" if none
	failed  bool     // a member says that the previous step failed
}

// look returns the object as a shell; ok is false if it is an ordinary row.
func (u *unwrapper) look(object []byte) (s shell, ok bool) {
	ok = true
	eachMember(object, func(key, value []byte) bool {
		switch u.classOf(key) {
		case classColumn, classParameter:
			ok = false
		case classWrapper:
			s.holders = append(s.holders, member{key, value})
		case classPaired:
			s.failed = s.failed || saysFailed(string(unquote(key)), value)
		case classFailure:
			s.failed = s.failed || !slices.Contains([]string{`null`, `""`, `[]`, `{}`, `false`}, string(value))
		case classOther:
			s.stray = string(unquote(key))
		}
		return ok
	})
	return s, ok && len(s.holders) > 0
}

// saysFailed reports whether a member tells of a failure: a code but 0 and 200, a success or ok but true.
func saysFailed(name string, value []byte) bool {
	switch name {
	case "code":
		return !slices.Contains([]string{`0`, `200`, `"0"`, `"200"`, `null`}, string(value))
	case "success", "ok":
		return string(value) != "true"
	}
	return false
}

// row takes one row of the request.
func (u *unwrapper) row(i int, object []byte) error {
	s, isShell := u.look(object)
	if !isShell {
		u.keep(object)
		return nil
	}
	inside, err := u.open(s, 1, u.result.flat)
	if err != nil {
		return err
	}
	if inside != nil {
		u.own(i)
		u.repairs.add(RuleWrapper, 1)
		if total := len(u.settled.Rows) + len(inside); total > MaxRows {
			return tooManyRows(total)
		}
		for _, row := range inside {
			u.settled.Rows = append(u.settled.Rows, row)
		}
		return nil
	}
	if s.failed || slices.ContainsFunc(s.holders, u.holdsObjects) {
		why := s.refusal(u.holdsObjects)
		if u.result.flat {
			return problem.New(problem.Wrapper, why)
		}
		u.refuse(i, object, why, string(unquote(s.holders[0].key)))
		return nil
	}
	u.keep(object) // scalars in columns that the table lacks
	return nil
}

// keep leaves a row as it is.
func (u *unwrapper) keep(object []byte) {
	if u.changed {
		u.settled.Rows = append(u.settled.Rows, object)
	}
}

// own makes settled.Rows a list of its own, which holds the first n rows.
func (u *unwrapper) own(n int) {
	if !u.changed {
		u.changed = true
		u.settled.Rows = append(make([]json.RawMessage, 0, len(u.result.Rows)), u.result.Rows[:n]...)
	}
}

// refuse notes that a row, which is kept, is a wrapper that cannot be taken.
func (u *unwrapper) refuse(i int, object []byte, why problem.Text, holder string) {
	if u.settled.Refused == nil {
		u.settled.Refused = map[int]problem.RowError{}
	}
	if u.keep(object); u.changed {
		i = len(u.settled.Rows) - 1
	}
	u.settled.Refused[i] = problem.RowError{
		Field: holder, Code: problem.RowWrapper, Message: why,
		Expected: problem.Text{ZH: `{"列名": 值}`, EN: `{"column": value}`},
	}
}

// refusal says why a shell cannot be taken.
func (s *shell) refusal(holds func(member) bool) problem.Text {
	holder := s.holders[0]
	if i := slices.IndexFunc(s.holders, holds); i >= 0 {
		holder = s.holders[i]
	}
	name := quote(string(unquote(holder.key)))
	switch {
	case s.failed:
		return problem.Text{
			ZH: "这是上一步返回的错误，不是数据：上一步失败了，请先看它的输出。",
			EN: "This is an error that the previous step returned, not rows: that step failed, so look at its output first.",
		}
	case s.stray != "":
		return problem.Text{
			ZH: fmt.Sprintf("%s 像是外层包装，但旁边还有 %s；表里没有这些列。请只发送 %s 里面的行。", name, quote(s.stray), name),
			EN: fmt.Sprintf("%s looks like a wrapper, but %s stands beside it; the table has neither column. Send only the rows inside %s.",
				name, quote(s.stray), name),
		}
	}
	return problem.Text{
		ZH: fmt.Sprintf("%s 是外层包装，不是列，里面又没有能确定的行（每行至少要有一列在表中）。请只发送里面的行。", name),
		EN: fmt.Sprintf("%s is a wrapper, not a column, and what is inside is not clearly rows (each needs at least one column of the table). "+
			"Send only the rows inside it.", name),
	}
}

// holdsObjects reports whether a member holds an object, a list with an object in it, or text that begins like one.
func (u *unwrapper) holdsObjects(m member) bool {
	switch m.value[0] {
	case '{':
		return true
	case '[':
		found := false
		eachElement(m.value, func(value []byte) bool {
			found = value[0] == '{'
			return !found
		})
		return found
	case '"':
		text := strings.TrimSpace(string(unquote(m.value)))
		return text != "" && looksJSON([]byte(text))
	}
	return false
}

// open returns the rows inside a shell; nil if it is no wrapper, empty if it holds an empty list. depth counts the wrappers, this
// one included; body says that it is the whole body, where a parameter is no column.
func (u *unwrapper) open(s shell, depth int, body bool) ([][]byte, error) {
	if depth > maxWrappers || s.stray != "" || s.failed {
		return nil, nil
	}
	var found [][]byte
	for _, holder := range s.holders {
		rows, err := u.inside(holder.value, place{depth: depth, body: body})
		if err != nil {
			return nil, err
		}
		if rows != nil && found != nil {
			return nil, nil // two of them hold rows
		}
		if rows != nil {
			found = rows
		}
	}
	return found, nil
}

// place is where a value in a wrapper stands.
type place struct {
	depth  int  // wrappers around it
	layers int  // strings around it
	body   bool // it is the whole inside of a body, where a parameter is no column
	named  bool // it stands under the rows parameter: its objects are rows, whatever their keys
}

// inside returns the rows that a value in a wrapper is: an object, a list of objects and of JSON texts, or text that is one of
// them; nil if it is none.
func (u *unwrapper) inside(value []byte, at place) ([][]byte, error) {
	switch value[0] {
	case '{':
		return u.object(value, at)
	case '"':
		doc := u.read(value, at)
		if doc == nil {
			return nil, nil
		}
		at.layers++
		return u.inside(doc, at)
	case '[':
		at.body = false
		return u.list(value, at)
	}
	return nil, nil
}

// list returns the rows that the elements of a list are.
func (u *unwrapper) list(list []byte, at place) (rows [][]byte, err error) {
	rows = [][]byte{}
	eachElement(list, func(element []byte) bool {
		var more [][]byte
		if element[0] == '{' || element[0] == '"' {
			more, err = u.inside(element, at)
		}
		if more == nil {
			rows = nil
			return false
		}
		rows = append(rows, more...)
		if total := len(u.settled.Rows) + len(rows); u.changed && total > MaxRows || len(rows) > MaxRows {
			rows, err = nil, tooManyRows(total)
		}
		return err == nil
	})
	return rows, err
}

// read reads a text as JSON or Python repr in any shape but a table, CSV or a form; nil if it is no object and no list.
func (u *unwrapper) read(value []byte, at place) []byte {
	if at.layers == MaxStringLayers {
		return nil
	}
	repairs := slices.Clone(u.repairs)
	r := reading{text: unquote(value), depth: at.depth + at.layers + 1, layer: at.layers + 1, noTable: true, repairs: &repairs}
	if len(r.text) == 0 {
		return nil
	}
	doc, miss := r.read()
	if miss != nil || doc.root() != '{' && doc.root() != '[' {
		return nil
	}
	u.repairs = repairs
	return doc.out
}

// object returns the rows that an object inside a wrapper is: the rows that it holds, itself, or what it wraps in its turn.
func (u *unwrapper) object(object []byte, at place) ([][]byte, error) {
	spec := u.result.spec
	isRow, stray, parameter := at.named, false, ""
	var list []byte
	eachMember(object, func(key, value []byte) bool {
		name := string(unquote(key))
		switch c := u.classOf(key); {
		case name == spec.Rows && c == classParameter && !at.named:
			list = value
		case name == spec.Row && name != "" && c == classParameter, name == "fields":
			isRow = true
		case at.body && isParameter(spec, name) && (c == classParameter || !mayBeColumn(spec, name)):
			parameter = name
		case c == classColumn:
			isRow = true
		case c != classPaired:
			stray = true
		}
		return parameter == ""
	})
	switch {
	case parameter != "":
		return nil, dugParameter(parameter)
	case list != nil && !isRow && !stray:
		return u.inside(list, place{depth: at.depth, layers: at.layers, named: true})
	case list != nil:
		return nil, nil
	}
	if s, isShell := u.look(object); isShell {
		if rows, err := u.open(s, at.depth+1, at.body); rows != nil || err != nil {
			return rows, err
		}
	}
	if isRow {
		return [][]byte{object}, nil
	}
	return nil, nil
}

// isParameter reports whether the tool takes a parameter of that name.
func isParameter(spec *Spec, name string) bool {
	return slices.ContainsFunc(spec.Params, func(param Param) bool { return param.Name == name })
}

// mayBeColumn reports whether the parameter of that name is a column where the table has one.
func mayBeColumn(spec *Spec, name string) bool {
	return slices.ContainsFunc(spec.Params, func(param Param) bool { return param.Name == name && param.MayBeColumn })
}
