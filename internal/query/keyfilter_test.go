package query

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/rowgate/rowgate/internal/feishu"
)

func TestFilters(t *testing.T) {
	t.Parallel()
	text, date := feishu.Field{Name: "题", Type: feishu.TypeText}, feishu.Field{Name: "日", Type: feishu.TypeDateTime}
	person, link := feishu.Field{Name: "谁", Type: feishu.TypeUser}, feishu.Field{Name: "链", Type: feishu.TypeURL}
	box := feishu.Field{Name: "好", Type: feishu.TypeCheckbox}
	tests := []struct {
		name   string
		fields []feishu.Field
		keys   [][]string
		want   string
	}{
		{
			"joins one column by or",
			[]feishu.Field{text},
			[][]string{{"a"}, {`b"`}, {"a"}},
			`{"conjunction":"or","conditions":[{"field_name":"题","operator":"is","value":["a"]},{"field_name":"题","operator":"is",` +
				`"value":["b\""]}]}`,
		},
		{
			"joins several columns by and",
			[]feishu.Field{text, date},
			[][]string{{"a", "1"}},
			`{"conjunction":"and","conditions":[{"field_name":"题","operator":"is","value":["a"]},{"field_name":"日","operator":"is",` +
				`"value":["ExactDate","1"]}]}`,
		},
		{
			"joins several rows of several columns",
			[]feishu.Field{text, date},
			[][]string{{"a", "1"}, {"b", "2"}},
			`{"conjunction":"or","children":[{"conjunction":"and","conditions":[{"field_name":"题","operator":"is","value":["a"]},` +
				`{"field_name":"日","operator":"is","value":["ExactDate","1"]}]},{"conjunction":"and","conditions":[{"field_name":"题",` +
				`"operator":"is","value":["b"]},{"field_name":"日","operator":"is","value":["ExactDate","2"]}]}]}`,
		},
		{
			"passes over what cannot be filtered",
			[]feishu.Field{link, text, box},
			[][]string{{"https://a.cn", "a", "false"}},
			`{"conjunction":"or","conditions":[{"field_name":"题","operator":"is","value":["a"]}]}`,
		},
		{
			"filters by one person",
			[]feishu.Field{person},
			[][]string{{`"ou_a"`}},
			`{"conjunction":"or","conditions":[{"field_name":"谁","operator":"is","value":["ou_a"]}]}`,
		},
		{"cannot filter several people", []feishu.Field{person}, [][]string{{`"ou_a","ou_b"`}}, ""},
		{
			"passes over several people beside text",
			[]feishu.Field{person, text},
			[][]string{{`"ou_a","ou_b"`, "a"}},
			`{"conjunction":"and","conditions":[{"field_name":"题","operator":"is","value":["a"]}]}`,
		},
		{"cannot filter links", []feishu.Field{link, box}, [][]string{{"https://a.cn", "true"}}, ""},
		{"cannot filter a long text", []feishu.Field{text}, [][]string{{strings.Repeat("长", MaxFilterRunes)}}, ""},
	}
	for _, tc := range tests {
		t.Run(strings.ReplaceAll(tc.name, " ", "_"), func(t *testing.T) {
			t.Parallel()
			filters, ok := Filters(tc.fields, tc.keys)
			if ok != (tc.want != "") || ok && (len(filters) != 1 || string(filters[0]) != tc.want) {
				t.Errorf("%s, %v: want %s", filters, ok, tc.want)
			}
		})
	}
}

func TestFiltersKeepWithinTheBounds(t *testing.T) {
	t.Parallel()
	fields := []feishu.Field{{Name: "题", Type: feishu.TypeText}, {Name: "数", Type: feishu.TypeNumber}}
	for columns := 1; columns <= 2; columns++ {
		for _, width := range []int{1, 300} {
			var keys [][]string
			for i := range 120 {
				keys = append(keys, []string{fmt.Sprintf("%0*d", width, i), fmt.Sprint(i)}[:columns])
			}
			filters, ok := Filters(fields[:columns], keys)
			if !ok {
				t.Fatal("not filterable")
			}
			found := 0
			for _, f := range filters {
				if !json.Valid(f) || utf8.RuneCount(f) > MaxFilterRunes {
					t.Errorf("filter of %d characters: %s", utf8.RuneCount(f), f)
				}
				n := strings.Count(string(f), `"operator"`)
				if n > MaxFilterConditions {
					t.Errorf("%d conditions", n)
				}
				found += n
			}
			if found != columns*len(keys) {
				t.Errorf("%d conditions in all: want %d", found, columns*len(keys))
			}
		}
	}
}
