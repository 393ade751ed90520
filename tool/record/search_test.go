package record_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rowgate/rowgate/internal/problem"
	"github.com/rowgate/rowgate/internal/query"
	"github.com/rowgate/rowgate/internal/sandbox"
)

// stockFields are columns of every kind that compares.
var stockFields = []sandbox.FieldSpec{
	{Name: "标题", Type: 1},
	{Name: "数量", Type: 2},
	{Name: "状态", Type: 3, Options: []string{"完成", "进行中", "搁置"}},
	{Name: "标签", Type: 4, Options: []string{"甲", "乙", "丙"}},
	{Name: "日期", Type: 5},
	{Name: "上架", Type: 7},
	{Name: "负责人", Type: 11},
	{Name: "电话", Type: 13},
	{Name: "链接", Type: 15},
	{Name: "照片", Type: 17},
	{Name: "合计", Type: 20, Computed: []any{3}, ComputedType: 2},
	{Name: "编号", Type: 1005},
	{Name: "创建时间", Type: 1001},
	{Name: "地点", Type: 22},
}

// at is an instant of the base's zone, in milliseconds.
func at(text string) int64 {
	instant, err := time.Parse(time.RFC3339, text+"+08:00")
	if err != nil {
		panic(err)
	}
	return instant.UnixMilli()
}

func exampleStock(t *testing.T) *stock {
	s := setupReading(t).stock(t, sandbox.BaseSpec{Name: "示例"}, stockFields...)
	s.add(
		map[string]any{
			"标题": "苹果", "数量": 3, "状态": "完成", "标签": []string{"甲", "乙"}, "日期": at("2026-03-04T00:00:00"), "上架": true,
			"负责人": []any{map[string]any{"id": "ou_ann"}}, "电话": "+8613800138000", "链接": map[string]any{"text": "官网", "link": "https://a.example"},
			"地点": "116.397755,39.903179",
		},
		map[string]any{"标题": "苹果派", "数量": 3.5, "状态": "进行中", "标签": []string{"乙"}, "日期": at("2026-03-04T15:04:05"), "上架": false},
		map[string]any{
			"标题": "梨", "数量": -2, "状态": "搁置", "标签": []string{"丙"}, "日期": at("2026-03-05T00:00:00"),
			"负责人": []any{map[string]any{"id": "ou_ann"}, map[string]any{"id": "ou_bob"}},
		},
		map[string]any{"标题": "空"},
	)
	return s
}

