package intake

import "bytes"

// unescaped reads a text in which every quote is escaped once too often, {\\"a\\":1}, if it parses whole once it is unescaped.
// It counts as the text itself. ok is false if the text is none.
func (r *reading) unescaped(start int) (doc document, ok bool) {
	text := r.text[start:]
	if !bytes.Contains(text, []byte(`\"`)) || hasBareQuote(text) {
		return document{}, false
	}
	whole := &scanner{src: append(append([]byte{'"'}, text...), '"')}
	if !whole.quoted('"') || whole.pos != len(whole.src) {
		return document{}, false
	}
	inner := reading{text: unquote(whole.out), rowsKey: r.rowsKey, depth: r.depth, layer: r.layer, dug: r.dug, repairs: r.repairs}
	s, miss := inner.scan(inner.afterSpace(0))
	if miss != nil || inner.afterSpace(s.pos) != len(inner.text) {
		return document{}, false
	}
	r.repairs.add(RuleEscaped, 1)
	doc, miss = inner.take(s)
	return doc, miss == nil
}

// hasBareQuote reports whether a double quote stands in the text without a backslash before it.
func hasBareQuote(text []byte) bool {
	for at, c := range text {
		if c == '"' && (at == 0 || text[at-1] != '\\') {
			return true
		}
	}
	return false
}
