package record

import (
	"encoding/json"
	"fmt"

	"github.com/rowgate/rowgate/internal/problem"
	"github.com/rowgate/rowgate/tool"
)

// ownFilter is what is looked at in a filter of Feishu's own.
type ownFilter struct {
	Filter     json.RawMessage `json:"filter"`
	Conditions []ownCondition  `json:"conditions"`
	Children   []struct {
		Conditions []ownCondition `json:"conditions"`
	} `json:"children"`
}

type ownCondition struct {
	FieldName string          `json:"field_name"`
	Operator  string          `json:"operator"`
	Value     json.RawMessage `json:"value"`
}

// checkFilter refuses two filters to which Feishu only says InvalidFilter: one that holds another, and a condition without value,
// which isEmpty needs as well. All else is Feishu's to judge.
func checkFilter(filter tool.Object) error {
	var own ownFilter
	if len(filter) == 0 || json.Unmarshal(filter, &own) != nil {
		return nil
	}
	if own.Filter != nil && own.Conditions == nil && own.Children == nil {
		return problem.New(problem.BadParameter, problem.Text{
			ZH: "filter 里又套了一层 filter。请直接发送里面的对象：{\"conjunction\":…,\"conditions\":[…]}。",
			EN: "filter holds another filter. Send the object inside it: {\"conjunction\":…,\"conditions\":[…]}.",
		})
	}
	conditions := own.Conditions
	for _, child := range own.Children {
		conditions = append(conditions, child.Conditions...)
	}
	for _, c := range conditions {
		if c.Value == nil {
			return problem.New(problem.BadParameter, problem.Text{
				ZH: fmt.Sprintf("filter 中列“%s”（%s）的条件缺少 value。飞书要求总有 value；isEmpty 和 isNotEmpty 用 []。", c.FieldName, c.Operator),
				EN: fmt.Sprintf("The condition of filter on “%s” (%s) has no value. Feishu wants one always; for isEmpty and isNotEmpty it is [].",
					c.FieldName, c.Operator),
			})
		}
	}
	return nil
}
