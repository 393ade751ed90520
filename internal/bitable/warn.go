package bitable

import "slices"

// Bounds of warnings.
const (
	maxWarnings  = 500 // entries with a field; further ones are counted by rule alone
	maxSentBytes = 256 // a longer value is left out of the example
)

// note marks a rule as applied to the cell under way, once.
func (c *run) note(rule string) {
	if !slices.Contains(c.notes, rule) {
		c.notes = append(c.notes, rule)
	}
}

// count adds one change to the warnings; the first one of its rule and field is the example.
func (c *run) count(rule, field string, got, sent []byte) {
	if c.countAgain(rule, field) {
		return
	}
	if len(c.plan.warnings) >= maxWarnings {
		if field = ""; c.countAgain(rule, field) {
			return
		}
	}
	w := Warning{Rule: rule, Field: field, Count: 1, Index: c.row, Got: shown(got)}
	if len(sent) > 0 && len(sent) <= maxSentBytes {
		w.Sent = slices.Clone(sent)
	}
	c.counted[field] = append(c.counted[field], len(c.plan.warnings))
	c.plan.warnings = append(c.plan.warnings, w)
}

func (c *run) countAgain(rule, field string) bool {
	for _, i := range c.counted[field] {
		if w := &c.plan.warnings[i]; w.Rule == rule {
			w.Count++
			return true
		}
	}
	return false
}

// shown is a value for people: what a string says, anything else as it is spelled.
func shown(raw []byte) string {
	if isString(raw) {
		return cut(content(raw))
	}
	return cut(raw)
}
