package record_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rowgate/rowgate/internal/feishu"
)

// TestSearch_asks_Feishu shows the filter that each condition becomes. It is wide where Feishu's words are not certain: a day
// may or may not end a day, an empty cell may or may not differ from a value.
func TestSearch_asks_Feishu(t *testing.T) {
	t.Parallel()
	s := exampleStock(t)
	fourth, third, fifth := at("2026-03-04T00:00:00"), at("2026-03-03T00:00:00"), at("2026-03-05T00:00:00")
	day := func(operator string, ms int64) string {
		return fmt.Sprintf(`{"field_name":"日期","operator":%q,"value":["ExactDate","%d"]}`, operator, ms)
	}
	and := func(conditions string) string { return `{"conjunction":"and","conditions":[` + conditions + `]}` }
	or := func(conditions string) string { return `{"conjunction":"or","conditions":[` + conditions + `]}` }
	for name, c := range map[string]struct{ where, want string }{
		"a value": {`{"标题":"x"}`, or(`{"field_name":"标题","operator":"is","value":["x"]}`)},
		"another value": {
			`{"标题":{"!=":"x"}}`,
			or(`{"field_name":"标题","operator":"isNot","value":["x"]},{"field_name":"标题","operator":"isEmpty","value":[]}`),
		},
		"options in tens": {`{"状态":["完成","搁置"]}`, or(`{"field_name":"状态","operator":"contains","value":["完成","搁置"]}`)},
		"a list, one by one": {
			`{"标签":["甲","乙"]}`,
			or(`{"field_name":"标签","operator":"contains","value":["甲"]},{"field_name":"标签","operator":"contains","value":["乙"]}`),
		},
		"two columns": {
			`{"标题":"x","数量":{">":"1,000"}}`,
			and(`{"field_name":"数量","operator":"isGreater","value":["1000"]},{"field_name":"标题","operator":"is","value":["x"]}`),
		},
		"a day":             {`{"日期":"2026-03-04"}`, or(day("is", fourth))},
		"an instant":        {`{"日期":"2026-03-04 15:04"}`, or(day("is", fourth))},
		"since a day":       {`{"日期":{">=":"2026-03-04"}}`, or(day("isGreater", third))},
		"after a day":       {`{"日期":{">":"2026-03-04"}}`, or(day("isGreater", fourth))},
		"after an instant":  {`{"日期":{">":"2026-03-04 15:04"}}`, or(day("isGreater", third))},
		"until a day":       {`{"日期":{"<=":"2026-03-04"}}`, or(day("isLess", fifth))},
		"before a day":      {`{"日期":{"<":"2026-03-04"}}`, or(day("isLess", fourth))},
		"before an instant": {`{"日期":{"<":"2026-03-04 15:04"}}`, or(day("isLess", fifth))},
		"not on a day": {`{"日期":{"!=":"2026-03-04"}}`, or(day("isGreater", fourth) + "," + day("isLess", fourth) +
			`,{"field_name":"日期","operator":"isEmpty","value":[]}`)},
		"not at an instant":   {`{"日期":{"!=":"2026-03-04 15:04"}}`, ""},
		"checked":             {`{"上架":true}`, or(`{"field_name":"上架","operator":"is","value":["true"]}`)},
		"unchecked":           {`{"上架":false}`, ""},
		"an automatic number": {`{"编号":"1"}`, ""},
		"a choice": {
			`{"$or":[{"标题":"x"},{"数量":1}]}`,
			or(`{"field_name":"标题","operator":"is","value":["x"]},{"field_name":"数量","operator":"is","value":["1"]}`),
		},
		"a choice, and more": {
			`{"照片":null,"$or":[{"标题":"x"},{"数量":1}]}`,
			`{"conjunction":"and","conditions":[{"field_name":"照片","operator":"isEmpty","value":[]}],"children":[` +
				or(`{"field_name":"标题","operator":"is","value":["x"]},{"field_name":"数量","operator":"is","value":["1"]}`) + `]}`,
		},
		"a choice of several, and more": {
			`{"照片":null,"$or":[{"标题":"x","数量":1},{"标题":"y"}]}`,
			`{"conjunction":"or","children":[` +
				and(`{"field_name":"照片","operator":"isEmpty","value":[]},{"field_name":"数量","operator":"is","value":["1"]},`+
					`{"field_name":"标题","operator":"is","value":["x"]}`) + `,` +
				and(`{"field_name":"照片","operator":"isEmpty","value":[]},{"field_name":"标题","operator":"is","value":["y"]}`) + `]}`,
		},
		"a choice that always may hold, and more": {
			`{"照片":null,"$or":[{"标题":"x"},{"上架":false}]}`,
			or(`{"field_name":"照片","operator":"isEmpty","value":[]}`),
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			asked := ""
			service := *s.service
			service.Rows = &scripted{search: func(_ int, req feishu.SearchRequest) (feishu.Page, error) {
				asked = string(req.Filter)
				return feishu.Page{}, nil
			}}
			scripted := &stock{reading: &reading{service: &service}, t: t, app: s.app, base: s.base, tableID: s.tableID}
			scripted.found(`"where":` + c.where)
			if diff := cmp.Diff(strings.ReplaceAll(c.want, " ", ""), asked); diff != "" {
				t.Errorf("filter (-want +got):\n%s", diff)
			}
		})
	}
}