func TestSearch_where(t *testing.T) {
	t.Parallel()
	s := exampleStock(t)
	for name, c := range map[string]struct {
		where string
		want  []any
	}{
		"nothing at all finds every row":                {`{}`, []any{"苹果", "苹果派", "梨", "空"}},
		"text is equal":                                 {`{"标题":"苹果"}`, []any{"苹果"}},
		"text differs":                                  {`{"标题":{"!=":"苹果"}}`, []any{"苹果派", "梨", "空"}},
		"text contains":                                 {`{"标题":{"contains":"果"}}`, []any{"苹果", "苹果派"}},
		"text does not contain":                         {`{"标题":{"not_contains":"果"}}`, []any{"梨", "空"}},
		"text is one of a list":                         {`{"标题":["梨","空"]}`, []any{"梨", "空"}},
		"text is none of a list":                        {`{"标题":{"not_in":["梨","空"]}}`, []any{"苹果", "苹果派"}},
		"a number given as text":                        {`{"数量":"3"}`, []any{"苹果"}},
		"a number is at least":                          {`{"数量":{">=":3}}`, []any{"苹果", "苹果派"}},
		"a number lies between":                         {`{"数量":{">":-2,"<=":3}}`, []any{"苹果"}},
		"an empty number is unequal":                    {`{"数量":{"!=":3}}`, []any{"苹果派", "梨", "空"}},
		"null finds empty cells":                        {`{"数量":null}`, []any{"空"}},
		"an empty text finds empty cells":               {`{"状态":""}`, []any{"空"}},
		"not null finds the others":                     {`{"数量":{"!=":null}}`, []any{"苹果", "苹果派", "梨"}},
		"empty by name":                                 {`{"照片":{"empty":false}}`, nil},
		"an option, whatever its width":                 {`{"状态":" 完成 "}`, []any{"苹果"}},
		"an option of several":                          {`{"状态":{"in":["完成","搁置"]}}`, []any{"苹果", "梨"}},
		"another option, or none":                       {`{"状态":{"!=":"完成"}}`, []any{"苹果派", "梨", "空"}},
		"a list holds an option":                        {`{"标签":"乙"}`, []any{"苹果", "苹果派"}},
		"a list contains an option":                     {`{"标签":{"contains":"甲"}}`, []any{"苹果"}},
		"a list holds one of several":                   {`{"标签":["甲","丙"]}`, []any{"苹果", "梨"}},
		"a list does not hold an option":                {`{"标签":{"not_contains":"乙"}}`, []any{"梨", "空"}},
		"a day covers its times":                        {`{"日期":"2026-03-04"}`, []any{"苹果", "苹果派"}},
		"a day in eight digits":                         {`{"日期":20260304}`, []any{"苹果", "苹果派"}},
		"an instant":                                    {`{"日期":"2026-03-04 15:04:05"}`, []any{"苹果派"}},
		"an instant that nothing has":                   {`{"日期":"2026-03-04 15:04:06"}`, nil},
		"an instant in milliseconds":                    {fmt.Sprintf(`{"日期":%d}`, at("2026-03-04T15:04:05")), []any{"苹果派"}},
		"since a day":                                   {`{"日期":{">=":"2026-03-04"}}`, []any{"苹果", "苹果派", "梨"}},
		"after a day":                                   {`{"日期":{">":"2026-03-04"}}`, []any{"梨"}},
		"before a day":                                  {`{"日期":{"<":"2026-03-05"}}`, []any{"苹果", "苹果派"}},
		"until a day":                                   {`{"日期":{"<=":"2026-03-04"}}`, []any{"苹果", "苹果派"}},
		"after an instant":                              {`{"日期":{">":"2026-03-04 00:00"}}`, []any{"苹果派", "梨"}},
		"until an instant":                              {`{"日期":{"<=":"2026-03-04T00:00:00+08:00"}}`, []any{"苹果"}},
		"not on a day":                                  {`{"日期":{"!=":"2026-03-04"}}`, []any{"梨", "空"}},
		"not at an instant":                             {`{"日期":{"!=":"2026-03-04 15:04:05"}}`, []any{"苹果", "梨", "空"}},
		"one of two days":                               {`{"日期":["2026-03-05","2026-03-06"]}`, []any{"梨"}},
		"neither of two days":                           {`{"日期":{"not_in":["2026-03-05","2026-03-04"]}}`, []any{"空"}},
		"an untouched checkbox is false":                {`{"上架":false}`, []any{"苹果派", "梨", "空"}},
		"a checkbox is true":                            {`{"上架":"是"}`, []any{"苹果"}},
		"a checkbox is not true":                        {`{"上架":{"!=":true}}`, []any{"苹果派", "梨", "空"}},
		"a person among several":                        {`{"负责人":"ou_bob"}`, []any{"梨"}},
		"a person as an object":                         {`{"负责人":{"in":[{"id":"ou_ann"}]}}`, []any{"苹果", "梨"}},
		"a phone number, however it is spelled":         {`{"电话":"+86 138-0013-8000"}`, []any{"苹果"}},
		"a part of a phone number":                      {`{"电话":{"contains":"0013"}}`, []any{"苹果"}},
		"a url by its text":                             {`{"链接":"官网"}`, []any{"苹果"}},
		"a place by its address":                        {`{"地点":"116.397755,39.903179"}`, []any{"苹果"}},
		"a place by a part of its address":              {`{"地点":{"contains":"39.903"}}`, []any{"苹果"}},
		"another place":                                 {`{"地点":{"!=":"116.397755,39.903179"}}`, []any{"苹果派", "梨", "空"}},
		"a place at all":                                {`{"地点":{"empty":false}}`, []any{"苹果"}},
		"an automatic number":                           {`{"编号":"3"}`, []any{"梨"}},
		"a part of an automatic number":                 {`{"编号":{"not_contains":"3"}}`, []any{"苹果", "苹果派", "空"}},
		"a time that Feishu fills in":                   {`{"创建时间":{"<":"2020-01-01"}}`, nil},
		"a column by its id, and case of the name":      {`{" 标题 ":"梨"}`, []any{"梨"}},
		"all columns together":                          {`{"状态":["完成","进行中"],"数量":{">":3},"日期":{">":"2026-03-04 12:00"}}`, []any{"苹果派"}},
		"one of several objects":                        {`{"$or":[{"标题":"梨"},{"数量":null}]}`, []any{"梨", "空"}},
		"one of several, and more":                      {`{"数量":{">":-5},"$or":[{"标题":"梨"},{"状态":"完成","标签":"甲"}]}`, []any{"苹果", "梨"}},
		"one of several with what Feishu cannot filter": {`{"$or":[{"上架":false,"标题":"梨"},{"日期":"2026-03-04 15:04:05"}]}`, []any{"苹果派", "梨"}},
		"one of several, in more combinations than a filter holds": {
			`{"标题":{"not_in":["1","2","3","4","5","6"]},"$or":[{"标题":"空","数量":null},{"数量":3,"标签":"甲"}]}`, []any{"苹果", "空"},
		},
		"one of several where one holds for most": {`{"标题":{"!=":"空"},"$or":[{"上架":false},{"标题":"苹果"}]}`, []any{"苹果", "苹果派", "梨"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			found := s.found(`"where":` + c.where)
			got := column(t, found.Records, "标题")
			if diff := cmp.Diff(c.want, got, cmp.Transformer("set", func(a []any) []string {
				var texts []string
				for _, v := range a {
					texts = append(texts, fmt.Sprint(v))
				}
				slices.Sort(texts)
				return texts
			})); diff != "" {
				t.Errorf("where %s (-want +got):\n%s", c.where, diff)
			}
			if found.HasMore || found.Cursor != "" || found.Count != len(c.want) || found.Total == nil || *found.Total != len(c.want) {
				t.Errorf("count %d, total %v, has_more %v, cursor %q for %d rows", found.Count, found.Total, found.HasMore, found.Cursor, len(c.want))
			}
		})
	}
}

