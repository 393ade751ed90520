package intake

import (
	"fmt"

	"github.com/rowgate/rowgate/internal/problem"
)

func tooManyRows(n int) *problem.Error {
	return problem.New(problem.TooManyRows, problem.Text{
		ZH: fmt.Sprintf("一次最多 %d 行，这里有 %d 行；请分批。", MaxRows, n),
		EN: fmt.Sprintf("A request holds at most %d rows, this one has %d; split it.", MaxRows, n),
	})
}

// notRows refuses what is given for rows and is none.
func notRows(name string) *problem.Error {
	return badParameter(name, "每一行应是一个对象 {列名: 值}", "each row must be an object {column: value}")
}

// rows appends the list of rows: given as a list of objects and of texts that hold some, as one object, or as one text.
func (p *parser) rows(out []byte, name string, v *value) ([]byte, error) {
	if v.raw == nil || v.raw[0] == '"' {
		return p.rowsText(out, name, v)
	}
	switch v.raw[0] {
	case '{':
		if !v.flat {
			p.repairs.add(RuleSingleObject, 1)
		}
		return wrapped(out, "[", v.raw, "]"), nil
	case '[':
		return p.rowList(out, name, v)
	}
	return nil, notRows(name)
}

func wrapped(out []byte, before string, raw []byte, after string) []byte {
	out = append(out, before...)
	out = append(out, raw...)
	return append(out, after...)
}

// rowsText appends the rows that a text holds; a text may be the whole object {"<name>":[…]} once more.
func (p *parser) rowsText(out []byte, name string, v *value) ([]byte, error) {
	text, _ := v.asText()
	doc, err := p.readText(name, v, text, name)
	if err != nil {
		return nil, err
	}
	if root := doc.root(); root == 0 || root == 'n' {
		return out, nil
	}
	if !v.form {
		p.repairs.add(RuleRowsAsText, 1)
	}
	if doc.root() == '[' {
		list := doc.array(doc.out, doc.items, doc.itemCount)
		return p.rowList(out, name, &list)
	}
	if doc.root() == '{' && doc.itemCount == 1 && doc.rowCount > 0 && allObjects(doc.out, doc.rows) {
		p.repairs.add(RuleNestedRows, 1)
		list := doc.array(doc.out[doc.items[0].start:doc.items[0].end], doc.rows, doc.rowCount)
		return p.rowList(out, name, &list)
	}
	if doc.root() == '{' {
		p.repairs.add(RuleSingleObject, 1)
		return wrapped(out, "[", doc.out, "]"), nil
	}
	return nil, notRows(name)
}

// rowList appends a list whose elements are objects or texts; its elements were noted when it was read.
func (p *parser) rowList(out []byte, name string, v *value) ([]byte, error) {
	if v.count > MaxRows {
		return nil, tooManyRows(v.count)
	}
	if allObjects(v.doc, v.elems) {
		return append(out, v.raw...), nil
	}
	out = append(out, '[')
	total := 0
	for i, e := range v.elems {
		objects, count := v.doc[e.start:e.end], 1
		if objects[0] == '"' {
			element := value{raw: objects, depth: v.depth + 1, layer: v.layer}
			var err error
			if objects, count, err = p.rowsInElement(fmt.Sprintf("%s[%d]", name, i), &element); err != nil {
				return nil, err
			}
		} else if objects[0] != '{' {
			return nil, notRows(fmt.Sprintf("%s[%d]", name, i))
		}
		if total += count; total > MaxRows {
			return nil, tooManyRows(total)
		}
		if total > count && count > 0 {
			out = append(out, ',')
		}
		out = append(out, objects...)
	}
	return append(out, ']'), nil
}

// rowsInElement reads the row or rows that one text in a list holds, and returns them separated by commas.
func (p *parser) rowsInElement(where string, v *value) (objects []byte, count int, err error) {
	text, _ := v.asText()
	doc, err := p.readText(where, v, text, "")
	if err != nil {
		return nil, 0, err
	}
	switch {
	case doc.root() == '{':
		objects, count = doc.out, 1
	case doc.root() == '[' && allObjects(doc.out, doc.items):
		objects, count = doc.out[1:len(doc.out)-1], doc.itemCount
	default:
		return nil, 0, notRows(where)
	}
	p.repairs.add(RuleRowsAsText, 1)
	return objects, count, nil
}

// row appends the one row of the Row parameter as a list of one. It goes out as {"fields":{…}}, so that no column of it
// can be taken for anything else.
func (p *parser) row(out []byte, name string, v *value) ([]byte, error) {
	wrong := badParameter(name, "应是一行：一个对象 {列名: 值}；多行请用 "+p.spec.Rows,
		"one row is expected, an object {column: value}; several rows go into "+p.spec.Rows)
	if v.raw != nil && v.raw[0] != '"' {
		if v.raw[0] != '{' {
			return nil, wrong
		}
		return p.wrapRow(out, v.raw), nil
	}
	text, _ := v.asText()
	doc, err := p.readText(name, v, text, "")
	if err != nil {
		return nil, err
	}
	if root := doc.root(); root == 0 || root == 'n' {
		return out, nil
	}
	if !v.form {
		p.repairs.add(RuleRowsAsText, 1)
	}
	if doc.root() == '[' && doc.itemCount == 1 && allObjects(doc.out, doc.items) {
		element := value{text: string(doc.out[1 : len(doc.out)-1]), form: true, depth: doc.depth, layer: doc.layer}
		if doc, err = p.readText(name, &element, element.text, ""); err != nil {
			return nil, err
		}
	}
	if doc.root() != '{' {
		return nil, wrong
	}
	if doc.itemCount == 1 {
		only := doc.items[0]
		if string(unquote(doc.out[only.key:only.keyEnd])) == name && doc.out[only.start] == '{' {
			p.repairs.add(RuleNestedRows, 1)
			return wrapped(out, "[", doc.out, "]"), nil
		}
	}
	return p.wrapRow(out, doc.out), nil
}

func (p *parser) wrapRow(out, object []byte) []byte {
	out = appendString(append(out, "[{"...), p.spec.Row)
	return wrapped(out, ":", object, "}]")
}
