package bitable

import (
	"bytes"
	_ "embed"
	"fmt"
	"slices"
	"sort"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"
)

// foldName returns the key under which column names are compared: compatibility normalised, trimmed, case folded.
//
// Two names have one key exactly if they are equal after NFKC, trimming and case folding. The key itself is the decomposed
// form (NFKD): it separates the same names as NFKC does and needs no composition.
func foldName(s string) string {
	if isLowerASCII(s) {
		return strings.TrimSpace(s)
	}
	decomposed := decompose(s)
	var b strings.Builder
	b.Grow(len(decomposed))
	for _, r := range strings.TrimFunc(decomposed, unicode.IsSpace) {
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

// The tables are made from the Unicode Character Database 15.0, the version of the standard library: every character that
// has a compatibility decomposition, followed by that decomposition in full, a line each, in code point order; and the ranges
// of combining marks with their class. Hangul syllables decompose by arithmetic. unicode/generate.go makes them.
var (
	//go:embed unicode/nfkd.txt
	nfkdTable string
	//go:embed unicode/ccc.txt
	cccTable string
)

// nfkdLines is where each line of nfkdTable begins.
var nfkdLines = sync.OnceValue(func() []int32 {
	var starts []int32
	for at := 0; at < len(nfkdTable); {
		starts = append(starts, int32(at))
		at += strings.IndexByte(nfkdTable[at:], '\n') + 1
	}
	return starts
})

type markRange struct {
	first, last rune
	class       uint8
}

var markRanges = sync.OnceValue(func() []markRange {
	var ranges []markRange
	for line := range strings.Lines(cccTable) {
		var r markRange
		if _, err := fmt.Sscanf(line, "%X %X %d", &r.first, &r.last, &r.class); err != nil {
			panic("bitable: damaged table of combining marks: " + err.Error())
		}
		ranges = append(ranges, r)
	}
	return ranges
})

// decompose returns the NFKD form of s.
func decompose(s string) string {
	out := make([]rune, 0, len(s))
	for _, r := range s {
		switch {
		case r < 0xA0 || r >= 0x4E00 && r <= 0x9FFF:
			out = append(out, r)
		case r >= hangulBase && r < hangulBase+hangulCount:
			out = appendHangul(out, r)
		default:
			out = appendDecomposed(out, r)
		}
	}
	orderMarks(out)
	return string(out)
}

func appendDecomposed(out []rune, r rune) []rune {
	lines := nfkdLines()
	i := sort.Search(len(lines), func(i int) bool {
		first, _ := utf8.DecodeRuneInString(nfkdTable[lines[i]:])
		return first >= r
	})
	if i == len(lines) {
		return append(out, r)
	}
	line := nfkdTable[lines[i]:]
	first, size := utf8.DecodeRuneInString(line)
	if first != r {
		return append(out, r)
	}
	return append(out, []rune(line[size:strings.IndexByte(line, '\n')])...)
}

// Arithmetic of Hangul syllables, Unicode §3.12.
const (
	hangulBase  = 0xAC00
	hangulCount = 11172
	hangulTails = 28
	hangulTrail = 588 // syllables to one leading consonant
)

func appendHangul(out []rune, r rune) []rune {
	i := r - hangulBase
	out = append(out, 0x1100+i/hangulTrail, 0x1161+i%hangulTrail/hangulTails)
	if tail := i % hangulTails; tail > 0 {
		out = append(out, 0x11A7+tail)
	}
	return out
}

// orderMarks brings each run of combining marks into canonical order.
func orderMarks(s []rune) {
	for i := 0; i < len(s); {
		if markClass(s[i]) == 0 {
			i++
			continue
		}
		end := i
		for end < len(s) && markClass(s[end]) != 0 {
			end++
		}
		slices.SortStableFunc(s[i:end], func(a, b rune) int { return int(markClass(a)) - int(markClass(b)) })
		i = end
	}
}

func markClass(r rune) uint8 {
	if r < 0x300 || r >= 0x4E00 && r <= 0x9FFF {
		return 0
	}
	ranges := markRanges()
	i := sort.Search(len(ranges), func(i int) bool { return ranges[i].last >= r })
	if i < len(ranges) && ranges[i].first <= r {
		return ranges[i].class
	}
	return 0
}
