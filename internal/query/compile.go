package query

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/rowgate/rowgate/internal/bitable"
	"github.com/rowgate/rowgate/internal/feishu"
)

// maxAtomValues bounds the values of one condition of Feishu's filter. Source: the guide to filters of the record search.
const maxAtomValues = 10

// atom is one condition of Feishu's filter.
type atom struct {
	FieldName string   `json:"field_name"`
	Operator  string   `json:"operator"`
	Value     []string `json:"value"` // never nil: Feishu wants [] where there is none
}

// clause holds if any of its atoms does. No clause at all holds always.
type clause []atom

// group is a filter of Feishu's, or a child of one.
type group struct {
	Conjunction string  `json:"conjunction"`
	Conditions  []atom  `json:"conditions,omitempty"`
	Children    []group `json:"children,omitempty"`
}

// Search is a where object, ready to run: Feishu's filter finds every row that matches and perhaps some that do not, rest
// tells those apart.
type Search struct {
	Filter json.RawMessage // nil if Feishu has to give every row
	Rest   Where           // what has to be looked at again, empty if the filter is exact
}

// IsExact reports whether the filter finds nothing but what matches.
func (s Search) IsExact() bool { return len(s.Rest.all)+len(s.Rest.any) == 0 }

// Compile divides a where object between Feishu and us. Feishu compares dates by day and does not say how it treats a time of
// day, does not say what an untouched checkbox is nor whether an empty cell "is not" a value, and cannot filter automatic
// numbers: what it does not promise is asked for widely and looked at again. The error is bad_parameter, where the filter
// would be larger than Feishu takes.
func (w *Where) Compile(zone *time.Location) (Search, error) {
	var found Search
	var all []clause
	for _, c := range w.all {
		clauses, exact := c.filter(zone)
		all = append(all, clauses...)
		if !exact {
			found.Rest.all = append(found.Rest.all, c)
		}
	}
	branches, exact := w.branches(zone)
	if !exact {
		found.Rest.any = w.any
	}
	root, ok := anyBranch(all, branches)
	if !ok { // more than two levels of Feishu's filter can say: the branches are ours
		root, found.Rest.any = everyClause(all), w.any
	}
	if len(root.Conditions)+len(root.Children) == 0 {
		return found, nil
	}
	if found.Filter, ok = root.encode(); !ok {
		return Search{}, tooLong()
	}
	return found, nil
}

// branches are the clauses of each branch; nil if there is a branch that always may hold, and so nothing to filter by.
func (w *Where) branches(zone *time.Location) (branches [][]clause, exact bool) {
	exact = true
	for _, branch := range w.any {
		var clauses []clause
		for _, c := range branch {
			some, all := c.filter(zone)
			clauses, exact = append(clauses, some...), exact && all
		}
		branches = append(branches, clauses)
	}
	if slices.ContainsFunc(branches, func(clauses []clause) bool { return len(clauses) == 0 }) {
		return nil, exact
	}
	return branches, exact
}

// anyBranch makes the filter that all clauses and one of the branches satisfy. Feishu's filter has two levels: branches of one
// clause each are one clause together, others make it an or of ands. ok is false if that is larger than a filter can be.
func anyBranch(all []clause, branches [][]clause) (root group, ok bool) {
	if !slices.ContainsFunc(branches, func(clauses []clause) bool { return len(clauses) > 1 }) {
		if either := slices.Concat(slices.Concat(branches...)...); len(either) > 0 {
			all = append(slices.Clip(all), either)
		}
		return everyClause(all), true
	}
	root.Conjunction = "or"
	for _, branch := range branches {
		terms := [][]atom{nil}
		for _, c := range slices.Concat(all, branch) {
			var longer [][]atom
			for _, term := range terms {
				for _, a := range c {
					longer = append(longer, append(slices.Clip(term), a))
				}
			}
			if terms = longer; len(terms) > MaxFilterConditions {
				return group{}, false
			}
		}
		for _, term := range terms {
			root.Children = append(root.Children, group{Conjunction: "and", Conditions: term})
		}
	}
	_, ok = root.encode()
	return root, ok
}

// everyClause makes the filter that all clauses satisfy.
func everyClause(clauses []clause) group {
	if len(clauses) == 1 {
		return group{Conjunction: "or", Conditions: clauses[0]}
	}
	root := group{Conjunction: "and"}
	for _, c := range clauses {
		if len(c) == 1 {
			root.Conditions = append(root.Conditions, c[0])
			continue
		}
		root.Children = append(root.Children, group{Conjunction: "or", Conditions: c})
	}
	return root
}

// encode writes the filter; ok is false if it is larger than Feishu takes.
func (g group) encode() (filter json.RawMessage, ok bool) {
	conditions := len(g.Conditions)
	for _, child := range g.Children {
		conditions += len(child.Conditions)
	}
	filter, err := json.Marshal(g)
	return filter, err == nil && conditions <= MaxFilterConditions && utf8.RuneCount(filter) <= MaxFilterRunes
}

