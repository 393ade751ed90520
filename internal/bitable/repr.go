package bitable

import (
	"encoding/json"
	"strconv"
	"unicode/utf8"
)

// listInText reads text that is a list, in JSON or as Python prints one, and returns it as JSON; nil if it is none. A list
// of quoted strings or objects that ends in disorder is broken.
func listInText(text []byte) (list []byte, broken bool) {
	if text[0] != '[' || text[len(text)-1] != ']' {
		return nil, false
	}
	if json.Valid(text) {
		return text, false
	}
	list = reprToJSON(text)
	first := text[skipSpace(text, 1)]
	return list, list == nil && (first == '\'' || first == '"' || first == '{')
}

// reprToJSON turns what Python's repr prints of lists, dicts and scalars into JSON, or returns nil.
func reprToJSON(text []byte) []byte {
	out := make([]byte, 0, len(text))
	for i := 0; i < len(text); {
		switch c := text[i]; {
		case c == '\'' || c == '"':
			value, next, ok := reprString(text, i)
			if !ok {
				return nil
			}
			out = appendQuoted(out, value)
			i = next
		case isAlphanumeric(text[i:i+1]) && c > '9':
			end := i
			for end < len(text) && isAlphanumeric(text[end:end+1]) {
				end++
			}
			word, ok := reprWords[string(text[i:end])]
			if !ok {
				return nil
			}
			out = append(out, word...)
			i = end
		default:
			out = append(out, c)
			i++
		}
	}
	if !json.Valid(out) {
		return nil
	}
	return out
}

var reprWords = map[string]string{"True": "true", "False": "false", "None": "null"}

// reprEscapes are the escapes that repr writes with a letter.
var reprEscapes = [256]byte{'\\': '\\', '\'': '\'', '"': '"', 'n': '\n', 'r': '\r', 't': '\t'}

// reprString reads the string whose quote is at text[i]; next is the index behind it.
func reprString(text []byte, i int) (value []byte, next int, ok bool) {
	quote := text[i]
	for i++; i < len(text); i++ {
		switch c := text[i]; {
		case c == quote:
			return value, i + 1, true
		case c != '\\':
			value = append(value, c)
			continue
		}
		if i++; i >= len(text) {
			break
		}
		if plain := reprEscapes[text[i]]; plain != 0 {
			value = append(value, plain)
			continue
		}
		digits := map[byte]int{'x': 2, 'u': 4, 'U': 8}[text[i]]
		r, ok := hexRune(text[i+1:], digits)
		if !ok {
			break
		}
		value = utf8.AppendRune(value, r)
		i += digits
	}
	return nil, len(text), false
}

// hexRune reads a character from exactly the given number of hexadecimal digits; U+0000 and surrogates are none.
func hexRune(b []byte, digits int) (rune, bool) {
	if digits == 0 || len(b) < digits {
		return 0, false
	}
	n, err := strconv.ParseUint(string(b[:digits]), 16, 31)
	if err != nil || n == 0 || n > utf8.MaxRune || !utf8.ValidRune(rune(n)) {
		return 0, false
	}
	return rune(n), true
}
