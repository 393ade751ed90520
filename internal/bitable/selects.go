package bitable

import (
	"bytes"

	"github.com/rowgate/rowgate/internal/problem"
)

// Bounds of a select column. Source: Feishu's field guide.
const (
	MaxOptions       = 20_000 // options of a column
	MaxChosenOptions = 1000   // options chosen in a cell
)

// freshOptions are the options of one column that rows use and the column does not have.
type freshOptions struct {
	folded map[string]string // folded → name
}

// option finds the name under which an option is written; ok is false after an error was recorded. name is trimmed; given
// is the value before that.
func (c *run) option(col *column, name, given []byte) (canonical []byte, ok bool) {
	index := col.options()
	if _, found := index.exact[string(given)]; found {
		return given, true
	}
	if _, found := index.exact[string(name)]; found {
		c.note(RuleOptionMatched)
		return name, true
	}
	key := foldOption(string(name))
	i, found := index.folded[key]
	if !found {
		if name, i, found = c.undress(col, index, name); !found {
			key = foldOption(string(name))
		}
	}
	switch {
	case found && i == ambiguous:
		c.mismatch(nil, col, reasonTwins, "")
		return nil, false
	case found:
		option := optionsOf(col.field)[i].Name
		if option != string(name) {
			c.note(RuleOptionMatched)
		}
		return []byte(option), true
	case isPlaceholder(name) && !c.opts.Literal:
		c.mismatch(nil, col, reasonNothing, "")
		return nil, false
	case isUnrendered(name):
		c.mismatch(nil, col, reasonTemplate, "")
		return nil, false
	case c.opts.UnknownOptions == PolicyReject:
		c.fail(c.optionNotFound(col, string(name)))
		return nil, false
	default:
		return c.freshOption(col, string(name), key)
	}
}

// undress takes the dressing of prose and lists off a name that is no option: all of it where that reaches an option, else what
// stands around a new one. found reports the option at index i.
func (c *run) undress(col *column, index *optionsIndex, name []byte) (rest []byte, i int, found bool) {
	rest, found = undressed(name, func(candidate []byte) bool { return c.isOption(col, candidate) })
	if !found {
		if rest = withoutMarks(name); len(rest) != len(name) {
			c.note(RuleOptionUndressed)
		}
		return rest, 0, false
	}
	c.note(RuleOptionUndressed)
	if i, found = index.exact[string(rest)]; !found {
		i = index.folded[foldOption(string(rest))]
	}
	return rest, i, true
}

// freshOption registers an option that the column does not have; spellings that fold to the same are one option.
func (c *run) freshOption(col *column, name, key string) ([]byte, bool) {
	fresh := c.fresh[c.key.column]
	if fresh == nil {
		fresh = &freshOptions{folded: map[string]string{}}
		c.fresh[c.key.column] = fresh
	}
	first, known := fresh.folded[key]
	switch {
	case !known && len(optionsOf(col.field))+len(fresh.folded) >= MaxOptions:
		c.fail(tooLarge(MaxOptions, "个选项", "options"))
		return nil, false
	case !known:
		fresh.folded[key] = name
		first = name
	case first != name:
		c.note(RuleOptionMatched)
	}
	c.note(RuleOptionCreated)
	c.plan.optionUses = append(c.plan.optionUses, optionUse{column: col.field.Name, name: first, row: c.row})
	return []byte(first), true
}

func (c *run) optionNotFound(col *column, name string) RowError {
	e := RowError{
		Code: problem.RowOptionNotFound,
		Message: problem.Text{
			ZH: "这一列没有这个选项。请改成已有选项，或用 unknown_options=create 新建。",
			EN: "The column has no such option. Use an existing one, or set unknown_options to create.",
		},
		Expected: problem.Text{ZH: "已有的选项，见 describe_table", EN: "an existing option, see describe_table"},
	}
	if near := c.nearest(name, col.optionNames()); len(near) > 0 {
		e.Suggestion = near[0]
	}
	return e
}

// singleSelect takes "A", a number or boolean as its text, ["A"] and {"text"|"name":"A"} (also as text).
func (c *run) singleSelect(dst []byte, col *column, text []byte, isText bool) ([]byte, result) {
	given := c.raw
	if isText {
		if _, found := col.options().exact[string(text)]; !found {
			list, broken := listInText(text)
			if list == nil && !broken && text[0] == '{' {
				list = valueInText(text)
			}
			if broken {
				return c.mismatch(dst, col, reasonElement, "")
			}
			if list != nil {
				given, isText = list, false
			}
		}
	}
	if isText {
		return c.oneOption(dst, col, text, content(c.raw))
	}
	if given[0] == '[' {
		var only []byte
		n := 0
		for w := walk(given); ; n++ {
			element, more := w.element()
			if !more {
				break
			}
			only = element
		}
		switch n {
		case 0:
			return c.empty(dst, col)
		case 1:
			given = only
		default:
			return c.mismatch(dst, col, reasonTwoOptions, "")
		}
	}
	if isScalar(given) && len(given) == len(c.raw) {
		c.note(RuleTextScalar)
		return c.oneOption(dst, col, given, given)
	}
	name, ok := optionName(given)
	if !ok {
		return c.mismatch(dst, col, reasonShape, "")
	}
	c.note(RuleOptionUnwrapped)
	trimmed := bytes.TrimSpace(name)
	if len(trimmed) == 0 {
		return c.empty(dst, col)
	}
	return c.oneOption(dst, col, trimmed, name)
}

