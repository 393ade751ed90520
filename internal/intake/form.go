package intake

import (
	"bytes"
	"strings"
	"unicode/utf8"

	"github.com/rowgate/rowgate/internal/problem"
)

// placeholder is the empty part that Dify puts into a multipart body without files.
const placeholder = "__multipart_placeholder__"

// form collects what a form gives: parameters, and the columns of one row.
type form struct {
	parser  *parser
	columns []string
	values  map[string][]string
	files   map[string]int
	parts   int
	link    cutLink
}

func newForm(p *parser) *form {
	return &form{parser: p, values: map[string][]string{}, files: map[string]int{}}
}

// column returns the column that a key names, as fields.<column> or fields[<column>].
func (f *form) column(key string) (string, bool) {
	rest, ok := strings.CutPrefix(key, f.parser.spec.Row)
	if !ok || f.parser.spec.Row == "" {
		return "", false
	}
	if column, dotted := strings.CutPrefix(rest, "."); dotted {
		return column, column != ""
	}
	column, bracketed := strings.CutPrefix(rest, "[")
	column, closed := strings.CutSuffix(column, "]")
	return column, bracketed && closed && column != ""
}

// text takes one key with text; at says where the key is in the body.
func (f *form) text(key, text string, csv bool, at *misread) error {
	if f.parts++; f.parts > MaxFormParts {
		return f.parser.refuse("", at.as(tooManyParts))
	}
	if why := badText(key, text); why != nil {
		return f.parser.refuse("", at.as(why))
	}
	if column, ok := f.column(key); ok {
		f.see(column)
		f.values[column] = append(f.values[column], text)
		f.link.after(nil)
		return nil
	}
	place := f.parser.place(key)
	switch {
	case text == "" && (key == placeholder || place < 0 && f.parser.isPlanned(key)):
		return nil
	case place < 0:
		if taken, err := f.link.takes(key, text, &f.parser.repairs); taken || err != nil {
			return err
		}
		return f.unknown(key)
	case f.parser.has(place):
		return f.parser.refuse("", at.as(repeatedKey))
	}
	f.parser.give(place, value{text: text, form: true, csv: csv})
	f.parser.sayLanguage(place, text)
	f.link.after(f.parser.textOf(place))
	return nil
}

// textOf returns where the text of a parameter of kind Text is kept; nil for other kinds.
func (p *parser) textOf(place int) *string {
	if p.spec.Params[place].Kind != Text {
		return nil
	}
	return &p.given[place].text
}

// badText returns why one of the texts cannot be taken, nil if all can.
func badText(texts ...string) *reason {
	for _, text := range texts {
		if !utf8.ValidString(text) {
			return invalidUTF8
		}
		if strings.IndexByte(text, 0) >= 0 {
			return nul
		}
	}
	return nil
}

// unknown refuses a key; one that might be a column is told how columns are written.
func (f *form) unknown(key string) error {
	e := f.parser.unknownParameter(key)
	if row := f.parser.spec.Row; row != "" {
		e.Detail.ZH += "列写成 " + row + ".<列名>。"
		e.Detail.EN += " Write a column as " + row + ".<column>."
	}
	return e
}

// see notes a column in the order of its first key.
func (f *form) see(column string) {
	if len(f.values[column]) == 0 && f.files[column] == 0 {
		f.columns = append(f.columns, column)
	}
}

// end gives the row that the columns make up.
func (f *form) end() error {
	if len(f.columns) == 0 {
		return nil
	}
	place := f.parser.place(f.parser.spec.Row)
	if f.parser.has(place) && !f.parser.given[place].absent() {
		row := f.parser.spec.Row
		return badParameter(row, "不能和 "+row+".<列名> 同时给", "it cannot be combined with "+row+".<column>")
	}
	raw := []byte{'{'}
	for _, column := range f.columns {
		texts := f.values[column]
		if len(texts)+f.files[column] > 1 {
			f.parser.repeated = append(f.parser.repeated, column)
		}
		if len(texts) == 0 {
			continue
		}
		if len(raw) > 1 {
			raw = append(raw, ',')
		}
		raw = append(appendString(raw, column), ':')
		if len(texts) == 1 {
			raw = appendString(raw, texts[0])
			continue
		}
		raw = append(raw, '[')
		for i, text := range texts {
			if i > 0 {
				raw = append(raw, ',')
			}
			raw = appendString(raw, text)
		}
		raw = append(raw, ']')
	}
	f.parser.give(place, value{raw: append(raw, '}')})
	return nil
}

