package e2e_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"testing"

	"github.com/rowgate/rowgate/internal/sandbox"
)

// TestBadValuesThatFeishuRefuses holds docs/contract.md §3, bad_values: what Feishu alone can find is left out too, with a warning.
func TestBadValuesThatFeishuRefuses(t *testing.T) {
	t.Parallel()
	for name, s := range map[string]scenario{
		"of_a_link_to_a_record_that_is_not_there": {
			request: request{body: `{"records":[{"标题":"甲","频道":"recAbsentExample"},{"标题":"乙","频道":"$CHANNEL"}],"bad_values":"skip"}`},
			counts:  counts{total: 2, created: 2},
			warns:   []string{"id_wrapped", "bad_value_skipped"}, want: []string{"recAbsentExample", `"field":"频道"`},
			landed: []map[string]any{{"标题": "甲", "频道": nothing}, {"标题": "乙", "频道": "$CHANNEL"}},
		},
		"of_a_person_whom_the_app_does_not_see": {
			request: request{body: `{"records":[{"标题":"甲","负责人":"ou_absent"},{"标题":"乙","负责人":"ou_absent"}],"bad_values":"skip"}`},
			counts:  counts{total: 2, created: 2}, warns: []string{"id_wrapped", "bad_value_skipped"}, want: []string{`"count":2`},
			landed: []map[string]any{{"标题": "甲", "负责人": nothing}, {"标题": "乙", "负责人": nothing}},
		},
		"of_values_that_go_as_they_are": {
			request: request{body: `{"records":[{"标题":"甲","播放量":"7","发布日期":"x"},{"标题":"乙","播放量":8}],"typecast":false,"bad_values":"skip"}`},
			counts:  counts{total: 2, created: 2}, warns: []string{"bad_value_skipped", "bad_value_skipped"},
			landed: []map[string]any{{"标题": "甲", "播放量": nothing, "发布日期": nothing}, {"标题": "乙", "播放量": 8}},
		},
		"of_an_upsert": {
			seed:    []map[string]any{{"标题": "甲", "播放量": 7}},
			request: request{body: `{"fields":{"标题":"甲","播放量":8,"频道":"recAbsentExample"},"key_fields":"标题","bad_values":"skip"}`},
			counts:  counts{total: 1, updated: 1}, landed: []map[string]any{{"播放量": 8, "频道": nothing}},
		},
		"but_not_where_nothing_is_left": {
			request: request{body: `{"fields":{"频道":"recAbsentExample"},"bad_values":"skip"}`},
			status:  422, code: "invalid_rows", row: "empty_row", want: []string{"1254067"},
		},
		"nor_in_a_key_column": {
			request: request{body: `{"fields":{"播放量":"7","标题":"甲"},"key_fields":"播放量","typecast":false,"bad_values":"skip"}`},
			status:  422, code: "invalid_rows", row: "value_mismatch", want: []string{"1254061"},
		},
		"nor_by_default": {
			request: request{body: `{"records":[{"标题":"甲","频道":"recAbsentExample"},{"标题":"乙"}]}`},
			status:  422, code: "invalid_rows", row: "value_mismatch", want: []string{"1254067"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s.run(t)
		})
	}

	t.Run("of_a_file_of_another_base_which_Feishu_does_not_name", func(t *testing.T) {
		t.Parallel()
		h := setup(t, options{})
		var err error
		h.table, err = h.base.AddTable("资料", sandbox.FieldSpec{Name: "标题", Type: 1},
			sandbox.FieldSpec{Name: "封面", Type: 17}, sandbox.FieldSpec{Name: "附件", Type: 17})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := h.sandbox.AddBase(sandbox.BaseSpec{Token: "bascnElsewhere", Collaborators: []string{appID}}); err != nil {
			t.Fatal(err)
		}
		own, foreign := h.upload(baseName, "a"), h.upload("bascnElsewhere", "b")
		body := fmt.Sprintf(`{"fields":{"标题":"甲","封面":%q,"附件":%q},"bad_values":"skip","idempotency_key":"run-1"}`, own, foreign)
		for _, replay := range []bool{false, true} {
			got := h.write(body)
			if got.status != http.StatusOK || got.Created != 1 || got.IdempotentReplay != replay {
				t.Fatalf("%d: %s", got.status, got.raw)
			}
			last := got.Warnings[len(got.Warnings)-1]
			if last != (warning{Rule: "bad_value_skipped", Field: "附件", Count: 1}) {
				t.Errorf("warnings %+v", got.Warnings)
			}
		}
		rows := h.rows()
		if len(rows) != 1 || asJSON(t, rows[0]["封面"]) != fmt.Sprintf(`[{"file_token":%q}]`, own) || rows[0]["附件"] != nil {
			t.Errorf("rows %v", rows)
		}
	})
}

// upload gives the file_token of a file with that text in a base.
func (h *harness) upload(base, text string) string {
	h.t.Helper()
	got := h.do(request{
		path: "/v1/attachments", body: fmt.Sprintf(`{"url":"data:text/plain,%s","name":"%[1]s.txt","app_token":%q}`, text, base),
		header: map[string]string{"X-App-Token": "", "X-Table-Id": ""},
	})
	var file struct {
		Token string `json:"file_token"`
	}
	if err := json.Unmarshal([]byte(got.raw), &file); err != nil || file.Token == "" {
		h.t.Fatalf("%d: %s", got.status, got.raw)
	}
	return file.Token
}
