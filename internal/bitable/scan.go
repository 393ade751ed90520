package bitable

import (
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// The scanner reads JSON that is known to be valid. On anything else it ends early and never panics.

// skipSpace returns the index of the first byte of b at or after i that is no JSON white space.
func skipSpace(b []byte, i int) int {
	for i < len(b) && (b[i] == ' ' || b[i] == '\n' || b[i] == '\r' || b[i] == '\t') {
		i++
	}
	return i
}

// skipString returns the index after the string that begins at b[i].
func skipString(b []byte, i int) int {
	for i++; i < len(b); i++ {
		switch b[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return len(b)
}

// skipValue returns the index after the value that begins at b[i].
func skipValue(b []byte, i int) int {
	if i >= len(b) {
		return len(b)
	}
	switch b[i] {
	case '"':
		return skipString(b, i)
	case '{', '[':
		depth := 0
		for i < len(b) {
			switch b[i] {
			case '"':
				i = skipString(b, i)
				continue
			case '{', '[':
				depth++
			case '}', ']':
				if depth--; depth == 0 {
					return i + 1
				}
			}
			i++
		}
		return len(b)
	default:
		for i < len(b) {
			switch b[i] {
			case ',', '}', ']', ' ', '\n', '\r', '\t':
				return i
			}
			i++
		}
		return len(b)
	}
}

// trimJSON cuts white space around a value.
func trimJSON(b []byte) []byte {
	i, end := skipSpace(b, 0), len(b)
	for end > i && (b[end-1] == ' ' || b[end-1] == '\n' || b[end-1] == '\r' || b[end-1] == '\t') {
		end--
	}
	return b[i:end]
}

// cursor walks over the members of an object or the elements of an array.
type cursor struct {
	text []byte
	next int
}

// walk begins at the first member or element of raw, an object or an array.
func walk(raw []byte) cursor { return cursor{text: raw, next: skipSpace(raw, 0) + 1} }

// member returns the next key, with its quotes, and its value; ok is false at the end.
func (c *cursor) member() (key, value []byte, ok bool) {
	if key, ok = c.key(); !ok {
		return nil, nil, false
	}
	return key, c.value(), true
}

// key returns the next member's key, with its quotes, and stops at its value, which is not empty; ok is false at the end.
func (c *cursor) key() (key []byte, ok bool) {
	start := skipSpace(c.text, c.next)
	if start >= len(c.text) || c.text[start] != '"' {
		return nil, false
	}
	end := skipString(c.text, start)
	c.next = skipSpace(c.text, skipSpace(c.text, end)+1) // past the colon
	if c.next >= len(c.text) || c.text[c.next] == ',' || c.text[c.next] == '}' || c.text[c.next] == ']' {
		return nil, false
	}
	return c.text[start:end], true
}

// value returns the value at which key stopped; the cursor goes on behind it.
func (c *cursor) value() []byte {
	start, end := c.next, skipValue(c.text, c.next)
	c.next = c.after(end)
	return c.text[start:end]
}

// atObject reports whether the value at which key stopped is an object.
func (c *cursor) atObject() bool { return c.text[c.next] == '{' }

// enter returns a cursor over the members of the object at which key stopped; leave takes it when it is at its end.
func (c *cursor) enter() cursor { return cursor{text: c.text, next: c.next + 1} }

// leave goes on behind the object whose members inside has passed.
func (c *cursor) leave(inside cursor) { c.next = c.after(skipSpace(c.text, inside.next) + 1) }

// element returns the next element; ok is false at the end.
func (c *cursor) element() (value []byte, ok bool) {
	start := skipSpace(c.text, c.next)
	end := skipValue(c.text, start)
	if start >= end || c.text[start] == ']' || c.text[start] == '}' {
		return nil, false
	}
	c.next = c.after(end)
	return c.text[start:end], true
}

// after skips white space and one comma.
func (c *cursor) after(i int) int {
	if i = skipSpace(c.text, i); i < len(c.text) && c.text[i] == ',' {
		i++
	}
	return i
}

// isString reports whether raw is a JSON string.
func isString(raw []byte) bool { return len(raw) >= 2 && raw[0] == '"' }

// isNumber reports whether raw is a JSON number.
func isNumber(raw []byte) bool {
	return len(raw) > 0 && (raw[0] == '-' || raw[0] >= '0' && raw[0] <= '9')
}

// isNull reports whether raw is null.
func isNull(raw []byte) bool { return len(raw) == 4 && raw[0] == 'n' }

// content returns what a JSON string says: a part of raw where nothing is escaped, else a copy.
func content(raw []byte) []byte {
	if len(raw) < 2 {
		return nil
	}
	inner := raw[1 : len(raw)-1]
	for i, c := range inner {
		if c == '\\' {
			return unescape(inner, i)
		}
	}
	return inner
}

var escapes = [256]byte{'"': '"', '\\': '\\', '/': '/', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t'}

// unescape decodes s, whose first escape is at i.
func unescape(s []byte, i int) []byte {
	out := append(make([]byte, 0, len(s)), s[:i]...)
	for i < len(s) {
		if s[i] != '\\' || i+1 >= len(s) {
			out = append(out, s[i])
			i++
			continue
		}
		if s[i+1] != 'u' {
			out = append(out, escapes[s[i+1]])
			i += 2
			continue
		}
		r := hex4(s, i+2)
		i += 6
		if utf16.IsSurrogate(r) && i+1 < len(s) && s[i] == '\\' && s[i+1] == 'u' {
			r = utf16.DecodeRune(r, hex4(s, i+2))
			i += 6
		}
		out = utf8.AppendRune(out, r)
	}
	return out
}

func hex4(s []byte, i int) rune {
	if i+4 > len(s) {
		return utf8.RuneError
	}
	n, err := strconv.ParseUint(string(s[i:i+4]), 16, 32)
	if err != nil {
		return utf8.RuneError
	}
	return rune(n) //nolint:gosec // four hexadecimal digits
}

const hexDigits = "0123456789abcdef"

// appendQuoted appends s as a JSON string; only what JSON forbids is escaped.
func appendQuoted[T ~string | ~[]byte](dst []byte, s T) []byte {
	dst = append(dst, '"')
	for i := range len(s) {
		switch c := s[i]; {
		case c == '"' || c == '\\':
			dst = append(dst, '\\', c)
		case c >= ' ':
			dst = append(dst, c)
		case c == '\n':
			dst = append(dst, '\\', 'n')
		case c == '\r':
			dst = append(dst, '\\', 'r')
		case c == '\t':
			dst = append(dst, '\\', 't')
		default:
			dst = append(dst, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
		}
	}
	return append(dst, '"')
}

// appendCompact appends raw without white space between tokens and with nothing escaped that need not be.
func appendCompact(dst, raw []byte) []byte {
	for i := 0; i < len(raw); {
		switch c := raw[i]; c {
		case ' ', '\n', '\r', '\t':
			i++
		case '"':
			end := skipString(raw, i)
			dst = appendQuoted(dst, content(raw[i:end]))
			i = end
		default:
			dst = append(dst, c)
			i++
		}
	}
	return dst
}
