package intake

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/rowgate/rowgate/internal/problem"
)

func tooManyRows(n int) *problem.Error {
	return problem.New(problem.TooManyRows, problem.Text{
		ZH: fmt.Sprintf("一次最多 %d 行，这里有 %d 行；请分批。", MaxRows, n),
		EN: fmt.Sprintf("A request may contain at most %d rows, but this one has %d; split it.", MaxRows, n),
	})
}

// notRows refuses a value for rows that is not made of objects.
func notRows(name string) *problem.Error {
	return badParameter(name, "每一行应是一个对象 {列名: 值}", "each row must be an object {column: value}")
}

// holdsRows reports whether the parameter's value goes to Result.Rows, not to Result.JSON.
func (param *Param) holdsRows() bool { return param.Kind == Rows || param.Kind == Row }

// takeRows adds the rows that a parameter of kind Rows or Row gives; none if it is text with nothing in it.
func (p *parser) takeRows(param *Param, v *value) error {
	if param.Kind == Row {
		return p.oneRow(param.Name, v)
	}
	return p.manyRows(param.Name, v)
}

// add adds the rows that are parts of a text that the intake wrote. The text is kept as long as its rows are; one that fills
// less than half of its memory is copied, so that no more is kept than twice what the rows need.
func (p *parser) add(text []byte, rows ...span) {
	if cap(text) > 2*len(text) {
		text = bytes.Clone(text)
	}
	p.kept += cap(text)
	if p.rows == nil {
		p.rows = make([]json.RawMessage, 0, len(rows))
	}
	for _, row := range rows {
		p.addRow(text[row.start:row.end:row.end])
	}
}

// addRow adds one row, a JSON object. The rows of every shape of body pass here, one by one and in order.
func (p *parser) addRow(object []byte) { p.rows = append(p.rows, object) }

// whole is a text that is one row.
func whole(text []byte) span { return span{end: len(text)} }

// manyRows takes a list of objects and of texts that hold some, one object, or one text.
func (p *parser) manyRows(name string, v *value) error {
	if v.raw == nil || v.raw[0] == '"' {
		return p.rowsText(name, v)
	}
	switch v.raw[0] {
	case '{':
		if !v.flat {
			p.repairs.add(RuleSingleObject, 1)
		}
		row := bytes.Clone(v.raw) // without the parameters around it
		p.add(row, whole(row))
		return nil
	case '[':
		return p.rowList(name, v)
	}
	return notRows(name)
}

// rowsText takes the rows that a text holds; a text may be the whole object {"<name>":[…]} once more.
func (p *parser) rowsText(name string, v *value) error {
	text, _ := v.asText()
	doc, err := p.readText(name, v, text, name)
	switch {
	case v.odd != nil && (err != nil || doc.root() != '['):
		return v.odd
	case err != nil:
		return err
	}
	if root := doc.root(); root == 0 || root == 'n' {
		return nil
	}
	if !v.form {
		p.repairs.add(RuleRowsAsText, 1)
	}
	if doc.root() == '[' {
		p.chooseCSV(name, &doc, v.odd)
		list := doc.array(doc.out, doc.elems, doc.itemCount)
		return p.rowList(name, &list)
	}
	if doc.root() == '{' && doc.itemCount == 1 && doc.rowCount > 0 && allObjects(doc.out, doc.rows) {
		p.repairs.add(RuleNestedRows, 1)
		list := doc.array(doc.out[doc.members[0].start:doc.members[0].end], doc.rows, doc.rowCount)
		return p.rowList(name, &list)
	}
	if doc.root() == '{' {
		p.repairs.add(RuleSingleObject, 1)
		p.add(doc.out, whole(doc.out))
		return p.dugRow(&doc)
	}
	return notRows(name)
}

// dugRow judges the names at the top of one object that was given as text, for tools that take flat rows: a parameter there is
// refused, unless it is a column.
func (p *parser) dugRow(doc *document) error {
	if !p.spec.FlatRow {
		return nil
	}
	n := p.namesOf(doc)
	switch {
	case len(n.fixed) > 0:
		return dugParameter(n.fixed[0])
	case len(n.open) > 0:
		p.doubt = &doubt{names: n.open, otherwise: dugParameter(n.open[0])}
	}
	return nil
}

