package query

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/rowgate/rowgate/internal/bitable"
	"github.com/rowgate/rowgate/internal/feishu"
	"github.com/rowgate/rowgate/internal/problem"
)

// openID is how a view's filter names people: its call takes no user_id_type.
const openID = "open_id"

// ViewFilter says a where object as the filter of a view. Errors: bad_parameter for what a view cannot say, which has one level of
// conditions and no look behind them.
func (w *Where) ViewFilter(table *bitable.Schema, zone *time.Location, userIDType string) (*feishu.ViewFilter, error) {
	found, err := w.Compile(zone)
	if err != nil {
		return nil, err
	}
	if !found.IsExact() {
		return nil, badView(
			"飞书的视图无法准确表达其中的条件（例如未满一天的时间、取反的日期或自动编号）；可以改用 filter",
			"Feishu's views cannot say one of the conditions exactly (part of a day, a negated date, an automatic number, …); use filter")
	}
	return ViewFilter(table, found.Filter, userIDType)
}

// ViewFilter turns Feishu's filter of a search into the filter of a view, which names columns by id. Errors: bad_parameter for
// another shape, two levels, and people by another id than open_id; field_not_found.
func ViewFilter(table *bitable.Schema, filter json.RawMessage, userIDType string) (*feishu.ViewFilter, error) {
	var root group
	if err := json.Unmarshal(filter, &root); err != nil {
		return nil, badView("filter 不是飞书的筛选对象", "filter is not Feishu's filter object")
	}
	conditions, conjunction, ok := root.flat()
	if !ok {
		return nil, badView(
			"只能有一层：所有条件都用 and，或者都用 or",
			"it has one level: all conditions are joined by and, or all by or")
	}
	if len(conditions) == 0 || len(conditions) > MaxFilterConditions || conjunction != "and" && conjunction != "or" {
		return nil, badView(
			fmt.Sprintf("filter 应有 conjunction（and 或 or）和 1 到 %d 个 conditions", MaxFilterConditions),
			fmt.Sprintf("filter has a conjunction (and, or) and 1 to %d conditions", MaxFilterConditions))
	}
	view := &feishu.ViewFilter{Conjunction: conjunction}
	for _, c := range conditions {
		field, err := FindColumn(table, "filter", c.FieldName)
		if err != nil {
			return nil, err
		}
		if userIDType != openID && len(c.Value) > 0 && isPeople(field) {
			return nil, badView("视图里的人员只能用 open_id", "a view names people by open_id alone")
		}
		value := c.Value
		if value == nil {
			value = []string{}
		}
		text, err := json.Marshal(value)
		if err != nil {
			return nil, badView("filter 里有不能编码的值", "filter holds a value that cannot be encoded")
		}
		view.Conditions = append(view.Conditions, feishu.ViewCondition{FieldID: field.ID, Operator: c.Operator, Value: string(text)})
	}
	return view, nil
}

// flat is the group on one level; ok is false if it takes two.
func (g group) flat() (conditions []atom, conjunction string, ok bool) {
	if len(g.Conditions) == 0 && len(g.Children) == 1 {
		return g.Children[0].flat()
	}
	conditions = g.Conditions
	for _, child := range g.Children {
		inner, joined, flat := child.flat()
		if !flat || len(inner) > 1 && joined != g.Conjunction {
			return nil, "", false
		}
		conditions = append(conditions, inner...)
	}
	return conditions, g.Conjunction, true
}

func isPeople(field feishu.Field) bool {
	return field.Type == feishu.TypeUser || field.Type == feishu.TypeCreatedUser || field.Type == feishu.TypeModifiedUser
}

func badView(zh, en string) error {
	return problem.New(problem.BadParameter, problem.Text{ZH: "视图的筛选：" + zh + "。", EN: "The filter of a view: " + en + "."})
}
