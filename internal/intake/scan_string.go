package intake

import (
	"unicode/utf16"
	"unicode/utf8"
)

// special marks the bytes that end a run inside a string.
var special = func() (table [256]bool) {
	for c := range 0x20 {
		table[c] = true
	}
	table['"'], table['\''], table['\\'] = true, true, true
	return table
}()

// quoted reads a string in the given quotes and writes it canonically: what JSON must escape is escaped, in the shortest
// way, and nothing else is. Equal strings are therefore equal bytes.
func (s *scanner) quoted(quote byte) bool {
	if quote == '\'' {
		s.pythonic++
	}
	s.out = append(s.out, '"')
	s.pos++
	raw := false
	for run := s.pos; ; {
		for s.pos < len(s.src) && !special[s.src[s.pos]] {
			s.pos++
		}
		if s.pos >= len(s.src) {
			return s.fail(s.pos, truncated)
		}
		c := s.src[s.pos]
		if c == '\'' && quote != '\'' {
			s.pos++
			continue
		}
		s.out = append(s.out, s.src[run:s.pos]...)
		switch {
		case c == quote:
			s.pos++
			s.out = append(s.out, '"')
			if raw {
				s.control++
			}
			return true
		case c == '\\':
			if !s.escape() {
				return false
			}
		case c == 0:
			return s.fail(s.pos, nul)
		default: // a raw control character, or a double quote in single quotes
			raw = raw || c < ' '
			s.out = appendEscaped(s.out, c)
			s.pos++
		}
		run = s.pos
	}
}

// escape reads one escape sequence, at its backslash.
func (s *scanner) escape() bool {
	if s.pos+1 >= len(s.src) {
		return s.fail(len(s.src), truncated)
	}
	at := s.pos
	c := s.src[s.pos+1]
	s.pos += 2
	switch c {
	case '"', '\\':
		s.out = append(s.out, '\\', c)
		return true
	case 'b', 'f', 'n', 'r', 't':
		s.out = append(s.out, '\\', c)
		return true
	case 'u':
		return s.codePoint(at, 4)
	}
	switch {
	case c == '/' && !s.python:
		s.out = append(s.out, '/')
		return true
	case c == '\'' && s.python:
		s.out = append(s.out, '\'')
		return true
	case c == 'x' && s.python:
		return s.codePoint(at, 2)
	case c == 'U' && s.python:
		return s.codePoint(at, 8)
	}
	return s.fail(at, badEscape)
}

// codePoint reads the given number of hex digits and, for the first half of a pair, its second half.
func (s *scanner) codePoint(at, digits int) bool {
	r, ok := s.hex(digits)
	if !ok {
		return s.fail(at, badEscape)
	}
	if utf16.IsSurrogate(r) {
		if s.pos+1 >= len(s.src) || s.src[s.pos] != '\\' || s.src[s.pos+1] != 'u' {
			return s.fail(at, loneSurrogate)
		}
		s.pos += 2
		low, ok := s.hex(4)
		if r = utf16.DecodeRune(r, low); !ok || r == utf8.RuneError {
			return s.fail(at, loneSurrogate)
		}
	}
	switch {
	case r == 0:
		return s.fail(at, nul)
	case !utf8.ValidRune(r):
		return s.fail(at, badEscape)
	case r < utf8.RuneSelf && special[r] && r != '\'':
		s.out = appendEscaped(s.out, byte(r&0x7F))
	default:
		s.out = utf8.AppendRune(s.out, r)
	}
	return true
}

func (s *scanner) hex(digits int) (rune, bool) {
	if s.pos+digits > len(s.src) {
		return 0, false
	}
	var r rune
	for _, c := range s.src[s.pos : s.pos+digits] {
		d, ok := hexDigit(c)
		if !ok || r > utf8.MaxRune {
			return 0, false
		}
		r = r<<4 | rune(d)
	}
	s.pos += digits
	return r, true
}

func hexDigit(c byte) (byte, bool) {
	switch {
	case '0' <= c && c <= '9':
		return c - '0', true
	case 'a' <= c && c <= 'f':
		return c - 'a' + 10, true
	case 'A' <= c && c <= 'F':
		return c - 'A' + 10, true
	}
	return 0, false
}

// appendEscaped writes the escape of a control character, quote or backslash.
func appendEscaped(out []byte, c byte) []byte {
	switch c {
	case '"', '\\':
		return append(out, '\\', c)
	case '\b':
		return append(out, '\\', 'b')
	case '\f':
		return append(out, '\\', 'f')
	case '\n':
		return append(out, '\\', 'n')
	case '\r':
		return append(out, '\\', 'r')
	case '\t':
		return append(out, '\\', 't')
	}
	const digits = "0123456789abcdef"
	return append(out, '\\', 'u', '0', '0', digits[c>>4], digits[c&15])
}

// appendString writes text as a canonical JSON string.
func appendString[T string | []byte](out []byte, text T) []byte {
	out = append(out, '"')
	run := 0
	for i := range len(text) {
		if c := text[i]; special[c] && c != '\'' {
			out = append(out, text[run:i]...)
			out = appendEscaped(out, c)
			run = i + 1
		}
	}
	out = append(out, text[run:]...)
	return append(out, '"')
}

// unquote returns the value of a canonical JSON string.
func unquote(canonical []byte) []byte {
	inner := canonical[1 : len(canonical)-1]
	out := make([]byte, 0, len(inner))
	for i := 0; i < len(inner); i++ {
		if inner[i] != '\\' {
			out = append(out, inner[i])
			continue
		}
		i++
		switch c := inner[i]; c {
		case 'b':
			out = append(out, '\b')
		case 'f':
			out = append(out, '\f')
		case 'n':
			out = append(out, '\n')
		case 'r':
			out = append(out, '\r')
		case 't':
			out = append(out, '\t')
		case 'u': // always \u00xx
			high, _ := hexDigit(inner[i+3])
			low, _ := hexDigit(inner[i+4])
			out = append(out, high<<4|low)
			i += 4
		default:
			out = append(out, c)
		}
	}
	return out
}
