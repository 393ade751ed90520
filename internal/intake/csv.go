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
	var t csvTable
	if miss := r.csvLines(&t, start, len(r.text)); miss != nil {
		return document{}, miss
	}
	return t.end()
}

// sniffCSV reads a text as CSV only if it can be nothing else: two or more columns, two or more lines, all equally long.
func (r *reading) sniffCSV(start, end int) (document, *misread) {
	var t csvTable
	miss := r.csvLines(&t, start, end)
	if miss != nil || t.lines < 2 || t.columns < 2 || t.short || t.tableWriter == nil {
		return document{}, r.miss(start, nothingFound)
	}
	doc, miss := t.end()
	if miss == nil {
		r.repairs.add(RuleCSV, 1)
	}
	return doc, miss
}

// separator is what stands between the cells of a line: a comma, or a tab where the content type says so.
func (r *reading) separator() byte {
	if r.tabs {
		return '\t'
	}
	return ','
}

// csvLines splits CSV into its lines; empty ones are passed over.
func (r *reading) csvLines(t *csvTable, start, end int) *misread {
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
			cell, next, ok := csvCell(text, at, r.separator())
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
			more = next < end && text[next] == r.separator()
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
