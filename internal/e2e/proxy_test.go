package e2e_test

import (
	"crypto/rand"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/rowgate/rowgate/internal/sandbox"
	"github.com/rowgate/rowgate/internal/secret"
	"github.com/rowgate/rowgate/internal/tenant"
)

// learning are the columns that /api/sync writes to.
var learning = []sandbox.FieldSpec{
	{Name: "主题", Type: 1},
	{Name: "日期", Type: 5},
	{Name: "学习时长(分钟)", Type: 2},
	{Name: "标签", Type: 4},
	{Name: "笔记", Type: 1},
}

// single is a harness with a configured app and table.
type single struct {
	*harness

	token string // API_AUTH_TOKEN
}

// setupSingle configures the harness's app, and a table of learning records; unset names variables that are left out.
func setupSingle(t *testing.T, o options, unset ...string) single {
	t.Helper()
	h := setup(t, o)
	h.stop()
	records, err := h.base.AddTable("学习记录", learning...)
	if err != nil {
		t.Fatal(err)
	}
	s := single{harness: h, token: "authtoken" + rand.Text()}
	maps.Copy(h.settings, map[string]string{
		"API_AUTH_TOKEN": s.token, "FEISHU_APP_ID": appID, "FEISHU_APP_SECRET": h.secrets.app, "FEISHU_BASE_TOKEN": baseName,
		"FEISHU_TABLE_ID": records,
	})
	for _, name := range unset {
		delete(h.settings, name)
	}
	h.table = records
	h.open()
	return s
}

// send makes a call with a bearer token and no other part of the harness's connection.
func (s single) send(method, path, token, body string, header map[string]string) reply {
	s.t.Helper()
	target, query, _ := strings.Cut(path, "?")
	r := request{method: method, path: target, query: query, body: body, header: map[string]string{
		"X-App-Id": "", "X-App-Secret": "", "X-App-Token": "", "X-Table-Id": "", "Authorization": "",
	}}
	if token != "" {
		r.header["Authorization"] = "Bearer " + token
	}
	maps.Copy(r.header, header)
	return s.do(r)
}

