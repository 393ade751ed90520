package intake

import (
	"hash/maphash"
	"strconv"
)

// span is one value, as a part of the canonical output.
type span struct{ start, end int }

// node is one member of an object.
type node struct {
	span // the value

	key, keyEnd int // the key with its quotes, as a part of the canonical output
	at          int // where it begins in the source
}

// scanner reads one JSON value and writes it compactly, in one pass. It takes JSON, and with it what is ruled harmless:
// trailing commas, no-break spaces between tokens, raw control characters in strings, True, False and None; with python
// set also Python's quoting. Whatever else is not JSON stops it with a fault.
type scanner struct {
	src     []byte
	pos     int
	out     []byte
	python  bool   // single-quoted strings and Python's escapes are read
	depth   int    // containers and string layers open
	level   int    // containers open in this text
	rowsKey string // the root's member whose elements are noted

	members   []node // of the root, if it is an object
	elems     []span // of the root, if it is an array; at most MaxRows+1
	itemCount int    // members or elements of the root
	rows      []span // elements of the array at rowsKey, at most MaxRows+1
	rowCount  int
	inRows    bool

	keys  []node // keys of the open objects
	slots []int  // hash table of checkKeys, reused
	seed  maphash.Seed

	noBreak, trailing, control, pythonic int // repairs
	fault                                fault
}

func (s *scanner) fail(at int, why *reason) bool {
	s.fault = fault{at: at, why: why}
	return false
}

// skip passes white space between tokens.
func (s *scanner) skip() {
	for s.pos < len(s.src) {
		switch s.src[s.pos] {
		case ' ', '\t', '\n', '\r':
			s.pos++
		default:
			n := noBreakSpace(s.src[s.pos:])
			if n == 0 {
				return
			}
			s.pos += n
			s.noBreak++
		}
	}
}

// noBreakSpace returns the length of the U+00A0 or U+202F that b begins with, else 0.
func noBreakSpace(b []byte) int {
	switch {
	case len(b) >= 2 && b[0] == 0xC2 && b[1] == 0xA0:
		return 2
	case len(b) >= 3 && b[0] == 0xE2 && b[1] == 0x80 && b[2] == 0xAF:
		return 3
	}
	return 0
}

// value reads the value that begins at pos.
func (s *scanner) value() bool {
	if s.pos >= len(s.src) {
		return s.fail(s.pos, truncated)
	}
	switch c := s.src[s.pos]; {
	case c == '"', c == '\'' && s.python:
		return s.quoted(c)
	case c == '{':
		return s.object()
	case c == '[':
		return s.array()
	case c == '-', '0' <= c && c <= '9':
		return s.number()
	}
	return s.word()
}

func (s *scanner) open(bracket byte) bool {
	if s.depth >= MaxDepth {
		return s.fail(s.pos, tooDeep)
	}
	s.depth++
	s.level++
	s.pos++
	s.out = append(s.out, bracket)
	return true
}

func (s *scanner) shut(bracket byte) bool {
	s.depth--
	s.level--
	s.pos++
	s.out = append(s.out, bracket)
	return true
}

func (s *scanner) object() bool {
	if !s.open('{') {
		return false
	}
	base := len(s.keys)
	for first := true; ; first = false {
		s.skip()
		if s.pos < len(s.src) && s.src[s.pos] == '}' {
			if !first {
				s.trailing++
			}
			break
		}
		if !first {
			s.out = append(s.out, ',')
		}
		if !s.member(base) {
			return false
		}
		more, ok := s.next('}')
		if !ok {
			return false
		}
		if !more {
			break
		}
	}
	if !s.checkKeys(s.keys[base:]) {
		return false
	}
	s.keys = s.keys[:base]
	return s.shut('}')
}

// member reads one key and its value; base is where the keys of the object begin.
func (s *scanner) member(base int) bool {
	if s.pos >= len(s.src) {
		return s.fail(s.pos, truncated)
	}
	m := node{key: len(s.out), at: s.pos}
	if c := s.src[s.pos]; c != '"' && (c != '\'' || !s.python) {
		return s.failKey()
	}
	if !s.quoted(s.src[s.pos]) {
		return false
	}
	m.keyEnd = len(s.out)
	if len(s.keys)-base >= MaxKeys {
		return s.fail(m.at, tooManyKeys)
	}
	s.keys = append(s.keys, m)
	s.skip()
	if s.pos >= len(s.src) {
		return s.fail(s.pos, truncated)
	}
	if s.src[s.pos] != ':' {
		return s.failAfterString()
	}
	s.pos++
	s.out = append(s.out, ':')
	s.skip()
	m.start, m.at = len(s.out), s.pos
	root := s.level == 1
	if root {
		s.inRows = s.rowsKey != "" && string(s.out[m.key+1:m.keyEnd-1]) == s.rowsKey
	}
	if !s.value() {
		return false
	}
	if root {
		m.end = len(s.out)
		s.members = append(s.members, m)
		s.itemCount++
	}
	return true
}

