package e2e_test

import (
	"crypto/rand"
	"encoding/json"
	"maps"
	"net/http"
	"strings"
	"testing"

	"github.com/rowgate/rowgate/internal/sandbox"
)

const personalBase = "bascnPersonal"

// personal is a harness beside whose base there is one of somebody who has no app, with the PersonalBaseToken.
type personal struct {
	single

	token string
	own   string // table_id in that base
}

func setupPersonal(t *testing.T, o options) personal {
	t.Helper()
	p := personal{single: setupSingle(t, o), token: "pt-" + rand.Text()}
	base, err := p.sandbox.AddBase(sandbox.BaseSpec{Token: personalBase, PersonalToken: p.token, WikiNode: "wikcnPersonal"})
	if err != nil {
		t.Fatal(err)
	}
	p.own, err = base.AddTable("订单", sandbox.FieldSpec{Name: "单号", Type: 1}, sandbox.FieldSpec{Name: "金额", Type: 2},
		sandbox.FieldSpec{Name: "负责人", Type: 11}, sandbox.FieldSpec{Name: "附件", Type: 17})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// header is the connection without an app.
func (p personal) header() map[string]string {
	return map[string]string{
		"X-Passphrase": p.secrets.passphrase, "X-Personal-Base-Token": p.token, "X-App-Token": personalBase, "X-Table-Id": p.own,
	}
}

// call makes a call with these headers and no others of the harness's connection. No answer may show the token.
func (p personal) call(path string, header map[string]string, body string) reply {
	p.t.Helper()
	got := p.send(http.MethodPost, path, "", body, header)
	if strings.Contains(got.raw, p.token) {
		p.t.Errorf("the answer shows the token: %s", got.raw)
	}
	return got
}

func (p personal) landed() []sandbox.Row {
	p.t.Helper()
	rows, err := p.sandbox.Rows(personalBase, p.own)
	if err != nil {
		p.t.Fatal(err)
	}
	return rows
}

// checkHidden looks for the token in the log and, once the service has stopped, in its files.
func (p personal) checkHidden() {
	p.t.Helper()
	p.shut()
	places := map[string]string{"the log": p.logs.String()}
	maps.Copy(places, p.files())
	for place, content := range places {
		if strings.Contains(content, p.token) {
			p.t.Errorf("%s holds the personal_base_token", place)
		}
	}
}

func TestPersonalBaseToken(t *testing.T) {
	t.Parallel()
	t.Run("writes_upserts_searches_and_deletes_without_an_app", func(t *testing.T) {
		t.Parallel()
		p := setupPersonal(t, options{})
		got := p.call("/v1/records", p.header(), `{"records":[{"单号":"A1","金额":"12"},{"单号":"A2","金额":3}]}`)
		if got.status != 200 || got.Created != 2 {
			t.Fatalf("wrote %d %s", got.status, got.raw)
		}
		got = p.call("/v1/records", p.header(), `{"records":[{"单号":"A1","金额":20},{"单号":"A3","金额":1}],"key_fields":"单号"}`)
		if got.status != 200 || got.Created != 1 || got.Updated != 1 {
			t.Fatalf("upserted %d %s", got.status, got.raw)
		}
		got = p.call("/v1/records/search", p.header(), `{"where":{"金额":{">=":3}}}`)
		if got.status != 200 || strings.Count(got.raw, `"record_id"`) != 2 || !strings.Contains(got.raw, `"A2"`) {
			t.Errorf("searched %d %s", got.status, got.raw)
		}
		got = p.call("/v1/records/delete", p.header(), `{"record_ids":["`+p.landed()[0].ID+`"]}`)
		if got.status != 200 || got.Deleted != 1 || len(p.landed()) != 2 {
			t.Errorf("deleted %d %s", got.status, got.raw)
		}
		for _, path := range []string{"/v1/tables/list", "/v1/tables/describe"} {
			if got := p.call(path, p.header(), `{}`); got.status != 200 || !strings.Contains(got.raw, p.own) {
				t.Errorf("%s: %d %s", path, got.status, got.raw)
			}
		}
		if n := p.sandbox.CallCount("auth.tenant_token", ""); n != 0 {
			t.Errorf("%d tokens were asked for", n)
		}
		p.checkHidden()
	})
	t.Run("comes_in_the_body_a_form_and_with_the_name_of_a_table", func(t *testing.T) {
		t.Parallel()
		p := setupPersonal(t, options{})
		connection := `"passphrase":"` + p.secrets.passphrase + `","personal_base_token":"` + p.token + `","app_token":"` +
			`https://example.feishu.cn/base/` + personalBase + `","table_id":"订单"`
		if got := p.call("/v1/records", nil, `{`+connection+`,"fields":{"单号":"A1"}}`); got.status != 200 || got.Created != 1 {
			t.Errorf("%d %s", got.status, got.raw)
		}
		if got := p.call("/v1/records", nil, `{`+connection+`,"单号":"A1"}`); got.status != 400 || got.Code != "unknown_parameter" {
			t.Errorf("beside a flat row: %d %s", got.status, got.raw)
		}
		form := "passphrase=" + p.secrets.passphrase + "&personal_base_token=" + p.token + "&app_token=" + personalBase + "&table_id=" + p.own +
			"&fields.%E5%8D%95%E5%8F%B7=A2"
		got := p.call("/v1/records", map[string]string{"Content-Type": "application/x-www-form-urlencoded"}, form)
		if got.status != 200 || len(p.landed()) != 2 {
			t.Errorf("%d %s", got.status, got.raw)
		}
	})
	t.Run("is_what_the_generators_ask_for", func(t *testing.T) {
		t.Parallel()
		p := setupPersonal(t, options{})
		for path, want := range map[string]string{
			"/connect/curl":              `-H "X-Personal-Base-Token: $PERSONAL_BASE_TOKEN"`,
			"/connect/dify-workflow.yml": "X-Personal-Base-Token:{{#env.personal_base_token#}}",
			"/connect/feishu-automation": `"<personal_base_token>"`,
		} {
			got := p.send(http.MethodGet, path, "", "", p.header())
			if got.status != 200 || !strings.Contains(got.raw, want) || strings.Contains(got.raw, p.token) ||
				strings.Contains(got.raw, "App-Secret") || strings.Contains(got.raw, "app_secret") {
				t.Errorf("%s: %d %s", path, got.status, got.raw)
			}
			if path == "/connect/curl" && (strings.Contains(got.raw, "附件") || !strings.Contains(got.raw, "单号")) {
				t.Errorf("the sample writes what the token cannot upload: %s", got.raw)
			}
		}
	})
	t.Run("goes_on_after_a_restart", func(t *testing.T) {
		t.Parallel()
		p := setupPersonal(t, options{})
		p.fault(sandbox.Fault{Endpoint: "record.batch_create", Action: sandbox.ActionError, Code: 1254291})
		got := p.call("/v1/records", p.header(), `{"fields":{"单号":"A1"},"async":true}`)
		if got.status != http.StatusAccepted {
			t.Fatalf("%d %s", got.status, got.raw)
		}
		p.stop()
		p.sandbox.ClearFaults()
		p.open()
		job := p.awaitAs(p.header(), got.JobID)
		if job.State != "done" || len(p.landed()) != 1 {
			t.Errorf("%s, %d rows", job.raw, len(p.landed()))
		}
		p.checkHidden()
	})
	t.Run("is_refused", func(t *testing.T) {
		t.Parallel()
		p := setupPersonal(t, options{})
		const row = `{"fields":{"单号":"A1"}}`
		token := func(text string) map[string]string { return map[string]string{"X-Personal-Base-Token": text} }
		for name, tc := range map[string]struct {
			path   string // /v1/records
			change map[string]string
			body   string // row
			status int
			code   string
			says   string
		}{
			"wrong": {change: token("pt-wrong"), status: 401, code: "bad_app_credentials", says: "授权码"},
			"of_another_base": {
				change: map[string]string{"X-App-Token": baseName, "X-Table-Id": p.table},
				status: 403, code: "app_not_collaborator", says: "授权码",
			},
			"beside_an_app_id": {
				change: map[string]string{"X-App-Id": appID}, status: 400, code: "bad_parameter", says: "personal_base_token",
			},
			"beside_an_app_secret": {
				change: map[string]string{"X-App-Secret": p.secrets.app}, status: 400, code: "bad_parameter", says: "personal_base_token",
			},
			"as_template_text": {
				change: token("{{#env.token#}}"), status: 400, code: "unrendered_template", says: "personal_base_token",
			},
			"with_a_wrong_passphrase": {change: map[string]string{"X-Passphrase": "wrong"}, status: 401, code: "bad_passphrase"},
			"missing":                 {change: token(""), status: 400, code: "missing_connection", says: "personal_base_token"},
			"without_a_base": {
				change: map[string]string{"X-App-Token": ""}, status: 400, code: "missing_connection", says: "app_token",
			},
			"for_a_wiki_link": {
				change: map[string]string{"X-App-Token": "https://example.feishu.cn/wiki/wikcnPersonal"},
				status: 403, code: "key_scope", says: "/base/",
			},
			"for_people_by_their_address": {
				body: `{"fields":{"单号":"A1","负责人":"lin@example.com"}}`, status: 403, code: "key_scope", says: "open_id",
			},
			"for_a_file": {
				body: `{"fields":{"单号":"A1","附件":"data:text/plain,hello"}}`, status: 403, code: "key_scope", says: "file_token",
			},
			"for_an_upload": {
				path: "/v1/attachments", body: `{"url":"data:text/plain,hello"}`, status: 403, code: "key_scope", says: "file_token",
			},
			"for_a_new_base": {path: "/v1/bases", body: `{"name":"新"}`, status: 403, code: "key_scope", says: "新建多维表格"},
		} {
			header := p.header()
			maps.Copy(header, tc.change)
			setDefault(&tc.path, "/v1/records")
			setDefault(&tc.body, row)
			got := p.call(tc.path, header, tc.body)
			if got.status != tc.status || got.Code != tc.code || !strings.Contains(got.raw, tc.says) {
				t.Errorf("%s: %d %s", name, got.status, got.raw)
			}
		}
		if got := p.do(request{query: "personal_base_token=" + p.token, body: row}); got.Code != "secret_in_query" {
			t.Errorf("in the query: %s", got.raw)
		}
		if len(p.landed()) != 0 {
			t.Errorf("%d rows landed", len(p.landed()))
		}
		p.checkHidden()
	})
	t.Run("is_not_the_credential_of_the_same_text_as_app_secret", func(t *testing.T) {
		t.Parallel()
		p := setupPersonal(t, options{})
		if got := p.call("/v1/records", p.header(), `{"fields":{"单号":"A1"},"idempotency_key":"k"}`); got.Created != 1 {
			t.Fatal(got.raw)
		}
		header := p.header()
		header["X-Personal-Base-Token"], header["X-App-Id"], header["X-App-Secret"] = "", appID, p.token
		if got := p.call("/v1/records", header, `{"fields":{"单号":"A1"},"idempotency_key":"k"}`); got.Code != "bad_app_credentials" {
			t.Errorf("%s", got.raw)
		}
	})
	t.Run("is_diagnosed", func(t *testing.T) {
		t.Parallel()
		p := setupPersonal(t, options{})
		if got := p.call("/v1/diagnose", p.header(), `{}`); got.OK == nil || !*got.OK || !strings.Contains(got.raw, "授权码") {
			t.Errorf("%s", got.raw)
		}
	})
}

func TestPersonalBaseTokenKey(t *testing.T) {
	t.Parallel()
	p := setupPersonal(t, options{})
	got := p.call("/v1/connections", p.header(), `{}`)
	var made struct {
		Key string `json:"connection_key"`
	}
	if err := json.Unmarshal([]byte(got.raw), &made); err != nil || got.status != 200 || !strings.HasPrefix(made.Key, "rgk_") {
		t.Fatalf("%d %s", got.status, got.raw)
	}
	key := map[string]string{"Authorization": "Bearer " + made.Key}
	t.Run("writes", func(t *testing.T) {
		if got := p.call("/v1/records", key, `{"fields":{"单号":"A1"}}`); got.status != 200 || got.Created != 1 {
			t.Errorf("%d %s", got.status, got.raw)
		}
	})
	t.Run("writes_and_searches_over_MCP", func(t *testing.T) {
		c := p.connect(key)
		if got, failed := c.call("write_records", map[string]any{"records": []any{map[string]any{"单号": "A2"}}}); failed || got["created"] != 1.0 {
			t.Errorf("%v", got)
		}
		upsert := map[string]any{"records": []any{map[string]any{"单号": "A2", "金额": 7}}, "key_fields": []any{"单号"}}
		if got, failed := c.call("write_records", upsert); failed || got["updated"] != 1.0 {
			t.Errorf("%v", got)
		}
		if got, failed := c.call("search_records", map[string]any{"where": map[string]any{"单号": "A2"}}); failed || got["count"] != 1.0 {
			t.Errorf("%v", got)
		}
		if got, failed := c.call("write_records", map[string]any{"personal_base_token": p.token}); !failed || got["code"] != "bad_parameter" {
			t.Errorf("as an argument: %v", got)
		}
	})
	t.Run("and_the_token_itself_as_a_header_of_MCP", func(t *testing.T) {
		if got, failed := p.connect(p.header()).call("describe_table", nil); failed || got["table_id"] != p.own {
			t.Errorf("%v", got)
		}
	})
	t.Run("serves_the_proxy_as_far_as_the_base_goes", func(t *testing.T) {
		path := "/open-apis/bitable/v1/apps/" + personalBase + "/tables/" + p.own + "/records"
		if got := p.send(http.MethodGet, path, made.Key, "", nil); got.status != 200 || !strings.Contains(got.raw, `"code":0`) {
			t.Errorf("%d %s", got.status, got.raw)
		}
		token := p.send(http.MethodPost, "/open-apis/auth/v3/tenant_access_token/internal", "",
			`{"app_id":"cli_any","app_secret":"`+made.Key+`"}`, nil)
		if token.status != 200 || !strings.Contains(token.raw, `"code":0`) {
			t.Errorf("%d %s", token.status, token.raw)
		}
		upload := p.send(http.MethodPost, "/open-apis/drive/v1/medias/upload_finish", made.Key, `{"upload_id":"1","block_num":1}`, nil)
		if upload.status != 403 || !strings.Contains(upload.raw, "key_scope") {
			t.Errorf("%d %s", upload.status, upload.raw)
		}
		if got := p.send(http.MethodGet, "/health", made.Key, "", nil); got.status != 200 {
			t.Errorf("%d %s", got.status, got.raw)
		}
	})
	t.Run("is_not_sealed_for_a_wrong_token", func(t *testing.T) {
		header := p.header()
		header["X-Personal-Base-Token"] = "pt-wrong"
		if got := p.call("/v1/connections", header, `{}`); got.status != 401 || got.Code != "bad_app_credentials" {
			t.Errorf("%d %s", got.status, got.raw)
		}
	})
	p.checkHidden()
}

// awaitAs polls get_job with these headers until the job has ended.
func (p personal) awaitAs(header map[string]string, jobID string) reply {
	p.t.Helper()
	for {
		got := p.call("/v1/jobs/get", header, `{"job_id":"`+jobID+`"}`)
		if got.status != http.StatusOK || got.State == "done" || got.State == "failed" {
			return got
		}
		pause(p.t.Context(), p.t)
	}
}
