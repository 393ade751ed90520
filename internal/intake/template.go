package intake

import (
	"strings"
	"unicode"

	"github.com/rowgate/rowgate/internal/problem"
)

// templateDelimiters enclose the text of a template variable that was not filled in.
var templateDelimiters = []struct{ open, end string }{
	{"{{", "}}"}, // Dify's {{#…#}} too
	{"${", "}"},
	{"@{", "}"},
}

// IsTemplate reports whether a whole value is template text that nobody filled in: {{…}}, {{#…#}}, ${…}, $json.…, @{…}, $NAME,
// %NAME% or <name>.
func IsTemplate(text string) bool {
	text = strings.TrimSpace(text)
	return isTemplate(text) || isAngled(text)
}

func isTemplate(text string) bool {
	for _, d := range templateDelimiters {
		if len(text) > len(d.open)+len(d.end) && strings.HasPrefix(text, d.open) && strings.HasSuffix(text, d.end) {
			return true
		}
	}
	if rest, ok := strings.CutPrefix(text, "$json."); ok {
		return rest != ""
	}
	if name, ok := strings.CutPrefix(text, "$"); ok {
		return isIdentifier(name)
	}
	name, opened := strings.CutPrefix(text, "%")
	name, closed := strings.CutSuffix(name, "%")
	return opened && closed && isIdentifier(name)
}

// isAngled reports whether text is <name> of letters, digits, '_', '-' and spaces.
func isAngled(text string) bool {
	name, opened := strings.CutPrefix(text, "<")
	name, closed := strings.CutSuffix(name, ">")
	return opened && closed && name != "" && !strings.ContainsFunc(name, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '_' && r != '-' && r != ' '
	})
}

// isIdentifier reports whether text is a name as shells and programs spell one: ASCII letters, digits and '_', no digit first.
func isIdentifier(text string) bool {
	for i := range len(text) {
		c := text[i] | 0x20
		if letter := 'a' <= c && c <= 'z' || text[i] == '_'; !letter && (i == 0 || text[i] < '0' || text[i] > '9') {
			return false
		}
	}
	return text != ""
}

// nodeIDDigits is the length of the ids of Dify's nodes.
const nodeIDDigits = 13

// IsSelector reports whether a whole value is a bare selector, as Dify prints it for a variable that does not exist: sys.…, env.…,
// conversation.… or <13 digits>.<name>.
func IsSelector(text string) bool {
	text = strings.TrimSpace(text)
	return isNamedSelector(text) || isNodeSelector(text)
}

func isNamedSelector(text string) bool {
	group, name, ok := strings.Cut(text, ".")
	return ok && (group == "sys" || group == "env" || group == "conversation") && isIdentifier(name)
}

func isNodeSelector(text string) bool {
	node, name, ok := strings.Cut(text, ".")
	if !ok || len(node) != nodeIDDigits || strings.Trim(node, "0123456789") != "" {
		return false
	}
	for i, r := range name {
		if !unicode.IsLetter(r) && (i == 0 || !unicode.IsDigit(r) && !strings.ContainsRune("_-.", r)) {
			return false
		}
	}
	return name != ""
}

// IsUnrendered reports whether the value of a connection field is template text or a bare selector.
func IsUnrendered(text string) bool { return IsTemplate(text) || IsSelector(text) }

// Unrendered refuses template text in the named field, or in "Authorization".
func Unrendered(field string) *problem.Error {
	return problem.New(problem.UnrenderedTemplate, problem.Text{
		ZH: field + " 里是没有被替换的模板变量。",
		EN: field + " holds a template variable that was not filled in.",
	})
}

// checkKey refuses an idempotency key that is the same for every run. <…> is allowed there, since a Message-ID is a good key.
// A node's bare selector only counts as a repair: a key of that form may be meant.
func (p *parser) checkKey(param *Param, text string) error {
	text = strings.TrimSpace(text)
	switch {
	case isTemplate(text), isNamedSelector(text):
		return Unrendered(param.Name)
	case isNodeSelector(text):
		p.repairs.add(RuleKeySelector, 1)
	}
	return nil
}
