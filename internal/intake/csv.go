package intake

import "bytes"

// csvLine is one record of a CSV text.
type csvLine struct {
	cells [][]byte
	at    int
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
	lines, miss := r.csvLines(start, len(r.text))
	if miss != nil {
		return document{}, miss
	}
	t, ok := newTable(lines[0].cells)
	if !ok {
		return document{}, r.miss(start, headerName)
	}
	for _, line := range lines[1:] {
		if len(line.cells) > len(t.keys) {
			return document{}, r.miss(line.at, extraCell)
		}
		t.row(line.cells, line.at)
	}
	return t.end(), nil
}

// sniffCSV reads a text as CSV only if it can be nothing else: two or more columns, two or more lines, all equally long.
func (r *reading) sniffCSV(start, end int) (document, *misread) {
	lines, miss := r.csvLines(start, end)
	if miss != nil || len(lines) < 2 || len(lines[0].cells) < 2 {
		return document{}, r.miss(start, nothingFound)
	}
	t, ok := newTable(lines[0].cells)
	if !ok {
		return document{}, r.miss(start, nothingFound)
	}
	for _, line := range lines[1:] {
		switch {
		case len(line.cells) > len(t.keys):
			return document{}, r.miss(line.at, extraCell)
		case len(line.cells) < len(t.keys):
			return document{}, r.miss(start, nothingFound)
		}
		t.row(line.cells, line.at)
	}
	r.repairs.add(RuleCSV, 1)
	return t.end(), nil
}

// csvLines splits CSV into its records; empty lines are passed over, and lines past MaxRows+1 rows are not kept.
func (r *reading) csvLines(start, end int) ([]csvLine, *misread) {
	var lines []csvLine
	text := r.text[:end]
	for at := start; at < end; {
		if n := lineBreak(text[at:]); n > 0 {
			at += n
			continue
		}
		line := csvLine{at: at}
		for more := true; more; {
			cell, next, ok := csvCell(text, at)
			if !ok {
				return nil, r.miss(next, csvQuote)
			}
			if i := bytes.IndexByte(cell, 0); i >= 0 {
				return nil, r.miss(at+i, nul)
			}
			if len(line.cells) >= MaxKeys {
				return nil, r.miss(at, tooManyKeys)
			}
			line.cells = append(line.cells, cell)
			more = next < end && text[next] == ','
			if at = next; more {
				at++
			} else {
				at += lineBreak(text[at:])
			}
		}
		if len(lines) <= MaxRows+1 {
			lines = append(lines, line)
		}
	}
	return lines, nil
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

// csvCell reads the cell at an offset and returns the offset of what ends it: a comma, a line break or the end. If the
// quotes do not match, ok is false and next is where that shows.
func csvCell(text []byte, at int) (cell []byte, next int, ok bool) {
	if at >= len(text) || text[at] != '"' {
		end := len(text)
		if i := bytes.IndexAny(text[at:], ",\r\n"); i >= 0 {
			end = at + i
		}
		if i := bytes.IndexByte(text[at:end], '"'); i >= 0 {
			return nil, at + i, false
		}
		return text[at:end], end, true
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
		if at < len(text) && text[at] != ',' && lineBreak(text[at:]) == 0 {
			return nil, at, false
		}
		return cell, at, true
	}
}
