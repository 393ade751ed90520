package intake

import (
	"bytes"
	"slices"
)

// document is a text that was read: one canonical value. A text with nothing in it has no out.
type document struct {
	out       []byte
	members   []node // of the root, if it is an object
	elems     []span // of the root, if it is an array; at most MaxRows+1
	itemCount int
	rows      []span // elements of the array under the rows parameter, at most MaxRows+1
	rowCount  int
	depth     int          // string layers and containers around the root
	layer     int          // string layers around the root
	dug       bool         // the value had to be dug out of text: only rows are taken from it
	csv       []csvReading // of CSV that can be read in several ways
}

// root returns the first byte of the value, which tells its kind; 0 for nothing.
func (d *document) root() byte {
	if len(d.out) == 0 {
		return 0
	}
	return d.out[0]
}

// reading reads one text in whatever shape "Bodies" allows.
type reading struct {
	text    []byte // valid UTF-8
	rowsKey string // the member of a root object whose elements are noted; "" for none
	depth   int    // containers and string layers around the text
	layer   int    // string layers around the text
	csv     bool   // the text is declared to be CSV
	tabs    bool   // tabs separate the cells of CSV
	chooses bool   // columns of a table will choose the separator of CSV
	legacy  bool   // the CSV was decoded on the condition that its header fits the table
	probing bool   // only whether a value can be read is asked
	noTable bool   // neither a table nor CSV is read
	dug     bool   // the value had to be dug out
	repairs *tally
}

// misread is a fault with the text that it lies in, which may be one inside a string of the given text.
type misread struct {
	fault
	text   []byte
	layers int // string layers between the given text and this one
}

func (r *reading) miss(at int, why *reason) *misread {
	return &misread{fault: fault{at: at, why: why}, text: r.text}
}

// read finds the one value in the text: JSON first, then what is cheap and unambiguous.
func (r *reading) read() (document, *misread) {
	start := 0
	if bytes.HasPrefix(r.text, []byte("\uFEFF")) {
		r.repairs.add(RuleBOM, 1)
		start = len("\uFEFF")
	}
	if r.csv {
		return r.readCSV(start)
	}
	for blocks := 0; ; blocks++ {
		start = r.afterSpace(start)
		if start == len(r.text) {
			return document{}, nil
		}
		s, miss := r.scan(start)
		if miss == nil && r.afterSpace(s.pos) == len(r.text) {
			return r.take(s)
		}
		if looksJSON(r.text[start:]) {
			if miss != nil {
				if doc, ok := r.unescaped(start); ok {
					return doc, nil
				}
				return document{}, miss
			}
			return r.more(s, start)
		}
		rest, unclosed := r.afterThinking(start)
		if unclosed != nil {
			return document{}, unclosed
		}
		if rest == start || r.mayBeValue(start, rest) {
			before := slices.Clone(*r.repairs)
			doc, notFound := r.search(start)
			switch {
			case notFound == nil:
				return doc, nil
			case rest == start && miss != nil && r.text[start] == '[':
				return doc, miss // neither prose nor JSON, but it began like JSON
			case rest == start:
				return doc, notFound
			}
			*r.repairs = before
		}
		if blocks == MaxThinkBlocks {
			return document{}, r.miss(start, tooManyThoughts)
		}
		r.repairs.add(RuleThinkBlock, 1)
		start, r.dug = rest, true
	}
}

// afterSpace returns the offset of the next byte that is no white space.
func (r *reading) afterSpace(at int) int {
	s := scanner{src: r.text, pos: at}
	s.skip()
	return s.pos
}

// looksJSON reports whether b can only be meant as JSON: an object, or an array that begins with an object or a string.
// Then a fault in it is final: no part of it is ever read as the data.
func looksJSON(b []byte) bool {
	if b[0] == '[' {
		b = bytes.TrimLeft(b[1:], " \t\r\n\u00A0")
		return len(b) > 0 && b[0] == '{' || hasKey(b)
	}
	return b[0] == '{'
}

// scan reads the value at an offset, as JSON and, where its quotes or escapes are Python's, as Python.
func (r *reading) scan(at int) (*scanner, *misread) {
	return r.scanWith(at, (*scanner).value)
}

func (r *reading) scanWith(at int, read func(*scanner) bool) (*scanner, *misread) {
	s := &scanner{src: r.text, pos: at, rowsKey: r.rowsKey, depth: r.depth}
	if c := r.text[at]; !r.probing && (c == '{' || c == '[' || c == '"') {
		s.out = make([]byte, 0, len(r.text)-at)
	}
	if read(s) {
		return s, nil
	}
	f := s.fault
	if f.why == singleQuote || f.why == badEscape {
		python := &scanner{src: r.text, pos: at, rowsKey: r.rowsKey, depth: r.depth, python: true}
		if read(python) && python.pythonic > 0 {
			return python, nil
		}
		if python.pythonic > 0 && python.fault.at > f.at {
			f = python.fault
		}
	}
	return nil, &misread{fault: f, text: r.text}
}

