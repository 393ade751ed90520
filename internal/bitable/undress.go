package bitable

import (
	"bytes"
	"unicode"
	"unicode/utf8"
)

// dressingPairs stand around a whole value: opening and closing, the longer first.
var dressingPairs = [][2]string{
	{"**", "**"}, {`"`, `"`}, {"'", "'"}, {"“", "”"}, {"‘", "’"}, {"「", "」"}, {"『", "』"}, {"*", "*"}, {"`", "`"},
}

// cutPair takes one pair of quotes, asterisks or backquotes off a whole value.
func cutPair(s []byte) (inner []byte, found bool) {
	for _, pair := range dressingPairs {
		opened, ok := bytes.CutPrefix(s, []byte(pair[0]))
		if !ok {
			continue
		}
		inner, ok = bytes.CutSuffix(opened, []byte(pair[1]))
		if !ok || bytes.Contains(inner, []byte(pair[0])) || bytes.Contains(inner, []byte(pair[1])) {
			continue // the marks belong to parts of the value
		}
		if inner = bytes.TrimSpace(inner); len(inner) > 0 {
			return inner, true
		}
	}
	return s, false
}

// maxListDigits bounds the number of a list's mark, "12. ".
const maxListDigits = 3

// cutListMark takes "- ", "* " or "1. " off the start.
func cutListMark(s []byte) (rest []byte, found bool) {
	digits := 0
	for digits < len(s) && digits < maxListDigits && s[digits] >= '0' && s[digits] <= '9' {
		digits++
	}
	switch {
	case digits > 0:
		rest, found = bytes.CutPrefix(s[digits:], []byte(". "))
	case bytes.HasPrefix(s, []byte("- ")), bytes.HasPrefix(s, []byte("* ")):
		rest, found = s[2:], true
	}
	rest = bytes.TrimSpace(rest)
	return rest, found && len(rest) > 0
}

// cutWordMark takes "#" or "# " before a letter off the start, or one full stop 。 off the end.
func cutWordMark(s []byte) (rest []byte, found bool) {
	if tag, ok := bytes.CutPrefix(s, []byte("#")); ok {
		tag = bytes.TrimPrefix(tag, []byte(" "))
		if first, _ := utf8.DecodeRune(tag); unicode.IsLetter(first) {
			return tag, true
		}
	}
	rest, found = bytes.CutSuffix(s, []byte("。"))
	return rest, found && len(rest) > 0 && !bytes.HasSuffix(rest, []byte("。"))
}

// maxDressings bounds the layers that are taken off a value.
const maxDressings = 4

// undressed takes dressing off layer by layer until accept holds, or reports false.
func undressed(name []byte, accept func([]byte) bool) ([]byte, bool) {
	for range maxDressings {
		rest, found := cutPair(name)
		if !found {
			rest, found = cutListMark(name)
		}
		if !found {
			rest, found = cutWordMark(name)
		}
		if !found {
			return nil, false
		}
		if name = rest; accept(name) {
			return name, true
		}
	}
	return nil, false
}

// withoutMarks takes pairs and list marks off a value that is to be a new option.
func withoutMarks(name []byte) []byte {
	for range maxDressings {
		rest, found := cutPair(name)
		if !found {
			rest, found = cutListMark(name)
		}
		if !found {
			break
		}
		name = rest
	}
	return name
}

// hashtags takes text apart at spaces and separators if every word in it begins with #; nil if not.
func hashtags(text []byte) [][]byte {
	if text[0] != '#' {
		return nil
	}
	words := bytes.FieldsFunc(text, func(r rune) bool { return isSeparator(r) || unicode.IsSpace(r) })
	for _, word := range words {
		if word[0] != '#' || len(word) == 1 {
			return nil
		}
	}
	return words[:min(len(words), MaxChosenOptions+1)] // options refuses more
}