// has reports whether the body named the parameter already, however empty.
func (p *parser) has(place int) bool {
	v := &p.given[place]
	return v.raw != nil || v.form
}

// as returns the misread with another reason.
func (m *misread) as(why *reason) *misread {
	copied := *m
	copied.why = why
	return &copied
}

// looksForm reports whether a body without a content type begins like a urlencoded form for this tool.
func (p *parser) looksForm(body []byte) bool {
	key, _, ok := bytes.Cut(body, []byte("="))
	if !ok {
		return false
	}
	name, ok := unescape(key)
	_, column := newForm(p).column(name)
	return ok && (column || p.place(name) >= 0)
}

// urlencoded reads application/x-www-form-urlencoded. Only & separates; ; is data.
func (p *parser) urlencoded(body []byte) error {
	f := newForm(p)
	for at, next := 0, 0; at < len(body); at = next {
		pair := body[at:]
		next = len(body)
		if i := bytes.IndexByte(pair, '&'); i >= 0 {
			pair, next = pair[:i], at+i+1
		}
		if len(pair) == 0 {
			continue
		}
		rawKey, rawText, _ := bytes.Cut(pair, []byte("="))
		here := &misread{fault: fault{at: at, why: badPercent}, text: body}
		key, ok := unescape(rawKey)
		if !ok {
			here.at += badEscapeAt(rawKey)
			return p.refuse("", here)
		}
		text, ok := unescape(rawText)
		if !ok {
			here.at += len(rawKey) + 1 + badEscapeAt(rawText)
			return p.refuse("", here)
		}
		if err := f.text(key, text, false, here); err != nil {
			return err
		}
	}
	return f.end()
}

// unescape decodes + and percent escapes; ok is false if one is broken.
func unescape(b []byte) (text string, ok bool) {
	if bytes.IndexByte(b, '%') < 0 && bytes.IndexByte(b, '+') < 0 {
		return string(b), true
	}
	out := make([]byte, 0, len(b))
	for i := 0; i < len(b); i++ {
		switch b[i] {
		case '+':
			out = append(out, ' ')
		case '%':
			c, ok := percent(b[i:])
			if !ok {
				return "", false
			}
			out = append(out, c)
			i += 2
		default:
			out = append(out, b[i])
		}
	}
	return string(out), true
}

// percent decodes the escape that b begins with.
func percent(b []byte) (byte, bool) {
	if len(b) < len("%00") {
		return 0, false
	}
	high, okHigh := hexDigit(b[1])
	low, okLow := hexDigit(b[2])
	return high<<4 | low, okHigh && okLow
}

// badEscapeAt returns the offset of the first broken percent escape.
func badEscapeAt(b []byte) int {
	for i, c := range b {
		if _, ok := percent(b[i:]); c == '%' && !ok {
			return i
		}
	}
	return 0
}

// upload takes one file part.
func (f *form) upload(key string, file File, at *misread) error {
	if f.parts++; f.parts > MaxFormParts {
		return f.parser.refuse("", at.as(tooManyParts))
	}
	if why := badText(key, file.Name, file.ContentType); why != nil {
		return f.parser.refuse("", at.as(why))
	}
	if len(file.Data) == 0 && (file.Name == "" || key == placeholder) {
		return nil // a file field that was left empty
	}
	if column, ok := f.column(key); ok {
		f.see(column)
		f.files[column]++
		file.Column = column
		f.parser.files = append(f.parser.files, file)
		return nil
	}
	place := f.parser.place(key)
	if place < 0 {
		return f.unknown(key)
	}
	switch f.parser.spec.Params[place].Kind {
	case Rows, Row:
		f.parts--
		csv := strings.HasPrefix(file.ContentType, "text/csv") || strings.HasSuffix(strings.ToLower(file.Name), ".csv")
		if csv && f.parser.takesLegacy(place) && !utf8.Valid(file.Data) {
			return f.legacy(key, file.Data, at)
		}
		return f.text(key, string(file.Data), csv, at)
	case Upload:
		file.Row, file.Column = -1, key
		f.parser.files = append(f.parser.files, file)
		return nil
	case Text, Bool, Integer, List, Object, Array:
	}
	return problem.New(problem.BadParameter, problem.Text{
		ZH: "参数 " + key + "：这里不能放文件。", EN: "Parameter " + key + ": a file is not allowed here.",
	})
}
