package bitable

import (
	"bytes"
	"encoding/json"

	"github.com/rowgate/rowgate/internal/feishu"
)

// openText takes the value out of text that is JSON, or what Python's repr prints: a list, an object or a string. A form and a
// template have only text. It reports whether c.raw is now that value. Selects read lists and objects themselves.
func (c *run) openText(col *column, text []byte) bool {
	if col.isSelect() && text[0] != '{' {
		return false
	}
	value := valueInText(text)
	if value == nil || col.isSelect() && !isComputed(value) {
		return false
	}
	c.note(RuleJSONText)
	c.raw = value
	if value[0] == '{' {
		c.openComputed(col)
	}
	return true
}

// valueInText reads text that is a list, object or string, in JSON or as Python prints it, and returns it as JSON; nil if it is
// none. A list of one string of text is left to the column.
func valueInText(text []byte) []byte {
	first, last := text[0], text[len(text)-1]
	switch {
	case len(text) < len(`""`):
		return nil
	case first == '[' && last == ']', first == '{' && last == '}', first == '"' && last == '"', first == '\'' && last == '\'':
	default:
		return nil
	}
	if json.Valid(text) {
		return text
	}
	if value := reprToJSON(text); value != nil {
		return value
	}
	return nil
}

// isComputed reports whether raw is the shape in which a formula or lookup is read: {"type":n,"value":…} and perhaps ui_type.
func isComputed(raw []byte) bool {
	return isNumber(memberOf(raw, "type")) && memberOf(raw, "value") != nil && hasOnly(raw, "type", "value", "ui_type")
}

// openComputed takes the value out of the read shape of a formula or lookup: the list for columns that hold several values, its only
// entry for others; segments of text are joined, for text columns nothing else is. It reports whether c.raw is now that value.
func (c *run) openComputed(col *column) bool {
	if !isComputed(c.raw) {
		return false
	}
	value := memberOf(c.raw, "value")
	joined, ok := joinSegments(value)
	switch {
	case ok && col.field.Type != feishu.TypeURL:
		value = appendQuoted(nil, joined)
	case col.field.Type == feishu.TypeText:
		return false
	case value[0] == '[' && !col.kind.form.isList():
		value = onlyElement(value)
	}
	c.note(RuleComputedValue)
	c.raw = value
	return true
}

// onlyElement is the element of a list of one, null of an empty list, and the list itself where it has several.
func onlyElement(list []byte) []byte {
	w := walk(list)
	only, ok := w.element()
	if !ok {
		return []byte("null")
	}
	if _, more := w.element(); more {
		return list
	}
	return bytes.TrimSpace(only)
}

// isScalar reports whether raw is a number or a boolean.
func isScalar(raw []byte) bool {
	return isNumber(raw) || len(raw) > 0 && (raw[0] == 't' || raw[0] == 'f')
}

// openOne takes the text or number out of a list of one, for columns that hold one value.
func (c *run) openOne(text []byte, isText bool) ([]byte, bool) {
	if c.raw[0] != '[' {
		return text, isText
	}
	only := onlyElement(c.raw)
	if len(only) == 0 || only[0] == '[' || isNull(only) {
		return text, isText
	}
	c.note(RuleListUnwrapped)
	c.raw = only
	if isString(only) {
		return bytes.TrimSpace(content(only)), true
	}
	return nil, false
}
