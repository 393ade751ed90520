package intake

import "bytes"

// tableWriter writes lines of cells as an array of row objects.
type tableWriter struct {
	keys [][]byte // canonical JSON strings
	doc  document
}

// newTable begins a table; ok is false if a column has no name or two have the same.
func newTable(header [][]byte) (t *tableWriter, ok bool) {
	t = &tableWriter{doc: document{out: []byte{'['}}}
	seen := make(map[string]bool, len(header))
	for _, name := range header {
		key := appendString(nil, bytes.TrimSpace(name))
		if len(key) == len(`""`) || seen[string(key)] || len(t.keys) >= MaxKeys {
			return nil, false
		}
		seen[string(key)] = true
		t.keys = append(t.keys, key)
	}
	return t, true
}

// row adds a line; cells that it lacks are absent. There are at most as many cells as columns. ok is false if the rows
// outgrow MaxTableBytes.
func (t *tableWriter) row(cells [][]byte) (ok bool) {
	size := 0
	for i, cell := range cells {
		size += len(t.keys[i]) + len(cell)
	}
	if len(t.doc.out)+size > MaxTableBytes {
		return false
	}
	if t.doc.itemCount > 0 {
		t.doc.out = append(t.doc.out, ',')
	}
	line := span{start: len(t.doc.out)}
	t.doc.out = append(t.doc.out, '{')
	for i, cell := range cells {
		if i > 0 {
			t.doc.out = append(t.doc.out, ',')
		}
		t.doc.out = append(t.doc.out, t.keys[i]...)
		t.doc.out = append(t.doc.out, ':')
		t.doc.out = appendString(t.doc.out, cell)
	}
	t.doc.out = append(t.doc.out, '}')
	line.end = len(t.doc.out)
	t.doc.elems, t.doc.itemCount = note(t.doc.elems, line), t.doc.itemCount+1
	return true
}

// full reports whether there are more rows than a request may have: then further ones only have to be counted.
func (t *tableWriter) full() bool { return t.doc.itemCount > MaxRows }

func (t *tableWriter) end() document {
	t.doc.out = append(t.doc.out, ']')
	return t.doc
}

// lineAt returns the line that begins at an offset, without its end, and the offset of the next one.
func lineAt(text []byte, at int) (line []byte, next int) {
	line, next = text[at:], len(text)
	if i := bytes.IndexByte(line, '\n'); i >= 0 {
		line, next = line[:i], at+i+1
	}
	return bytes.TrimSuffix(line, []byte("\r")), next
}

// findTable returns the offset of the first Markdown table's header line; the text's length if there is none.
func (r *reading) findTable(start int) int {
	if !bytes.Contains(r.text[start:], []byte("|")) {
		return len(r.text)
	}
	for at := start; at < len(r.text); {
		line, next := lineAt(r.text, at)
		if isTableHead(line, r.text, next) {
			return at
		}
		at = next
	}
	return len(r.text)
}

// isTableHead reports whether line is a table's header: a delimiter line with as many cells follows.
func isTableHead(line, text []byte, next int) bool {
	if next >= len(text) || bytes.IndexByte(line, '|') < 0 {
		return false
	}
	under, _ := lineAt(text, next)
	columns := isDelimiter(under)
	return columns > 0 && columns == len(tableCells(line))
}

// isDelimiter returns the number of columns of a Markdown delimiter line such as |:---|---:|, else 0.
func isDelimiter(line []byte) int {
	if bytes.IndexByte(line, '|') < 0 {
		return 0
	}
	cells := tableCells(line)
	for _, cell := range cells {
		cell = bytes.TrimSuffix(bytes.TrimPrefix(cell, []byte(":")), []byte(":"))
		if len(cell) == 0 || len(bytes.Trim(cell, "-")) > 0 {
			return 0
		}
	}
	return len(cells)
}

// tableCells splits a line at its bars, without the outer ones; \| is a bar inside a cell. What is past MaxKeys+1 cells,
// more than any header may have, is not split.
func tableCells(line []byte) [][]byte {
	line = bytes.TrimPrefix(bytes.TrimSpace(line), []byte("|"))
	var cells [][]byte
	cell := []byte{}
	ended := false
	for i := 0; i < len(line); i++ {
		ended = false
		switch {
		case line[i] == '\\' && i+1 < len(line) && line[i+1] == '|':
			i++
			cell = append(cell, '|')
		case line[i] == '|' && len(cells) <= MaxKeys:
			cells, cell, ended = append(cells, bytes.TrimSpace(cell)), []byte{}, true
		default:
			cell = append(cell, line[i])
		}
	}
	if ended {
		return cells
	}
	return append(cells, bytes.TrimSpace(cell))
}

// readTable reads the Markdown table whose header is at head, up to a line without bars; from and limit bound the text
// around it.
func (r *reading) readTable(from, head, limit int) (document, *misread) {
	line, at := lineAt(r.text[:limit], head)
	if i := bytes.IndexByte(line, 0); i >= 0 {
		return document{}, r.miss(head+i, nul)
	}
	t, ok := newTable(tableCells(line))
	if !ok {
		return document{}, r.miss(head, headerName)
	}
	_, at = lineAt(r.text[:limit], at)
	for at < limit {
		line, next := lineAt(r.text[:limit], at)
		if bytes.IndexByte(line, '|') < 0 {
			break
		}
		if t.full() {
			t.doc.itemCount++
			at = next
			continue
		}
		cells := tableCells(line)
		if len(cells) > len(t.keys) {
			return document{}, r.miss(at, extraCell)
		}
		if i := bytes.IndexByte(line, 0); i >= 0 {
			return document{}, r.miss(at+i, nul)
		}
		if !t.row(cells) {
			return document{}, r.miss(at, tableTooLarge)
		}
		at = next
	}
	for _, prose := range [][2]int{{from, head}, {at, limit}} {
		if i := strayBracket(r.text[prose[0]:prose[1]]); i >= 0 {
			return document{}, r.miss(prose[0]+i, strayBrace)
		}
	}
	after := reading{text: r.text[:limit]}
	if second := after.findTable(at); second < limit {
		return document{}, r.miss(second, secondTable)
	}
	r.repairs.add(RuleTable, 1)
	if len(bytes.TrimSpace(r.text[from:head])) > 0 || len(bytes.TrimSpace(r.text[at:limit])) > 0 {
		r.repairs.add(RuleProse, 1)
	}
	return t.end(), nil
}

// tableIn reads what a fence holds beside JSON: a Markdown table or CSV.
func (r *reading) tableIn(start, end int) (document, *misread) {
	inner := reading{text: r.text[:end]}
	if head := inner.findTable(start); head < end {
		return r.readTable(start, head, end)
	}
	return r.sniffCSV(start, end)
}
