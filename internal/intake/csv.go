package intake

import "bytes"

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

// The separators of CSV, in the order in which they are preferred.
var csvSeparators = []byte{',', '\t', ';'}

// separators are what may stand between the cells: a tab where the content type says so, else a comma, and what else stands in the
// header line.
func (r *reading) separators(start int) []byte {
	if r.tabs {
		return []byte{'\t'}
	}
	header, _ := lineAt(r.text, start)
	if i := bytes.IndexByte(header, '\r'); i >= 0 {
		header = header[:i]
	}
	separators := csvSeparators[:1:1]
	for _, separator := range csvSeparators[1:] {
		if bytes.IndexByte(header, separator) >= 0 {
			separators = append(separators, separator)
		}
	}
	return separators
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
		if n := lineBreak(text[at:]); n > 0 {
			at += n
			continue
		}
		begin := at
		cells = cells[:0]
		for more := true; more; {
			cell, next, ok := csvCell(text, at, separator)
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
				at += lineBreak(text[at:])
			}
		}
		t.line(r, cells, begin)
	}
	return nil
}

// lineBreak returns the length of the line break that b begins with, else 0.
func lineBreak(b []byte) int {
	switch {
	case bytes.HasPrefix(b, []byte("\r\n")):
		return 2
	case len(b) > 0 && (b[0] == '\n' || b[0] == '\r'):
		return 1
	}
	return 0
}

// csvCell reads the cell at an offset and returns the offset of what ends it: the separator, a line break or the end. If the
// quotes do not match, ok is false and next is where that shows.
func csvCell(text []byte, at int, separator byte) (cell []byte, next int, ok bool) {
	if at >= len(text) || text[at] != '"' {
		for end := at; ; end++ {
			if end == len(text) {
				return text[at:], end, true
			}
			switch text[end] {
			case separator, '\r', '\n':
				return text[at:end], end, true
			case '"':
				return nil, end, false
			}
		}
	}
	for at++; ; at++ {
		i := bytes.IndexByte(text[at:], '"')
		if i < 0 {
			return nil, len(text), false
		}
		cell = append(cell, text[at:at+i]...)
		at += i + 1
		if at < len(text) && text[at] == '"' {
			cell = append(cell, '"')
			continue
		}
		if at < len(text) && text[at] != separator && lineBreak(text[at:]) == 0 {
			return nil, at, false
		}
		return cell, at, true
	}
}
