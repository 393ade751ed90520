package sandbox

import (
	"cmp"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Limits of a search filter (1254018 beyond).
const (
	maxConditions      = 50
	maxConditionValues = 10
)

type condition struct {
	FieldName string          `json:"field_name"`
	Operator  string          `json:"operator"`
	Value     json.RawMessage `json:"value"`
}

type filter struct {
	Conjunction string      `json:"conjunction"`
	Conditions  []condition `json:"conditions"`
	Children    []struct {
		Conjunction string      `json:"conjunction"`
		Conditions  []condition `json:"conditions"`
	} `json:"children"`
}

type predicate func(*row) bool

// parseFilter turns a search filter into a predicate; nil for no filter. The base's lock is held, here and when the predicate runs.
func parseFilter(r *reader, raw json.RawMessage) (predicate, *failure) {
	if len(raw) == 0 || string(raw) == "null" {
		return nil, nil
	}
	var parsed filter
	if strictJSON(raw, &parsed) != nil {
		return nil, fail(1254018)
	}
	count := len(parsed.Conditions)
	for _, child := range parsed.Children {
		count += len(child.Conditions)
	}
	switch {
	case count > maxConditions:
		return nil, fail(1254018)
	case len([]rune(string(raw))) > maxFilterChars:
		return nil, fail(1254107)
	case count == 0:
		return nil, nil
	}
	var parts []predicate
	for _, child := range parsed.Children {
		part, f := r.conditions(child.Conjunction, child.Conditions, nil)
		if f != nil {
			return nil, f
		}
		parts = append(parts, part)
	}
	return r.conditions(parsed.Conjunction, parsed.Conditions, parts)
}

func (r *reader) conditions(conjunction string, list []condition, parts []predicate) (predicate, *failure) {
	for _, c := range list {
		part, f := r.condition(c)
		if f != nil {
			return nil, f
		}
		parts = append(parts, part)
	}
	switch conjunction {
	case "and":
		return func(rec *row) bool { return !slices.ContainsFunc(parts, func(p predicate) bool { return !p(rec) }) }, nil
	case "or":
		return func(rec *row) bool { return slices.ContainsFunc(parts, func(p predicate) bool { return p(rec) }) }, nil
	default:
		return nil, invalid(1254018, "filter.conjunction", "and, or")
	}
}

func (r *reader) condition(c condition) (predicate, *failure) {
	f := r.table.byName[c.FieldName]
	if f == nil {
		return nil, invalid(1254045, "filter."+c.FieldName, "field_name not found")
	}
	wrong := func(hint string) (predicate, *failure) {
		return nil, invalid(1254018, "filter."+c.FieldName+"."+c.Operator, hint)
	}
	var values []string
	if json.Unmarshal(c.Value, &values) != nil || values == nil {
		return wrong("value must be an array of strings")
	}
	if len(values) > maxConditionValues {
		return wrong("at most 10 values")
	}
	switch {
	case f.typ == typeFormula, f.typ == typeLookup, f.typ == typeStage, f.typ == typeButton:
		return wrong("the field cannot be filtered")
	case f.typ != typeCheckbox && (c.Operator == "isEmpty" || c.Operator == "isNotEmpty"):
		if len(values) > 0 {
			return wrong("value must be []")
		}
		want := c.Operator == "isEmpty"
		return func(rec *row) bool { return (r.value(f, rec) == nil) == want }, nil
	case len(values) == 0:
		return wrong("value must not be empty")
	}
	var test predicate
	switch f.typ {
	case typeNumber:
		test = numberTest(f, c.Operator, values)
	case typeDate, typeCreatedTime, typeModifiedTime:
		test = r.dateTest(f, c.Operator, values)
	case typeCheckbox:
		test = checkboxTest(f, c.Operator, values)
	case typeSingleSelect, typeMultiSelect, typeUser, typeCreatedUser, typeModifiedUser, typeLink, typeDuplex, typeGroup:
		test = r.setTest(f, c.Operator, values)
	case typeText, typePhone, typeURL, typeAutoNumber:
		test = r.textTest(f, c.Operator, values)
	}
	if test == nil { // attachments and locations know only isEmpty and isNotEmpty
		return wrong("operator or value does not fit the field")
	}
	return test, nil
}

func (r *reader) textTest(f *field, operator string, values []string) predicate {
	if len(values) != 1 {
		return nil
	}
	want := values[0]
	text := func(rec *row) string {
		if f.typ == typeAutoNumber {
			return strconv.FormatInt(rec.serial, 10)
		}
		return plain(rec.cell(f))
	}
	switch operator {
	case "is":
		return func(rec *row) bool { return text(rec) == want }
	case "isNot":
		return func(rec *row) bool { return text(rec) != want }
	case "contains":
		return func(rec *row) bool { return strings.Contains(text(rec), want) }
	case "doesNotContain":
		return func(rec *row) bool { return !strings.Contains(text(rec), want) }
	}
	return nil
}

func numberTest(f *field, operator string, values []string) predicate {
	want, err := strconv.ParseFloat(values[0], 64)
	if err != nil || len(values) != 1 {
		return nil
	}
	compare := func(ok func(int) bool) predicate {
		return func(rec *row) bool {
			have, present := rec.cell(f).(float64)
			return present && ok(cmp.Compare(have, want))
		}
	}
	switch operator {
	case "is":
		return compare(func(n int) bool { return n == 0 })
	case "isNot":
		return func(rec *row) bool { have, present := rec.cell(f).(float64); return !present || have != want }
	case "isGreater":
		return compare(func(n int) bool { return n > 0 })
	case "isGreaterEqual":
		return compare(func(n int) bool { return n >= 0 })
	case "isLess":
		return compare(func(n int) bool { return n < 0 })
	case "isLessEqual":
		return compare(func(n int) bool { return n <= 0 })
	}
	return nil
}

func checkboxTest(f *field, operator string, values []string) predicate {
	if operator != "is" || len(values) != 1 || (values[0] != "true" && values[0] != "false") {
		return nil
	}
	want := values[0] == "true"
	return func(rec *row) bool { have, _ := rec.cell(f).(bool); return have == want }
}

// setTest compares the options, ids or links of a cell. is and isNot take one value: the cell holds it and nothing else.
func (r *reader) setTest(f *field, operator string, values []string) predicate {
	set := func(rec *row) []string { return r.members(f, rec) }
	anyOf := func(rec *row) bool {
		return slices.ContainsFunc(set(rec), func(have string) bool { return slices.Contains(values, have) })
	}
	switch operator {
	case "is", "isNot":
		if len(values) != 1 {
			return nil
		}
		same := operator == "is"
		return func(rec *row) bool { return slices.Equal(set(rec), values) == same }
	case "contains":
		return anyOf
	case "doesNotContain":
		return func(rec *row) bool { return !anyOf(rec) }
	}
	return nil
}

func (r *reader) members(f *field, rec *row) []string {
	switch f.typ {
	case typeCreatedUser:
		return []string{appUserID(rec.createdBy)}
	case typeModifiedUser:
		return []string{appUserID(rec.changedBy)}
	}
	switch v := rec.cell(f).(type) {
	case *option:
		return []string{v.Name}
	case []*option:
		return optionNames(v)
	case []string:
		return v
	case []*person:
		ids := make([]string, len(v))
		for i, p := range v {
			ids[i] = p.id(r.idType)
		}
		return ids
	}
	return nil
}

// dateTest compares days in the base's time zone: an exact instant is floored to 00:00 of its day.
func (r *reader) dateTest(f *field, operator string, values []string) predicate {
	from, to, isDay := dayRange(values, time.Now().In(r.base.zone))
	instant := func(rec *row) (time.Time, bool) {
		switch f.typ {
		case typeCreatedTime:
			return rec.created, true
		case typeModifiedTime:
			return rec.modified, true
		}
		ms, present := rec.cell(f).(int64)
		return time.UnixMilli(ms), present
	}
	test := func(ok func(time.Time) bool) predicate {
		return func(rec *row) bool { at, present := instant(rec); return present && ok(at) }
	}
	switch {
	case from.IsZero() || !isDay && operator != "is":
		return nil
	case operator == "is":
		return test(func(at time.Time) bool { return !at.Before(from) && at.Before(to) })
	case operator == "isGreater":
		return test(func(at time.Time) bool { return !at.Before(to) })
	case operator == "isLess":
		return test(func(at time.Time) bool { return at.Before(from) })
	}
	return nil
}

// dayRange is the span that a date value means, [from, to); isDay when it is a single day. from is zero for a value that is none.
func dayRange(values []string, now time.Time) (from, to time.Time, isDay bool) {
	day := func(t time.Time, shift int) time.Time {
		return time.Date(t.Year(), t.Month(), t.Day()+shift, 0, 0, 0, 0, now.Location())
	}
	month := func(shift int) time.Time {
		return time.Date(now.Year(), now.Month()+time.Month(shift), 1, 0, 0, 0, 0, now.Location())
	}
	if values[0] == "ExactDate" {
		if len(values) != 2 {
			return from, to, false
		}
		ms, err := strconv.ParseInt(values[1], 10, 64)
		if err != nil {
			return from, to, false
		}
		at := time.UnixMilli(ms).In(now.Location())
		return day(at, 0), day(at, 1), true
	}
	if len(values) != 1 {
		return from, to, false
	}
	monday := -(int(now.Weekday()) + 6) % 7
	switch values[0] {
	case "Today":
		return day(now, 0), day(now, 1), true
	case "Tomorrow":
		return day(now, 1), day(now, 2), true
	case "Yesterday":
		return day(now, -1), day(now, 0), true
	case "CurrentWeek":
		return day(now, monday), day(now, monday+7), false
	case "LastWeek":
		return day(now, monday-7), day(now, monday), false
	case "CurrentMonth":
		return month(0), month(1), false
	case "LastMonth":
		return month(-1), month(0), false
	case "TheLastWeek":
		return day(now, -7), day(now, 1), false
	case "TheNextWeek":
		return day(now, 0), day(now, 8), false
	case "TheLastMonth":
		return day(now, -30), day(now, 1), false
	case "TheNextMonth":
		return day(now, 0), day(now, 31), false
	}
	return from, to, false
}

// sortCell is what a column sorts by.
func sortCell(f *field, rec *row) any {
	switch f.typ {
	case typeCreatedTime:
		return rec.created.UnixMilli()
	case typeModifiedTime:
		return rec.modified.UnixMilli()
	case typeAutoNumber:
		return rec.serial
	}
	return rec.cell(f)
}

// compareCells orders cells of one column, empty ones first.
func compareCells(a, b any) int {
	switch x := a.(type) {
	case float64:
		if y, ok := b.(float64); ok {
			return cmp.Compare(x, y)
		}
	case int64:
		if y, ok := b.(int64); ok {
			return cmp.Compare(x, y)
		}
	}
	switch {
	case a == nil && b == nil:
		return 0
	case a == nil:
		return -1
	case b == nil:
		return 1
	}
	return strings.Compare(plain(a), plain(b))
}
