package bitable

import (
	"bytes"
	"strings"

	"github.com/rowgate/rowgate/internal/problem"
)

// unwrap lists the columns of a row in c.listed: those of {"fields":{…}} alone, or of the flat row itself; in Update mode beside or
// with a record_id. A flat key named fields or record_id that could be either a column or part of the shape is refused; inside
// {"fields":{…}} any name is a column. An empty record_id is absent, and so is an empty id where the table has no column id; to
// update, an id that is spelled like a record's is taken for record_id there. ok is false if an error was recorded, one for the
// whole row: errors of single cells would crowd the answer out.
func (c *run) unwrap(raw []byte) (ok bool) {
	if len(raw) == 0 || raw[0] != '{' {
		c.failRow(notAnObject)
		return false
	}
	c.listed = c.listed[:0]
	var id []byte
	var other member // an id that is no column
	wrapped, flat, inside := false, 0, 0
	for w := walk(raw); ; {
		key, more := w.key()
		if !more {
			break
		}
		switch name := content(key); {
		case string(name) == "record_id":
			if value := w.value(); !isBlank(value) {
				id = value
			}
		case string(name) == "id" && !c.hasColumn("id"):
			if value := w.value(); !isBlank(value) {
				other = member{key, value}
			}
		case string(name) == "fields" && w.atObject():
			wrapped = true
			for in := w.enter(); ; inside++ {
				key, value, more := in.member()
				if !more {
					w.leave(in)
					break
				}
				c.give(inside, key, value)
			}
		default:
			c.give(flat, key, w.value())
			flat++
		}
	}
	if c.opts.Mode == Update && id == nil && isString(other.value) && isRecordID(content(other.value)) {
		id, other.value = other.value, nil
	}
	if other.value != nil {
		c.give(flat, other.key, other.value)
		flat++
	}
	switch {
	case c.opts.Mode != Update && id != nil:
		c.failRow(recordIDInCreate)
	case wrapped && flat > 0:
		c.failRow(fieldsBesideOthers)
	case c.opts.Mode == Update && !c.takeRecordID(id):
	case flat+inside > MaxColumns:
		c.failRow(tooManyColumns)
	default:
		return true
	}
	return false
}

// hasColumn reports whether the keys of a row find a column under that name.
func (c *run) hasColumn(name string) bool {
	_, _, ok := c.find(name)
	return ok
}

// isBlank reports whether a value is null or text with nothing in it.
func isBlank(raw []byte) bool {
	return isNull(raw) || isString(raw) && len(bytes.TrimSpace(content(raw))) == 0
}

// give adds a column to the row under way, which has n already. Past MaxColumns they are only counted.
func (c *run) give(n int, key, value []byte) {
	if n <= MaxColumns {
		c.listed = append(c.listed, member{key: key, value: value})
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
		e.Got = shown(c.given)
	}
	if c.opts.SkipBadValues && IsBadValue(e.Code) && !c.isKey() {
		c.count(RuleBadValueSkipped, e.Field, c.given, nil)
		if c.leftOut.Code == "" {
			c.leftOut = e
		}
		return
	}
	c.plan.fail(e)
}

// IsBadValue reports whether bad_values:skip leaves out a value that is refused with the code.
func IsBadValue(code problem.RowCode) bool {
	switch code {
	case problem.RowValueMismatch, problem.RowReadOnlyField, problem.RowOptionNotFound, problem.RowPersonNotFound,
		problem.RowAttachmentFailed:
		return true
	default:
		return false
	}
}

// emptied is the error of a row in which nothing is left to write. leftOut is the value that bad_values: skip left out of it; zero if
// there is none.
func emptied(leftOut RowError) RowError {
	if leftOut.Code == "" {
		return emptyRow
	}
	e := nothingFits
	e.Field, e.Got = leftOut.Field, leftOut.Got
	return e
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