// TestSearch_empty: an option without members is none, since some generated clients send it always.
func TestSearch_empty(t *testing.T) {
	t.Parallel()
	s := exampleStock(t)
	for options, want := range map[string]int{
		`"where":{"标题":"梨"},"filter":{}`: 1,
		`"where":{ },"filter":{ }`:       len(s.found(`"limit":100`).Records),
		`"where":{},"filter":{"conjunction":"and","conditions":[{"field_name":"标题","operator":"is","value":["梨"]}]}`: 1,
	} {
		if got := len(s.found(options).Records); got != want || want == 0 {
			t.Errorf("%s finds %d rows, want %d", options, got, want)
		}
	}
}

func TestSearch_refuses(t *testing.T) {
	t.Parallel()
	s := exampleStock(t)
	many := func(n int) string { return strings.TrimSuffix(strings.Repeat(`"一个不短的名字",`, n), ",") }
	for name, c := range map[string]struct {
		options string
		code    problem.Code
		says    []string // in English and in Chinese
	}{
		"a column that the table does not have":     {`"where":{"标提":"x"}`, problem.FieldNotFound, []string{"标提", "标题"}},
		"a formula, and says why":                   {`"where":{"合计":3}`, problem.BadParameter, []string{"合计", "formula"}},
		"an operator that the column does not have": {`"where":{"标题":{">":"x"}}`, problem.BadParameter, []string{"标题", "contains"}},
		"an operator that nobody knows":             {`"where":{"数量":{"gte":3}}`, problem.BadParameter, []string{"数量", ">="}},
		"emptiness of a checkbox":                   {`"where":{"上架":null}`, problem.BadParameter, []string{"上架", "="}},
		"a value for an attachment":                 {`"where":{"照片":"x"}`, problem.BadParameter, []string{"照片", "empty"}},
		"an option that the column does not have":   {`"where":{"状态":"完了"}`, problem.BadParameter, []string{"状态", "完成"}},
		"text for a number":                         {`"where":{"数量":{">":"three"}}`, problem.BadParameter, []string{"数量", "12.5"}},
		"a day that does not exist":                 {`"where":{"日期":"2026-02-30"}`, problem.BadParameter, []string{"日期", "2026-03-04"}},
		"a person by email":                         {`"where":{"负责人":"ann@example.com"}`, problem.BadParameter, []string{"负责人", "id"}},
		"an object for text":                        {`"where":{"标题":{"=":{"text":"x"}}}`, problem.BadParameter, []string{"标题", "text"}},
		"a list where one value is meant":           {`"where":{"标签":{"contains":["甲","乙"]}}`, problem.BadParameter, []string{"标签", "in"}},
		"null in a list":                            {`"where":{"标题":["x",null]}`, problem.BadParameter, []string{"标题", "empty"}},
		"an empty list":                             {`"where":{"标题":[]}`, problem.BadParameter, []string{"标题", "in"}},
		"an object without operator":                {`"where":{"标题":{}}`, problem.BadParameter, []string{"标题", "contains"}},
		"an or in an or":                            {`"where":{"$or":[{"$or":[{"标题":"x"}]}]}`, problem.BadParameter, []string{"$or"}},
		"an or of nothing":                          {`"where":{"$or":[]}`, problem.BadParameter, []string{"$or"}},
		"an or of an empty object":                  {`"where":{"$or":[{}]}`, problem.BadParameter, []string{"$or"}},
		"an emptiness that is neither true nor not": {`"where":{"标题":{"empty":"yes"}}`, problem.BadParameter, []string{"标题", "empty"}},
		"more values than Feishu takes":             {`"where":{"标题":[` + many(51) + `]}`, problem.BadParameter, []string{"50", "2000"}},
		"more characters than Feishu takes": {
			`"where":{"标题":"` + strings.Repeat("长", 2000) + `"}`, problem.BadParameter,
			[]string{"50", "2000"},
		},
		"more values than we take": {
			`"where":{"编号":[` + many(query.MaxWhereValues+1) + `]}`, problem.BadParameter,
			[]string{"500"},
		},
		"where and filter together": {
			`"where":{"标题":"x"},"filter":{"conjunction":"and"}`, problem.BadParameter,
			[]string{"filter"},
		},
		"a view with a filter":        {`"view_id":"vewExample","where":{"标题":"x"}`, problem.BadParameter, []string{"view_id"}},
		"a view with a sort":          {`"view_id":"vewExample","sort":["标题"]`, problem.BadParameter, []string{"view_id"}},
		"a limit that is none":        {`"limit":0`, problem.BadParameter, []string{"5000"}},
		"a limit that is too large":   {`"limit":5001`, problem.BadParameter, []string{"5000"}},
		"a sort by an unknown column": {`"sort":["-没有"]`, problem.FieldNotFound, []string{"没有"}},
		"unknown columns to return":   {`"fields":["标题","没有"]`, problem.FieldNotFound, []string{"没有"}},
		"a cursor that nobody gave":   {`"cursor":"eyJ0IjoieCJ9"`, problem.BadParameter, []string{"cursor"}},
		"a filter in a filter": {
			`"filter":{"filter":{"conjunction":"and","conditions":[{"field_name":"标题","operator":"is","value":["x"]}]}}`,
			problem.BadParameter,
			[]string{"filter", "conditions"},
		},
		"an emptiness without value": {
			`"filter":{"conjunction":"and","conditions":[{"field_name":"标题","operator":"isEmpty"}]}`, problem.BadParameter,
			[]string{"标题", "isEmpty", "value", "[]"},
		},
		"a condition without value among children": {
			`"filter":{"conjunction":"or","children":[{"conjunction":"and","conditions":[{"field_name":"数量","operator":"is"}]}]}`,
			problem.BadParameter,
			[]string{"数量", "value"},
		},
		"a filter that Feishu does not": {`"filter":{"conjunction":"and","conditions":[{"field_name":"标题","operator":"like",` +
			`"value":["x"]}]}`, problem.UpstreamRejected, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := s.search(c.options)
			if err == nil || err.Code != c.code {
				t.Fatalf("search %s: %v, want %s", c.options, err, c.code)
			}
			for _, word := range c.says {
				if !strings.Contains(err.Detail.EN, word) ||
					!strings.Contains(err.Detail.ZH, word) && word != "formula" && word != "text" && word != "id" {
					t.Errorf("the detail does not say %q: %+v", word, err.Detail)
				}
			}
		})
	}
}

