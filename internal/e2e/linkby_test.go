package e2e_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/rowgate/rowgate/internal/sandbox"
)

// titled is a harness whose column 频道 links to rows named 一人食, 无, 双 (twice) and 12, and whose column 序号 links to rows with a number
// as their title.
type titled struct {
	*harness

	ids   map[string]string // record id by title
	first string            // of the table whose titles are numbers
}

func setupTitles(t *testing.T, o options) *titled {
	t.Helper()
	h := &titled{harness: setup(t, o), ids: map[string]string{"一人食": ""}}
	check := func(ids []string, err error) []string {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return ids
	}
	channels, err := h.base.AddTable("栏目", sandbox.FieldSpec{Name: "名称", Type: 1})
	if err != nil {
		t.Fatal(err)
	}
	for _, title := range []string{"一人食", "无", "双", "双", "12", "甲,乙"} {
		h.ids[title] = check(h.base.AddRows(channels, map[string]any{"名称": title}))[0]
	}
	numbers, err := h.base.AddTable("期数", sandbox.FieldSpec{Name: "期", Type: 2})
	if err != nil {
		t.Fatal(err)
	}
	h.first = check(h.base.AddRows(numbers, map[string]any{"期": 7}))[0]
	h.table, err = h.base.AddTable("节目",
		sandbox.FieldSpec{Name: "标题", Type: 1}, sandbox.FieldSpec{Name: "播放量", Type: 2},
		sandbox.FieldSpec{Name: "频道", Type: 18, Property: map[string]any{"table_id": channels, "multiple": true}},
		sandbox.FieldSpec{Name: "期数", Type: 18, Property: map[string]any{"table_id": numbers, "multiple": true}})
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// TestLinkByTitle holds docs/contract.md §3, link_by, as a caller uses it.
func TestLinkByTitle(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		path, query, body string
		status            int
		code, row         string
		want              []string // in the answer
		links             []string // titles that 频道 of the first row links to afterwards; number for 期数
		number            bool
		rows              int // in the table afterwards; 1
		calls             int // searches; -1: not counted
	}{
		"a_text": {
			body: `{"fields":{"标题":"a","频道":"一人食"},"link_by":"title"}`, links: []string{"一人食"}, calls: 1, want: []string{"link_resolved"},
		},
		"a_list_and_a_number": {
			body: `{"fields":{"标题":"a","频道":["一人食",12]},"link_by":"title"}`, links: []string{"一人食", "12"}, calls: 1,
		},
		"a_text_is_never_split": {body: `{"fields":{"标题":"a","频道":"甲,乙"},"link_by":"title"}`, links: []string{"甲,乙"}, calls: 1},
		"a_title_that_is_a_word_for_nothing": {
			body: `{"fields":{"标题":"a","频道":"无"},"link_by":"title"}`, links: []string{"无"}, calls: 1,
		},
		"a_word_for_nothing_that_is_no_title": {
			body: `{"fields":{"标题":"a","频道":"暂无"},"link_by":"title"}`, links: nil, calls: 1, want: []string{"placeholder", "empty_skipped"},
		},
		"an_id_in_an_object": {
			body: `{"fields":{"标题":"a","频道":[{"id":"$一人食"},"12"]},"link_by":"title"}`, links: []string{"一人食", "12"}, calls: 1,
		},
		"one_column_by_name_the_others_by_id": {
			body:  `{"records":[{"标题":"a","频道":"一人食","期数":"$7"}],"link_by":{"频道":"title"}}`,
			links: []string{"一人食"}, number: true, calls: 1,
		},
		"as_JSON_text": {
			body: `{"fields":{"标题":"a","频道":"一人食"},"link_by":"{\"频道\":\"title\"}"}`, links: []string{"一人食"}, calls: 1,
		},
		"in_the_query": {query: "link_by=title", body: `{"标题":"a","频道":"一人食"}`, links: []string{"一人食"}, calls: 1},
		"titles_that_are_numbers": {
			body: `{"fields":{"标题":"a","期数":"7.0"},"link_by":"title"}`, number: true, calls: 1,
		},
		"all_rows_in_one_search": {
			body: `{"records":[{"标题":"a","频道":"一人食"},{"标题":"b","频道":"12"},{"标题":"c","频道":["无","一人食"]}],"link_by":"title"}`,
			rows: 3, links: []string{"一人食"}, calls: 1,
		},
		"of_an_upsert": {
			body: `{"fields":{"标题":"a","频道":"一人食"},"key_fields":"标题","link_by":"title"}`, links: []string{"一人食"}, calls: 2,
		},
		"a_dry_run_looks_up_too": {
			body: `{"fields":{"标题":"a","频道":"一人食"},"link_by":"title","dry_run":true}`, rows: -1, calls: 1, want: []string{"$一人食"},
		},
		"none": {
			body: `{"fields":{"标题":"a","频道":"七人食"},"link_by":"title"}`, status: 422, code: "invalid_rows", row: "value_mismatch",
			want: []string{`"field":"频道"`, `"got":"七人食"`, "名称"}, rows: -1, calls: 1,
		},
		"several": {
			body: `{"fields":{"标题":"a","频道":"双"},"link_by":"title"}`, status: 422, code: "invalid_rows", row: "value_mismatch",
			want: []string{"2 行", "$双"}, rows: -1, calls: 1,
		},
		"an_id_as_text": {
			body: `{"fields":{"标题":"a","频道":"$一人食"},"link_by":"title"}`, status: 422, code: "invalid_rows", row: "value_mismatch",
			want: []string{"link_by=id"}, rows: -1, calls: 1,
		},
		"template_text": {
			body: `{"fields":{"标题":"a","频道":"{{x}}"},"link_by":"title"}`, status: 422, code: "invalid_rows", row: "value_mismatch",
			want: []string{"模板变量"}, rows: -1, calls: 1,
		},
		"none_under_bad_values": {
			body: `{"fields":{"标题":"a","频道":"七人食"},"link_by":"title","bad_values":"skip"}`, want: []string{"bad_value_skipped"}, calls: 1,
		},
		"none_in_one_row_under_on_error": {
			body: `{"records":[{"标题":"a","频道":"一人食"},{"标题":"b","频道":"七人食"}],"link_by":"title","on_error":"skip"}`,
			row:  "value_mismatch", links: []string{"一人食"}, calls: 1,
		},
		"text_without_link_by": {
			body: `{"fields":{"标题":"a","频道":"一人食"}}`, status: 422, code: "invalid_rows", row: "value_mismatch",
			want: []string{"link_by=title"}, rows: -1,
		},
		"another_word": {
			body: `{"fields":{"标题":"a"},"link_by":"name"}`, status: 400, code: "bad_parameter", want: []string{"link_by"}, rows: -1,
		},
		"the_text_of_null": {
			body: `{"fields":{"标题":"a"},"link_by":"null"}`, status: 400, code: "bad_parameter", want: []string{"link_by"}, rows: -1,
		},
		"a_column_that_is_not_there": {
			body: `{"fields":{"标题":"a"},"link_by":{"频到":"title"}}`, status: 422, code: "field_not_found", want: []string{"频道"}, rows: -1,
		},
		"a_column_that_links_to_nothing": {
			body: `{"fields":{"标题":"a"},"link_by":{"标题":"title"}}`, status: 400, code: "bad_parameter", want: []string{"标题"}, rows: -1,
		},
		"values_as_they_are": {
			body: `{"fields":{"标题":"a"},"link_by":"title","typecast":false}`, status: 400, code: "bad_parameter",
			want: []string{"typecast"}, rows: -1,
		},
		"template_text_in_link_by": {
			body: `{"fields":{"标题":"a"},"link_by":"{{by}}"}`, status: 400, code: "unrendered_template", rows: -1,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := setupTitles(t, options{})
			names := []string{"$7", h.first}
			for title, id := range h.ids {
				names = append(names, "$"+title, id)
			}
			fill := strings.NewReplacer(names...)
			setDefault(&test.status, http.StatusOK)
			setDefault(&test.rows, 1)
			got := h.do(request{path: test.path, query: test.query, body: fill.Replace(test.body)})
			if got.status != test.status || got.Code != test.code {
				t.Fatalf("answered %d %q: %s", got.status, got.Code, got.raw)
			}
			if test.row != "" && (len(got.Errors) != 1 || got.Errors[0].Code != test.row) {
				t.Errorf("errors %+v", got.Errors)
			}
			for _, text := range test.want {
				if !strings.Contains(got.raw, fill.Replace(text)) {
					t.Errorf("the answer lacks %q: %s", text, got.raw)
				}
			}
			if calls := h.sandbox.CallCount("record.search", ""); calls != test.calls {
				t.Errorf("%d searches, want %d", calls, test.calls)
			}
			rows := h.rows()
			if len(rows) != max(test.rows, 0) {
				t.Fatalf("rows %v", rows)
			}
			if len(rows) == 0 {
				return
			}
			ids := make([]string, len(test.links))
			for i, title := range test.links {
				ids[i] = h.ids[title]
			}
			if have := fmt.Sprint(rows[0]["频道"]); have != fmt.Sprint(ids) && (len(ids) > 0 || rows[0]["频道"] != nil) {
				t.Errorf("频道 is %s, want %v", have, ids)
			}
			if have := fmt.Sprint(rows[0]["期数"]); test.number && have != fmt.Sprint([]string{h.first}) {
				t.Errorf("期数 is %s", have)
			}
		})
	}
}

