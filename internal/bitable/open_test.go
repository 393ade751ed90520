package bitable

import (
	"testing"

	"github.com/rowgate/rowgate/internal/feishu"
	"github.com/rowgate/rowgate/internal/problem"
)

func TestJSONAsText(t *testing.T) {
	t.Parallel()
	runCells(t, feishu.Field{Type: feishu.TypeUser}, []cellCase{
		{name: "reads a list of ids", in: quote(`["ou_a","ou_b"]`), sent: `[{"id":"ou_a"},{"id":"ou_b"}]`, rules: "json_text id_wrapped"},
		{name: "reads objects", in: quote(`[{"id":"ou_a"}]`), sent: `[{"id":"ou_a"}]`, rules: "json_text"},
		{
			name:  "reads a Python list",
			in:    quote(`['ou_a', {'id': 'ou_b'}]`),
			sent:  `[{"id":"ou_a"},{"id":"ou_b"}]`,
			rules: "json_text id_wrapped",
		},
		{name: "reads one object", in: quote(`{"id":"ou_a"}`), sent: `[{"id":"ou_a"}]`, rules: "json_text id_wrapped"},
		{
			name:  "reads the ids of an event",
			in:    `{"open_id":"ou_a","union_id":"on_a","user_id":"a"}`,
			sent:  `[{"id":"ou_a"}]`,
			rules: "id_wrapped members_dropped",
		},
		{
			name:  "takes the id that user_id_type names",
			in:    `[{"open_id":"ou_a","union_id":"on_a"}]`,
			sent:  `[{"id":"on_a"}]`,
			rules: "id_wrapped members_dropped",
			with:  asUnionID,
		},
		{name: "refuses an event without that id", in: `[{"union_id":"on_a"}]`, code: problem.RowValueMismatch, reason: reasonElement},
		{name: "refuses a name in a list", in: quote(`["张三"]`), code: problem.RowValueMismatch},
		{name: "takes an empty list for nothing", in: quote(`[]`), rules: "json_text empty_skipped"},
	})
	runCells(t, feishu.Field{Type: feishu.TypeAttachment}, []cellCase{
		{
			name:  "reads a list",
			in:    quote(`[{"file_token":"boxcnExample0123456789"}]`),
			sent:  `[{"file_token":"boxcnExample0123456789"}]`,
			rules: "json_text",
		},
	})
	runCells(t, feishu.Field{Type: feishu.TypeURL}, []cellCase{
		{
			name:  "reads an object",
			in:    quote(`{"text":"a","link":"https://a.cn"}`),
			sent:  `{"text":"a","link":"https://a.cn"}`,
			rules: "json_text",
		},
	})
	runCells(t, feishu.Field{Type: feishu.TypeLocation}, []cellCase{
		{name: "reads an object", in: quote(`{"lng":116.3,"lat":39.9}`), sent: `"116.3,39.9"`, rules: "json_text location_object"},
	})
	runCells(t, feishu.Field{Type: feishu.TypeGroupChat}, []cellCase{
		{name: "reads a list", in: quote(`["oc_a"]`), sent: `[{"id":"oc_a"}]`, rules: "json_text id_wrapped"},
	})
	runCells(t, feishu.Field{Type: feishu.TypeNumber}, []cellCase{
		{name: "refuses a list", in: quote(`[3]`), code: problem.RowValueMismatch, reason: reasonShape},
		{name: "reads quoted text", in: quote(`"3"`), sent: `3`, rules: "json_text number_text"},
	})
	runCells(t, feishu.Field{Type: feishu.TypeText}, []cellCase{
		{name: "leaves text alone", in: quote(`["a.b@c.cn"]`), sent: quote(`["a.b@c.cn"]`)},
	})
}

func TestReadShapesOfComputedColumns(t *testing.T) {
	t.Parallel()
	const joined = `{"type":1,"value":[{"type":"text","text":"3"}]}`
	runCells(t, feishu.Field{Type: feishu.TypeNumber}, []cellCase{
		{name: "takes a number", in: `{"type":2,"value":[3]}`, sent: `3`, rules: "computed_value"},
		{name: "takes it with ui_type", in: `{"type":2,"ui_type":"Number","value":[3]}`, sent: `3`, rules: "computed_value"},
		{name: "takes it as text", in: quote(`{"type":2,"value":[3]}`), sent: `3`, rules: "json_text computed_value"},
		{name: "reads its text", in: joined, sent: `3`, rules: "computed_value number_text"},
		{name: "takes none for nothing", in: `{"type":2,"value":[]}`, rules: "computed_value empty_skipped"},
		{name: "refuses two", in: `{"type":2,"value":[3,4]}`, code: problem.RowValueMismatch, reason: reasonShape},
		{name: "refuses another member", in: `{"type":2,"value":[3],"x":1}`, code: problem.RowValueMismatch, reason: reasonShape},
	})
	runCells(t, selectField(feishu.TypeSingleSelect, "抖音"), []cellCase{
		{name: "takes an option", in: `{"type":3,"value":["抖音"]}`, sent: `"抖音"`, rules: "computed_value"},
		{name: "takes a number", in: `{"type":2,"value":[2024]}`, sent: `"2024"`, rules: "computed_value text_scalar option_created"},
	})
	runCells(t, selectField(feishu.TypeMultiSelect, "抖音"), []cellCase{
		{name: "takes options", in: `{"type":4,"value":["抖音"]}`, sent: `["抖音"]`, rules: "computed_value"},
		{name: "takes it as text", in: quote(`{"type":4,"value":["抖音"]}`), sent: `["抖音"]`, rules: "json_text computed_value"},
	})
	runCells(t, feishu.Field{Type: feishu.TypeDateTime}, []cellCase{
		{name: "takes an instant", in: `{"type":5,"value":[1774281600000]}`, sent: `1774281600000`, rules: "computed_value"},
	})
	runCells(t, feishu.Field{Type: feishu.TypeUser}, []cellCase{
		{
			name:  "takes people",
			in:    `{"type":11,"value":[{"id":"ou_a","name":"A"}]}`,
			sent:  `[{"id":"ou_a"}]`,
			rules: "computed_value members_dropped",
		},
	})
	runCells(t, feishu.Field{Type: feishu.TypeText}, []cellCase{
		{name: "joins segments", in: joined, sent: `"3"`, rules: "computed_value"},
		{name: "writes anything else as JSON", in: `{"type":2,"value":[3]}`, sent: quote(`{"type":2,"value":[3]}`), rules: "text_json"},
	})
}
