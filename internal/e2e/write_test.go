package e2e_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/rowgate/rowgate/internal/sandbox"
)

// receiptNames are the top-level names of every receipt of write_records and update_records.
var receiptNames = []string{
	"created", "dry_run", "error_count", "errors", "failed", "idempotent_replay", "message", "ok", "record_id", "record_ids", "request_id",
	"rows", "total", "unchanged", "unknown", "updated", "upstream_calls", "warnings",
}

// addsUp checks what holds for every receipt: its counts, its names, its ids.
func addsUp(t *testing.T, got reply) {
	t.Helper()
	var names map[string]json.RawMessage
	if err := json.Unmarshal([]byte(got.raw), &names); err != nil {
		t.Fatalf("no JSON object: %s", got.raw)
	}
	if have := slices.Sorted(maps.Keys(names)); !slices.Equal(have, receiptNames) {
		t.Errorf("names of the receipt: %v", have)
	}
	if sum := got.Created + got.Updated + got.Unchanged + got.Failed + got.Unknown; sum != got.Total {
		t.Errorf("the counts add up to %d of %d: %s", sum, got.Total, got.raw)
	}
	if got.OK == nil || *got.OK != (got.Failed+got.Unknown == 0) {
		t.Errorf("ok does not follow from the counts: %s", got.raw)
	}
	first := slices.IndexFunc(got.RecordIDs, func(id string) bool { return id != "" })
	if first >= 0 && got.RecordIDs[first] != got.RecordID || first < 0 && got.RecordID != "" {
		t.Errorf("record_id is not the first of record_ids: %s", got.raw)
	}
	if got.RequestID == "" || got.RequestID != got.header.Get("X-Request-Id") {
		t.Errorf("request_id %q beside the header %q", got.RequestID, got.header.Get("X-Request-Id"))
	}
}

// scenario is one request to write_records and what must come of it.
type scenario struct {
	request

	sandbox sandbox.Options
	seed    []map[string]any // rows that are in the table before
	status  int              // 200
	code    string           // of the problem
	row     string           // code of the first of errors[]
	counts  counts           // of the receipt
	want    []string         // what the answer holds
	never   []string         // what it does not hold
	warns   []string         // rules of the warnings, in order
	landed  []map[string]any // columns of the table's rows afterwards; others are not looked at
	left    int              // rows in the table afterwards, if landed does not say
}

type counts struct{ total, created, updated, unchanged, failed int }

func (s scenario) run(t *testing.T) {
	t.Helper()
	h := setup(t, options{sandbox: s.sandbox})
	if len(s.seed) > 0 {
		h.seed(s.seed...)
	}
	s.body = strings.NewReplacer("$CHANNEL", h.channel, "$TABLE", h.table, "$SECRET", h.secrets.app, "$PASS", h.secrets.passphrase).
		Replace(s.body)
	header := map[string]string{}
	for name, value := range s.header {
		header[name] = strings.NewReplacer("$TABLE", h.table, "$SECRET", h.secrets.app, "$PASS", h.secrets.passphrase).Replace(value)
	}
	s.header = header
	s.query = strings.ReplaceAll(s.query, "$TABLE", h.table)
	setDefault(&s.status, http.StatusOK)

	got := h.do(s.request)
	if got.status != s.status || got.Code != s.code {
		t.Fatalf("answered %d %q, want %d %q: %s", got.status, got.Code, s.status, s.code, got.raw)
	}
	if s.status == http.StatusOK && s.code == "" {
		addsUp(t, got)
		if have := (counts{got.Total, got.Created, got.Updated, got.Unchanged, got.Failed}); have != s.counts {
			t.Errorf("counts %+v, want %+v: %s", have, s.counts, got.raw)
		}
	}
	if s.row != "" && (len(got.Errors) == 0 || got.Errors[0].Code != s.row) {
		t.Errorf("errors %+v, want %s first", got.Errors, s.row)
	}
	for _, text := range s.want {
		if !strings.Contains(got.raw, strings.ReplaceAll(text, "$CHANNEL", h.channel)) {
			t.Errorf("the answer lacks %q: %s", text, got.raw)
		}
	}
	for _, text := range s.never {
		if strings.Contains(got.raw, text) {
			t.Errorf("the answer holds %q: %s", text, got.raw)
		}
	}
	var rules []string
	for _, w := range got.Warnings {
		rules = append(rules, w.Rule)
	}
	if s.warns != nil && !slices.Equal(rules, s.warns) {
		t.Errorf("warnings %v, want %v: %s", rules, s.warns, got.raw)
	}
	rows := h.rows()
	if want := max(len(s.landed), s.left); len(rows) != want {
		t.Fatalf("the table has %d rows, want %d: %v", len(rows), want, rows)
	}
	for i, want := range s.landed {
		for column, value := range want {
			if text, ok := value.(string); ok && text == "$CHANNEL" {
				value = []string{h.channel}
			}
			if have, want := asJSON(t, rows[i][column]), asJSON(t, value); have != want {
				t.Errorf("row %d has %s %s, want %s", i, column, have, want)
			}
		}
	}
}

