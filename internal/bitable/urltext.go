package bitable

import (
	"bytes"
	"strings"
	"unicode/utf8"
)

// closingMarks stand behind a link in prose and are no part of it; so are closing brackets and quotes that it does not open.
const closingMarks = "。，；：！？、.,;:!"

// linkBrackets are brackets and quotes by what closes them.
var linkBrackets = map[rune]string{
	')': "(", ']': "[", '}': "{", '>': "<", '）': "（", '】': "【", '》': "《", '」': "「", '』': "『", '”': "“", '’': "‘", '"': "", '\'': "",
}

// bareLink takes <…> or quotes off a link, and punctuation and brackets that close behind it.
func bareLink(text []byte) []byte {
	if inner, ok := bytes.CutPrefix(text, []byte("<")); ok {
		if inner, ok = bytes.CutSuffix(inner, []byte(">")); ok {
			text = bytes.TrimSpace(inner)
		}
	} else if inner, ok := cutPair(text); ok {
		text = inner
	}
	for {
		last, size := utf8.DecodeLastRune(text)
		opening, closes := linkBrackets[last]
		switch {
		case len(text) == size:
			return text
		case strings.ContainsRune(closingMarks, last):
		case closes && (opening == "" || !bytes.Contains(text, []byte(opening))):
		default:
			return text
		}
		text = text[:len(text)-size]
	}
}

// nextLink finds the first http or https link at or after from; end is the index behind it, and is 0 if there is none.
func nextLink(text []byte, from int) (start, end int) {
	for at := from; at < len(text); at++ {
		rest := text[at:]
		if rest[0]|0x20 != 'h' || !hasScheme(rest) || at > 0 && isAlphanumeric(text[at-1:at]) {
			continue
		}
		end = at + len(rest)
		if stop := bytes.IndexFunc(rest, endsLink); stop >= 0 {
			end = at + stop
		}
		return at, end
	}
	return 0, 0
}

func hasScheme(s []byte) bool {
	for _, scheme := range [...]string{"http://", "https://"} {
		if len(s) >= len(scheme) && strings.EqualFold(string(s[:len(scheme)]), scheme) {
			return true
		}
	}
	return false
}

// endsLink reports whether a link in prose ends before r.
func endsLink(r rune) bool {
	return isSpaceOrControl(r) || strings.ContainsRune("。，；！？、<>\"“”「」『』《》【】（）", r)
}

// onlyLink is the link that text holds; nil if it holds none or several.
func onlyLink(text []byte) []byte {
	start, end := nextLink(text, 0)
	if end == 0 || countLinks(text) != 1 {
		return nil
	}
	if link := bareLink(text[start:end]); isURL(link) {
		return link
	}
	return nil
}

// countLinks counts the links in text, two at most. One that stands in the query of another is part of it, one behind a separator is not.
func countLinks(text []byte) int {
	start, end := nextLink(text, 0)
	if end == 0 {
		return 0
	}
	for at := start + 1; at < end; at++ {
		if (text[at-1] == ',' || text[at-1] == ';') && hasScheme(text[at:]) {
			return 2
		}
	}
	if _, end = nextLink(text, end); end > 0 {
		return 2
	}
	return 1
}
