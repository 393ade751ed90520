package sandbox

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/rowgate/rowgate/internal/sandbox/state"
)

const (
	testApp    = "cli_example"
	testSecret = "secretExample"
	testBase   = "bascnExample01"
	testTable  = "tblExample"

	otherBase       = "bascnOther001"
	foreignBase     = "bascnForeign01" // without collaborators
	wikiBase        = "bascnWiki00001"
	foreignWikiBase = "bascnWiki00002"
)

// bundle is a sandbox with one app, one base and one table, and a token.
type bundle struct {
	t     *testing.T
	sb    *Sandbox
	base  *Base
	token string
}

// stored is the base as the store has it.
func (b *bundle) stored() *state.Base { return b.sb.store.Base(testBase) }

// setup makes a bundle; columns default to one text column 标题.
func setup(t *testing.T, options Options, columns ...FieldSpec) *bundle {
	t.Helper()
	sb, err := New(options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := sb.Close(); err != nil {
			t.Error(err)
		}
		if err := sb.Verify(); err != nil {
			t.Error(err)
		}
	})
	b := &bundle{t: t, sb: sb}
	b.must(sb.AddApp(AppSpec{ID: testApp, Secret: testSecret}))
	b.base, err = sb.AddBase(BaseSpec{Token: testBase, Name: "示例", Collaborators: []string{testApp}})
	b.must(err)
	if len(columns) == 0 {
		columns = []FieldSpec{{Name: "标题", Type: 1}}
	}
	_, err = b.base.AddTableSpec(TableSpec{ID: testTable, Name: "数据", Fields: columns})
	b.must(err)
	b.token = b.login(testApp, testSecret)
	return b
}

func (b *bundle) must(err error) {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(err)
	}
}

func (b *bundle) login(id, secret string) string {
	b.t.Helper()
	r := b.do("POST", "/auth/v3/tenant_access_token/internal", map[string]any{"app_id": id, "app_secret": secret})
	if r.Code != 0 || r.Token == "" {
		b.t.Fatalf("login: %d %s", r.status, r.raw)
	}
	return r.Token
}

// reply is an answer, read.
type reply struct {
	status int
	header http.Header
	raw    string
	Code   int             `json:"code"`
	Msg    string          `json:"msg"`
	Data   json.RawMessage `json:"data"`
	Token  string          `json:"tenant_access_token"`
	Expire int             `json:"expire"`
	Error  struct {
		Message    string `json:"message"`
		LogID      string `json:"log_id"`
		Violations []struct {
			Field string `json:"field"`
		} `json:"field_violations"`
	} `json:"error"`
}

func (b *bundle) request(method, path string, body any) *http.Request {
	b.t.Helper()
	var reader *bytes.Reader
	switch v := body.(type) {
	case nil:
		reader = bytes.NewReader(nil)
	case []byte:
		reader = bytes.NewReader(v)
	case string:
		reader = bytes.NewReader([]byte(v))
	default:
		encoded, err := json.Marshal(v)
		b.must(err)
		reader = bytes.NewReader(encoded)
	}
	r := httptest.NewRequestWithContext(b.t.Context(), method, "/open-apis"+path, reader)
	r.Header.Set("Content-Type", "application/json; charset=utf-8")
	if b.token != "" {
		r.Header.Set("Authorization", "Bearer "+b.token)
	}
	return r
}

func (b *bundle) do(method, path string, body any) reply {
	b.t.Helper()
	return b.send(b.request(method, path, body))
}

func (b *bundle) send(r *http.Request) reply {
	b.t.Helper()
	recorder := httptest.NewRecorder()
	b.sb.ServeHTTP(recorder, r)
	out := reply{status: recorder.Code, header: recorder.Header(), raw: recorder.Body.String()}
	if strings.HasPrefix(out.header.Get("Content-Type"), "application/json") {
		b.must(json.Unmarshal(recorder.Body.Bytes(), &out))
		if strings.HasPrefix(out.Msg, "error ") {
			b.t.Errorf("%s %s answers a code that its error table does not have: %s", r.Method, r.URL.Path, out.raw)
		}
	}
	return out
}

const recordsPath = "/bitable/v1/apps/" + testBase + "/tables/" + testTable + "/records"

// create writes rows with batch_create.
func (b *bundle) create(rows ...map[string]any) reply {
	b.t.Helper()
	return b.do("POST", recordsPath+"/batch_create", recordsOf(rows...))
}

func recordsOf(rows ...map[string]any) map[string]any {
	records := make([]map[string]any, len(rows))
	for i, fields := range rows {
		records[i] = map[string]any{"fields": fields}
	}
	return map[string]any{"records": records}
}

// ids are the record ids of an answer's data.records or data.record.
func (r reply) ids() []string {
	var data struct {
		Record struct {
			ID string `json:"record_id"`
		}
		Records []struct {
			ID string `json:"record_id"`
		}
	}
	_ = json.Unmarshal(r.Data, &data)
	if data.Record.ID != "" {
		return []string{data.Record.ID}
	}
	out := make([]string, len(data.Records))
	for i, record := range data.Records {
		out[i] = record.ID
	}
	return out
}

func (b *bundle) rows() []Row {
	b.t.Helper()
	rows, err := b.sb.Rows(testBase, testTable)
	b.must(err)
	return rows
}

// want fails unless the answer has this status and code.
func (r reply) want(t *testing.T, status, code int) {
	t.Helper()
	if r.status != status || r.Code != code {
		t.Errorf("got %d/%d, want %d/%d: %s", r.status, r.Code, status, code, r.raw)
	}
}

func (r reply) wantOK(t *testing.T) {
	t.Helper()
	r.want(t, 200, 0)
}

func TestSandbox(t *testing.T) {
	t.Parallel()
	t.Run("writes_rows_over_loopback_and_shows_them", func(t *testing.T) {
		t.Parallel()
		b := setup(t, Options{})
		url, err := b.sb.Start()
		b.must(err)
		r := b.request("POST", recordsPath, map[string]any{"fields": map[string]any{"标题": "你好"}})
		request, err := http.NewRequestWithContext(t.Context(), r.Method, url+r.URL.Path, r.Body)
		b.must(err)
		request.Header = r.Header
		answer, err := (&http.Client{}).Do(request)
		b.must(err)
		b.must(answer.Body.Close())
		if _, err := b.sb.Start(); err == nil {
			t.Error("started twice")
		}
		rows := b.rows()
		if answer.StatusCode != 200 || len(rows) != 1 || rows[0].Write["标题"] != "你好" {
			t.Errorf("got %d, rows %v", answer.StatusCode, rows)
		}
	})
}
