package bitable

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/rowgate/rowgate/internal/feishu"
	"github.com/rowgate/rowgate/internal/problem"
)

func TestInfer(t *testing.T) {
	t.Parallel()
	number := func(format string) feishu.Field {
		return feishu.Field{Type: feishu.TypeNumber, Property: &feishu.FieldProperty{Formatter: format}}
	}
	date := func(format string) feishu.Field {
		return feishu.Field{Type: feishu.TypeDateTime, Property: &feishu.FieldProperty{DateFormatter: format}}
	}
	text := feishu.Field{Type: feishu.TypeText}
	tests := []struct {
		name    string
		samples []string
		want    feishu.Field
		values  int
	}{
		{"takes whole numbers", []string{`1`, `"1,200"`, `-3`}, number("0"), 3},
		{"shows as many decimals as there are", []string{`1`, `2.50`, `"3.125"`}, number("0.000"), 3},
		{"shows four decimals at most", []string{`0.123456`}, number("0.0000"), 1},
		{"takes currency", []string{`"¥12.5"`, `"3 元"`}, number("0.0"), 2},
		{"takes percentages", []string{`"12%"`, `"0.5%"`}, number("0.00%"), 2},
		{"takes percentages among numbers for numbers", []string{`"12%"`, `3`}, number("0.00"), 2},
		{"takes booleans", []string{`true`, `"False"`}, feishu.Field{Type: feishu.TypeCheckbox}, 2},
		{"takes days", []string{`"2026-03-04"`, `"2026年3月5日"`}, date("yyyy/MM/dd"), 2},
		{"takes times", []string{`"2026-03-04"`, `"2026-03-05T15:04:05Z"`}, date("yyyy/MM/dd HH:mm"), 2},
		{"takes links", []string{`"https://a.cn"`, `{"text":"a","link":"https://a.cn"}`}, feishu.Field{Type: feishu.TypeURL}, 2},
		{"takes files", []string{`[{"file_token":"boxcnExample0123456789"}]`}, feishu.Field{Type: feishu.TypeAttachment}, 1},
		{
			"takes lists for options",
			[]string{`["a","b"]`, `["A ","c",""]`, `[]`},
			feishu.Field{
				Type:     feishu.TypeMultiSelect,
				Property: &feishu.FieldProperty{Options: []feishu.Option{{Name: "a"}, {Name: "b"}, {Name: "c"}}},
			},
			2,
		},
		{"passes over empty values", []string{`""`, `" "`, `3`}, number("0"), 1},
		{"takes nothing for text", []string{`""`}, text, 0},
		{"takes mixed values for text", []string{`1`, `"a"`}, text, 2},
		{"keeps leading zeros", []string{`"00123"`, `"1"`}, text, 2},
		{"keeps long digits", []string{`"13800138000"`}, text, 1},
		{"keeps a leading plus", []string{`"+86"`}, text, 1},
		{"keeps big numbers", []string{`12345678901234567890`}, text, 1},
		{"keeps ambiguous dates", []string{`"03/04/2025"`}, text, 1},
		{"keeps objects", []string{`{"a":1}`}, text, 1},
		{"keeps lists of numbers", []string{`[1,2]`}, text, 1},
		{"keeps lists of long texts", []string{`["` + strings.Repeat("长", maxInferredOptionRunes+1) + `"]`}, text, 1},
		{"keeps an address of which nothing is left without its mark", []string{`"http://."`}, text, 1},
		{"keeps several addresses in one text", []string{`"https://a.example,https://b.example"`}, text, 1},
		{"keeps files among texts", []string{`[{"file_token":"boxcnExample0123456789"},"a"]`}, text, 1},
	}
	for _, tc := range tests {
		t.Run(strings.ReplaceAll(tc.name, " ", "_"), func(t *testing.T) {
			t.Parallel()
			got := Infer([]UnknownColumn{{Name: "c", Samples: messages(tc.samples...)}})[0]
			tc.want.Name = "c"
			if diff := cmp.Diff(tc.want, got.Field); diff != "" {
				t.Errorf("field differs (-want +got):\n%s", diff)
			}
			if got.Values != tc.values || got.Why.ZH == "" || got.Why.EN == "" {
				t.Errorf("%d values, %+v: want %d and a reason", got.Values, got.Why, tc.values)
			}
		})
	}
}

func TestInferTakesFilesForAttachments(t *testing.T) {
	t.Parallel()
	o := defaults()
	o.UnknownFields, o.Files = PolicyCreate, []File{{Row: 0, Column: "图", Ref: "f"}}
	columns := NewSchema(nil).Coerce(messages(`{}`), o).UnknownColumns()
	if got := Infer(columns); len(got) != 1 || got[0].Field.Name != "图" || got[0].Field.Type != feishu.TypeAttachment || got[0].Why.EN == "" {
		t.Errorf("inferred %+v: want an attachment column", got)
	}
}

func TestSampleColumns(t *testing.T) {
	t.Parallel()
	columns, errors := SampleColumns(messages(`{"a":1,"b":null}`, `{"fields":{"A":2}}`, `7`))
	want := []UnknownColumn{{Name: "a", Samples: messages(`1`, `2`)}, {Name: "b"}}
	if diff := cmp.Diff(want, columns); diff != "" {
		t.Errorf("columns differ (-want +got):\n%s", diff)
	}
	if len(errors) != 1 || errors[0].Index != 2 || errors[0].Code != problem.RowAmbiguous {
		t.Errorf("errors %+v: want row 2", errors)
	}
}

// A column that was inferred from values takes every one of them.
func TestInferredColumnsTakeTheirValues(t *testing.T) {
	t.Parallel()
	values := anyValue()
	rapid.Check(t, func(t *rapid.T) {
		samples := messages(rapid.SliceOfN(values, 1, 3).Draw(t, "values")...)
		field := Infer([]UnknownColumn{{Name: "c", Samples: samples}})[0].Field
		s := NewSchema([]feishu.Field{field})
		for _, sample := range samples {
			plan := s.Coerce([]json.RawMessage{json.RawMessage(`{"c":` + string(sample) + `}`)}, defaults())
			for _, e := range plan.Errors() {
				if e.Code != problem.RowEmpty && e.Message != reasonGap {
					t.Fatalf("%s inferred from %s refuses %s: %+v", TypeName(field), samples, sample, e)
				}
			}
		}
	})
}