func asJSON(t *testing.T, value any) string {
	t.Helper()
	data, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// nothing is a column that has no value.
var nothing any

// noon is 2026-03-24 12:00 in Shanghai.
const noon = 1774324800000

func TestWriteRecords(t *testing.T) {
	t.Parallel()
	two := `{"records":[{"标题":"甲"},{"标题":"乙","播放量":"many"}]`
	for name, s := range map[string]scenario{
		"fits_a_value_of_every_type_to_its_column": {
			request: request{body: `{"records":[{"标题":"甲","平台":"b站","标签":"美食、新手","发布日期":"2026年3月24日 12:00","播放量":"1,234","已发布":"是",
				"负责人":"ou_example","电话":"+86 138-0000-0000","原视频":"[看](https://v.example.com/1)","频道":"$CHANNEL","地点":"116.40,39.90"}]}`},
			counts: counts{total: 1, created: 1},
			landed: []map[string]any{{
				"标题": "甲", "平台": "B站", "标签": []string{"美食", "新手"}, "发布日期": noon, "播放量": 1234, "已发布": true,
				"负责人": []any{map[string]any{"id": personID}}, "电话": "+8613800000000",
				"原视频": map[string]any{"text": "看", "link": "https://v.example.com/1"}, "频道": "$CHANNEL",
			}},
		},
		"keeps_model_text_byte_for_byte": {
			request: request{body: `{"fields":{"标题":"第一行\n\"引号\" {括号} C:\\new \u0060\u0060\u0060"}}`},
			counts:  counts{total: 1, created: 1},
			landed:  []map[string]any{{"标题": "第一行\n\"引号\" {括号} C:\\new ```"}},
			warns:   nil,
		},
		"answers_zero_rows_with_a_receipt_and_no_call": {
			request: request{body: `{"records":[]}`},
		},
		"writes_nothing_if_one_row_is_wrong": {
			request: request{body: two + `}`},
			status:  422, code: "invalid_rows", row: "value_mismatch", want: []string{`"index":1`, `"播放量"`, `"many"`, `"not_written"`},
		},
		"abort_is_the_default_of_on_error": {
			request: request{body: two + `,"on_error":"abort"}`},
			status:  422, code: "invalid_rows",
		},
		"skip_writes_the_good_rows_and_reports_the_bad": {
			request: request{body: two + `,"on_error":"skip"}`},
			counts:  counts{total: 2, created: 1, failed: 1}, row: "value_mismatch", want: []string{`"ok":false`, `"error_count":1`},
			landed: []map[string]any{{"标题": "甲"}},
		},
		"skip_without_any_good_row_is_a_problem": {
			request: request{body: `{"records":[{"播放量":"many"}],"on_error":"skip"}`},
			status:  422, code: "invalid_rows", row: "value_mismatch",
		},
		"an_option_may_stand_in_the_query": {
			request: request{query: "on_error=skip", body: two + `}`},
			counts:  counts{total: 2, created: 1, failed: 1}, left: 1,
		},
		"the_body_beats_the_query": {
			request: request{query: "on_error=skip", body: two + `,"on_error":"abort"}`},
			status:  422, code: "invalid_rows",
		},
		"an_empty_option_in_the_body_leaves_the_query_its_say": {
			request: request{query: "on_error=skip", body: two + `,"on_error":""}`},
			counts:  counts{total: 2, created: 1, failed: 1}, left: 1,
		},
		"rejects_an_unknown_column_and_names_the_nearest": {
			request: request{body: `{"records":[{"标题 2":"甲"}]}`},
			status:  422, code: "invalid_rows", row: "field_not_found", want: []string{`"suggestion":"标题"`},
		},
		"ignores_an_unknown_column_with_a_warning": {
			request: request{body: `{"records":[{"标题":"甲","备注":"x"}],"unknown_fields":"ignore"}`},
			counts:  counts{total: 1, created: 1}, warns: []string{"unknown_ignored"}, landed: []map[string]any{{"标题": "甲", "备注": nothing}},
		},
		"creates_an_unknown_column": {
			request: request{body: `{"records":[{"标题":"甲","备注":"x"}],"unknown_fields":"create"}`},
			counts:  counts{total: 1, created: 1}, warns: []string{"column_created"}, landed: []map[string]any{{"标题": "甲", "备注": "x"}},
		},
		"creates_an_unknown_option": {
			request: request{body: `{"fields":{"标题":"甲","平台":"快手"}}`},
			counts:  counts{total: 1, created: 1}, landed: []map[string]any{{"平台": "快手"}},
		},
		"rejects_an_unknown_option_and_names_the_nearest": {
			request: request{body: `{"fields":{"标题":"甲","平台":"抖 音乐"},"unknown_options":"reject"}`},
			status:  422, code: "invalid_rows", row: "option_not_found", want: []string{"抖音"},
		},
		"typecast_false_sends_values_as_they_are": {
			request: request{body: `{"fields":{"标题":"甲","播放量":7,"发布日期":1774324800000},"typecast":false}`},
			counts:  counts{total: 1, created: 1}, landed: []map[string]any{{"播放量": 7, "发布日期": noon}},
		},
		"typecast_false_tells_what_Feishu_refuses_of_which_row": {
			request: request{body: `{"records":[{"标题":"甲"},{"标题":"乙","播放量":"7"}],"typecast":false}`},
			status:  422, code: "invalid_rows", row: "value_mismatch", want: []string{`"index":1`, "1254061", `"播放量"`},
		},
		"reads_dates_in_the_zone_that_is_asked_for": {
			request: request{body: `{"fields":{"标题":"甲","发布日期":"2026-03-24 04:00"},"time_zone":"UTC"}`},
			counts:  counts{total: 1, created: 1}, landed: []map[string]any{{"发布日期": noon}},
		},
		"reads_dates_at_an_offset": {
			request: request{body: `{"fields":{"标题":"甲","发布日期":"2026-03-24 06:00"},"time_zone":"+02:00"}`},
			counts:  counts{total: 1, created: 1}, landed: []map[string]any{{"发布日期": noon}},
		},
		"refuses_an_unknown_zone": {
			request: request{body: `{"fields":{"标题":"甲"},"time_zone":"Mars/Olympus"}`},
			status:  400, code: "bad_parameter",
		},
		"leaves_empty_values_out": {
			request: request{body: `{"fields":{"标题":"甲","播放量":"","平台":" "}}`},
			counts:  counts{total: 1, created: 1}, landed: []map[string]any{{"播放量": nothing, "平台": nothing}},
		},
		"clears_empty_values_of_an_update": {
			seed:    []map[string]any{{"标题": "甲", "播放量": 7}},
			request: request{body: `{"fields":{"标题":"甲","播放量":""},"key_fields":"标题","empty_values":"clear"}`},
			counts:  counts{total: 1, updated: 1}, landed: []map[string]any{{"播放量": nothing}},
		},
		"leaves_empty_values_of_an_update_untouched": {
			seed:    []map[string]any{{"标题": "甲", "播放量": 7}},
			request: request{body: `{"fields":{"标题":"甲","播放量":"","平台":"抖音"},"key_fields":"标题"}`},
			counts:  counts{total: 1, updated: 1}, landed: []map[string]any{{"播放量": 7, "平台": "抖音"}},
		},
		"updates_what_matches_and_creates_the_rest": {
			seed:    []map[string]any{{"标题": "甲", "播放量": 7}},
			request: request{body: `{"records":[{"标题":"甲","播放量":8},{"标题":"乙","播放量":9}],"key_fields":["标题"]}`},
			counts:  counts{total: 2, created: 1, updated: 1}, landed: []map[string]any{{"播放量": 8}, {"播放量": 9}},
		},
		"counts_a_row_that_was_so_already": {
			seed:    []map[string]any{{"标题": "甲", "播放量": 7}},
			request: request{body: `{"fields":{"标题":"甲","播放量":"7"},"key_fields":"标题"}`},
			counts:  counts{total: 1, unchanged: 1}, left: 1,
		},
		"merges_rows_with_the_same_key": {
			request: request{body: `{"records":[{"标题":"甲","播放量":1},{"标题":"甲","播放量":2}],"key_fields":"标题"}`},
			counts:  counts{total: 2, created: 1, updated: 1}, landed: []map[string]any{{"播放量": 2}},
		},
		"refuses_a_key_column_that_does_not_exist": {
			request: request{body: `{"fields":{"标题":"甲"},"key_fields":"题目"}`},
			status:  422, code: "field_not_found", want: []string{"标题"},
		},
		"refuses_a_key_column_of_a_type_that_identifies_nothing": {
			request: request{body: `{"fields":{"标题":"甲","标签":"美食"},"key_fields":"标签"}`},
			status:  422, code: "bad_key_field",
		},
		"refuses_an_empty_key": {
			request: request{body: `{"fields":{"标题":"","播放量":1},"key_fields":"标题"}`},
			status:  422, code: "invalid_rows", row: "empty_key",
		},
		"refuses_a_key_that_many_rows_have": {
			seed:    []map[string]any{{"标题": "甲"}, {"标题": "甲"}},
			request: request{body: `{"fields":{"标题":"甲","播放量":1},"key_fields":"标题"}`},
			status:  422, code: "invalid_rows", row: "many_matches", want: []string{"rec"}, left: 2,
		},
		"a_dry_run_shows_what_would_be_sent_and_writes_nothing": {
			request: request{body: `{"fields":{"标题":"甲","发布日期":"2026-03-24 12:00"},"dry_run":true}`},
			counts:  counts{total: 1, created: 1}, want: []string{`"dry_run":true`, fmt.Sprint(noon)},
		},
		"a_dry_run_of_an_upsert_tells_updates_from_creates": {
			seed:    []map[string]any{{"标题": "甲", "播放量": 7}},
			request: request{body: `{"records":[{"标题":"甲","播放量":8},{"标题":"乙"}],"key_fields":"标题","dry_run":"true"}`},
			counts:  counts{total: 2, created: 1, updated: 1}, landed: []map[string]any{{"播放量": 7}},
		},
		"a_dry_run_reports_what_is_wrong": {
			request: request{body: two + `,"dry_run":true}`},
			status:  422, code: "invalid_rows", row: "value_mismatch",
		},
		"returns_the_rows_as_they_now_are": {
			request: request{body: `{"fields":{"标题":"甲","平台":"b站","发布日期":"2026-03-24 12:00","频道":"$CHANNEL"},"return":"rows"}`},
			counts:  counts{total: 1, created: 1}, left: 1,
			want: []string{`"标题":"甲"`, `"平台":"B站"`, `2026-03-24T12:00:00+08:00`, `"频道":["$CHANNEL"]`},
		},
		"returns_counts_alone": {
			request: request{body: `{"fields":{"标题":"甲"},"return":"none"}`},
			counts:  counts{total: 1, created: 1}, left: 1, want: []string{`"record_ids":[]`, `"record_id":""`},
		},
		"refuses_an_option_value_that_is_none": {
			request: request{body: `{"fields":{"标题":"甲"},"on_error":"stop"}`},
			status:  400, code: "bad_parameter", want: []string{"on_error", "abort"},
		},
		"refuses_a_timeout_out_of_range": {
			request: request{body: `{"fields":{"标题":"甲"},"timeout_ms":999}`},
			status:  400, code: "bad_parameter", want: []string{"timeout_ms"},
		},
		"refuses_a_name_beside_the_parameters_and_gives_the_nearest": {
			request: request{body: `{"fields":{"标题":"甲"},"on_eror":"skip"}`},
			status:  400, code: "unknown_parameter", want: []string{"on_error"},
		},
		"refuses_records_beside_fields": {
			request: request{body: `{"fields":{"标题":"甲"},"records":[{"标题":"乙"}]}`},
			status:  400, code: "bad_parameter",
		},
		"refuses_a_body_without_rows": {
			request: request{body: `{"records":null}`},
			status:  400, code: "no_rows",
		},
		"refuses_a_row_with_a_record_id": {
			request: request{body: `{"records":[{"record_id":"recExample","标题":"甲"}]}`},
			status:  422, code: "invalid_rows", row: "ambiguous_row", want: []string{"update_records"},
		},
		"refuses_a_value_for_a_column_that_Feishu_fills": {
			request: request{body: `{"fields":{"标题":"甲","编号":"7"}}`},
			status:  422, code: "invalid_rows", row: "read_only_field",
		},
		"passes_a_client_token_on": {
			request: request{body: `{"fields":{"标题":"甲"},"client_token":"fe599b60-450f-46ff-b2ef-9f6675625b97"}`},
			counts:  counts{total: 1, created: 1}, left: 1,
		},
		"takes_ignore_consistency_check": {
			request: request{body: `{"fields":{"标题":"甲"},"ignore_consistency_check":true}`},
			counts:  counts{total: 1, created: 1}, left: 1,
		},
		"takes_a_form": {
			request: request{kind: "application/x-www-form-urlencoded", body: url.Values{
				"fields.标题":  {"a=b&c\n\"d\""},
				"fields.播放量": {"1,024"},
			}.Encode()},
			counts: counts{total: 1, created: 1}, landed: []map[string]any{{"标题": "a=b&c\n\"d\"", "播放量": 1024}},
		},
		"takes_what_a_model_answers": {
			request: request{kind: "text/plain", body: "<think>一行。</think>\n好的：\n```json\n{\"records\":[{\"标题\":\"甲\",}]}\n```\n"},
			counts:  counts{total: 1, created: 1}, landed: []map[string]any{{"标题": "甲"}},
		},
		"takes_csv_of_excel_in_its_encoding_by_semicolons": {
			request: request{kind: "text/csv", body: "\xb1\xea\xcc\xe2;\xb2\xa5\xb7\xc5\xc1\xbf\n\xbc\xd7;1\n"},
			counts:  counts{total: 1, created: 1}, warns: []string{"gb18030", "number_text"},
			landed: []map[string]any{{"标题": "甲", "播放量": 1}},
		},
		"takes_csv": {
			request: request{kind: "text/csv", body: "标题,播放量\n甲,1\n乙,2\n"},
			counts:  counts{total: 2, created: 2}, landed: []map[string]any{{"播放量": 1}, {"播放量": 2}},
		},
		"speaks_English_to_who_asks_for_it": {
			request: request{header: map[string]string{"Accept-Language": "en"}, body: `{"fields":{"标题":"甲"}}`},
			counts:  counts{total: 1, created: 1}, left: 1, want: []string{`"message":"1 row: 1 created"`},
		},
		"speaks_Chinese_otherwise": {
			request: request{body: `{"fields":{"标题":"甲"}}`},
			counts:  counts{total: 1, created: 1}, left: 1, want: []string{`"message":"1 行：新建 1"`},
		},
		"speaks_English_to_Lark": {
			request: request{body: `{"fields":{"标题":"甲"},"brand":"lark"}`},
			counts:  counts{total: 1, created: 1}, left: 1, want: []string{`"message":"1 row: 1 created"`},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s.run(t)
		})
	}
}
