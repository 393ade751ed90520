package intake

import (
	"bytes"

	"github.com/rowgate/rowgate/internal/delimited"
)

// csvTable writes the lines of a CSV text as rows; the first line names the columns.
type csvTable struct {
	*tableWriter
	lines   int
	columns int
	short   bool     // a line lacks cells
	fault   *misread // the first line that cannot be a row
}

// line takes one line. After a fault, and past the rows that a request may have, lines are only counted.
func (t *csvTable) line(r *reading, cells [][]byte, at int) {
	if t.lines++; t.lines == 1 {
		t.columns = len(cells)
		var ok bool
		if t.tableWriter, ok = newTable(cells); !ok {
			t.fault = r.miss(at, headerName)
		}
		return
	}
	if t.fault != nil || t.full() {
		return
	}
	t.short = t.short || len(cells) < t.columns
	if len(cells) > t.columns {
		t.fault = r.miss(at, extraCell)
	} else if !t.row(cells) {
		t.fault = r.miss(at, tableTooLarge)
	}
}

// end returns the rows, or why there are none.
func (t *csvTable) end() (document, *misread) {
	if t.fault != nil {
		return document{}, t.fault
	}
	t.doc.itemCount = t.lines - 1
	return t.tableWriter.end(), nil
}

// readCSV reads a text that is declared to be CSV, as RFC 4180 describes it: the first line names the columns, a shorter
// line lacks cells, a longer one is refused.
func (r *reading) readCSV(start int) (document, *misread) {
	start = r.afterSpace(start)
	if start == len(r.text) {
		return document{}, nil
	}
	if looksJSON(r.text[start:]) {
		return document{}, r.miss(start, jsonAsCSV)
	}
	var found []csvReading
	for _, separator := range r.separators(start) {
		found = append(found, r.csvBy(separator, start, len(r.text), false))
	}
	return r.csvDocument(found)
}

// sniffCSV reads a text as CSV only if it can be nothing else: two or more columns, two or more lines, all equally long.
func (r *reading) sniffCSV(start, end int) (document, *misread) {
	var found []csvReading
	for _, separator := range r.separators(start) {
		found = append(found, r.csvBy(separator, start, end, true))
	}
	doc, miss := r.csvDocument(found)
	if miss == nil {
		r.repairs.add(RuleCSV, 1)
	}
	return doc, miss
}

// separators are what may stand between the cells: a tab where the content type says so, else a comma, and what else stands in the
// header line.
func (r *reading) separators(start int) []byte {
	if r.tabs {
		return []byte{'\t'}
	}
	return delimited.InHeader(r.text, start)
}

// csvBy reads CSV by one separator. A sniffed text has to be CSV beyond doubt.
func (r *reading) csvBy(separator byte, start, end int, sniffed bool) csvReading {
	var t csvTable
	miss := r.csvLines(&t, separator, start, end)
	if sniffed && (miss != nil || t.lines < 2 || t.columns < 2 || t.short || t.tableWriter == nil) {
		return csvReading{miss: r.miss(start, nothingFound)}
	}
	if miss != nil {
		return csvReading{miss: miss}
	}
	doc, miss := t.end()
	found := csvReading{doc: doc, miss: miss}
	if t.tableWriter != nil {
		for _, key := range t.keys {
			found.header = append(found.header, string(unquote(key)))
		}
	}
	return found
}

// csvLines splits CSV into its lines; empty ones are passed over.
func (r *reading) csvLines(t *csvTable, separator byte, start, end int) *misread {
	text := r.text[:end]
	var cells [][]byte // of the line under way
	for at := start; at < end; {
		if n := delimited.LineBreak(text[at:]); n > 0 {
			at += n
			continue
		}
		begin := at
		cells = cells[:0]
		for more := true; more; {
			cell, next, ok := delimited.Cell(text, at, separator)
			if !ok {
				return r.miss(next, csvQuote)
			}
			if i := bytes.IndexByte(cell, 0); i >= 0 {
				return r.miss(at+i, nul)
			}
			if len(cells) >= MaxKeys {
				return r.miss(at, tooManyKeys)
			}
			cells = append(cells, cell)
			more = next < end && text[next] == separator
			if at = next; more {
				at++
			} else {
				at += delimited.LineBreak(text[at:])
			}
		}
		t.line(r, cells, begin)
	}
	return nil
}