func TestSearch_shows(t *testing.T) {
	t.Parallel()
	s := exampleStock(t)

	t.Run("plain values by column", func(t *testing.T) {
		t.Parallel()
		found := s.found(`"where":{"标题":"苹果派"},"fields":["标题","日期","标签","数量"]`)
		var row map[string]any
		if err := json.Unmarshal(found.Records[0], &row); err != nil {
			t.Fatal(err)
		}
		delete(row, "record_id")
		want := map[string]any{"标题": "苹果派", "日期": "2026-03-04T15:04:05+08:00", "标签": []any{"乙"}, "数量": 3.5}
		if diff := cmp.Diff(want, row); diff != "" {
			t.Errorf("row (-want +got):\n%s", diff)
		}
	})

	t.Run("Feishu's own shape if asked", func(t *testing.T) {
		t.Parallel()
		found := s.found(`"where":{"标题":"苹果派"},"fields":["标题"],"shape":"feishu"`)
		var row struct {
			RecordID string         `json:"record_id"`
			Fields   map[string]any `json:"fields"`
		}
		if err := json.Unmarshal(found.Records[0], &row); err != nil {
			t.Fatal(err)
		}
		want := map[string]any{"标题": []any{map[string]any{"type": "text", "text": "苹果派"}}}
		if diff := cmp.Diff(want, row.Fields); diff != "" || !strings.HasPrefix(row.RecordID, "rec") {
			t.Errorf("record %q, fields (-want +got):\n%s", row.RecordID, diff)
		}
	})

	t.Run("no column that was only needed to sort rows out", func(t *testing.T) {
		t.Parallel()
		found := s.found(`"where":{"日期":"2026-03-04 15:04:05"},"fields":["标题"]`)
		if len(found.Records) != 1 || strings.Contains(string(found.Records[0]), "日期") {
			t.Errorf("records %s", found.Records)
		}
	})

	t.Run("rows in the order asked for", func(t *testing.T) {
		t.Parallel()
		found := s.found(`"sort":["-数量","标题"],"where":{"数量":{"empty":false}}`)
		if diff := cmp.Diff([]any{"苹果派", "苹果", "梨"}, column(t, found.Records, "标题")); diff != "" {
			t.Errorf("order (-want +got):\n%s", diff)
		}
	})

	t.Run("what Feishu's own filter finds", func(t *testing.T) {
		t.Parallel()
		found := s.found(`"filter":{"conjunction":"and","conditions":[{"field_name":"数量","operator":"isLess","value":["0"]}]}`)
		if diff := cmp.Diff([]any{"梨"}, column(t, found.Records, "标题")); diff != "" {
			t.Errorf("rows (-want +got):\n%s", diff)
		}
	})
}

