package bitable

import (
	"bytes"
	"slices"
)

// isTemplate reports whether text as a whole is what a template engine leaves where it has no value: {{…}}, ${…} or
// [object Object].
func isTemplate(text []byte) bool {
	switch {
	case len(text) < len("${}"):
		return false
	case text[0] == '{':
		return text[1] == '{' && len(text) >= len("{{}}") && bytes.HasSuffix(text, []byte("}}"))
	case text[0] == '$':
		return text[1] == '{' && text[len(text)-1] == '}'
	default:
		return text[0] == '[' && string(text) == "[object Object]"
	}
}

// nodeIDDigits is the length of the ids that Dify gives to the nodes of a workflow: milliseconds at their making.
const nodeIDDigits = 13

// isNodeSelector reports whether text as a whole is <13 digits>.<name>, which Dify prints for a variable that does not exist.
func isNodeSelector(text []byte) bool {
	if len(text) < nodeIDDigits+len(".a") || text[nodeIDDigits] != '.' || !areDigits(text[:nodeIDDigits]) {
		return false
	}
	name := text[nodeIDDigits+1:]
	return isLetter(name[0]) && isSelectorName(name)
}

// selectorScopes are the scopes of Dify's variables that belong to no node.
var selectorScopes = []string{"sys.", "env.", "conversation."}

// isSelector reports whether text as a whole is a bare selector of Dify: of a node, or of one of the scopes.
func isSelector(text []byte) bool {
	for _, scope := range selectorScopes {
		if name, ok := bytes.CutPrefix(text, []byte(scope)); ok && len(name) > 0 && (isLetter(name[0]) || name[0] == '_') {
			return isSelectorName(name)
		}
	}
	return isNodeSelector(text)
}

// isSelectorName reports whether name holds only what a selector may have behind its first letter; a dot leads into an object.
func isSelectorName(name []byte) bool {
	for i, b := range name {
		if b != '_' && b != '.' && !isAlphanumeric(name[i:i+1]) {
			return false
		}
	}
	return name[len(name)-1] != '.'
}

func isLetter(b byte) bool { return b|0x20 >= 'a' && b|0x20 <= 'z' }

// isUnrendered reports whether text in a typed cell was to be filled in by a template.
func isUnrendered(text []byte) bool { return isTemplate(text) || isSelector(text) }

// longestPlaceholder is the length of "undefined", in bytes.
const longestPlaceholder = 9

// isPlaceholder reports whether text as a whole is a word for nothing.
func isPlaceholder(text []byte) bool {
	if len(text) > longestPlaceholder {
		return false
	}
	var lower [longestPlaceholder]byte
	for i, b := range text {
		if b >= 'A' && b <= 'Z' {
			b |= 0x20
		}
		lower[i] = b
	}
	switch string(lower[:len(text)]) {
	case "null", "undefined", "none", "nil", "nan", "nat", "n/a", "#n/a", "<na>", "无", "暂无", "-", "--", "—":
		return true
	default:
		return false
	}
}

// residue takes text that stands for a missing value: a word for nothing is empty, template text is refused. done is false for any
// other text. Options, titles and ids are to be matched before.
func (c *run) residue(dst []byte, col *column, text []byte) (out []byte, res result, done bool) {
	if !c.opts.Literal && isPlaceholder(text) {
		c.note(RulePlaceholder)
		out, res = c.empty(dst, col)
		return out, res, true
	}
	if isUnrendered(text) {
		out, res = c.mismatch(dst, col, reasonTemplate, "")
		return out, res, true
	}
	return dst, written, false
}

// keyTemplate reports whether text in a text column is template text that must not become a key.
func (c *run) keyTemplate(text []byte) bool {
	return c.isKey() && (isTemplate(text) || isNodeSelector(text))
}

// isKey reports whether rows are matched on the column of the cell under way.
func (c *run) isKey() bool {
	return slices.Contains(c.keys, c.key.column)
}
