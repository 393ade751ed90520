package intake

import "bytes"

var fenceMark = []byte("```")

// thinking are the blocks that models and Dify put before an answer.
var thinking = []struct{ open, end string }{
	{"<think>", "</think>"},
	{"<details", "</details>"},
}

// afterThinking returns the offset behind a thinking block that the text begins with, or behind a lone </think>; start
// if there is none.
func (r *reading) afterThinking(start int) (int, *misread) {
	text := r.text[start:]
	for _, block := range thinking {
		if !bytes.HasPrefix(text, []byte(block.open)) {
			continue
		}
		end := bytes.Index(text, []byte(block.end))
		if end < 0 {
			return 0, r.miss(start, unclosedThink)
		}
		return start + end + len(block.end), nil
	}
	opened, ended := bytes.Index(text, []byte("<think>")), bytes.Index(text, []byte("</think>"))
	switch {
	case ended >= 0 && (opened < 0 || ended < opened):
		return start + ended + len("</think>"), nil
	case opened >= 0 && ended < 0 && bytes.IndexByte(text[:opened], '{') < 0:
		return 0, r.miss(start+opened, unclosedThink)
	}
	return start, nil
}

// mayBeValue reports whether a </think> that ends at rest has no opening tag and lies in a value, or behind an open
// bracket or fence: then it may be the text of a cell.
func (r *reading) mayBeValue(start, rest int) bool {
	before := r.text[start:rest]
	if before[0] == '<' {
		return false
	}
	if value := r.findValue(start); value < rest {
		if s, miss := r.scan(value); miss == nil && s.pos > rest {
			return true
		}
	}
	return !balanced(before) || bytes.Count(before, fenceMark)%2 != 0
}

// search looks for the one fence, table, value or CSV in a text that does not begin as JSON.
func (r *reading) search(start int) (document, *misread) {
	value, fence, table := r.findValue(start), r.findFence(start), r.findTable(start)
	switch {
	case table < fence && table < value && !r.noTable:
		return r.readTable(start, table, len(r.text))
	case fence < len(r.text):
		if value < fence {
			if s, miss := r.scan(value); miss == nil && s.pos > fence {
				return r.inProse(s, start, value) // the fence is part of one of its strings
			}
		}
		return r.fenced(start, fence)
	case value < len(r.text):
		s, miss := r.scan(value)
		if miss != nil {
			return document{}, miss
		}
		return r.inProse(s, start, value)
	}
	if r.noTable {
		return document{}, r.miss(start, nothingFound)
	}
	return r.sniffCSV(start, len(r.text))
}

// findValue returns the offset of the first object, or array that begins with an object; the text's length if none.
func (r *reading) findValue(start int) int {
	for i := start; i < len(r.text); i++ {
		switch c := r.text[i]; {
		case c == '{':
			return i
		case c == '[':
			if next := r.afterSpace(i + 1); next < len(r.text) && r.text[next] == '{' {
				return i
			}
		}
	}
	return len(r.text)
}

// findFence returns the offset of the first fence; the text's length if there is none, or if it is inside brackets
// and so may be part of a value.
func (r *reading) findFence(start int) int {
	at := bytes.Index(r.text[start:], fenceMark)
	if at < 0 || !balanced(r.text[start:start+at]) {
		return len(r.text)
	}
	return start + at
}

func balanced(b []byte) bool {
	return bytes.Count(b, []byte("{")) == bytes.Count(b, []byte("}")) &&
		bytes.Count(b, []byte("[")) == bytes.Count(b, []byte("]"))
}

// fenced reads the content of the fence that opens at an offset; the words around it may not hold another value.
func (r *reading) fenced(from, open int) (document, *misread) {
	mark := open
	for mark < len(r.text) && r.text[mark] == '`' {
		mark++
	}
	start := r.afterSpace(r.afterInfo(mark))
	if start == len(r.text) {
		return document{}, r.miss(start, nothingFound)
	}
	closing := r.text[open:mark]
	if c := r.text[start]; !looksJSON(r.text[start:]) && c != '"' {
		end := len(r.text)
		if at := bytes.Index(r.text[start:], closing); at >= 0 {
			end = start + at
		}
		if miss := r.aroundFence(from, open, end, closing); miss != nil {
			return document{}, miss
		}
		if r.noTable {
			return document{}, r.miss(start, nothingFound)
		}
		return r.tableIn(start, end)
	}
	s, miss := r.scan(start)
	if miss != nil {
		return document{}, miss
	}
	end := r.afterSpace(s.pos)
	if end < len(r.text) && r.text[end] == '{' {
		if s, miss = r.lines(start); miss != nil {
			return document{}, miss
		}
		end = s.pos
	}
	if end < len(r.text) && !bytes.HasPrefix(r.text[end:], closing) {
		return document{}, r.miss(end, lineNoObject)
	}
	if miss := r.aroundFence(from, open, end, closing); miss != nil {
		return document{}, miss
	}
	r.dug = true
	return r.take(s)
}

// hasKey reports whether what follows a brace begins with a quoted key.
func hasKey(b []byte) bool {
	b = bytes.TrimLeft(b, " \t\r\n\u00A0")
	return len(b) > 0 && (b[0] == '"' || b[0] == '\'')
}

// afterInfo returns the offset behind a fence's info string: the language, and the line if no value follows on it.
func (r *reading) afterInfo(at int) int {
	info := at
	for info < len(r.text) && (isWord(r.text[info]) || r.text[info] == '-') {
		info++
	}
	value := info
	for value < len(r.text) && (r.text[value] == ' ' || r.text[value] == '\t') {
		value++
	}
	if value < len(r.text) && (looksJSON(r.text[value:]) || r.text[value] == '"') {
		return value
	}
	if line := bytes.IndexByte(r.text[info:], '\n'); line >= 0 {
		return info + line + 1
	}
	return info
}

// aroundFence accepts the words before a fence, and behind its end, if they hold no second block and nothing that begins
// like an object with a key: whole, it would be a second value; broken, the fence might be part of it.
func (r *reading) aroundFence(from, open, end int, closing []byte) *misread {
	after := min(end+len(closing), len(r.text))
	if at := bytes.Index(r.text[after:], fenceMark); at >= 0 {
		return r.miss(after+at, twoFences)
	}
	if !balanced(r.text[after:]) {
		return r.miss(end, strayBrace)
	}
	for _, prose := range [][2]int{{from, open}, {after, len(r.text)}} {
		for at := prose[0]; at < prose[1]; at++ {
			if r.text[at] != '{' || !hasKey(r.text[at+1:prose[1]]) {
				continue
			}
			if _, miss := (&reading{text: r.text[:prose[1]], probing: true}).scan(at); miss != nil {
				return miss
			}
			return r.miss(at, secondObject)
		}
	}
	r.repairs.add(RuleFence, 1)
	if len(bytes.TrimSpace(r.text[from:open])) > 0 || len(bytes.TrimSpace(r.text[after:])) > 0 {
		r.repairs.add(RuleProse, 1)
	}
	return nil
}