func (s *scanner) array() bool {
	root := s.level == 0
	rows := s.level == 1 && s.inRows
	if !s.open('[') {
		return false
	}
	for first := true; ; first = false {
		s.skip()
		if s.pos < len(s.src) && s.src[s.pos] == ']' {
			if !first {
				s.trailing++
			}
			break
		}
		if !first {
			s.out = append(s.out, ',')
		}
		e := span{start: len(s.out)}
		if !s.value() {
			return false
		}
		e.end = len(s.out)
		switch {
		case root:
			s.elems, s.itemCount = note(s.elems, e), s.itemCount+1
		case rows:
			s.rows, s.rowCount = note(s.rows, e), s.rowCount+1
		}
		more, ok := s.next(']')
		if !ok {
			return false
		}
		if !more {
			break
		}
	}
	return s.shut(']')
}

// note keeps what counting rows needs and no more, however long a hostile list is.
func note(elems []span, e span) []span {
	if len(elems) > MaxRows {
		return elems
	}
	return append(elems, e)
}

// next reads the comma after a value and reports more; at the closing bracket it stays.
func (s *scanner) next(closing byte) (more, ok bool) {
	s.skip()
	if s.pos >= len(s.src) {
		return false, s.fail(s.pos, truncated)
	}
	switch s.src[s.pos] {
	case ',':
		s.pos++
		return true, true
	case closing:
		return false, true
	}
	if s.out[len(s.out)-1] == '"' {
		return false, s.failAfterString()
	}
	return false, s.failAt(commaExpected)
}

// number reads a JSON number and keeps its spelling.
func (s *scanner) number() bool {
	start, i := s.pos, s.pos
	digits := func() bool {
		from := i
		for i < len(s.src) && '0' <= s.src[i] && s.src[i] <= '9' {
			i++
		}
		return i > from
	}
	at := func(set string) bool {
		for j := range len(set) {
			if i < len(s.src) && s.src[i] == set[j] {
				i++
				return true
			}
		}
		return false
	}
	negative := at("-")
	if negative && i < len(s.src) && (s.src[i] == 'I' || s.src[i] == 'i') {
		return s.fail(start, notFinite)
	}
	if !at("0") && !digits() {
		return s.fail(start, badNumber)
	}
	if at(".") && !digits() {
		return s.fail(start, badNumber)
	}
	exponent := at("eE")
	if exponent {
		at("+-")
		if !digits() {
			return s.fail(start, badNumber)
		}
	}
	if i < len(s.src) && isWord(s.src[i]) {
		return s.fail(start, badNumber)
	}
	text := s.src[start:i]
	const longestSafe = 300 // digits that cannot overflow a float64 without an exponent
	if exponent || len(text) > longestSafe {
		if _, err := strconv.ParseFloat(string(text), 64); err != nil {
			return s.fail(start, notFinite)
		}
	}
	s.pos = i
	s.out = append(s.out, text...)
	return true
}

// isWord reports whether c may follow the start of a number or a word, so that 12abc is no number.
func isWord(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || c == '_' || c == '.' || c == '+'
}

// word reads true, false and null in JSON's or Python's spelling.
func (s *scanner) word() bool {
	end := s.pos
	for end < len(s.src) && isWord(s.src[end]) {
		end++
	}
	literal := ""
	switch string(s.src[s.pos:end]) {
	case "true", "false", "null":
		literal = string(s.src[s.pos:end])
	case "True":
		literal = "true"
	case "False":
		literal = "false"
	case "None":
		literal = "null"
	case "NaN", "nan", "Infinity", "inf":
		return s.fail(s.pos, notFinite)
	default:
		return s.failAt(unexpected)
	}
	if s.src[s.pos] < 'a' {
		s.pythonic++
	}
	s.pos = end
	s.out = append(s.out, literal...)
	return true
}
