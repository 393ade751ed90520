package intake_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rowgate/rowgate/internal/intake"
	"github.com/rowgate/rowgate/internal/problem"
)

// hasColumns is a table with these columns.
func hasColumns(columns ...string) intake.Columns {
	return func(name string) bool { return slices.Contains(columns, name) }
}

func TestSettle(t *testing.T) {
	t.Parallel()
	const one = `[{"标题":"甲"}]`
	for name, tc := range map[string]struct {
		tool, body, query string
		columns           []string // beside 标题 and 数量
		want              string   // rows; "" if refused
		wrappers          int
		refused           string       // indexes of the refused rows
		code              problem.Code // of the request
		says              string
	}{
		"ordinary rows":     {body: `[{"标题":"甲"},{"数量":1}]`, want: `[{"标题":"甲"},{"数量":1}]`},
		"unknown columns":   {body: `{"titel":"甲"}`, want: `[{"titel":"甲"}]`},
		"data and fields":   {body: `{"data":{"fields":{"标题":"甲"}}}`, want: `[{"fields":{"标题":"甲"}}]`, wrappers: 1},
		"data and records":  {body: `{"data":{"records":[{"标题":"甲"}]}}`, want: one, wrappers: 1},
		"records in text":   {body: `{"data":{"records":"[{\"标题\":\"甲\"}]"}}`, want: one, wrappers: 1},
		"result":            {body: `{"result":[{"标题":"甲"}]}`, want: one, wrappers: 1},
		"structured_output": {body: `{"structured_output":{"标题":"甲"}}`, want: one, wrappers: 1},
		"body":              {body: `{"body":{"标题":"甲"},"headers":{"a":"b"},"params":{},"query":{}}`, want: one, wrappers: 1},
		"items":             {body: `{"items":[{"标题":"甲"}]}`, want: one, wrappers: 1},
		"rows":              {body: `{"rows":[{"标题":"甲"}]}`, want: one, wrappers: 1},
		"fields_json":       {body: `{"fields_json":"{\"标题\":\"甲\"}"}`, want: one, wrappers: 1},
		"values in a row":   {body: `{"records":[{"values":{"标题":"甲"}}]}`, want: one, wrappers: 1},
		"n8n": {
			body: `[{"json":{"标题":"甲"},"pairedItem":0},{"json":{"标题":"乙"},"pairedItem":{"item":1}}]`,
			want: `[{"标题":"甲"},{"标题":"乙"}]`, wrappers: 2,
		},
		"the answer of a search": {
			body: `{"code":0,"msg":"success","data":{"has_more":false,"total":1,"items":[{"record_id":"","fields":{"标题":"甲"}}]}}`,
			want: `[{"record_id":"","fields":{"标题":"甲"}}]`, wrappers: 1,
		},
		"a model's answer": {body: `{"answer":"<think>x</think>` + "```json\\n[{\\\"标题\\\":\\\"甲\\\"}]\\n```" +
			`","usage":{"total_tokens":1}}`, want: one, wrappers: 1},
		"JSON Lines":           {body: `{"text":"{\"标题\":\"甲\"}\n{\"标题\":\"乙\"}"}`, want: `[{"标题":"甲"},{"标题":"乙"}]`, wrappers: 1},
		"Python repr":          {body: `{"output":"{'标题': '甲'}"}`, want: one, wrappers: 1},
		"a list of texts":      {body: `{"list":["{\"标题\":\"甲\"}","[{\"标题\":\"乙\"}]"]}`, want: `[{"标题":"甲"},{"标题":"乙"}]`, wrappers: 1},
		"three deep":           {body: `{"data":{"result":{"output":{"标题":"甲"}}}}`, want: one, wrappers: 1},
		"text beside the rows": {body: `{"text":"完成","data":[{"标题":"甲"}],"finish_reason":"stop"}`, want: one, wrappers: 1},
		"an empty list":        {body: `{"data":{"items":[]}}`, want: `[]`, wrappers: 1},
		"no error":             {body: `{"data":{"标题":"甲"},"error":null,"errors":[],"code":200,"success":true}`, want: one, wrappers: 1},
		"rows of many wrappers": {
			body: `[{"data":[{"标题":"甲"},{"标题":"乙"}]},{"标题":"丙"},{"data":{"x":1}}]`,
			want: `[{"标题":"甲"},{"标题":"乙"},{"标题":"丙"},{"data":{"x":1}}]`, wrappers: 1, refused: "3",
		},
		"in the text of records":        {body: `{"records":"{\"data\":[{\"标题\":\"甲\"}]}"}`, want: one, wrappers: 1},
		"unknown columns under records": {body: `{"data":{"records":[{"titel":"甲"}]}}`, want: `[{"titel":"甲"}]`, wrappers: 1},
		"to update": {
			tool: "update", body: `{"data":{"records":[{"record_id":"recA","fields":{"标题":"甲"}}]}}`,
			want: `[{"record_id":"recA","fields":{"标题":"甲"}}]`, wrappers: 1,
		},

		"a column data":        {body: `{"data":{"标题":"甲"}}`, columns: []string{"data"}, want: `[{"data":{"标题":"甲"}}]`},
		"a column beside":      {body: `{"data":{"a":1},"标题":"甲"}`, want: `[{"data":{"a":1},"标题":"甲"}]`},
		"scalars are columns":  {body: `{"text":"甲","status":"x"}`, want: `[{"text":"甲","status":"x"}]`},
		"lists of scalars too": {body: `{"values":[1,2]}`, want: `[{"values":[1,2]}]`},
		"four deep":            {body: `{"data":{"data":{"data":{"data":{"标题":"甲"}}}}}`, code: problem.Wrapper, says: "data"},
		"no column inside":     {body: `{"data":{"titel":"甲"}}`, code: problem.Wrapper, says: "at least one column"},
		"a row without one":    {body: `{"data":[{"标题":"甲"},{"titel":"乙"}]}`, code: problem.Wrapper},
		"two that hold rows":   {body: `{"data":{"标题":"甲"},"result":{"标题":"乙"}}`, code: problem.Wrapper},
		"a stray member":       {body: `{"data":{"标题":"甲"},"foo":1}`, code: problem.Wrapper, says: "foo"},
		"a failure":            {body: `{"code":1254045,"msg":"FieldNameNotFound","data":null}`, code: problem.Wrapper, says: "failed"},
		"an error":             {body: `{"error":{"message":"x"},"data":{"标题":"甲"}}`, code: problem.Wrapper, says: "failed"},
		"no success":           {body: `{"success":false,"data":{"标题":"甲"}}`, code: problem.Wrapper, says: "failed"},
		"CSV inside":           {body: `{"text":"标题,数量\n甲,1"}`, want: `[{"text":"标题,数量\n甲,1"}]`},
		"a table inside":       {body: `{"text":"| 标题 |\n|---|\n| 甲 |"}`, want: `[{"text":"| 标题 |\n|---|\n| 甲 |"}]`},
		"broken text":          {body: `{"text":"{\"标题\":\"甲"}`, code: problem.Wrapper},
		"a parameter inside": {
			body: `{"data":{"records":[{"标题":"甲"}],"table_id":"tblOther"}}`, code: problem.UnknownParameter,
			says: "table_id",
		},
		"a parameter in a flat one": {body: `{"data":{"标题":"甲","app_token":"x"}}`, code: problem.UnknownParameter, says: "app_token"},
		"a name inside a row":       {body: `[{"json":{"标题":"甲","app_token":"x"}}]`, want: `[{"标题":"甲","app_token":"x"}]`, wrappers: 1},
		"a row's own failure": {
			body: `[{"标题":"甲"},{"error":"x","json":{}}]`, want: `[{"标题":"甲"},{"error":"x","json":{}}]`,
			refused: "1", says: "failed",
		},

		"a column brand":  {body: `{"标题":"甲","brand":"Nike"}`, columns: []string{"brand"}, want: `[{"标题":"甲","brand":"Nike"}]`},
		"no column brand": {body: `{"标题":"甲","brand":"Nike"}`, code: problem.UnknownParameter, says: "标题"},
		"two such columns": {
			body: `{"brand":"Nike","time_zone":"x"}`, columns: []string{"brand", "time_zone"},
			want: `[{"brand":"Nike","time_zone":"x"}]`,
		},
		"one of two": {body: `{"brand":"Nike","time_zone":"x"}`, columns: []string{"brand"}, code: problem.NoRows},
		"a column brand in a fence": {
			body: "```\n{\"标题\":\"甲\",\"brand\":\"Nike\"}\n```", columns: []string{"brand"},
			want: `[{"标题":"甲","brand":"Nike"}]`,
		},
		"no column brand in a fence": {
			body: "```\n{\"标题\":\"甲\",\"brand\":\"Nike\"}\n```", code: problem.UnknownParameter,
			says: "only in the body itself",
		},
		"a column brand in a text": {
			body: `{"records":"{\"标题\":\"甲\",\"brand\":\"Nike\"}"}`, columns: []string{"brand"},
			want: `[{"标题":"甲","brand":"Nike"}]`,
		},
		"no column brand in a text": {body: `{"records":"{\"标题\":\"甲\",\"brand\":\"Nike\"}"}`, code: problem.UnknownParameter, says: "brand"},
		"a column brand in a wrapper": {
			body: `{"data":{"标题":"甲","brand":"Nike"}}`, columns: []string{"brand"},
			want: `[{"标题":"甲","brand":"Nike"}]`, wrappers: 1,
		},
		"no column brand in a wrapper": {body: `{"data":{"标题":"甲","brand":"Nike"}}`, code: problem.UnknownParameter, says: "brand"},
	} {
		t.Run(strings.ReplaceAll(name, " ", "_"), func(t *testing.T) {
			t.Parallel()
			if tc.tool == "" {
				tc.tool = "write"
			}
			result, err := intake.Parse(specs[tc.tool], intake.Input{ContentType: typeJSON, Body: []byte(tc.body)})
			if err != nil {
				t.Fatal(err)
			}
			before := rowsText(result)
			settled, err := result.Settle(hasColumns(append(tc.columns, "标题", "数量")...))
			if after := rowsText(result); after != before {
				t.Errorf("the result changed from %s to %s", before, after)
			}
			if tc.want == "" {
				if err == nil || problem.From(err).Code != tc.code || !strings.Contains(err.Error(), tc.says) {
					t.Fatalf("got %v, want %s that says %q", err, tc.code, tc.says)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.want, rowsText(&intake.Result{Rows: settled.Rows})); diff != "" {
				t.Errorf("rows (-want +got):\n%s", diff)
			}
			wrappers, refused := 0, ""
			for _, repair := range settled.Repairs {
				if text := explanation(repair.Rule); text.ZH == "" || text.EN == "" {
					t.Errorf("%s lacks a language", repair.Rule)
				}
				if repair.Rule == intake.RuleWrapper {
					wrappers = repair.Count
				}
			}
			for i, e := range settled.Refused {
				refused += fmt.Sprint(i)
				if e.Code != problem.RowWrapper || !strings.Contains(e.Message.EN, tc.says) {
					t.Errorf("row %d: %+v", i, e)
				}
			}
			if wrappers != tc.wrappers || refused != tc.refused {
				t.Errorf("%d wrappers and rows %q refused, want %d and %q", wrappers, refused, tc.wrappers, tc.refused)
			}
		})
	}
	t.Run("counts_the_rows_that_result", func(t *testing.T) {
		t.Parallel()
		for n, code := range map[int]problem.Code{intake.MaxRows: "", intake.MaxRows + 1: problem.TooManyRows} {
			result, err := parse("write", typeJSON, `{"data":[`+repeated(`{"标题":1}`, ",", n)+`]}`)
			if err != nil {
				t.Fatal(err)
			}
			settled, err := result.Settle(hasColumns("标题"))
			if code == "" && (err != nil || len(settled.Rows) != n) || code != "" && (err == nil || problem.From(err).Code != code) {
				t.Errorf("%d rows: %v", n, err)
			}
		}
	})
}
