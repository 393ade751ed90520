package e2e_test

import (
	"maps"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/rowgate/rowgate/internal/sandbox"
)

// bare takes the connection out of a request's headers.
var bare = map[string]string{"Authorization": "", "X-App-Id": "", "X-App-Secret": "", "X-App-Token": "", "X-Table-Id": ""}

// without returns a header map that removes some of the harness's headers and sets others instead.
func without(names string, instead map[string]string) map[string]string {
	header := map[string]string{}
	for name := range strings.FieldsSeq(names) {
		header[name] = ""
	}
	maps.Copy(header, instead)
	return header
}

func TestConnection(t *testing.T) {
	t.Parallel()
	one := counts{total: 1, created: 1}
	for name, s := range map[string]scenario{
		"in_the_body": {
			request: request{header: bare, body: `{"app_id":"cli_example","app_secret":"$SECRET","passphrase":"$PASS",` +
				`"app_token":"bascnExample","table_id":"$TABLE","fields":{"标题":"甲"}}`},
			counts: one, left: 1,
		},
		"in_headers": {
			request: request{header: without("Authorization", map[string]string{"X-Passphrase": "$PASS"}), body: `{"fields":{"标题":"甲"}}`},
			counts:  one, left: 1,
		},
		"in_the_query_as_far_as_it_is_no_secret": {
			request: request{
				header: without("X-App-Id X-App-Token X-Table-Id", nil), query: "app_id=cli_example&app_token=bascnExample&table_id=$TABLE",
				body: `{"fields":{"标题":"甲"}}`,
			},
			counts: one, left: 1,
		},
		"in_a_form": {
			request: request{
				header: bare, kind: "application/x-www-form-urlencoded",
				body: "app_id=cli_example&app_secret=$SECRET&passphrase=$PASS&app_token=bascnExample&table_id=$TABLE&fields.%E6%A0%87%E9%A2%98=x",
			},
			counts: one, landed: []map[string]any{{"标题": "x"}},
		},
		"the_body_beats_a_header": {
			request: request{header: map[string]string{"X-App-Id": "cli_other"}, body: `{"app_id":"cli_example","fields":{"标题":"甲"}}`},
			counts:  one, left: 1,
		},
		"a_table_in_the_body_that_contradicts_the_header": {
			request: request{header: map[string]string{"X-Table-Id": "频道"}, body: `{"table_id":"$TABLE","fields":{"标题":"甲"}}`},
			status:  400, code: "bad_parameter", want: []string{"请求体里的 table_id"},
		},
		"a_table_in_the_body_beside_a_header_that_names_none": {
			request: request{header: map[string]string{"X-Table-Id": "没有的表"}, body: `{"table_id":"$TABLE","fields":{"标题":"甲"}}`},
			status:  400, code: "bad_parameter", want: []string{"请求体里的 table_id"},
		},
		"the_name_and_the_id_of_one_table": {
			request: request{header: map[string]string{"X-Table-Id": url.PathEscape("视频")}, body: `{"table_id":"$TABLE","fields":{"标题":"甲"}}`},
			counts:  one, left: 1,
		},
		"the_link_and_the_token_of_one_base": {
			request: request{body: `{"app_token":"https://example.feishu.cn/base/bascnExample?table=$TABLE","fields":{"标题":"甲"}}`},
			counts:  one, left: 1,
		},
		"the_wiki_link_and_the_token_of_one_base": {
			request: request{
				header: map[string]string{"X-App-Token": "https://example.feishu.cn/wiki/wikcnExample"},
				body:   `{"app_token":"bascnExample","fields":{"标题":"甲"}}`,
			},
			counts: one, left: 1,
		},
		"a_base_in_the_body_that_contradicts_the_header": {
			request: request{
				header: map[string]string{"X-App-Token": "bascnAnother"},
				body:   `{"app_token":"bascnExample","fields":{"标题":"甲"}}`,
			},
			status: 400, code: "bad_parameter", want: []string{"请求体里的 app_token"},
		},
		"a_base_in_the_body_beside_a_wiki_link_to_nowhere": {
			request: request{
				header: map[string]string{"X-App-Token": "https://example.feishu.cn/wiki/wikcnNowhere"},
				body:   `{"app_token":"bascnExample","fields":{"标题":"甲"}}`,
			},
			status: 400, code: "bad_parameter", want: []string{"请求体里的 app_token"},
		},
		"a_base_in_the_body_beside_a_header_that_is_no_link": {
			request: request{header: map[string]string{"X-App-Token": "{{base}}"}, body: `{"app_token":"bascnExample","fields":{"标题":"甲"}}`},
			status:  400, code: "bad_parameter", want: []string{"请求体里的 app_token"},
		},
		"a_link_to_a_table_in_the_body_that_contradicts_the_header": {
			request: request{body: `{"app_token":"https://example.feishu.cn/base/bascnExample?table=tblNowhere1","fields":{"标题":"甲"}}`},
			status:  400, code: "bad_parameter", want: []string{"请求体里的 app_token"},
		},
		"a_link_to_a_table_in_the_body_that_contradicts_the_headers_link": {
			request: request{
				header: without("X-Table-Id", map[string]string{"X-App-Token": "https://example.feishu.cn/base/bascnExample?table=tblNowhere1"}),
				body:   `{"app_token":"https://example.feishu.cn/base/bascnExample?table=$TABLE","fields":{"标题":"甲"}}`,
			},
			status: 400, code: "bad_parameter", want: []string{"请求体里的 app_token"},
		},
		"table_id_in_the_body_beats_the_headers_link": {
			request: request{
				header: without("X-Table-Id", map[string]string{"X-App-Token": "https://example.feishu.cn/base/bascnExample?table=tblNowhere1"}),
				body:   `{"table_id":"$TABLE","fields":{"标题":"甲"}}`,
			},
			counts: one, left: 1,
		},
		"a_table_in_the_query_beats_the_header": {
			request: request{header: map[string]string{"X-Table-Id": "tblNowhere1"}, query: "table_id=$TABLE", body: `{"fields":{"标题":"甲"}}`},
			counts:  one, left: 1,
		},
		"a_table_in_the_form_that_contradicts_the_header": {
			request: request{
				header: map[string]string{"X-Table-Id": "tblNowhere1"}, kind: "application/x-www-form-urlencoded",
				body: "table_id=$TABLE&fields.%E6%A0%87%E9%A2%98=x",
			},
			status: 400, code: "bad_parameter", want: []string{"请求体里的 table_id"},
		},
		"an_empty_text_in_the_body_leaves_the_header_its_say": {
			request: request{body: `{"app_id":"","app_secret":"","passphrase":"","app_token":"","table_id":"","brand":"","fields":{"标题":"甲"}}`},
			counts:  one, left: 1,
		},
		"the_table_by_its_name": {
			request: request{header: without("X-Table-Id", nil), body: `{"table_id":"视频","fields":{"标题":"甲"}}`},
			counts:  one, left: 1,
		},
		"the_table_by_a_name_in_a_header_in_percent_escapes": {
			request: request{header: map[string]string{"X-Table-Id": url.PathEscape("视频")}, body: `{"fields":{"标题":"甲"}}`},
			counts:  one, left: 1,
		},
		"a_link_to_the_base": {
			request: request{
				header: without("X-Table-Id", nil),
				body:   `{"app_token":"https://example.feishu.cn/base/bascnExample?table=$TABLE&view=vewExample","fields":{"标题":"甲"}}`,
			},
			counts: one, left: 1,
		},
		"a_link_without_scheme_in_a_header": {
			request: request{header: without("X-Table-Id",
				map[string]string{"X-App-Token": "example.feishu.cn/base/bascnExample?table=$TABLE"}), body: `{"fields":{"标题":"甲"}}`},
			counts: one, left: 1,
		},
		"a_link_to_a_wiki_page": {
			request: request{
				header: without("X-Table-Id", nil),
				body:   `{"app_token":"https://example.feishu.cn/wiki/wikcnExample?table=$TABLE","fields":{"标题":"甲"}}`,
			},
			counts: one, left: 1,
		},
		"a_link_to_a_wiki_page_beside_the_tables_name": {
			request: request{
				header: without("X-Table-Id", nil),
				body:   `{"app_token":"https://example.feishu.cn/wiki/wikcnExample","table_id":"视频","fields":{"标题":"甲"}}`,
			},
			counts: one, left: 1,
		},
		"a_block_of_a_document": {
			request: request{header: without("X-Table-Id", nil), body: `{"app_token":"bascnExample_$TABLE","fields":{"标题":"甲"}}`},
			counts:  one, left: 1,
		},
		"a_link_of_Lark_speaks_English": {
			request: request{
				header: without("X-Table-Id", nil),
				body:   `{"app_token":"https://example.larksuite.com/base/bascnExample?table=$TABLE","fields":{"标题":"甲"}}`,
			},
			counts: one, left: 1, want: []string{"1 row: 1 created"},
		},
		"table_id_beats_the_link": {
			request: request{
				header: without("X-Table-Id", nil),
				body:   `{"app_token":"https://example.feishu.cn/base/bascnExample?table=tblNowhere1","table_id":"$TABLE","fields":{"标题":"甲"}}`,
			},
			counts: one, left: 1,
		},
		"no_passphrase": {
			request: request{header: without("Authorization", nil), body: `{"fields":{"标题":"甲"}}`},
			status:  401, code: "bad_passphrase",
		},
		"template_text_in_Authorization": {
			request: request{header: map[string]string{"Authorization": "Bearer {{#env.passphrase#}}"}, body: `{"fields":{"标题":"甲"}}`},
			status:  400, code: "unrendered_template", want: []string{"Authorization"},
		},
		"template_text_in_Authorization_without_Bearer": {
			request: request{header: map[string]string{"Authorization": "{{ $json.auth }}"}, body: `{"fields":{"标题":"甲"}}`},
			status:  400, code: "unrendered_template", want: []string{"Authorization"},
		},
		"template_text_in_Authorization_before_a_large_body": {
			request: request{
				header: map[string]string{"Authorization": "<passphrase>"},
				body:   `{"fields":{"标题":"` + strings.Repeat("甲", 30_000) + `"}}`,
			},
			status: 400, code: "unrendered_template", want: []string{"Authorization"},
		},
		"a_wrong_passphrase": {
			request: request{header: map[string]string{"Authorization": "Bearer wrong"}, body: `{"fields":{"标题":"甲"}}`},
			status:  401, code: "bad_passphrase", never: []string{"wrong\""},
		},
		"a_wrong_passphrase_in_the_body_is_refused_despite_a_right_one_in_the_header": {
			request: request{body: `{"passphrase":"wrong","fields":{"标题":"甲"}}`},
			status:  401, code: "bad_passphrase",
		},
		"a_connection_key_that_is_none": {
			request: request{header: map[string]string{"Authorization": "Bearer rgk_example"}, body: `{"fields":{"标题":"甲"}}`},
			status:  401, code: "bad_connection_key", never: []string{"rgk_example"},
		},
		"no_app": {
			request: request{header: without("X-App-Id X-App-Secret", nil), body: `{"fields":{"标题":"甲"}}`},
			status:  400, code: "missing_connection", want: []string{"app_id", "app_secret", "X-App-Secret"},
		},
		"no_table": {
			request: request{header: without("X-Table-Id", nil), body: `{"fields":{"标题":"甲"}}`},
			status:  400, code: "missing_connection", want: []string{"table_id"},
		},
		"no_base": {
			request: request{header: without("X-App-Token", nil), body: `{"fields":{"标题":"甲"}}`},
			status:  400, code: "missing_connection", want: []string{"app_token"},
		},
		"a_wrong_secret": {
			request: request{body: `{"app_secret":"wrong-secret","fields":{"标题":"甲"}}`},
			status:  401, code: "bad_app_credentials", never: []string{"wrong-secret"},
		},
		"an_app_that_Feishu_does_not_know": {
			request: request{body: `{"app_id":"cli_nobody","fields":{"标题":"甲"}}`},
			status:  401, code: "bad_app_credentials",
		},
		"a_link_to_a_document": {
			request: request{body: `{"app_token":"https://example.feishu.cn/docx/doxcnExample","fields":{"标题":"甲"}}`},
			status:  400, code: "bad_link",
		},
		"a_wiki_page_that_is_not_there": {
			request: request{body: `{"app_token":"https://example.feishu.cn/wiki/wikcnNowhere","fields":{"标题":"甲"}}`},
			status:  404, code: "base_not_found",
		},
		"a_base_that_is_not_there": {
			request: request{header: map[string]string{"X-App-Token": "bascnNowhere"}, body: `{"fields":{"标题":"甲"}}`},
			status:  404, code: "base_not_found",
		},
		"a_table_that_is_not_there": {
			request: request{header: map[string]string{"X-Table-Id": "tblNowhere1"}, body: `{"fields":{"标题":"甲"}}`},
			status:  404, code: "table_not_found",
		},
		"a_table_name_that_is_not_there_names_the_nearest": {
			request: request{body: `{"table_id":"视频2","fields":{"标题":"甲"}}`},
			status:  404, code: "table_not_found", want: []string{"视频"},
		},
		"a_secret_in_the_query": {
			request: request{query: "app_secret=x", body: `{"fields":{"标题":"甲"}}`},
			status:  400, code: "secret_in_query",
		},
		"a_secrets_name_in_the_query_in_another_spelling_and_empty": {
			request: request{query: "X-App-SECRET=", body: `{"fields":{"标题":"甲"}}`},
			status:  400, code: "secret_in_query",
		},
		"a_connection_key_in_the_query_under_any_name": {
			request: request{query: "table_id=rgk_example", body: `{"fields":{"标题":"甲"}}`},
			status:  400, code: "secret_in_query", never: []string{"rgk_example"},
		},
		"an_unknown_name_in_the_query": {
			request: request{query: "tabel_id=x", body: `{"fields":{"标题":"甲"}}`},
			status:  400, code: "unknown_parameter", want: []string{"table_id"},
		},
		"a_brand_that_is_none": {
			request: request{body: `{"brand":"slack","fields":{"标题":"甲"}}`},
			status:  400, code: "bad_parameter", want: []string{"brand"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s.run(t)
		})
	}

	t.Run("wrong_passphrases_are_limited_and_the_right_one_never", func(t *testing.T) {
		t.Parallel()
		h := setup(t, options{})
		wrong := request{header: map[string]string{"Authorization": "Bearer wrong"}, body: `{"records":[]}`}
		limited := 0
		for range 25 {
			if got := h.do(wrong); got.status == http.StatusTooManyRequests {
				limited++
				if got.Code != "too_many_failures" || got.header.Get("Retry-After") == "" {
					t.Fatalf("answered %s", got.raw)
				}
			}
		}
		if limited != 5 {
			t.Errorf("%d of 25 were limited, want the last 5", limited)
		}
		if got := h.write(`{"fields":{"标题":"甲"}}`); got.status != http.StatusOK {
			t.Errorf("the right passphrase got %s", got.raw)
		}
	})
}

// TestColdAndWarmCalls counts what a lone caller costs at Feishu.
func TestColdAndWarmCalls(t *testing.T) {
	t.Parallel()
	h := setup(t, options{sandbox: sandbox.Options{}})
	h.write(`{"fields":{"标题":"甲"}}`)
	h.sandbox.ResetCalls()
	got := h.write(`{"fields":{"标题":"乙"}}`)
	if calls := h.sandbox.CallCount("", ""); calls != 1 || got.UpstreamCalls != 1 {
		t.Errorf("a warm write made %d calls and says %d, want 1: %+v", calls, got.UpstreamCalls, h.sandbox.Calls())
	}
}
