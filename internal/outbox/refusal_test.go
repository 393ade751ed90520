package outbox

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/rowgate/rowgate/internal/feishu"
	"github.com/rowgate/rowgate/internal/problem"
)

func TestRefusedRowsAreExplained(t *testing.T) {
	t.Parallel()
	options := make([]feishu.Option, maxShownOptions+2)
	for i := range options {
		options[i].Name = string(rune('A' + i))
	}
	fields := []feishu.Field{
		{Name: "标题", Type: feishu.TypeText},
		{Name: "附件", Type: feishu.TypeAttachment},
		{Name: "性别", Type: feishu.TypeSingleSelect, Property: &feishu.FieldProperty{Options: []feishu.Option{{Name: "男"}, {Name: "女"}}}},
		{Name: "多", Type: feishu.TypeSingleSelect, Property: &feishu.FieldProperty{Options: options}},
		{Name: "负责人", Type: feishu.TypeUser},
		{Name: "关联", Type: feishu.TypeDuplexLink},
	}
	for name, test := range map[string]struct {
		code     int
		row      string
		field    string
		got      string
		expected string
		message  string
	}{
		"a token of elsewhere": {
			1254303, `{"标题":"a","附件":[{"file_token":"boxcnOther"}]}`, "附件", `[{"file_token":"boxcnOther"}]`,
			"file_token", "uploaded to",
		},
		"an option of another table": {1254062, `{"性别":"Male"}`, "性别", `"Male"`, "男, 女", "another table"},
		"many options":               {1254062, `{"多":"x"}`, "多", `"x"`, "and 2 more", "another table"},
		"a person of another app":    {1254066, `{"负责人":[{"id":"ou_a"}]}`, "负责人", `[{"id":"ou_a"}]`, "open_id", "another app"},
		"a record of elsewhere":      {1254074, `{"关联":["recA"]}`, "关联", `["recA"]`, "record id", "linked table"},
		"one of two columns":         {1254062, `{"性别":"Male","多":"x"}`, "", "", "", "another table"},
		"a code that says nothing":   {1254015, `{"标题":"a"}`, "", "", "", "code 1254015"},
	} {
		t.Run(strings.ReplaceAll(name, " ", "_"), func(t *testing.T) {
			t.Parallel()
			e := refusedRow(&feishu.Error{Code: test.code, Class: feishu.ClassData}, json.RawMessage(test.row), fields)
			if e.Field != test.field || e.Got != test.got || !strings.Contains(e.Expected.EN, test.expected) ||
				!strings.Contains(e.Message.EN, test.message) {
				t.Errorf("%+v", e)
			}
			if test.expected != "" && (e.Expected.ZH == "" || e.Message.ZH == "") {
				t.Errorf("%+v lacks a text", e)
			}
		})
	}
}

func TestEveryRefusalIsARowCode(t *testing.T) {
	t.Parallel()
	for code, known := range refusals {
		info, ok := feishu.LookupCode(code)
		if !ok || info.Row == "" || info.Problem != problem.InvalidRows || known.message.ZH == "" || known.message.EN == "" ||
			len(known.types) == 0 {
			t.Errorf("%d: %+v, %+v", code, info, known)
		}
	}
}
