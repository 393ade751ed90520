// Package delimited is the grammar of CSV (RFC 4180) and of its relatives by tab and semicolon, for texts in memory: of a request's body
// and of a part of a file. It knows no names of columns and keeps nothing.
package delimited

import (
	"bytes"
	"unicode/utf8"

	"golang.org/x/text/encoding/simplifiedchinese"
)

// Separators are what may stand between cells, in the order in which they are preferred.
var Separators = []byte{',', '\t', ';'}

// InHeader are the separators that a text may have: the comma, and what else stands in its first line, which begins at start.
func InHeader(text []byte, start int) []byte {
	header := text[start:]
	if i := bytes.IndexAny(header, "\r\n"); i >= 0 {
		header = header[:i]
	}
	found := Separators[:1:1]
	for _, separator := range Separators[1:] {
		if bytes.IndexByte(header, separator) >= 0 {
			found = append(found, separator)
		}
	}
	return found
}

// LineBreak returns the length of the line break that b begins with, else 0.
func LineBreak(b []byte) int {
	switch {
	case bytes.HasPrefix(b, []byte("\r\n")):
		return 2
	case len(b) > 0 && (b[0] == '\n' || b[0] == '\r'):
		return 1
	}
	return 0
}

// Cell reads the cell at an offset and returns the offset of what ends it: the separator, a line break or the end. If the
// quotes do not match, ok is false and next is where that shows: the end of the text for a quote that is not closed. A cell without
// quotes is a part of text.
func Cell(text []byte, at int, separator byte) (cell []byte, next int, ok bool) {
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
		if at < len(text) && text[at] != separator && LineBreak(text[at:]) == 0 {
			return nil, at, false
		}
		return cell, at, true
	}
}

// FromGB18030 decodes a text, also of the encodings that are parts of GB18030; ok is false if not all of it is GB18030.
func FromGB18030(text []byte) (decoded []byte, ok bool) {
	decoded, err := simplifiedchinese.GB18030.NewDecoder().Bytes(text)
	if err != nil || bytes.ContainsRune(decoded, utf8.RuneError) {
		return nil, false
	}
	return decoded, true
}