// rowList takes a list whose elements are objects or texts; its elements were noted when it was read.
func (p *parser) rowList(name string, v *value) error {
	if v.count > MaxRows {
		return tooManyRows(v.count)
	}
	if allObjects(v.doc, v.elems) {
		p.add(v.doc, v.elems...)
		return nil
	}
	p.rows = slices.Grow(p.rows, len(v.elems))
	for i, e := range v.elems {
		doc := document{out: v.doc[e.start:e.end]}
		switch doc.root() {
		case '"':
			element := value{raw: doc.out, depth: v.depth + 1, layer: v.layer}
			var err error
			if doc, err = p.rowsInElement(fmt.Sprintf("%s[%d]", name, i), &element); err != nil {
				return err
			}
		case '{':
			row := bytes.Clone(doc.out)
			doc = document{out: row, elems: []span{whole(row)}, itemCount: 1}
		default:
			return notRows(fmt.Sprintf("%s[%d]", name, i))
		}
		if total := len(p.rows) + doc.itemCount; total > MaxRows {
			return tooManyRows(total)
		}
		p.add(doc.out, doc.elems...)
	}
	return nil
}

// rowsInElement reads the row or rows that one text in a list holds, as the document's elements.
func (p *parser) rowsInElement(where string, v *value) (document, error) {
	text, _ := v.asText()
	doc, err := p.readText(where, v, text, "")
	if err != nil {
		return document{}, err
	}
	switch {
	case doc.root() == '{':
		doc.elems, doc.itemCount = []span{whole(doc.out)}, 1
	case doc.root() != '[' || !allObjects(doc.out, doc.elems):
		return document{}, notRows(where)
	}
	p.repairs.add(RuleRowsAsText, 1)
	return doc, nil
}

// oneRow takes the one row of the Row parameter. It becomes {"<Spec.Row>":{…}}, so that no column of it can be mistaken
// for anything else.
func (p *parser) oneRow(name string, v *value) error {
	wrong := badParameter(name, "应是一行：一个对象 {列名: 值}；多行请用 "+p.spec.Rows,
		"one row is expected: an object {column: value}; to send several rows, use "+p.spec.Rows)
	if v.raw != nil && v.raw[0] != '"' {
		if v.raw[0] != '{' {
			return wrong
		}
		p.addWrapped(v.raw)
		return nil
	}
	text, _ := v.asText()
	doc, err := p.readText(name, v, text, "")
	if err != nil {
		return err
	}
	if root := doc.root(); root == 0 || root == 'n' {
		return nil
	}
	if !v.form {
		p.repairs.add(RuleRowsAsText, 1)
	}
	if doc.root() == '[' && doc.itemCount == 1 && allObjects(doc.out, doc.elems) {
		element := value{text: string(doc.out[1 : len(doc.out)-1]), form: true, depth: doc.depth, layer: doc.layer}
		if doc, err = p.readText(name, &element, element.text, ""); err != nil {
			return err
		}
	}
	if doc.root() != '{' {
		return wrong
	}
	if doc.itemCount == 1 {
		only := doc.members[0]
		if string(unquote(doc.out[only.key:only.keyEnd])) == name && doc.out[only.start] == '{' {
			p.repairs.add(RuleNestedRows, 1)
			p.add(doc.out, whole(doc.out))
			return nil
		}
	}
	p.addWrapped(doc.out)
	return p.dugRow(&doc)
}

// addWrapped adds an object as {"<Spec.Row>":object}.
func (p *parser) addWrapped(object []byte) {
	row := make([]byte, 0, len(p.spec.Row)+len(object)+len(`{"":}`))
	row = appendString(append(row, '{'), p.spec.Row)
	row = append(append(append(row, ':'), object...), '}')
	p.add(row, whole(row))
}
