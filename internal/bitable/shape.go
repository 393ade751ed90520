package bitable

import (
	"strings"

	"github.com/rowgate/rowgate/internal/problem"
)

// unwrap finds the fields of a row: {"fields":{…}} alone, or the flat row itself; in Update mode beside or with a record_id.
// skip is the raw key of a flat row that is no column. A flat key named fields or record_id that could be either a column or
// part of the shape is refused; inside {"fields":{…}} any name is a column.
func (c *run) unwrap(raw []byte) (fields, skip []byte, ok bool) {
	if len(raw) == 0 || raw[0] != '{' {
		c.failRow(notAnObject)
		return nil, nil, false
	}
	var wrapped, idKey, id []byte
	others := 0
	for w := walk(raw); ; {
		key, value, more := w.member()
		if !more {
			break
		}
		switch name := content(key); {
		case string(name) == "record_id":
			idKey, id = key, value
		case string(name) == "fields" && value[0] == '{':
			wrapped = value
		default:
			others++
		}
	}
	switch {
	case c.o.Mode != Update && idKey != nil:
		c.failRow(recordIDInCreate)
		return nil, nil, false
	case wrapped != nil && others > 0:
		c.failRow(fieldsBesideOthers)
		return nil, nil, false
	case c.o.Mode == Update && !c.takeRecordID(id):
		return nil, nil, false
	case wrapped != nil:
		return wrapped, nil, true
	default:
		return raw, idKey, true
	}
}

// takeRecordID reads which record an update is for.
func (c *run) takeRecordID(raw []byte) bool {
	id := strings.TrimSpace(string(content(raw)))
	switch {
	case raw == nil || isNull(raw) || isString(raw) && id == "":
		c.failRow(noRecordID)
		return false
	case !isString(raw) || !isRecordID(id):
		e := badRecordID
		e.Got = shown(raw)
		c.failRow(e)
		return false
	default:
		c.plan.rows[c.row].id = id
		return true
	}
}

// maxIDBytes bounds the ids of records and tables.
const maxIDBytes = 50

// isRecordID reports whether s is spelled like a record id: rec and letters or digits.
func isRecordID[T ~string | ~[]byte](s T) bool {
	return hasIDForm(s, "rec")
}

// hasIDForm reports whether s is prefix and letters or digits, at most maxIDBytes in all.
func hasIDForm[T ~string | ~[]byte](s T, prefix string) bool {
	n := len(prefix)
	return len(s) > n && len(s) <= maxIDBytes && string(s[:n]) == prefix && isAlphanumeric(s)
}

// isAlphanumeric reports whether s holds nothing but ASCII letters and digits.
func isAlphanumeric[T ~string | ~[]byte](s T) bool {
	for i := range len(s) {
		c := s[i]
		if (c < '0' || c > '9') && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') {
			return false
		}
	}
	return true
}

// fail records what is wrong with the cell under way.
func (c *run) fail(e RowError) {
	e.Index, e.Field = c.row, c.key.name
	if e.Got == "" {
		e.Got = shown(c.raw)
	}
	c.plan.fail(e)
}

// failRow records what is wrong with the row under way.
func (c *run) failRow(e RowError) {
	e.Index = c.row
	c.plan.fail(e)
}

// mismatch fails the cell under way because its column does not take such a value.
func (c *run) mismatch(dst []byte, col *column, reason problem.Text, suggestion string) ([]byte, result) {
	c.fail(RowError{Code: problem.RowValueMismatch, Message: reason, Expected: c.expected(col), Suggestion: suggestion})
	return dst, failed
}
