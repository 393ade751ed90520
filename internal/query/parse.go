// Package query is the where language: it parses a where object for the columns of one table, compiles it to Feishu's filter, and
// evaluates on rows what Feishu's filter cannot be trusted with. The filters that find the rows of an upsert by their keys are
// built here too. It does no I/O.
package query

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/rowgate/rowgate/internal/bitable"
	"github.com/rowgate/rowgate/internal/feishu"
	"github.com/rowgate/rowgate/internal/problem"
)

// Bounds of a where object.
const (
	MaxWhereConditions = 50  // comparisons; Feishu's own bound of a filter
	MaxWhereValues     = 500 // values in all its lists
)

// whereOr is the one key of a where object that is not a column.
const whereOr = "$or"

// The operators of a where object.
const (
	opEqual    = "="
	opNot      = "!="
	opGreater  = ">"
	opAtLeast  = ">="
	opLess     = "<"
	opAtMost   = "<="
	opContains = "contains"
	opLacks    = "not_contains"
	opIn       = "in"
	opNotIn    = "not_in"
	opEmpty    = "empty"
)

// Where is a where object that is understood: every condition of all holds, and every condition of one branch of any if there
// are branches.
type Where struct {
	all []condition
	any [][]condition
}

// condition is one comparison of one column.
type condition struct {
	field   feishu.Field
	kind    bitable.Compare
	test    test
	negated bool
	op      string    // of testOrder: > >= < <=
	values  []operand // of testIn any number, of testContains and testOrder one, of testEmpty none
}

// test is what a comparison looks at. An operator is a test, negated or not.
type test int

const (
	testIn       test = iota // the cell is one of the values; a list holds one of them
	testContains             // the text holds the value
	testOrder                // the cell lies before or after the value
	testEmpty                // the cell is empty
)

// operand is a value to compare with, in the form that its kind of column compares.
type operand struct {
	text     string  // text, option, id, number as Feishu's filter spells it, true or false
	number   float64 // bitable.CompareNumber
	from, to int64   // bitable.CompareDate, ms since 1970: a day is [from, to), an instant [from, from+1)
}

// whereParser reads one where object for one table.
type whereParser struct {
	schema     *bitable.Schema
	zone       *time.Location
	userIDType string
	conditions int
	values     int
}

// Parse understands a where object. Errors: field_not_found for a column that is not in the table, bad_parameter for all
// that cannot be compared, naming the column.
func Parse(table *bitable.Schema, zone *time.Location, userIDType string, object []byte) (*Where, error) {
	p := &whereParser{schema: table, zone: zone, userIDType: userIDType}
	members, err := membersOf(object)
	if err != nil {
		return nil, badWhere("应是一个对象 {列名: 值}", "an object {column: value} is expected")
	}
	w := &Where{}
	if branches, given := members[whereOr]; given {
		if w.any, err = p.branches(branches); err != nil {
			return nil, err
		}
		delete(members, whereOr)
	}
	w.all, err = p.conjunction(members)
	return w, err
}

func membersOf(object []byte) (map[string]json.RawMessage, error) {
	var members map[string]json.RawMessage
	err := json.Unmarshal(object, &members)
	return members, err
}

func (p *whereParser) branches(raw json.RawMessage) ([][]condition, error) {
	var list []json.RawMessage
	if json.Unmarshal(raw, &list) != nil || len(list) == 0 {
		return nil, badWhere("$or 应是对象的列表，至少一个", "$or takes a list of at least one object")
	}
	branches := make([][]condition, 0, min(len(list), MaxWhereConditions))
	for _, entry := range list {
		members, err := membersOf(entry)
		_, nested := members[whereOr]
		if err != nil || len(members) == 0 || nested {
			return nil, badWhere("$or 的每一项应是一个非空的对象，里面不能再有 $or", "each entry of $or is an object that is not empty and holds no other $or")
		}
		branch, err := p.conjunction(members)
		if err != nil {
			return nil, err
		}
		branches = append(branches, branch)
	}
	return branches, nil
}

func (p *whereParser) conjunction(members map[string]json.RawMessage) ([]condition, error) {
	var all []condition
	for _, name := range slices.Sorted(maps.Keys(members)) {
		field, err := FindColumn(p.schema, "where", name)
		if err != nil {
			return nil, err
		}
		conditions, err := p.column(field, members[name])
		if err != nil {
			return nil, err
		}
		all = append(all, conditions...)
	}
	return all, nil
}