func TestSearch_columns(t *testing.T) {
	t.Parallel()

	t.Run("a name that begins with a dash is that column", func(t *testing.T) {
		t.Parallel()
		s := setupReading(t).stock(t, sandbox.BaseSpec{}, sandbox.FieldSpec{Name: "标题", Type: 1}, sandbox.FieldSpec{Name: "-利润", Type: 2})
		s.add(map[string]any{"标题": "a", "-利润": 2}, map[string]any{"标题": "b", "-利润": 1}, map[string]any{"标题": "c", "-利润": 3})
		if diff := cmp.Diff([]any{"b", "a", "c"}, column(t, s.found(`"sort":["-利润"]`).Records, "标题")); diff != "" {
			t.Errorf("ascending (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff([]any{"c", "a", "b"}, column(t, s.found(`"sort":["--利润"]`).Records, "标题")); diff != "" {
			t.Errorf("descending (-want +got):\n%s", diff)
		}
	})

	t.Run("a column newer than what is known of the table is found", func(t *testing.T) {
		t.Parallel()
		s := setupReading(t).stock(t, sandbox.BaseSpec{}, sandbox.FieldSpec{Name: "标题", Type: 1})
		s.found("")
		s.rename("标题", "名称")
		s.add(map[string]any{"名称": "a"}, map[string]any{"名称": "b"})
		if diff := cmp.Diff([]any{"b"}, column(t, s.found(`"where":{"名称":"b"}`).Records, "名称")); diff != "" {
			t.Errorf("rows (-want +got):\n%s", diff)
		}
	})

	t.Run("a column that is gone is no condition that nothing meets", func(t *testing.T) {
		t.Parallel()
		for _, where := range []string{`{"上架":false}`, `{"标题":"a"}`} {
			s := setupReading(t).stock(t, sandbox.BaseSpec{}, sandbox.FieldSpec{Name: "标题", Type: 1}, sandbox.FieldSpec{Name: "上架", Type: 7})
			s.found("")
			s.rename("上架", "售出")
			s.rename("标题", "名称")
			if _, err := s.search(`"where":` + where); err == nil || err.Code != problem.FieldNotFound {
				t.Errorf("where %s: %v, want field_not_found", where, err)
			}
		}
	})
}
