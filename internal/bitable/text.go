package bitable

import (
	"bytes"
	"unicode/utf8"
)

// MaxPhoneBytes bounds a phone number, in characters. Source: Feishu's field guide.
const MaxPhoneBytes = 64

// maxTemplateBytes bounds text that is looked at as a template variable.
const maxTemplateBytes = 1000

// text takes a string byte for byte, any other scalar as it is spelled, Feishu's segments joined, and other lists and
// objects as compact JSON.
func (c *run) text(dst []byte, col *column) ([]byte, result) {
	switch {
	case string(c.raw) == `""`:
		return c.empty(dst, col)
	case isString(c.raw):
		if len(c.raw) <= maxTemplateBytes {
			text := bytes.TrimSpace(content(c.raw))
			switch {
			case c.keyTemplate(text):
				return c.mismatch(dst, col, reasonTemplate, "")
			case isTemplate(text):
				c.note(RuleUnrendered)
			}
		}
		if len(c.raw) > MaxTextRunes && isLongText(content(c.raw)) {
			return c.textTooLong(dst)
		}
		return append(dst, c.raw...), written
	}
	if c.raw[0] != '[' && c.raw[0] != '{' {
		c.note(RuleTextScalar)
		return appendQuoted(dst, c.raw), written
	}
	joined, ok := joinSegments(c.raw)
	rule := RuleTextJoined
	if !ok {
		joined, rule = appendCompact(nil, c.raw), RuleTextJSON
	}
	if isLongText(joined) {
		return c.textTooLong(dst)
	}
	c.note(rule)
	if len(joined) == 0 { // segments without a word
		return c.empty(dst, col)
	}
	return appendQuoted(dst, joined), written
}

func (c *run) textTooLong(dst []byte) ([]byte, result) {
	c.fail(tooLarge(MaxTextRunes, "个字符", "characters"))
	return dst, failed
}

func isLongText(text []byte) bool {
	return len(text) > MaxTextRunes && utf8.RuneCount(text) > MaxTextRunes
}

// joinSegments joins a text cell in read shape: a list of objects of type text, mention or url, each with a text.
func joinSegments(raw []byte) (joined []byte, ok bool) {
	if len(raw) == 0 || raw[0] != '[' {
		return nil, false
	}
	for w := walk(raw); ; {
		segment, more := w.element()
		if !more {
			return joined, ok
		}
		text, kind := memberOf(segment, "text"), memberOf(segment, "type")
		if !isString(text) || !isString(kind) {
			return nil, false
		}
		switch string(content(kind)) {
		case "text", "mention", "url":
		default:
			return nil, false
		}
		joined, ok = append(joined, content(text)...), true
	}
}

// memberOf returns the value of an object's member, or nil if raw is not an object or has no such member.
func memberOf(raw []byte, name string) []byte {
	if len(raw) == 0 || raw[0] != '{' {
		return nil
	}
	for w := walk(raw); ; {
		key, value, more := w.member()
		if !more {
			return nil
		}
		if string(content(key)) == name {
			return value
		}
	}
}

// hasOnly reports whether an object has no other member than those named.
func hasOnly(raw []byte, names ...string) bool {
	for w := walk(raw); ; {
		key, _, more := w.member()
		if !more {
			return true
		}
		known := false
		for _, name := range names {
			known = known || string(content(key)) == name
		}
		if !known {
			return false
		}
	}
}

// signStyles ask for the colourful or the plain form of the sign before it.
const signStyles = "\ufe0f\ufe0e"

// checkbox takes true and false, and the words and signs that mean them.
func (c *run) checkbox(dst []byte, col *column, text []byte, isText bool) ([]byte, result) {
	if c.raw[0] == 't' || c.raw[0] == 'f' {
		return append(dst, c.raw...), written
	}
	word := c.raw
	if isText {
		word = bytes.TrimRight(bytes.ToLower(foldWidth(text)), signStyles)
	}
	c.note(RuleCheckboxText)
	switch string(word) {
	case "1", "true", "yes", "y", "on", "是", "对", "√", "✓", "✔", "✅", "☑":
		return append(dst, "true"...), written
	case "0", "false", "no", "n", "off", "否", "错", "×", "✗", "❌", "☐":
		return append(dst, "false"...), written
	default:
		return c.mismatch(dst, col, reasonShape, "")
	}
}

// phone takes digits with a leading plus; spaces, dashes and parentheses are removed.
func (c *run) phone(dst []byte, col *column, text []byte, isText bool) ([]byte, result) {
	if !isText {
		if !isNumber(c.raw) || !areDigits(c.raw) {
			return c.mismatch(dst, col, reasonShape, "")
		}
		text = c.raw
	}
	at := len(dst)
	dst = append(dst, '"')
	digits := 0
	for _, b := range foldWidth(text) {
		switch {
		case b >= '0' && b <= '9':
			digits++
			dst = append(dst, b)
		case b == '+' && len(dst) == at+1:
			dst = append(dst, b)
		case b == ' ' || b == '-' || b == '(' || b == ')':
		default:
			return c.mismatch(dst[:at], col, reasonShape, "")
		}
	}
	dst = append(dst, '"')
	if digits == 0 || len(dst)-at-2 > MaxPhoneBytes {
		return c.mismatch(dst[:at], col, reasonShape, "")
	}
	if !bytes.Equal(dst[at:], c.raw) {
		c.note(RulePhoneCleaned)
	}
	return dst, written
}
