package intake

import (
	"slices"

	"github.com/rowgate/rowgate/internal/problem"
)

// names are what the top level of an object says of itself.
type names struct {
	rows    bool     // the rows or the row stand under their parameter
	fixed   []string // other parameters
	open    []string // parameters that are columns where the table has such a column
	unknown []string // names that are no parameter
}

// namesOf classes the names at the top of a document.
func (p *parser) namesOf(doc *document) (n names) {
	hasRows := p.hasRows(doc)
	for _, m := range doc.members {
		name := string(unquote(doc.out[m.key:m.keyEnd]))
		place := p.place(name)
		switch {
		case place < 0 || p.spec.Params[place].BesideRows && !hasRows:
			raw := doc.out[m.start:m.end]
			if absent := isEmptyID(name, raw) || isNothing(raw) && p.isPlanned(name); !absent {
				n.unknown = append(n.unknown, name)
			}
		case p.spec.Params[place].holdsRows():
			n.rows = true
		case p.spec.Params[place].MayBeColumn:
			n.open = append(n.open, name)
		default:
			n.fixed = append(n.fixed, name)
		}
	}
	return n
}

// hasRows reports whether the rows, or the one row, stand under a name at the top of a document.
func (p *parser) hasRows(doc *document) bool {
	return slices.ContainsFunc(doc.members, func(m node) bool {
		name := string(unquote(doc.out[m.key:m.keyEnd]))
		place := p.place(name)
		return name == "fields" && slices.Contains(p.spec.RowParts, name) || place >= 0 && p.spec.Params[place].holdsRows()
	})
}

// isEmptyID reports whether a member is a record's id with nothing in it, as forms and mappings send it for a new row.
func isEmptyID(name string, raw []byte) bool {
	return (name == "record_id" || name == "id") && isNothing(raw)
}

func isNothing(raw []byte) bool { return string(raw) == `null` || string(raw) == `""` }

// plannedNames are the parameters of writes that docs/contract.md names and that no tool takes yet.
var plannedNames = []string{"callback_url", "callback_secret", "notify"}

// isPlanned reports whether a name that the tool does not take is one of plannedNames. With nothing in it such a name is absent, as
// every parameter is: a template that is written from the contract always sends the key.
func (p *parser) isPlanned(name string) bool {
	return p.place("idempotency_key") >= 0 && slices.Contains(plannedNames, name)
}

// members takes the top level's parameters, or the whole object as one flat row if it has none of them. In text that had to be
// dug out only rows are taken.
func (p *parser) members(doc document) error {
	n := p.namesOf(&doc)
	p.noteLanguage(&doc)
	flat := p.spec.FlatRow && p.place(p.spec.Rows) >= 0 && !n.rows && len(n.fixed) == 0
	switch {
	case len(doc.members) == 0:
		return nil
	case flat && len(n.open) == 0:
		p.flatRow(doc)
		return nil
	case flat:
		p.flatRow(doc)
		p.doubt = &doubt{names: n.open, otherwise: p.notColumns(n, doc.dug)}
		return nil
	case doc.dug && len(n.fixed)+len(n.open) > 0:
		return dugParameter(slices.Concat(n.fixed, n.open)[0])
	}
	if parts := p.rowParts(&doc, &n); parts != nil {
		p.give(p.place(p.spec.Rows), value{raw: parts, flat: true, depth: doc.depth, layer: doc.layer})
	}
	if len(n.unknown) > 0 {
		return p.unknownParameter(n.unknown[0])
	}
	for _, m := range doc.members {
		name := string(unquote(doc.out[m.key:m.keyEnd]))
		place := p.place(name)
		if place < 0 {
			continue
		}
		raw := doc.out[m.start:m.end]
		v := value{raw: raw, depth: doc.depth, layer: doc.layer}
		if name == p.spec.Rows && raw[0] == '[' {
			v = doc.array(raw, doc.rows, doc.rowCount)
		}
		v.depth++
		p.give(place, v)
	}
	return nil
}

// flatRow takes the whole object as one row.
func (p *parser) flatRow(doc document) {
	p.flat = true
	p.give(p.place(p.spec.Rows), value{raw: doc.out, flat: true, depth: doc.depth, layer: doc.layer})
}

// notColumns is what is wrong with a flat row whose parameters are no columns of the table.
func (p *parser) notColumns(n names, dug bool) error {
	switch {
	case dug:
		return dugParameter(n.open[0])
	case len(n.unknown) > 0:
		return p.unknownParameter(n.unknown[0])
	}
	return p.noRows()
}

// rowParts returns the row that Spec.RowParts at the top level make up, and takes their names off the unknown ones; nil if the
// rows stand under their parameter or there are none of these names.
func (p *parser) rowParts(doc *document, n *names) []byte {
	isPart := func(name string) bool { return slices.Contains(p.spec.RowParts, name) }
	if n.rows || !slices.ContainsFunc(n.unknown, isPart) {
		return nil
	}
	row := []byte{'{'}
	for _, m := range doc.members {
		if !isPart(string(unquote(doc.out[m.key:m.keyEnd]))) {
			continue
		}
		if len(row) > 1 {
			row = append(row, ',')
		}
		row = append(row, doc.out[m.key:m.end]...)
	}
	n.unknown = slices.DeleteFunc(n.unknown, isPart)
	return append(row, '}')
}

// dugParameter refuses a parameter in text that had to be dug out: model text never chooses a table.
func dugParameter(name string) error {
	return problem.New(problem.UnknownParameter, problem.Text{
		ZH: "参数 " + quote(name) + " 只在请求体本身里有效；从文本、代码块或外层包装里取出的内容只能是行。请把它放到请求体顶层、网址参数或请求头。",
		EN: "The parameter " + quote(name) + " counts only in the body itself; text, a fence or a wrapper may hold only rows. " +
			"Put it at the top level of the body, in the query or in a header.",
	})
}