// column reads what one column has to be: a value, a list of values, null, or {operator: value}.
func (p *whereParser) column(field feishu.Field, raw json.RawMessage) ([]condition, error) {
	kind := bitable.KindOf(field).Compare
	if kind == bitable.CompareNone {
		none := bitable.Labels(func(k bitable.Kind) bool { return k.Compare == bitable.CompareNone })
		return nil, badWhere(
			fmt.Sprintf("列“%s”（%s）不能筛选：飞书不支持按这些类型的列筛选：%s", field.Name, bitable.TypeName(field), none.ZH),
			fmt.Sprintf(
				"the column %q (%s) cannot be filtered; Feishu cannot filter by columns of these types: %s",
				field.Name,
				bitable.TypeName(field),
				none.EN,
			),
		)
	}
	raw = bytes.TrimSpace(raw)
	if raw[0] != '{' {
		op := opEqual
		if raw[0] == '[' {
			op = opIn
		}
		c, err := p.condition(field, kind, op, raw)
		return []condition{c}, err
	}
	operators, err := membersOf(raw)
	if err != nil || len(operators) == 0 {
		return nil, p.badOperator(field, kind)
	}
	all := make([]condition, 0, len(operators))
	for _, op := range slices.Sorted(maps.Keys(operators)) {
		c, err := p.condition(field, kind, op, bytes.TrimSpace(operators[op]))
		if err != nil {
			return nil, err
		}
		all = append(all, c)
	}
	return all, nil
}

func (p *whereParser) condition(field feishu.Field, kind bitable.Compare, op string, raw json.RawMessage) (condition, error) {
	if p.conditions++; p.conditions > MaxWhereConditions {
		return condition{}, badWhere(
			fmt.Sprintf("最多 %d 个条件", MaxWhereConditions),
			fmt.Sprintf("at most %d conditions are taken", MaxWhereConditions),
		)
	}
	if (op == opEqual || op == opNot) && isEmptyValue(raw) {
		raw, op = json.RawMessage(fmt.Sprint(op == opEqual)), opEmpty
	}
	if !slices.Contains(operators[kind], op) {
		return condition{}, p.badOperator(field, kind)
	}
	c := condition{field: field, kind: kind, op: op}
	switch op {
	case opEmpty:
		if string(raw) != "true" && string(raw) != "false" {
			return c, badWhere(
				fmt.Sprintf("列“%s”的 empty 应是 true 或 false", field.Name),
				fmt.Sprintf("empty of the column %q takes true or false", field.Name),
			)
		}
		c.test, c.negated = testEmpty, string(raw) == "false"
		return c, nil
	case opContains, opLacks:
		if c.test = testContains; kind == bitable.CompareSet {
			c.test = testIn
		}
	case opGreater, opAtLeast, opLess, opAtMost:
		c.test = testOrder
	default:
		c.test = testIn
	}
	c.negated = op == opNot || op == opNotIn || op == opLacks
	given := []json.RawMessage{raw}
	if op == opIn || op == opNotIn {
		if json.Unmarshal(raw, &given) != nil || len(given) == 0 {
			return c, badWhere(
				fmt.Sprintf("列“%s”的 %s 应是一个非空的列表", field.Name, op),
				fmt.Sprintf("%s of the column %q takes a list that is not empty", op, field.Name),
			)
		}
	}
	if p.values += len(given); p.values > MaxWhereValues {
		return c, badWhere(fmt.Sprintf("最多 %d 个值", MaxWhereValues), fmt.Sprintf("at most %d values are taken", MaxWhereValues))
	}
	var err error
	c.values, err = p.operands(c, given)
	return c, err
}

func isEmptyValue(raw []byte) bool { return string(raw) == "null" || string(raw) == `""` }

func (p *whereParser) badOperator(field feishu.Field, kind bitable.Compare) error {
	list := strings.Join(operators[kind], " ")
	return badWhere(
		fmt.Sprintf("列“%s”（%s）可用的运算符：%s", field.Name, bitable.TypeName(field), list),
		fmt.Sprintf("the operators of the column %q (%s) are: %s", field.Name, bitable.TypeName(field), list))
}

// badWhere refuses a where object; the texts have no full stop.
func badWhere(zh, en string) error {
	return problem.New(problem.BadParameter, problem.Text{ZH: "where 不正确：" + zh + "。", EN: "where is not right: " + en + "."})
}

// maxNamed bounds the columns named in a message where none is near.
const maxNamed = 5

// FindColumn finds the column that an option names, the way the keys of a row are matched.
func FindColumn(table *bitable.Schema, option, name string) (feishu.Field, error) {
	if field, _, ok := table.Field(name); ok {
		return field, nil
	}
	zh, en := "最接近的列：", "Nearest: "
	names := table.Nearest(name)
	if len(names) == 0 {
		zh, en = "现有的列：", "It has: "
		for _, field := range table.Fields() {
			if names = append(names, field.Name); len(names) == maxNamed {
				break
			}
		}
	}
	zh, en = zh+strings.Join(names, "、")+"。", " "+en+strings.Join(names, ", ")+"."
	return feishu.Field{}, problem.New(problem.FieldNotFound, problem.Text{
		ZH: fmt.Sprintf("%s 里的列“%s”不在表中。%s", option, name, zh),
		EN: fmt.Sprintf("%s names the column %q, which is not in the table.%s", option, name, en),
	})
}
