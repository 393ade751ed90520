package intake

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"sync"

	"github.com/rowgate/rowgate/internal/problem"
)

// Parse reads a request as spec describes it. The error is always a *problem.Error: bad_body with line and column,
// unknown_parameter with the nearest name, bad_parameter, no_rows, secret_in_query, body_too_large or too_many_rows.
// It keeps no reference to in.Body and may run in any number of goroutines.
func Parse(spec Spec, in Input) (*Result, error) {
	given := takeList(len(spec.Params))
	defer putList(given)
	p := &parser{spec: &spec, given: *given}
	result, err := p.parse(in)
	if err != nil {
		if e, ok := errors.AsType[*problem.Error](err); ok && p.language != "" {
			said := *e
			said.Lang = p.language
			return nil, &said
		}
		return nil, err
	}
	result.Language = p.language
	return result, nil
}

// lists are the values of requests that have been read, all zero. A list has a place for each parameter of a tool: 4 KiB for a request of
// one row, which gives two or three of them.
var lists sync.Pool

// takeList returns n zero values.
func takeList(n int) *[]value {
	if list, ok := lists.Get().(*[]value); ok && cap(*list) >= n {
		*list = (*list)[:n]
		return list
	}
	return new(make([]value, n))
}

// putList keeps a list for another request; nothing refers to its values any more.
func putList(list *[]value) {
	clear(*list)
	lists.Put(list)
}

// parse is Parse; what it knows of the language is in p.language, whether it succeeds or not.
func (p *parser) parse(in Input) (*Result, error) {
	if err := p.query(in); err != nil {
		return nil, err
	}
	if len(in.Body) > MaxBodyBytes {
		return nil, problem.New(problem.BodyTooLarge, problem.Text{
			ZH: fmt.Sprintf("请求体超过 %d MiB。", MaxBodyBytes>>20),
			EN: fmt.Sprintf("The body is larger than %d MiB.", MaxBodyBytes>>20),
		})
	}
	if err := p.body(in); err != nil {
		return nil, err
	}
	if err := p.headers(in); err != nil {
		return nil, err
	}
	return p.result()
}

// parser collects what one request gives, parameter by parameter.
type parser struct {
	spec     *Spec
	given    []value  // from the body, by the parameter's place in spec.Params
	fallback []string // from query and headers, by the same place
	order    []int    // places in the order of the body
	repairs  tally
	files    []File
	repeated []string
	rows     []json.RawMessage // nil until the request gives some
	kept     int               // bytes of the texts that rows are parts of
	flat     bool              // the body is one flat row
	csv      *csvChoice        // CSV that can be read in several ways
	doubt    *doubt            // what only the table's columns decide
	language problem.Lang      // of the answer, "" if the request does not say
	named    Named             // what body and headers each say
}

// value is what a parameter was given as: canonical JSON, or text from a form, the query or a header.
type value struct {
	raw   []byte // canonical JSON, nil if text
	text  string
	form  bool   // text is how forms say everything, so reading it as JSON is no repair
	csv   bool   // the text is a CSV file
	odd   error  // why a CSV file that was decoded is refused, unless its header fits the table; nil if it was UTF-8
	flat  bool   // the object is the whole body, one flat row
	depth int    // containers and string layers around it
	layer int    // string layers around it
	doc   []byte // what the spans of elems refer to
	elems []span // elements of raw, at most MaxRows+1; nil if they were not noted
	count int    // number of elements where elems is set
}

// absent reports whether nothing was given: null, an empty string, or no such name at all.
func (v *value) absent() bool {
	if v.raw != nil {
		return string(v.raw) == "null" || string(v.raw) == `""`
	}
	return v.text == ""
}

// empty reports whether an object or a list without anything in it was given.
func (v *value) empty() bool {
	text := bytes.TrimSpace(v.raw)
	if len(text) < len("{}") {
		return false
	}
	switch text[0] {
	case '{', '[':
		return len(bytes.TrimSpace(text[1:len(text)-1])) == 0
	}
	return false
}

// place returns the place of the named parameter in the spec, -1 if there is none.
func (p *parser) place(name string) int {
	for i := range p.spec.Params {
		if p.spec.Params[i].Name == name {
			return i
		}
	}
	return -1
}

// give notes a parameter of the body.
func (p *parser) give(place int, v value) {
	p.given[place] = v
	p.order = append(p.order, place)
}

// result converts what was given and writes it: the body's parameters in its order, then the others in the spec's.
func (p *parser) result() (*Result, error) {
	for i, text := range p.fallback {
		if text != "" && p.given[i].absent() {
			p.give(i, value{text: text, form: true})
			p.sayLanguage(i, text)
		}
	}
	if err := p.oneSourceOfRows(); err != nil {
		return nil, err
	}
	size := len(`{}`)
	for i := range p.given {
		if !p.spec.Params[i].holdsRows() {
			size += len(p.spec.Params[i].Name) + len(p.given[i].raw) + len(p.given[i].text) + len(`"":"",`)
		}
	}
	out := append(make([]byte, 0, size), '{')
	written := make([]bool, len(p.given))
	for _, i := range p.order {
		if p.given[i].absent() || written[i] {
			continue
		}
		written[i] = true
		param := &p.spec.Params[i]
		if param.holdsRows() {
			if err := p.takeRows(param, &p.given[i]); err != nil {
				return nil, err
			}
			continue
		}
		mark := len(out)
		if len(out) > 1 {
			out = append(out, ',')
		}
		out = append(appendString(out, param.Name), ':')
		start := len(out)
		var err error
		if out, err = p.convert(out, param, &p.given[i]); err != nil {
			return nil, err
		}
		if len(out) == start { // text with nothing in it
			out = out[:mark]
		}
	}
	if p.spec.RowsRequired && p.rows == nil {
		return nil, p.noRows()
	}
	result := &Result{
		JSON: append(out, '}'), Rows: p.rows, Repairs: p.repairs, Files: p.files, Repeated: p.repeated, kept: p.kept,
		flat: p.flat, doubt: p.doubt, csv: p.csv, Named: p.named,
	}
	if p.spec.FlatRow {
		result.spec = p.spec
	}
	return result, nil
}

// noRows refuses a request without rows.
func (p *parser) noRows() error {
	return problem.New(problem.NoRows, problem.Text{
		ZH: fmt.Sprintf("没有要写入的行：%s 是空的或没有给。", p.spec.Rows),
		EN: fmt.Sprintf("There are no rows: %s is empty or missing.", p.spec.Rows),
	})
}

// oneSourceOfRows refuses rows beside a single row. One of them that is empty is absent: some generated clients send both always.
func (p *parser) oneSourceOfRows() error {
	rows, row := p.place(p.spec.Rows), p.place(p.spec.Row)
	if rows < 0 || row < 0 || p.given[rows].absent() || p.given[row].absent() {
		return nil
	}
	switch {
	case p.given[row].empty():
		p.given[row] = value{}
	case p.given[rows].empty():
		p.given[rows] = value{}
	default:
		return badParameter(p.spec.Row, "不能和 "+p.spec.Rows+" 同时给", "it cannot be combined with "+p.spec.Rows)
	}
	return nil
}