func tooLong() error {
	return badWhere(
		fmt.Sprintf("条件太多或太长：飞书最多接受 %d 个条件、%d 个字符，请分几次查询", MaxFilterConditions, MaxFilterRunes),
		fmt.Sprintf("it is too long: Feishu takes %d conditions and %d characters; ask in several searches", MaxFilterConditions, MaxFilterRunes))
}

// filter says a condition in Feishu's words: every row that meets it satisfies all the clauses. exact is false if other rows may
// satisfy them too.
func (c condition) filter(zone *time.Location) (clauses []clause, exact bool) {
	switch {
	case c.kind == bitable.CompareSerial, c.kind == bitable.CompareAddress && c.test != testEmpty:
		return nil, false
	case c.kind == bitable.CompareCheckbox:
		if c.accepts("false") {
			return nil, false
		}
		return []clause{{c.atom("is", "true")}}, true
	case c.test == testEmpty && c.negated:
		return []clause{{c.atom("isNotEmpty")}}, true
	case c.test == testEmpty:
		return []clause{{c.atom("isEmpty")}}, true
	case c.kind == bitable.CompareDate:
		return c.dateFilter(zone)
	case c.test == testOrder:
		operator := map[string]string{opGreater: "isGreater", opAtLeast: "isGreaterEqual", opLess: "isLess", opAtMost: "isLessEqual"}[c.op]
		return []clause{{c.atom(operator, c.values[0].text)}}, true
	}
	is, isNot := "is", "isNot"
	if c.test == testContains || c.kind == bitable.CompareSet {
		is, isNot = "contains", "doesNotContain"
	}
	if !c.negated {
		return []clause{c.anyOf(is)}, true
	}
	for _, v := range c.values {
		clauses = append(clauses, clause{c.atom(isNot, v.text), c.atom("isEmpty")})
	}
	return clauses, true
}

// anyOf has an atom for each value; a single select takes several in one, where "contains" can only mean one of them.
func (c condition) anyOf(operator string) clause {
	var out clause
	if c.kind == bitable.CompareOption && len(c.values) > 1 {
		for some := range slices.Chunk(c.values, maxAtomValues) {
			texts := make([]string, len(some))
			for i, v := range some {
				texts[i] = v.text
			}
			out = append(out, c.atom("contains", texts...))
		}
		return out
	}
	for _, v := range c.values {
		out = append(out, c.atom(operator, v.text))
	}
	return out
}

// dateFilter compares by days. isGreater of a day is sure to find what lies behind that day, isLess what lies before it.
func (c condition) dateFilter(zone *time.Location) (clauses []clause, exact bool) {
	if c.test == testOrder {
		v := c.values[0]
		switch c.op {
		case opAtLeast:
			return []clause{{c.after(v.from, zone)}}, false
		case opGreater:
			return []clause{{c.after(v.to, zone)}}, false
		case opAtMost:
			return c.before(v.to, zone)
		default:
			return c.before(v.from, zone)
		}
	}
	exact = true
	var days clause
	for _, v := range c.values {
		day := dayOf(v.from, zone)
		whole := v.from == day.UnixMilli() && v.to == nextDay(day, 1).UnixMilli()
		exact = exact && whole
		days = append(days, c.day("is", day))
		if c.negated && whole {
			outside := clause{c.day("isGreater", day), c.day("isLess", day)}
			if bitable.Writable(c.field) { // what Feishu fills in is never empty
				outside = append(outside, c.atom("isEmpty"))
			}
			clauses = append(clauses, outside)
		}
	}
	if c.negated {
		return clauses, false
	}
	return []clause{days}, exact
}

// after finds what lies at or behind an instant.
func (c condition) after(ms int64, zone *time.Location) atom {
	return c.day("isGreater", nextDay(dayOf(ms, zone), -1))
}

// before finds what lies before an instant; exact if a day begins with it.
func (c condition) before(ms int64, zone *time.Location) (clauses []clause, exact bool) {
	day := dayOf(ms, zone)
	if exact = day.UnixMilli() == ms; !exact {
		day = nextDay(day, 1)
	}
	return []clause{{c.day("isLess", day)}}, exact
}

func (c condition) day(operator string, day time.Time) atom {
	return c.atom(operator, "ExactDate", strconv.FormatInt(day.UnixMilli(), 10))
}

func (c condition) atom(operator string, values ...string) atom {
	if values == nil {
		values = []string{}
	}
	return atom{FieldName: c.field.Name, Operator: operator, Value: values}
}

// Columns lists the columns that have to be looked at again.
func (s Search) Columns() []feishu.Field {
	var fields []feishu.Field
	for _, branch := range append(s.Rest.any, s.Rest.all) {
		for _, c := range branch {
			fields = append(fields, c.field)
		}
	}
	return fields
}
