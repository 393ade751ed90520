package bitable

import (
	"bytes"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// foldName returns the key under which column names are compared: compatibility normalised, trimmed, case folded.
func foldName(s string) string {
	if isLowerASCII(s) {
		return strings.TrimSpace(s)
	}
	normal := norm.NFKC.String(s)
	var b strings.Builder
	b.Grow(len(normal))
	for _, r := range strings.TrimFunc(normal, unicode.IsSpace) {
		if r == 'ß' || r == 'ẞ' {
			b.WriteString("ss")
			continue
		}
		b.WriteRune(foldCase(r))
	}
	return b.String()
}

// foldOption returns the key under which option names are compared: without regard to case, width and white space.
func foldOption(s string) string {
	var b strings.Builder
	b.Grow(len(s))
	for _, r := range s {
		r = narrow(r)
		if unicode.IsSpace(r) {
			continue
		}
		b.WriteRune(foldCase(r))
	}
	return b.String()
}

// foldWidth replaces full-width characters by their ASCII (or Latin-1) twins and returns s itself where there are none.
func foldWidth(s []byte) []byte {
	for _, b := range s {
		if b == 0xEF || b == 0xE3 { // how U+FFxx and U+3000 begin in UTF-8
			return bytes.Map(narrow, s)
		}
	}
	return s
}

// narrow maps one full-width character; all others stay.
func narrow(r rune) rune {
	switch {
	case r >= '！' && r <= '～':
		return r - '！' + '!'
	case r == '\u3000':
		return ' '
	case r == '￠':
		return '¢'
	case r == '￡':
		return '£'
	case r == '￥':
		return '¥'
	default:
		return r
	}
}

// foldCase returns the smallest character that differs from r only by case.
func foldCase(r rune) rune {
	if r < utf8.RuneSelf {
		if 'A' <= r && r <= 'Z' {
			r += 'a' - 'A'
		}
		return r
	}
	least := r
	for next := unicode.SimpleFold(r); next != r; next = unicode.SimpleFold(next) {
		least = min(least, next)
	}
	if 'A' <= least && least <= 'Z' { // the Kelvin sign and the long s have ASCII twins
		least += 'a' - 'A'
	}
	return least
}

func isLowerASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf || 'A' <= s[i] && s[i] <= 'Z' {
			return false
		}
	}
	return true
}