func TestLinkByTitleBeyondOneWrite(t *testing.T) {
	t.Parallel()

	t.Run("update_records_takes_it", func(t *testing.T) {
		t.Parallel()
		h := setupTitles(t, options{})
		id := h.seed(map[string]any{"标题": "a"})[0]
		body := fmt.Sprintf(`{"records":[{"record_id":%q,"fields":{"频道":["一人食","12"]}}],"link_by":"title"}`, id)
		got := h.do(request{path: "/v1/records/update", body: body})
		if links := fmt.Sprint(h.rows()[0]["频道"]); got.Updated != 1 || links != fmt.Sprint([]string{h.ids["一人食"], h.ids["12"]}) {
			t.Errorf("links %s: %s", links, got.raw)
		}
		body = strings.Replace(body, `["一人食","12"]`, `"暂无"`, 1)
		got = h.do(request{path: "/v1/records/update", query: "empty_values=clear", body: body})
		if got.Updated != 1 || h.rows()[0]["频道"] != nil {
			t.Errorf("clearing: %s, rows %v", got.raw, h.rows())
		}
	})

	t.Run("another_link_by_under_the_same_key_is_another_request", func(t *testing.T) {
		t.Parallel()
		h := setupTitles(t, options{})
		body := `{"fields":{"标题":"a","频道":"一人食"},"idempotency_key":"run-1","link_by":%s}`
		if got := h.write(fmt.Sprintf(body, `"title"`)); got.Created != 1 {
			t.Fatal(got.raw)
		}
		if got := h.write(fmt.Sprintf(body, `"title"`)); !got.IdempotentReplay {
			t.Error(got.raw)
		}
		if got := h.write(fmt.Sprintf(body, `{"频道":"title"}`)); got.Code != "idempotency_conflict" {
			t.Error(got.raw)
		}
	})

	t.Run("a_key_of_one_table_looks_up_nothing_elsewhere", func(t *testing.T) {
		t.Parallel()
		h := setupTitles(t, options{})
		header := withKey(h.keyOf(h.table))
		got := h.do(request{header: header, body: `{"fields":{"标题":"a","频道":"一人食"},"link_by":"title"}`})
		if got.status != http.StatusForbidden || got.Code != "key_scope" || h.sandbox.CallCount("record.search", "") != 0 || len(h.rows()) != 0 {
			t.Errorf("%d %s", got.status, got.raw)
		}
		body := fmt.Sprintf(`{"fields":{"标题":"a","频道":%q}}`, h.ids["一人食"])
		if got := h.do(request{header: header, body: body}); got.Created != 1 {
			t.Errorf("by id: %s", got.raw)
		}
	})

	t.Run("a_linked_table_that_the_app_may_not_read_is_a_problem_that_says_so", func(t *testing.T) {
		t.Parallel()
		for code, want := range map[int]string{1254302: "advanced_permission", 91403: "app_not_collaborator"} {
			h := setupTitles(t, options{})
			h.fault(sandbox.Fault{Endpoint: "record.search", Action: sandbox.ActionError, Code: code})
			got := h.write(`{"fields":{"标题":"a","频道":"一人食"},"link_by":"title"}`)
			if got.status != http.StatusForbidden || got.Code != want || !strings.Contains(got.Detail, "频道") ||
				got.Outcome != "not_written" || got.Fix["zh"] == "" || len(h.rows()) != 0 {
				t.Errorf("%d: %d %s", code, got.status, got.raw)
			}
		}
	})

	t.Run("titles_of_links_and_many_of_them_are_found_by_reading_the_table", func(t *testing.T) {
		t.Parallel()
		h := setupTitles(t, options{})
		pages, err := h.base.AddTable("网页", sandbox.FieldSpec{Name: "网页", Type: 15})
		if err != nil {
			t.Fatal(err)
		}
		var rows []map[string]any
		for i := range 600 {
			rows = append(rows, map[string]any{"网页": map[string]any{"text": fmt.Sprint("页", i), "link": "https://example.com/"}})
		}
		ids, err := h.base.AddRows(pages, rows...)
		if err != nil {
			t.Fatal(err)
		}
		h.table, err = h.base.AddTable("引用", sandbox.FieldSpec{Name: "标题", Type: 1},
			sandbox.FieldSpec{Name: "来源", Type: 21, Property: map[string]any{"table_id": pages, "multiple": true, "back_field_name": "被引"}})
		if err != nil {
			t.Fatal(err)
		}
		var given []string
		for i := range 200 {
			given = append(given, fmt.Sprintf(`{"标题":"r%d","来源":["页%d","页%d"]}`, i, 3*i, 599-i))
		}
		got := h.write(`{"records":[` + strings.Join(given, ",") + `],"link_by":"title"}`)
		if got.Created != 200 || h.sandbox.CallCount("record.search", "") != 2 {
			t.Fatalf("%d searches: %s", h.sandbox.CallCount("record.search", ""), got.raw[:200])
		}
		for i, row := range h.rows() {
			if have := fmt.Sprint(row["来源"]); have != fmt.Sprint([]string{ids[3*i], ids[599-i]}) {
				t.Fatalf("row %d: %s", i, have)
			}
		}
	})
}
