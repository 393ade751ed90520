package query

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/rowgate/rowgate/internal/bitable"
)

// Matches reports whether a record in read shape, a JSON object keyed by column name, meets every condition and one branch.
func (w *Where) Matches(record json.RawMessage) bool {
	return allMatch(w.all, record) &&
		(len(w.any) == 0 || slices.ContainsFunc(w.any, func(branch []condition) bool { return allMatch(branch, record) }))
}

func allMatch(conditions []condition, record json.RawMessage) bool {
	return !slices.ContainsFunc(conditions, func(c condition) bool { return !c.Matches(bitable.Cell(record, c.field.Name)) })
}

// Matches reports whether a cell in read shape, nil if it is empty, meets the condition.
func (c condition) Matches(cell json.RawMessage) bool {
	switch {
	case c.test == testEmpty:
		return isEmptyCell(c, cell) != c.negated
	case c.kind == bitable.CompareCheckbox:
		return c.accepts(strconv.FormatBool(string(cell) == "true"))
	case c.kind == bitable.CompareNumber:
		number, err := strconv.ParseFloat(string(cell), 64)
		return c.compares(err == nil, func(v operand) int { return order(number, v.number, v.number) })
	case c.kind == bitable.CompareDate:
		ms, err := strconv.ParseInt(string(cell), 10, 64)
		return c.compares(err == nil, func(v operand) int { return order(ms, v.from, v.to-1) })
	}
	names := plainNames(c, cell)
	return c.negated != slices.ContainsFunc(c.values, func(v operand) bool {
		if c.test == testContains {
			return slices.ContainsFunc(names, func(name string) bool { return strings.Contains(name, v.text) })
		}
		return slices.Contains(names, v.text)
	})
}

// order tells whether a lies before (-1), within (0) or behind (1) a span, whose ends belong to it.
func order[T int64 | float64](a, first, last T) int {
	switch {
	case a < first:
		return -1
	case a > last:
		return 1
	default:
		return 0
	}
}

// compares applies a condition on a size; compare orders the cell and a value. An empty cell is not any value, and
// neither before nor behind one.
func (c condition) compares(present bool, compare func(operand) int) bool {
	if c.test != testOrder {
		return c.negated != (present && slices.ContainsFunc(c.values, func(v operand) bool { return compare(v) == 0 }))
	}
	if !present {
		return false
	}
	at := compare(c.values[0])
	switch c.op {
	case opGreater:
		return at > 0
	case opAtLeast:
		return at >= 0
	case opLess:
		return at < 0
	default:
		return at <= 0
	}
}

// accepts reports whether a checkbox that says state ("true" or "false") meets the condition.
func (c condition) accepts(state string) bool {
	return c.negated != slices.ContainsFunc(c.values, func(v operand) bool { return v.text == state })
}

// plainNames lists what a cell says as text.
func plainNames(c condition, cell json.RawMessage) []string {
	if len(cell) == 0 {
		return nil
	}
	return namesIn(bitable.AppendPlain(nil, c.field, cell, time.UTC)) // no dates here
}

func isEmptyCell(c condition, cell json.RawMessage) bool {
	if len(cell) == 0 {
		return true
	}
	switch string(bitable.AppendPlain(nil, c.field, cell, time.UTC)) {
	case "null", `""`, "[]", "{}":
		return true
	default:
		return false
	}
}
