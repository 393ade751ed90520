package record

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/rowgate/rowgate/internal/sandbox/core"
	"github.com/rowgate/rowgate/internal/sandbox/state"
)

// maxFormulaDepth bounds nested AND, OR and NOT.
const maxFormulaDepth = 20

// parseFormula turns the formula filter of GET records into a predicate: AND, OR and NOT over comparisons of CurrentValue.[column] with a
// text or number (= != > >= < <=) and CurrentValue.[column].contains("a","b"). Anything else is 1254018.
func parseFormula(r *reader, text string) (predicate, *core.Failure) {
	p := &formula{reader: r, rest: text}
	result, f := p.expression(0)
	if f == nil && p.peek() != "" {
		return nil, p.wrong("the end")
	}
	return result, f
}

// formula is a parser at the beginning of rest.
type formula struct {
	reader *reader
	rest   string
}

func (p *formula) wrong(want string) *core.Failure {
	return core.Invalid(1254018, "filter."+p.rest, want)
}

func (p *formula) peek() string {
	p.rest = strings.TrimLeft(p.rest, " \t\n")
	return p.rest
}

func (p *formula) take(token string) bool {
	after, ok := strings.CutPrefix(p.peek(), token)
	if ok {
		p.rest = after
	}
	return ok
}

func (p *formula) expression(depth int) (predicate, *core.Failure) {
	if depth > maxFormulaDepth {
		return nil, p.wrong("less depth")
	}
	for _, name := range []string{"AND", "OR", "NOT"} {
		if !p.take(name + "(") {
			continue
		}
		parts, f := p.arguments(depth)
		if f != nil {
			return nil, f
		}
		switch name {
		case "AND":
			return func(rec *state.Row) bool {
				return !slices.ContainsFunc(parts, func(q predicate) bool { return !q(rec) })
			}, nil
		case "OR":
			return func(rec *state.Row) bool { return slices.ContainsFunc(parts, func(q predicate) bool { return q(rec) }) }, nil
		}
		if len(parts) != 1 {
			return nil, p.wrong("one argument for NOT")
		}
		return func(rec *state.Row) bool { return !parts[0](rec) }, nil
	}
	return p.comparison()
}

func (p *formula) arguments(depth int) ([]predicate, *core.Failure) {
	var parts []predicate
	for {
		part, f := p.expression(depth + 1)
		if f != nil {
			return nil, f
		}
		parts = append(parts, part)
		if p.take(")") {
			return parts, nil
		}
		if !p.take(",") {
			return nil, p.wrong(", or )")
		}
	}
}

func (p *formula) comparison() (predicate, *core.Failure) {
	if !p.take("CurrentValue.[") {
		return nil, p.wrong("CurrentValue.[column]")
	}
	name, rest, ok := strings.Cut(p.rest, "]")
	if !ok {
		return nil, p.wrong("]")
	}
	p.rest = rest
	f := p.reader.table.ByName[name]
	if f == nil {
		return nil, core.Invalid(1254045, "filter."+name, "field_name not found")
	}
	if p.take(".contains(") {
		return p.contains(f)
	}
	for _, operator := range []string{"!=", ">=", "<=", "=", ">", "<"} {
		if p.take(operator) {
			return p.compare(f, operator)
		}
	}
	return nil, p.wrong("an operator")
}

func (p *formula) contains(f *state.Field) (predicate, *core.Failure) {
	var wanted []string
	for {
		value, isText := p.literal()
		if !isText {
			return nil, p.wrong("a text")
		}
		wanted = append(wanted, value)
		if p.take(")") {
			break
		}
		if !p.take(",") {
			return nil, p.wrong(", or )")
		}
	}
	return func(rec *state.Row) bool {
		texts := p.reader.members(f, rec)
		if texts == nil {
			texts = []string{PlainText(rec.Cell(f))}
		}
		return slices.ContainsFunc(wanted, func(want string) bool {
			return slices.ContainsFunc(texts, func(have string) bool { return strings.Contains(have, want) })
		})
	}, nil
}

// literal takes a "text"; anything else is left for number.
func (p *formula) literal() (string, bool) {
	if !strings.HasPrefix(p.peek(), `"`) {
		return "", false
	}
	quoted, err := strconv.QuotedPrefix(p.rest)
	if err != nil {
		return "", false
	}
	text, err := strconv.Unquote(quoted)
	if err != nil {
		return "", false
	}
	p.rest = p.rest[len(quoted):]
	return text, true
}

func (p *formula) number() (float64, bool) {
	end := strings.IndexAny(p.peek()+")", "),")
	n, err := strconv.ParseFloat(strings.TrimSpace(p.rest[:min(end, len(p.rest))]), 64)
	if err != nil {
		return 0, false
	}
	p.rest = p.rest[min(end, len(p.rest)):]
	return n, true
}

func (p *formula) compare(f *state.Field, operator string) (predicate, *core.Failure) {
	holds := func(n int) bool {
		switch operator {
		case "=":
			return n == 0
		case "!=":
			return n != 0
		case ">":
			return n > 0
		case ">=":
			return n >= 0
		case "<":
			return n < 0
		default:
			return n <= 0
		}
	}
	if want, ok := p.literal(); ok {
		if operator != "=" && operator != "!=" {
			return nil, p.wrong("= or != with a text")
		}
		return func(rec *state.Row) bool {
			have := PlainText(sortCell(f, rec))
			if list := p.reader.members(f, rec); list != nil {
				have = strings.Join(list, ",")
			}
			return holds(strings.Compare(have, want))
		}, nil
	}
	want, ok := p.number()
	if !ok {
		return nil, p.wrong("a text or a number")
	}
	return func(rec *state.Row) bool {
		switch have := sortCell(f, rec).(type) {
		case float64:
			return holds(cmp.Compare(have, want))
		case int64:
			return holds(cmp.Compare(float64(have), want))
		case bool:
			return holds(cmp.Compare(map[bool]float64{true: 1}[have], want))
		}
		return operator == "!="
	}, nil
}
