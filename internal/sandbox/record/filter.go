package record

import (
	"cmp"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/rowgate/rowgate/internal/sandbox/core"
	"github.com/rowgate/rowgate/internal/sandbox/state"
)

// Limits of a search filter (1254018 beyond).
const (
	MaxConditions      = 50
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

type predicate func(*state.Row) bool

// parseFilter turns a search filter into a predicate; nil for no filter. The base's lock is held, here and when the predicate runs.
func parseFilter(r *reader, raw json.RawMessage) (predicate, *core.Failure) {
	if len(raw) == 0 || string(raw) == "null" {
		return nil, nil
	}
	var parsed filter
	if core.StrictJSON(raw, &parsed) != nil {
		return nil, core.Fail(1254018)
	}
	count := len(parsed.Conditions)
	for _, child := range parsed.Children {
		count += len(child.Conditions)
	}
	switch {
	case count > MaxConditions:
		return nil, core.Fail(1254018)
	case len([]rune(string(raw))) > MaxFilterChars:
		return nil, core.Fail(1254107)
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

func (r *reader) conditions(conjunction string, list []condition, parts []predicate) (predicate, *core.Failure) {
	for _, c := range list {
		part, f := r.condition(c)
		if f != nil {
			return nil, f
		}
		parts = append(parts, part)
	}
	switch conjunction {
	case "and":
		return func(rec *state.Row) bool {
			return !slices.ContainsFunc(parts, func(p predicate) bool { return !p(rec) })
		}, nil
	case "or":
		return func(rec *state.Row) bool { return slices.ContainsFunc(parts, func(p predicate) bool { return p(rec) }) }, nil
	default:
		return nil, core.Invalid(1254018, "filter.conjunction", "and, or")
	}
}

func (r *reader) condition(c condition) (predicate, *core.Failure) {
	f := r.table.ByName[c.FieldName]
	if f == nil {
		return nil, core.Invalid(1254045, "filter."+c.FieldName, "field_name not found")
	}
	wrong := func(hint string) (predicate, *core.Failure) {
		return nil, core.Invalid(1254018, "filter."+c.FieldName+"."+c.Operator, hint)
	}
	var values []string
	if json.Unmarshal(c.Value, &values) != nil || values == nil {
		return wrong("value must be an array of strings")
	}
	if len(values) > maxConditionValues {
		return wrong("at most 10 values")
	}
	switch {
	case f.Type == state.TypeFormula, f.Type == state.TypeLookup, f.Type == state.TypeStage, f.Type == state.TypeButton:
		return wrong("the field cannot be filtered")
	case f.Type != state.TypeCheckbox && (c.Operator == "isEmpty" || c.Operator == "isNotEmpty"):
		if len(values) > 0 {
			return wrong("value must be []")
		}
		want := c.Operator == "isEmpty"
		return func(rec *state.Row) bool { return (r.value(f, rec) == nil) == want }, nil
	case len(values) == 0:
		return wrong("value must not be empty")
	}
	var test predicate
	switch f.Type {
	case state.TypeNumber:
		test = numberTest(f, c.Operator, values)
	case state.TypeDate, state.TypeCreatedTime, state.TypeModifiedTime:
		test = r.dateTest(f, c.Operator, values)
	case state.TypeCheckbox:
		test = checkboxTest(f, c.Operator, values)
	case state.TypeSingleSelect, state.TypeMultiSelect, state.TypeUser, state.TypeCreatedUser, state.TypeModifiedUser,
		state.TypeLink, state.TypeDuplex, state.TypeGroup:
		test = r.setTest(f, c.Operator, values)
	case state.TypeText, state.TypePhone, state.TypeURL, state.TypeAutoNumber:
		test = r.textTest(f, c.Operator, values)
	case state.TypeLocation: // by its address
		equal := c.Operator == "is" || c.Operator == "isNot"
		if r.location == core.LocationText || r.location == core.LocationEqual && equal {
			test = r.textTest(f, c.Operator, values)
		}
	}
	if test == nil { // attachments know only isEmpty and isNotEmpty
		return wrong("operator or value does not fit the field")
	}
	return test, nil
}

func (r *reader) textTest(f *state.Field, operator string, values []string) predicate {
	if len(values) != 1 {
		return nil
	}
	want := values[0]
	text := func(rec *state.Row) string {
		if f.Type == state.TypeAutoNumber {
			return strconv.FormatInt(rec.Serial, 10)
		}
		return PlainText(rec.Cell(f))
	}
	switch operator {
	case "is":
		return func(rec *state.Row) bool { return text(rec) == want }
	case "isNot":
		return func(rec *state.Row) bool { return text(rec) != want }
	case "contains":
		return func(rec *state.Row) bool { return strings.Contains(text(rec), want) }
	case "doesNotContain":
		return func(rec *state.Row) bool { return !strings.Contains(text(rec), want) }
	}
	return nil
}

func numberTest(f *state.Field, operator string, values []string) predicate {
	want, err := strconv.ParseFloat(values[0], 64)
	if err != nil || len(values) != 1 {
		return nil
	}
	compare := func(ok func(int) bool) predicate {
		return func(rec *state.Row) bool {
			have, present := rec.Cell(f).(float64)
			return present && ok(cmp.Compare(have, want))
		}
	}
	switch operator {
	case "is":
		return compare(func(n int) bool { return n == 0 })
	case "isNot":
		return func(rec *state.Row) bool { have, present := rec.Cell(f).(float64); return !present || have != want }
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

func checkboxTest(f *state.Field, operator string, values []string) predicate {
	if operator != "is" || len(values) != 1 || (values[0] != "true" && values[0] != "false") {
		return nil
	}
	want := values[0] == "true"
	return func(rec *state.Row) bool { have, _ := rec.Cell(f).(bool); return have == want }
}

// setTest compares the options, ids or links of a cell. is and isNot take one value: the cell holds it and nothing else.
func (r *reader) setTest(f *state.Field, operator string, values []string) predicate {
	set := func(rec *state.Row) []string { return r.members(f, rec) }
	anyOf := func(rec *state.Row) bool {
		return slices.ContainsFunc(set(rec), func(have string) bool { return slices.Contains(values, have) })
	}
	switch operator {
	case "is", "isNot":
		if len(values) != 1 {
			return nil
		}
		same := operator == "is"
		return func(rec *state.Row) bool { return slices.Equal(set(rec), values) == same }
	case "contains":
		return anyOf
	case "doesNotContain":
		return func(rec *state.Row) bool { return !anyOf(rec) }
	}
	return nil
}

func (r *reader) members(f *state.Field, rec *state.Row) []string {
	switch f.Type {
	case state.TypeCreatedUser:
		return []string{appUserID(rec.CreatedBy)}
	case state.TypeModifiedUser:
		return []string{appUserID(rec.ChangedBy)}
	}
	switch v := rec.Cell(f).(type) {
	case *state.Option:
		return []string{v.Name}
	case []*state.Option:
		return optionNames(v)
	case []string:
		return v
	case []*state.Person:
		ids := make([]string, len(v))
		for i, p := range v {
			ids[i] = p.ID(r.idType)
		}
		return ids
	}
	return nil
}

// dateTest compares days in the base's time zone: an exact instant is floored to 00:00 of its day.
func (r *reader) dateTest(f *state.Field, operator string, values []string) predicate {
	from, to, isDay := dayRange(values, time.Now().In(r.base.Zone))
	instant := func(rec *state.Row) (time.Time, bool) {
		switch f.Type {
		case state.TypeCreatedTime:
			return rec.Created, true
		case state.TypeModifiedTime:
			return rec.Modified, true
		}
		ms, present := rec.Cell(f).(int64)
		return time.UnixMilli(ms), present
	}
	test := func(ok func(time.Time) bool) predicate {
		return func(rec *state.Row) bool { at, present := instant(rec); return present && ok(at) }
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
func sortCell(f *state.Field, rec *state.Row) any {
	switch f.Type {
	case state.TypeCreatedTime:
		return rec.Created.UnixMilli()
	case state.TypeModifiedTime:
		return rec.Modified.UnixMilli()
	case state.TypeAutoNumber:
		return rec.Serial
	}
	return rec.Cell(f)
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
	return strings.Compare(PlainText(a), PlainText(b))
}
