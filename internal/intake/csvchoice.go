package intake

import (
	"encoding/json"
	"slices"

	"github.com/rowgate/rowgate/internal/delimited"
)

// csvReading is CSV as it reads by one separator.
type csvReading struct {
	header []string // names of the columns
	doc    document
	miss   *misread // why it cannot be read so
}

// csvDocument returns what CSV is until the table's columns choose among its readings: the first that can be read. The document has all
// of them where there is a choice.
func (r *reading) csvDocument(found []csvReading) (document, *misread) {
	i := slices.IndexFunc(found, func(one csvReading) bool { return one.miss == nil })
	if i < 0 || i > 0 && !r.chooses {
		return document{}, found[0].miss
	}
	doc := found[i].doc
	if r.chooses && (len(found) > 1 || r.legacy) {
		doc.csv = found
	}
	return doc, nil
}

// csvChoice is CSV whose separator, and perhaps encoding, only the columns of the table decide.
type csvChoice struct {
	readings []csvRows
	fallback error // what is wrong if no header fits; nil: the first reading holds
}

// csvRows are the rows of one reading.
type csvRows struct {
	header []string
	rows   []json.RawMessage
	err    error // why there are none
}

// chooseCSV keeps the readings of a CSV text. Their rows, which the request holds until it is done, count as kept.
func (p *parser) chooseCSV(where string, doc *document, fallback error) {
	if doc.csv == nil {
		return
	}
	choice := &csvChoice{fallback: fallback}
	for _, reading := range doc.csv {
		rows := csvRows{header: reading.header}
		switch {
		case reading.miss != nil:
			rows.err = p.refuse(where, reading.miss)
		case reading.doc.itemCount > MaxRows:
			rows.err = tooManyRows(reading.doc.itemCount)
		default:
			p.kept += cap(reading.doc.out)
			rows.rows = make([]json.RawMessage, 0, len(reading.doc.elems))
			for _, e := range reading.doc.elems {
				rows.rows = append(rows.rows, reading.doc.out[e.start:e.end:e.end])
			}
		}
		choice.readings = append(choice.readings, rows)
	}
	p.csv = choice
}

// rows returns those of the first reading whose header names nothing but columns; of the first reading, guessed, if there is none.
func (c *csvChoice) rows(fits func(name string) bool) (rows []json.RawMessage, guessed bool, err error) {
	for _, reading := range c.readings {
		if len(reading.header) > 0 && !slices.ContainsFunc(reading.header, func(name string) bool { return !fits(name) }) {
			return reading.rows, false, reading.err
		}
	}
	if c.fallback != nil {
		return nil, true, c.fallback
	}
	return c.readings[0].rows, true, c.readings[0].err
}

// chinese are the names of the encodings that are parts of GB18030, folded.
var chinese = []string{"gb18030", "gbk", "gb2312", "cp936", "windows936", "936"}

// legacyCSV reads CSV that is not UTF-8, as Excel saves it in China: as GB18030, if that decodes whole; the columns of the table then
// decide whether its header fits. charset is the declared one, "" for UTF-8 and none; invalid is why it is no UTF-8.
func (p *parser) legacyCSV(text []byte, charset string, invalid error) error {
	if !p.spec.FlatRow || charset != "" && !slices.Contains(chinese, fold(charset)) {
		return invalid
	}
	decoded, ok := delimited.FromGB18030(text)
	if !ok {
		return invalid
	}
	r := reading{text: decoded, csv: true, chooses: true, legacy: true, repairs: &p.repairs}
	doc, miss := r.read()
	if miss != nil || doc.root() != '[' { // it may as well be of another encoding
		return invalid
	}
	p.repairs.add(RuleGB18030, 1)
	p.chooseCSV("", &doc, invalid)
	p.give(p.place(p.spec.Rows), doc.array(doc.out, doc.elems, doc.itemCount))
	return nil
}

// takesLegacy reports whether a CSV file for a parameter may be in another encoding than UTF-8: where a table's columns will be known.
func (p *parser) takesLegacy(place int) bool {
	return p.spec.FlatRow && p.spec.Params[place].Kind == Rows
}

// legacy takes a CSV file for the rows that is not UTF-8, as legacyCSV takes a body.
func (f *form) legacy(key string, data []byte, at *misread) error {
	invalid := f.parser.refuse("", at.as(invalidUTF8))
	decoded, ok := delimited.FromGB18030(data)
	if !ok {
		return invalid
	}
	if err := f.text(key, string(decoded), true, at); err != nil {
		return err
	}
	f.parser.repairs.add(RuleGB18030, 1)
	f.parser.given[f.parser.place(key)].odd = invalid
	return nil
}