// take accepts what was scanned; a string is read in its turn.
func (r *reading) take(s *scanner) (document, *misread) {
	r.repairs.add(RulePython, min(s.pythonic, 1))
	r.repairs.add(RuleTrailingComma, s.trailing)
	r.repairs.add(RuleNoBreakSpace, s.noBreak)
	if s.out[0] != '"' {
		r.repairs.add(RuleRawControl, s.control)
		return document{
			out: s.out, members: s.members, elems: s.elems, itemCount: s.itemCount, rows: s.rows, rowCount: s.rowCount,
			depth: r.depth, layer: r.layer, dug: r.dug,
		}, nil
	}
	start := r.afterSpace(0)
	if r.layer >= MaxStringLayers {
		return document{}, r.miss(start, tooManyLayers)
	}
	if r.depth >= MaxDepth {
		return document{}, r.miss(start, tooDeep)
	}
	inner := reading{
		text: unquote(s.out), rowsKey: r.rowsKey, depth: r.depth + 1, layer: r.layer + 1, noTable: r.noTable, dug: true, repairs: r.repairs,
		chooses: r.chooses,
	}
	if len(inner.text) == 0 {
		return document{}, nil
	}
	r.repairs.add(RuleStringLayer, 1)
	doc, miss := inner.read()
	if miss != nil {
		miss.layers++
	}
	return doc, miss
}

// more reads a text that goes on after its first value: JSON Lines or closing words.
func (r *reading) more(s *scanner, start int) (document, *misread) {
	if next := r.afterSpace(s.pos); s.out[0] == '{' && r.text[next] == '{' {
		s, miss := r.lines(start)
		if miss != nil {
			return document{}, miss
		}
		if s.pos < len(r.text) {
			return document{}, r.miss(s.pos, lineNoObject)
		}
		return r.take(s)
	}
	return r.inProse(s, start, start)
}

// lines reads JSON Lines up to the end or a closing fence, as an array.
func (r *reading) lines(at int) (*scanner, *misread) {
	s, miss := r.scanWith(at, func(s *scanner) bool {
		s.out = append(s.out, '[')
		s.level++
		s.depth++
		for end := s.pos; s.pos < len(s.src) && !bytes.HasPrefix(s.src[s.pos:], fenceMark); {
			if s.src[s.pos] != '{' || s.itemCount > 0 && !bytes.ContainsAny(s.src[end:s.pos], "\r\n") {
				return s.fail(s.pos, lineNoObject)
			}
			if s.itemCount > 0 {
				s.out = append(s.out, ',')
			}
			line := span{start: len(s.out)}
			if !s.value() {
				return false
			}
			line.end, end = len(s.out), s.pos
			s.elems, s.itemCount = note(s.elems, line), s.itemCount+1
			s.skip()
		}
		s.out = append(s.out, ']')
		return true
	})
	if miss == nil {
		r.repairs.add(RuleLines, 1)
	}
	return s, miss
}

// inProse accepts a value that has words before or after it, if they can be nothing but words: from is where they begin.
func (r *reading) inProse(s *scanner, from, start int) (document, *misread) {
	if s.out[0] == '[' && (s.itemCount == 0 || !allObjects(s.out, s.elems)) {
		return document{}, r.miss(start, nothingFound)
	}
	before, after := r.text[from:start], r.text[s.pos:]
	if at := strayBracket(before); at >= 0 {
		return document{}, r.miss(from+at, strayBrace)
	}
	if at := strayBracket(after); at >= 0 {
		return document{}, r.miss(s.pos+at, strayBrace)
	}
	if isFragment(before, after) {
		return document{}, r.miss(start, fragment)
	}
	r.repairs.add(RuleProse, 1)
	r.dug = true
	return r.take(s)
}

func allObjects(out []byte, elems []span) bool {
	return !slices.ContainsFunc(elems, func(e span) bool { return out[e.start] != '{' })
}

// strayBracket returns the offset of a brace, or of a square bracket without a match; -1 if there is none.
func strayBracket(prose []byte) int {
	open := []int(nil)
	for i, c := range prose {
		switch c {
		case '{', '}':
			return i
		case '[':
			open = append(open, i)
		case ']':
			if len(open) == 0 {
				return i
			}
			open = open[:len(open)-1]
		}
	}
	if len(open) > 0 {
		return open[0]
	}
	return -1
}

// isFragment reports whether the words around a value are members of an object that lost its braces: "records": […], "x": 1.
func isFragment(before, after []byte) bool {
	const space, quotes = " \t\r\n", "\"'\\"
	before = bytes.TrimRight(before, space+quotes)
	if key, ok := bytes.CutSuffix(before, []byte(":")); ok {
		key = bytes.TrimRight(key, space)
		if bytes.HasSuffix(key, []byte(`"`)) || bytes.HasSuffix(key, []byte(`'`)) {
			return true
		}
	}
	after, ok := bytes.CutPrefix(bytes.TrimLeft(after, space+quotes), []byte(","))
	after = bytes.TrimLeft(after, space)
	return ok && (bytes.HasPrefix(after, []byte(`"`)) || bytes.HasPrefix(after, []byte(`'`)))
}