func (c *run) oneOption(dst []byte, col *column, name, given []byte) ([]byte, result) {
	if c.isNothing(col, name) {
		c.note(RulePlaceholder)
		return c.empty(dst, col)
	}
	canonical, ok := c.option(col, name, given)
	if !ok {
		return dst, failed
	}
	return appendQuoted(dst, canonical), written
}

// optionName reads an element: a string, or an object with text or name.
func optionName(raw []byte) (name []byte, ok bool) {
	if isString(raw) {
		return content(raw), true
	}
	for _, member := range []string{"text", "name"} {
		if value := memberOf(raw, member); isString(value) {
			return content(value), true
		}
	}
	return nil, false
}

// multiSelect takes a list, and text that is an option, a list, or options with separators between.
func (c *run) multiSelect(dst []byte, col *column, text []byte, isText bool) ([]byte, result) {
	list := c.raw
	if isText {
		c.note(RuleTextSplit)
		if c.isOption(col, text) {
			return c.options(dst, col, [][]byte{text})
		}
		if words := hashtags(text); words != nil {
			return c.options(dst, col, words)
		}
		if inner, found := cutPair(text); found && bytes.ContainsFunc(inner, isSeparator) {
			c.note(RuleOptionUndressed)
			text = inner
		}
		var broken bool
		list, broken = listInText(text)
		switch {
		case broken, list == nil && text[0] == '[' && text[len(text)-1] == ']' && bytes.ContainsFunc(text, isSeparator):
			return c.mismatch(dst, col, reasonElement, "")
		case list == nil:
			return c.options(dst, col, split(text))
		}
	}
	if list[0] != '[' {
		return c.mismatch(dst, col, reasonShape, "")
	}
	var names [][]byte
	for w := walk(list); ; {
		element, more := w.element()
		if !more {
			break
		}
		name, ok := optionName(element)
		if !ok {
			return c.mismatch(dst, col, reasonElement, "")
		}
		if !isString(element) {
			c.note(RuleOptionUnwrapped)
		}
		if names = append(names, name); len(names) > MaxChosenOptions {
			break // options refuses it
		}
	}
	if len(names) == 0 {
		return c.empty(dst, col)
	}
	return c.options(dst, col, names)
}

// isOption reports whether text as a whole is an option of the column.
func (c *run) isOption(col *column, text []byte) bool {
	if _, exact := col.options().exact[string(text)]; exact {
		return true
	}
	_, found := col.options().folded[foldOption(string(text))]
	return found
}

// isNothing reports whether text is a word for nothing and no option.
func (c *run) isNothing(col *column, text []byte) bool {
	return !c.opts.Literal && isPlaceholder(text) && !c.isOption(col, text)
}

// options writes a list of option names without empty and repeated ones.
func (c *run) options(dst []byte, col *column, names [][]byte) ([]byte, result) {
	if len(names) > MaxChosenOptions {
		c.fail(tooLarge(MaxChosenOptions, "个选项", "options"))
		return dst, failed
	}
	at := len(dst)
	var seen distinct
	for _, given := range names {
		name := bytes.TrimSpace(given)
		if c.isNothing(col, name) {
			c.note(RulePlaceholder)
			name = nil
		}
		if len(name) == 0 {
			c.note(RulePartsDropped)
			continue
		}
		canonical, ok := c.option(col, name, given)
		if !ok {
			return dst[:at], failed
		}
		if !seen.add(canonical) {
			c.note(RulePartsDropped)
			continue
		}
		separator := byte(',')
		if seen.size == 1 {
			separator = '['
		}
		dst = appendQuoted(append(dst, separator), canonical)
	}
	if seen.size == 0 {
		return c.empty(dst, col)
	}
	return append(dst, ']'), written
}

// distinct tells repeated values from new ones: a few by comparison, many by a map. The zero value is ready.
type distinct struct {
	few  [8][]byte
	many map[string]struct{}
	size int
}

// add reports whether b is new.
func (d *distinct) add(b []byte) bool {
	for i := range min(d.size, len(d.few)) {
		if bytes.Equal(d.few[i], b) {
			return false
		}
	}
	if d.size < len(d.few) {
		d.few[d.size] = b
		d.size++
		return true
	}
	if _, found := d.many[string(b)]; found {
		return false
	}
	if d.many == nil {
		d.many = map[string]struct{}{}
	}
	d.many[string(b)] = struct{}{}
	d.size++
	return true
}

// split takes text apart at separators, trimmed, no further than needed to see that there are too many parts.
func split(text []byte) (parts [][]byte) {
	for part := range bytes.FieldsFuncSeq(text, isSeparator) {
		if parts = append(parts, bytes.TrimSpace(part)); len(parts) > MaxChosenOptions {
			break
		}
	}
	return parts
}

func isSeparator(r rune) bool {
	switch r {
	case ',', '，', '、', ';', '；', '\n':
		return true
	default:
		return false
	}
}