// key makes a connection key for the harness's app, limited to a base and table where given.
func (s single) key(appToken, tableID string) string {
	s.t.Helper()
	ring, err := secret.ParseKeyring(s.secrets.key)
	if err != nil {
		s.t.Fatal(err)
	}
	keys := tenant.Keys{Ring: ring, Passphrases: tenant.Passphrases{tenant.NewPassphrase("test", secret.New(s.secrets.passphrase))}}
	key, err := keys.Seal(tenant.Connection{
		Name: "test", AppID: appID, AppSecret: secret.New(s.secrets.app), AppToken: appToken, TableID: tableID,
		ExpiresAt: time.Now().Add(time.Hour),
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return key.Reveal()
}

func (s single) records() string {
	return "/open-apis/bitable/v1/apps/" + baseName + "/tables/" + s.table + "/records"
}

const feishuJSON = "application/json; charset=utf-8"

// TestProxySDK does what oapi-sdk-go does whose base URL is the service: a token call with the app's id and, for a secret, the
// service's own token; then calls with what it got.
func TestProxySDK(t *testing.T) {
	t.Parallel()
	s := setupSingle(t, options{})
	sdk := map[string]string{"User-Agent": "oapi-sdk-go/v3.6.1", "Content-Type": feishuJSON}

	for _, path := range []string{"/open-apis/auth/v3/tenant_access_token/internal", "/open-apis/auth/v3/app_access_token/internal/"} {
		got := s.send("POST", path, "", `{"app_id":"`+appID+`","app_secret":"`+s.token+`"}`, sdk)
		var answer struct {
			Code   *int   `json:"code"`
			Tenant string `json:"tenant_access_token"`
			App    string `json:"app_access_token"`
			Expire int    `json:"expire"`
		}
		if err := json.Unmarshal([]byte(got.raw), &answer); err != nil || got.status != 200 || answer.Code == nil || *answer.Code != 0 {
			t.Fatalf("%s: %d %s", path, got.status, got.raw)
		}
		if answer.Tenant != s.token || answer.App != s.token || answer.Expire != 7200 {
			t.Errorf("%s: %s", path, got.raw)
		}
	}

	got := s.send("POST", s.records()+"/batch_create?client_token=fe599b60-450f-46ff-b2ef-9f6675625b97&user_id_type=open_id", s.token,
		`{"records":[{"fields":{"主题":"Go","学习时长(分钟)":60,"标签":["后端"]}},{"fields":{"主题":"Rust","日期":1674206443000}}]}`, sdk)
	var created struct {
		Code int
		Data struct {
			Records []struct {
				ID string `json:"record_id"`
			}
		}
	}
	if err := json.Unmarshal([]byte(got.raw), &created); err != nil || created.Code != 0 || len(created.Data.Records) != 2 {
		t.Fatalf("%d %s", got.status, got.raw)
	}
	id := created.Data.Records[0].ID
	for _, call := range []struct{ method, path, body string }{
		{"POST", s.records() + "?ignore_consistency_check=true", `{"fields":{"主题":"C"}}`},
		{"GET", s.records() + "/" + id + "?user_id_type=open_id", ""},
		{"PUT", s.records() + "/" + id, `{"fields":{"主题":"Go 1.26"}}`},
		{"POST", s.records() + "/search?page_size=20", `{"field_names":["主题"]}`},
		{"GET", s.records() + "?page_size=20", ""},
		{"GET", strings.TrimSuffix(s.records(), "records") + "fields", ""},
		{"GET", strings.TrimSuffix(s.records(), "records") + "views", ""},
		{"GET", "/open-apis/bitable/v1/apps/" + baseName + "/tables", ""},
		{"DELETE", s.records() + "/" + id, ""},
	} {
		got := s.send(call.method, call.path, s.token, call.body, sdk)
		if got.status != 200 || !strings.HasPrefix(got.raw, `{"code":0,`) || got.header.Get("X-Tt-Logid") == "" {
			t.Errorf("%s %s: %d %s", call.method, call.path, got.status, got.raw)
		}
	}
	if rows := s.rows(); len(rows) != 2 {
		t.Errorf("%d rows are left", len(rows))
	}
	if got := s.sandbox.CallCount("auth.tenant_access_token_internal", ""); got > 1 {
		t.Errorf("%d token calls went to Feishu", got)
	}
	s.leaks(s.token)
}

// leaks fails if what the service logged shows a secret.
func (s single) leaks(more ...string) {
	s.t.Helper()
	log := s.logs.String()
	for _, hidden := range append(s.secrets.all(), more...) {
		if strings.Contains(log, hidden) {
			s.t.Errorf("the log shows %q", hidden)
		}
	}
}

func TestProxyTransparency(t *testing.T) {
	t.Parallel()
	s := setupSingle(t, options{})

	t.Run("gives the answer that Feishu itself gives, byte for byte", func(t *testing.T) {
		for _, call := range []struct{ name, method, path, body string }{
			{"a read", "GET", s.records() + "?page_size=1", ""},
			{"a refusal with status 200", "POST", s.records(), `{"fields":{"没有的列":"x"}}`},
			{"a value that does not fit", "POST", s.records(), `{"fields":{"学习时长(分钟)":"sixty"}}`},
			{"a base that is none", "GET", strings.Replace(s.records(), baseName, "bascnNone", 1), ""},
			{"a body that is no JSON", "POST", s.records() + "/search", `{`},
		} {
			got := s.send(call.method, call.path, s.token, call.body, nil)
			direct := s.direct(call.method, call.path, call.body)
			if got.status != direct.status || withoutIDs(got.raw) != withoutIDs(direct.raw) {
				t.Errorf("%s: %d %s\ndirect: %d %s", call.name, got.status, got.raw, direct.status, direct.raw)
			}
			if got.header.Get("Content-Type") != direct.header.Get("Content-Type") || !strings.HasPrefix(got.header.Get("X-Request-Id"), "req_") {
				t.Errorf("%s: headers %v", call.name, got.header)
			}
		}
	})
	t.Run("takes the path of its predecessor, without a version", func(t *testing.T) {
		got := s.send("POST", strings.Replace(s.records(), "/v1", "", 1), s.token, `{"fields":{"主题":"x"}}`, nil)
		if got.status != 200 || !strings.HasPrefix(got.raw, `{"code":0,`) {
			t.Errorf("%d %s", got.status, got.raw)
		}
	})
	t.Run("heals a stale token inside the request, and repeats nothing else", func(t *testing.T) {
		s.sandbox.RevokeTokens(appID)
		before := s.sandbox.CallCount("record.create", "")
		got := s.send("POST", s.records(), s.token, `{"fields":{"主题":"healed"}}`, nil)
		if got.status != 200 || !strings.HasPrefix(got.raw, `{"code":0,`) {
			t.Errorf("%d %s", got.status, got.raw)
		}
		s.fault(sandbox.Fault{Endpoint: "record.create", Count: 1, Action: sandbox.ActionError, Code: 1254291})
		if got = s.send("POST", s.records(), s.token, `{"fields":{"主题":"conflict"}}`, nil); !strings.Contains(got.raw, "1254291") {
			t.Errorf("%d %s", got.status, got.raw)
		}
		if calls := s.sandbox.CallCount("record.create", "") - before; calls != 3 { // refused, repeated, in conflict
			t.Errorf("%d calls, want 3", calls)
		}
	})
	t.Run("says so where Feishu's answer is lost, and keeps what it promises", func(t *testing.T) {
		for _, test := range []struct {
			name, path, body string
			header           map[string]string
			status, rows     int // of the lost answer; after a repeat
		}{
			{"no key", s.records(), `{"fields":{"主题":"cut"}}`, nil, http.StatusUnprocessableEntity, 2},
			{"a key", s.records(), `{"fields":{"主题":"cut"}}`, map[string]string{"Idempotency-Key": "k-1"}, http.StatusGatewayTimeout, 1},
			{
				"a client_token", s.records() + "?client_token=fe599b60-450f-46ff-b2ef-9f6675625b98", `{"fields":{"主题":"cut"}}`, nil,
				http.StatusGatewayTimeout, 1,
			},
			{
				"a batch with a key", s.records() + "/batch_create", `{"records":[{"fields":{"主题":"a"}},{"fields":{"主题":"b"}},{"fields":{"主题":"c"}}]}`,
				map[string]string{"Idempotency-Key": "运行-1"},
				http.StatusGatewayTimeout, 3,
			},
		} {
			endpoint := "record.create"
			if strings.HasSuffix(test.path, "batch_create") {
				endpoint = "record.batch_create"
			}
			before := len(s.rows())
			s.fault(sandbox.Fault{Endpoint: endpoint, Count: 1, Action: sandbox.ActionCut, When: sandbox.AfterCommit})
			got := s.send("POST", test.path, s.token, test.body, test.header)
			repeatable := test.status == http.StatusGatewayTimeout
			if got.status != test.status || !strings.Contains(got.raw, `"outcome":"unknown"`) || !strings.Contains(got.raw, "client_token") {
				t.Errorf("%s: %d %s", test.name, got.status, got.raw)
			}
			if strings.Contains(got.raw, `"retryable":true`) != repeatable || (got.header.Get("Retry-After") != "") != repeatable {
				t.Errorf("%s: Retry-After %q: %s", test.name, got.header.Get("Retry-After"), got.raw)
			}
			if got = s.send("POST", test.path, s.token, test.body, test.header); got.status != 200 || len(s.rows())-before != test.rows {
				t.Errorf("%s: %d rows, want %d: %d %s", test.name, len(s.rows())-before, test.rows, got.status, got.raw)
			}
		}
	})
	t.Run("passes on nothing but what it lists", func(t *testing.T) {
		for _, path := range []string{
			"/open-apis/bitable/v1/apps/" + baseName + "/roles", "/open-apis/bitable/v1/apps/x%2Fy/tables", "/open-apis/bitable/v1/apps/../tables",
			"/open-apis/bitable/", "/open-apis/wiki/v2/spaces", "/open-apis/drive/v1/medias/x", "/open-apis/auth/v3/app_ticket/resend",
		} {
			if got := s.send("GET", path, s.token, "", nil); got.status != http.StatusNotFound || !strings.Contains(got.raw, `"code":"not_found"`) {
				t.Errorf("%s: %d %s", path, got.status, got.raw)
			}
		}
	})
}

// direct makes the call to Feishu, bypassing the service, as the harness's app.
func (s single) direct(method, path, body string) reply {
	s.t.Helper()
	token := s.at("POST", "/open-apis/auth/v3/tenant_access_token/internal", "", `{"app_id":"`+appID+`","app_secret":"`+s.secrets.app+`"}`)
	var answer struct {
		Token string `json:"tenant_access_token"`
	}
	if err := json.Unmarshal([]byte(token.raw), &answer); err != nil {
		s.t.Fatal(err)
	}
	return s.at(method, path, answer.Token, body)
}

func (s single) at(method, path, token, body string) reply {
	s.t.Helper()
	req, err := http.NewRequestWithContext(s.t.Context(), method, s.upstream+path, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer "+token)
	response, err := s.client.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	data, err := io.ReadAll(response.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return reply{status: response.StatusCode, header: response.Header, raw: string(data)}
}

// withoutIDs takes the id of the call out of an answer: no two calls share one.
func withoutIDs(text string) string {
	for {
		before, rest, found := strings.Cut(text, "log_id")
		if !found {
			return text
		}
		_, after, _ := strings.Cut(rest, ",")
		text = before + after
	}
}

func TestProxyDoor(t *testing.T) {
	t.Parallel()
	s := setupSingle(t, options{})
	open, other := s.key("", ""), s.key(baseName, "")
	limited := s.key(baseName, s.table)
	tables := "/open-apis/bitable/v1/apps/" + baseName + "/tables"
	elsewhere, err := s.base.AddTable("别的表", sandbox.FieldSpec{Name: "名称", Type: 1})
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name, method, path, token string
		status                    int
		code                      string
	}{
		{"no token is 401", "GET", s.records(), "", 401, "bad_passphrase"},
		{"a wrong token is 403", "GET", s.records(), "wrong", 403, "bad_passphrase"},
		{"a passphrase is no token here", "GET", s.records(), s.secrets.passphrase, 403, "bad_passphrase"},
		{"a broken key is 403", "GET", s.records(), "rgk_broken", 403, "bad_connection_key"},
		{"a key opens every base", "GET", s.records(), open, 200, ""},
		{"a key for one base opens that base", "GET", tables, other, 200, ""},
		{"and no other", "GET", strings.Replace(tables, baseName, "bascnOther1", 1), other, 403, "key_scope"},
		{"a key for one table opens that table", "GET", s.records(), limited, 200, ""},
		{"and no other", "GET", strings.Replace(s.records(), s.table, elsewhere, 1), limited, 403, "key_scope"},
		{"and not the base around it", "POST", tables + "/batch_delete", limited, 403, "key_scope"},
		{"nor the list of its tables", "GET", tables, limited, 403, "key_scope"},
		{"it reads the table's fields", "GET", tables + "/" + s.table + "/fields", limited, 200, ""},
		{"and writes none", "POST", tables + "/" + s.table + "/fields", limited, 403, "key_scope"},
		{"nor changes one", "PUT", tables + "/" + s.table + "/fields/fldExample", limited, 403, "key_scope"},
		{"nor takes one away", "DELETE", tables + "/" + s.table + "/fields/fldExample", limited, 403, "key_scope"},
		{"it makes no view", "POST", tables + "/" + s.table + "/views", limited, 403, "key_scope"},
		{"nor changes one", "PATCH", tables + "/" + s.table + "/views/vewExample", limited, 403, "key_scope"},
		{"nor takes one away", "DELETE", tables + "/" + s.table + "/views/vewExample", limited, 403, "key_scope"},
		{"it renames no table", "PATCH", tables + "/" + s.table, limited, 403, "key_scope"},
		{"nor takes one away", "DELETE", tables + "/" + s.table, limited, 403, "key_scope"},
		{"health is for the same callers", "GET", "/health", "", 401, "bad_passphrase"},
		{"with the token", "GET", "/health", s.token, 200, ""},
		{"with a key", "GET", "/health", open, 200, ""},
		{"with a key for one table", "GET", "/health", limited, 200, ""},
		{"a slash at the end is taken off", "GET", tables + "/", s.token, 200, ""},
		{"what is not passed on is 404", "GET", tables + "/x/y", s.token, 404, "not_found"},
		{"for a key for one table as well", "GET", tables + "/x/y", limited, 404, "not_found"},
		{"and nothing for a stranger", "GET", tables + "/x/y", "wrong", 403, "bad_passphrase"},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := s.send(test.method, test.path, test.token, "", nil)
			if got.status != test.status || test.code != "" && !strings.Contains(got.raw, `"code":"`+test.code+`"`) {
				t.Errorf("%d %s", got.status, got.raw)
			}
			if got.status == 403 && !strings.Contains(got.raw, `"status":403`) {
				t.Errorf("the document says another status: %s", got.raw)
			}
		})
	}
	t.Run("health tells how long Feishu's token holds", func(t *testing.T) {
		got := s.send("GET", "/health", s.token, "", nil)
		var answer struct {
			RequestID string `json:"request_id"`
			Data      struct {
				Status  string `json:"status"`
				Expires int    `json:"token_expires_in"`
			} `json:"data"`
		}
		err := json.Unmarshal([]byte(got.raw), &answer)
		if err != nil || answer.RequestID != got.header.Get("X-Request-Id") || answer.Data.Status != "ok" || answer.Data.Expires < 7000 ||
			answer.Data.Expires > 7200 {
			t.Errorf("%s", got.raw)
		}
	})
	t.Run("a token call that is refused is refused in Feishu's shape", func(t *testing.T) {
		for _, test := range []struct {
			body   string
			status int
			want   string
		}{
			{`{"app_id":"` + appID + `","app_secret":"wrong"}`, 200, `"code":10014`},
			{`{"app_id":"cli_other","app_secret":"` + s.token + `"}`, 200, `"code":10014`},
			{`{"app_id":"cli_other","app_secret":"` + open + `"}`, 200, `"code":10014`},
			{`{"app_id":"` + appID + `"}`, 200, `app_secret`},
			{`{`, 200, `"code":10003`},
		} {
			got := s.send("POST", "/open-apis/auth/v3/tenant_access_token/internal", "", test.body, nil)
			if got.status != test.status || !strings.Contains(got.raw, test.want) || strings.Contains(got.raw, "tenant_access_token") {
				t.Errorf("%s: %d %s", test.body, got.status, got.raw)
			}
		}
	})
	t.Run("a key is its own token", func(t *testing.T) {
		got := s.send("POST", "/open-apis/auth/v3/tenant_access_token/internal", "", `{"app_id":"`+appID+`","app_secret":"`+open+`"}`, nil)
		if got.status != 200 || !strings.Contains(got.raw, `"tenant_access_token":"`+open+`"`) {
			t.Errorf("%d %s", got.status, got.raw)
		}
	})
	t.Run("a guessing caller is blocked and a valid one is not", func(t *testing.T) {
		for range 30 {
			s.send("GET", s.records(), "guess"+rand.Text(), "", nil)
		}
		if got := s.send("GET", s.records(), "guess", "", nil); got.status != 429 || got.header.Get("Retry-After") == "" {
			t.Errorf("%d %s", got.status, got.raw)
		}
		if got := s.send("GET", s.records(), s.token, "", nil); got.status != 200 {
			t.Errorf("%d %s", got.status, got.raw)
		}
	})
	s.leaks(s.token, open, other, limited)
}

func TestProxyOff(t *testing.T) {
	t.Parallel()
	s := setupSingle(t, options{}, "API_AUTH_TOKEN", "FEISHU_APP_ID", "FEISHU_APP_SECRET", "FEISHU_BASE_TOKEN", "FEISHU_TABLE_ID")
	for _, call := range []struct{ method, path, token string }{
		{"GET", s.records(), ""},
		{"GET", s.records(), "anything"},
		{"GET", "/health", ""},
		{"POST", "/api/sync", ""},
		{"GET", "/api/hello", ""},
	} {
		if got := s.send(call.method, call.path, call.token, `{}`, nil); got.status != 404 {
			t.Errorf("%s %s: %d %s", call.method, call.path, got.status, got.raw)
		}
	}
	got := s.send("POST", "/open-apis/auth/v3/tenant_access_token/internal", "", `{"app_id":"`+appID+`","app_secret":"x"}`, nil)
	if got.status != 200 || !strings.Contains(got.raw, `"code":10014`) {
		t.Errorf("a token: %d %s", got.status, got.raw)
	}
	if got := s.send("GET", s.records(), s.key("", ""), "", nil); got.status != 200 {
		t.Errorf("a key: %d %s", got.status, got.raw)
	}
}

func TestProxyCORS(t *testing.T) {
	t.Parallel()
	s := setupSingle(t, options{settings: map[string]string{"ROWGATE_ALLOWED_ORIGINS": "https://page.example.com"}})
	for _, path := range []string{s.records(), "/api/sync", "/health"} {
		preflight := s.send("OPTIONS", path, "", "", map[string]string{
			"Origin": "https://page.example.com", "Access-Control-Request-Method": "POST",
			"Access-Control-Request-Headers": "authorization,content-type",
		})
		if preflight.status != 204 || preflight.header.Get("Access-Control-Allow-Origin") != "https://page.example.com" {
			t.Errorf("%s: preflight %d %v", path, preflight.status, preflight.header)
		}
	}
	got := s.send("GET", s.records(), s.token, "", map[string]string{"Origin": "https://page.example.com"})
	if got.status != 200 || got.header.Get("Access-Control-Allow-Origin") != "https://page.example.com" {
		t.Errorf("%d %v", got.status, got.header)
	}
	if got = s.send("POST", s.records(), s.token, "{}", map[string]string{
		"Origin":         "https://other.example.com",
		"Sec-Fetch-Site": "cross-site",
	}); got.status != 403 {
		t.Errorf("another page: %d %s", got.status, got.raw)
	}
}

func TestProxyStreamsBodies(t *testing.T) {
	t.Parallel()
	s := setupSingle(t, options{})
	long := strings.Repeat("长", 400_000) // 1.2 MB: more than is kept for a repeat
	body, err := json.Marshal(map[string]any{"fields": map[string]any{"笔记": long[:len(long)/4], "主题": "large"}, "padding": long})
	if err != nil {
		t.Fatal(err)
	}
	for _, chunked := range []bool{false, true} {
		got := s.do(request{
			path: s.records(), body: string(body), chunked: chunked, header: map[string]string{"Authorization": "Bearer " + s.token},
			query: url.Values{"user_id_type": {"open_id"}}.Encode(),
		})
		if got.status != 200 || !strings.Contains(got.raw, long[:len(long)/4]) {
			t.Errorf("chunked %v: %d, %d bytes: %.200s", chunked, got.status, len(got.raw), got.raw)
		}
	}
}
