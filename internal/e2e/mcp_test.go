package e2e_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/rowgate/rowgate/internal/app"
	"github.com/rowgate/rowgate/internal/config"
	"github.com/rowgate/rowgate/internal/sandbox"
	"github.com/rowgate/rowgate/internal/secret"
	"github.com/rowgate/rowgate/internal/surface/mcp"
	"github.com/rowgate/rowgate/openapi"
	"github.com/rowgate/rowgate/tool"
)

// withHeaders adds headers to each request, as an MCP client is configured to.
type withHeaders struct {
	to     http.RoundTripper
	header map[string]string
}

func (w withHeaders) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	for name, value := range w.header {
		r.Header.Set(name, value)
	}
	return w.to.RoundTrip(r)
}

// client is an MCP session of the SDK's own client.
type client struct {
	*sdk.ClientSession

	t        *testing.T
	mu       sync.Mutex
	progress []sdk.ProgressNotificationParams
}

// connect opens a session with these headers.
func (s single) connect(header map[string]string) *client {
	s.t.Helper()
	return s.connectTo("/mcp", header)
}

// connectTo is connect at another address.
func (s single) connectTo(path string, header map[string]string) *client {
	s.t.Helper()
	c := &client{t: s.t}
	to := &http.Transport{}
	one := sdk.NewClient(&sdk.Implementation{Name: "test", Version: "1"}, &sdk.ClientOptions{
		ProgressNotificationHandler: func(_ context.Context, r *sdk.ProgressNotificationClientRequest) {
			c.mu.Lock()
			defer c.mu.Unlock()
			c.progress = append(c.progress, *r.Params)
		},
	})
	var err error
	c.ClientSession, err = one.Connect(s.t.Context(), &sdk.StreamableClientTransport{
		Endpoint: s.app.URL() + path, HTTPClient: &http.Client{Transport: withHeaders{to, header}}, DisableStandaloneSSE: true,
	}, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() {
		_ = c.Close()
		to.CloseIdleConnections()
	})
	return c
}

// call calls a tool and returns its answer; text and data of the answer are the same.
func (c *client) call(name string, arguments any) (answer map[string]any, failed bool) {
	c.t.Helper()
	params := &sdk.CallToolParams{Name: name, Arguments: arguments}
	params.SetProgressToken("p1")
	result, err := c.CallTool(c.t.Context(), params)
	if err != nil {
		c.t.Fatalf("%s: %v", name, err)
	}
	text, ok := result.Content[0].(*sdk.TextContent)
	if !ok || json.Unmarshal([]byte(text.Text), &answer) != nil {
		c.t.Fatalf("%s: no JSON text: %v", name, result.Content)
	}
	if data, _ := json.Marshal(result.StructuredContent); !sameJSON(data, []byte(text.Text)) {
		c.t.Errorf("%s: data %s beside text %s", name, data, text.Text)
	}
	return answer, result.IsError
}

func sameJSON(a, b []byte) bool {
	var left, right any
	return json.Unmarshal(a, &left) == nil && json.Unmarshal(b, &right) == nil && fmt.Sprint(left) == fmt.Sprint(right)
}

func bearer(token string) map[string]string {
	return map[string]string{"Authorization": "Bearer " + token}
}

func TestMCPSession(t *testing.T) {
	t.Parallel()
	s := setupSingle(t, options{})
	key := s.key(baseName, s.table)
	c := s.connect(bearer(key))

	t.Run("lists the catalogue", func(t *testing.T) {
		listed, err := c.ListTools(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		var names, want []string
		for _, one := range listed.Tools {
			names = append(names, one.Name)
			schema, _ := json.Marshal(one.InputSchema)
			for _, never := range []string{"app_secret", "passphrase", `"$ref"`, "soft_errors", `"app_id"`} {
				if strings.Contains(string(schema), never) {
					t.Errorf("%s shows %s", one.Name, never)
				}
			}
			if one.Annotations == nil || one.OutputSchema == nil || !strings.Contains(one.Title, " · ") {
				t.Errorf("%s lacks annotations, output or a title: %+v", one.Name, one)
			}
		}
		for _, one := range openapi.Importable(records()) {
			want = append(want, one.Name)
		}
		slices.Sort(want)
		if !slices.Equal(names, want) {
			t.Errorf("got %v, want %v", names, want)
		}
	})
	t.Run("diagnoses, describes, writes and upserts", func(t *testing.T) {
		if got, failed := c.call("diagnose_connection", nil); failed || got["ok"] != true {
			t.Errorf("diagnose: %v", got)
		}
		described, failed := c.call("describe_table", map[string]any{})
		sample, _ := described["sample_row"].(map[string]any)
		if failed || len(sample) == 0 {
			t.Fatalf("describe: %v", described)
		}
		if got, failed := c.call("write_records", map[string]any{"records": []any{sample}}); failed || got["created"] != 1.0 {
			t.Errorf("write: %v", got)
		}
		row := []any{map[string]any{"主题": "MCP", "学习时长(分钟)": 30}}
		if got, failed := c.call("write_records", map[string]any{"records": row, "key_fields": []string{"主题"}}); failed || got["created"] != 1.0 {
			t.Errorf("upsert of a new row: %v", got)
		}
		row = []any{map[string]any{"主题": "MCP", "学习时长(分钟)": "45"}}
		if got, failed := c.call("write_records", map[string]any{"records": row, "key_fields": "主题"}); failed || got["updated"] != 1.0 {
			t.Errorf("upsert of a known row: %v", got)
		}
		if got, failed := c.call("search_records", map[string]any{"where": map[string]any{"主题": "MCP"}}); failed || got["count"] != 1.0 {
			t.Errorf("search: %v", got)
		}
	})
	t.Run("takes the rows as models write them", func(t *testing.T) {
		for _, records := range []any{
			`[{"主题":"text"}]`, "```json\n[{\"主题\":\"fence\"}]\n```", `[{'主题': 'repr', '笔记': None}]`, map[string]any{"主题": "one object"},
		} {
			if got, failed := c.call("write_records", map[string]any{"records": records}); failed || got["created"] != 1.0 {
				t.Errorf("%v: %v", records, got)
			}
		}
	})
	t.Run("writes two honest identical rows twice", func(t *testing.T) {
		before := len(s.rows())
		for range 2 {
			c.call("write_records", map[string]any{"records": `[{"主题":"again"}]`})
		}
		if got := len(s.rows()) - before; got != 2 {
			t.Errorf("%d rows more, want 2", got)
		}
	})
	t.Run("answers a failed call with the whole problem", func(t *testing.T) {
		got, failed := c.call("write_records", map[string]any{"records": `[{"主体":"x"}]`})
		fix, _ := got["fix"].(map[string]any)
		if !failed || got["code"] != "invalid_rows" || got["ok"] != false || fix["zh"] == "" || fix["en"] == "" || got["request_id"] == "" {
			t.Errorf("%v", got)
		}
		rows, _ := got["errors"].([]any)
		if first, _ := rows[0].(map[string]any); first["suggestion"] != "主题" {
			t.Errorf("%v", rows)
		}
	})
	for _, test := range []struct {
		name, tool string
		arguments  any
		code, want string
	}{
		{"a credential among the arguments", "describe_table", map[string]any{"app_secret": "s3cret"}, "bad_parameter", "app_secret"},
		{"an argument that is none", "describe_table", map[string]any{"tabel_id": "x"}, "unknown_parameter", "table_id"},
		{"an option that is none", "write_records", map[string]any{"records": "[]", "on_error": "maybe"}, "bad_parameter", "on_error"},
		{"no rows", "write_records", map[string]any{}, "no_rows", ""},
		{"a key's limit", "describe_table", map[string]any{"app_token": "bascnOther1"}, "key_scope", ""},
		{"another app than the key's", "describe_table", map[string]any{"app_id": "cli_other"}, "bad_parameter", "app_id"},
		{"prose in place of rows", "write_records", map[string]any{"records": "here are the rows"}, "bad_body", ""},
		{"very deep rows", "write_records", map[string]any{"records": strings.Repeat("[", 100)}, "bad_body", ""},
	} {
		t.Run("refuses "+test.name, func(t *testing.T) {
			got, failed := c.call(test.tool, test.arguments)
			if text, _ := json.Marshal(got); !failed || got["code"] != test.code || !strings.Contains(string(text), test.want) ||
				strings.Contains(string(text), "s3cret") {
				t.Errorf("%s", text)
			}
		})
	}
	t.Run("a tool that is none is an error of the protocol", func(t *testing.T) {
		for _, name := range []string{"drop_table", "create_connection"} {
			if _, err := c.CallTool(t.Context(), &sdk.CallToolParams{Name: name}); err == nil {
				t.Errorf("%s was called", name)
			}
		}
	})
	s.leaks(key)
	if log := s.logs.String(); !strings.Contains(log, `"route":"/mcp"`) || !strings.Contains(log, `"tool":"write_records"`) {
		t.Error("the access log does not name the tool")
	}
}

func TestMCPProgress(t *testing.T) {
	t.Parallel()
	s := setupSingle(t, options{sandbox: sandbox.Options{Write: sandbox.Latency{PerCall: 400 * time.Millisecond}}})
	c := s.connect(bearer(s.key(baseName, s.table)))
	rows := make([]any, 5000)
	for i := range rows {
		rows[i] = map[string]any{"主题": fmt.Sprint("row ", i)}
	}
	if got, failed := c.call("write_records", map[string]any{"records": rows, "return": "none"}); failed || got["created"] != 5000.0 {
		t.Fatalf("%v", got)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.progress) == 0 {
		t.Fatal("nothing was told of a write of five batches")
	}
	last := -1.0
	for _, p := range c.progress {
		if p.ProgressToken != "p1" || p.Total != 5000 || p.Progress <= last || p.Progress > 5000 {
			t.Errorf("%+v after %v", p, last)
		}
		last = p.Progress
	}
}

func TestMCPCredentials(t *testing.T) {
	t.Parallel()
	s := setupSingle(t, options{})
	t.Run("may be a passphrase and the app's own as headers", func(t *testing.T) {
		c := s.connect(map[string]string{
			"X-Passphrase": s.secrets.passphrase, "X-App-Id": appID, "X-App-Secret": s.secrets.app, "X-App-Token": baseName, "X-Table-Id": s.table,
		})
		if got, failed := c.call("describe_table", nil); failed {
			t.Errorf("%v", got)
		}
	})
	t.Run("that are missing are named", func(t *testing.T) {
		got, failed := s.connect(bearer(s.secrets.passphrase)).call("describe_table", nil)
		if !failed || got["code"] != "missing_connection" {
			t.Errorf("%v", got)
		}
	})
	t.Run("of another app reach Feishu and fail there", func(t *testing.T) {
		header := bearer(s.secrets.passphrase)
		header["X-App-Id"], header["X-App-Secret"], header["X-App-Token"], header["X-Table-Id"] = appID, "another", baseName, s.table
		got, failed := s.connect(header).call("describe_table", nil)
		if !failed || got["code"] != "bad_app_credentials" {
			t.Errorf("%v", got)
		}
	})
	initialize := `{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{},` +
		`"clientInfo":{"name":"x","version":"1"}}}`
	for _, test := range []struct {
		name, token string
		status      int
		code        string
	}{
		{"missing", "", 401, "bad_passphrase"},
		{"wrong", "wrong", 401, "bad_passphrase"},
		{"a broken key", "rgk_broken", 401, "bad_connection_key"},
		{"the configured app's token", s.token, 401, "bad_passphrase"},
	} {
		t.Run(test.name+" keep a client out", func(t *testing.T) {
			got := s.send("POST", "/mcp", test.token, initialize, map[string]string{"Accept": "application/json, text/event-stream"})
			if got.status != test.status || !strings.Contains(got.raw, `"code":"`+test.code+`"`) || got.header.Get("Www-Authenticate") != "Bearer" {
				t.Errorf("%d %v %s", got.status, got.header, got.raw)
			}
		})
	}
}

func TestMCPHostileRequests(t *testing.T) {
	t.Parallel()
	s := setupSingle(t, options{})
	accept := map[string]string{"Accept": "application/json, text/event-stream"}
	const list = `{"jsonrpc":"2.0","id":1,"method":"tools/list"}`
	for _, test := range []struct {
		name, method, body string
		status             int
	}{
		{"no JSON", "POST", "{", 400},
		{"nothing", "POST", "", 400},
		{"a method that is none", "POST", `{"jsonrpc":"2.0","id":1,"method":"tools/drop"}`, 400},
		{
			"arguments that are no object", "POST",
			`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"list_tables","arguments":"{\"app_secret\":\"x\"}"}}`, 200,
		},
		{"a listening stream, which there is none of", "GET", "", 405},
		{"the end of a session, which there is none of", "DELETE", "", 405},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := s.send(test.method, "/mcp", s.secrets.passphrase, test.body, accept)
			if got.status != test.status {
				t.Errorf("%d %s", got.status, got.raw)
			}
			if got.status == 200 && !strings.Contains(got.raw, "bad_parameter") {
				t.Errorf("%s", got.raw)
			}
			if kind := got.header.Get("Content-Type"); got.status >= 400 && !strings.Contains(kind, "json") {
				t.Errorf("%s: %s", kind, got.raw)
			}
		})
	}
	t.Run("an answer that it cannot read", func(t *testing.T) {
		got := s.send("POST", "/mcp", s.secrets.passphrase, list, map[string]string{"Accept": "application/json"})
		if got.status != 400 || got.header.Get("Content-Type") != "application/problem+json" || !strings.Contains(got.raw, "text/event-stream") {
			t.Errorf("%d %v %s", got.status, got.header, got.raw)
		}
	})
	t.Run("a body over the limit", func(t *testing.T) {
		if got := s.send("POST", "/mcp", s.secrets.passphrase, strings.Repeat(" ", 20<<20+1), accept); got.status != 413 {
			t.Errorf("%d %s", got.status, got.raw)
		}
	})
	t.Run("a secret in the address", func(t *testing.T) {
		for _, query := range []string{"passphrase=x", "X-App-Secret=", "any=rgk_example"} {
			if got := s.send("POST", "/mcp?"+query, s.secrets.passphrase, list, accept); got.status != 400 ||
				!strings.Contains(got.raw, "secret_in_query") {
				t.Errorf("%s: %d %s", query, got.status, got.raw)
			}
		}
		if got := s.send("POST", "/mcp?client=example", s.secrets.passphrase, list, accept); got.status != 200 {
			t.Errorf("another name: %d %s", got.status, got.raw)
		}
	})
	t.Run("more calls in one request than it may have", func(t *testing.T) {
		calls := func(n int) string { return " [" + strings.Repeat(list+",", n-1) + list + "]" }
		got := s.send("POST", "/mcp", s.secrets.passphrase, calls(mcp.MaxBatch+1), accept)
		if got.status != 400 || !strings.Contains(got.raw, "bad_parameter") {
			t.Errorf("%d %s", got.status, got.raw)
		}
		if got = s.send("POST", "/mcp", s.secrets.passphrase, `[{"half`, accept); got.status != 400 {
			t.Errorf("%d %s", got.status, got.raw)
		}
	})
	t.Run("several calls in one request are answered each by its own", func(t *testing.T) {
		batch := `[{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"list_tables","arguments":{}}},` +
			`{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"list_tables","arguments":{"nope":1}}}]`
		header := map[string]string{"Accept": accept["Accept"], "X-App-Id": appID, "X-App-Secret": s.secrets.app, "X-App-Token": baseName}
		got := s.send("POST", "/mcp", s.secrets.passphrase, batch, header)
		if got.status != 200 || !strings.Contains(got.raw, "学习记录") || !strings.Contains(got.raw, "unknown_parameter") {
			t.Errorf("%d %s", got.status, got.raw)
		}
	})
	s.leaks()
}

func TestMCPAnnotations(t *testing.T) {
	t.Parallel()
	s := setupSingle(t, options{})
	listed, err := s.connect(bearer(s.secrets.passphrase)).ListTools(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	catalogue := app.Catalogue()
	for _, one := range listed.Tools {
		t.Run(one.Name+" says what it may do", func(t *testing.T) {
			known, _ := catalogue.Find(one.Name)
			a := one.Annotations
			if a.ReadOnlyHint != (known.Risk == tool.ReadOnly) ||
				*a.DestructiveHint != (known.Risk == tool.Writing || known.Risk == tool.Destructive) {
				t.Errorf("%s: %+v", known.Risk, a)
			}
		})
	}
}

// stdio runs ServeMCP with the harness's settings, after its listener has stopped, and connects a client to it.
func (s single) stdio(key string) (c *client, ended <-chan error) {
	s.t.Helper()
	s.stop()
	cfg, problems := config.Load(func(name string) string { return s.settings[name] })
	if len(problems) > 0 {
		s.t.Fatal(problems)
	}
	in, toServer := io.Pipe()
	fromServer, out := io.Pipe()
	done := make(chan error, 1)
	go func() {
		done <- app.ServeMCP(s.t.Context(), app.Options{Config: cfg, Logger: logger(s.logs), Version: "test"}, secret.New(key), in, out)
	}()
	c = &client{t: s.t}
	var err error
	c.ClientSession, err = sdk.NewClient(&sdk.Implementation{Name: "test", Version: "1"}, nil).Connect(s.t.Context(), &sdk.IOTransport{
		Reader: fromServer, Writer: toServer,
	}, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	return c, done
}

func TestMCPStdio(t *testing.T) {
	t.Parallel()
	t.Run("acts as the configured app, in its table", func(t *testing.T) {
		t.Parallel()
		s := setupSingle(t, options{})
		c, ended := s.stdio("")
		for range 2 { // honest repeats
			if got, failed := c.call("write_records", map[string]any{"records": `[{"主题":"stdio"}]`}); failed || got["created"] != 1.0 {
				t.Errorf("%v", got)
			}
		}
		if got, failed := c.call("describe_table", map[string]any{"app_token": "bascnOther1"}); !failed || got["code"] != "key_scope" ||
			got["type"] != "/errors/key_scope" { // nothing listens that an address could lead to
			t.Errorf("%v", got)
		}
		if err := c.Close(); err != nil {
			t.Error(err)
		}
		if err := <-ended; err != nil {
			t.Error(err)
		}
		if len(s.rows()) != 2 {
			t.Errorf("%d rows", len(s.rows()))
		}
		if log := s.logs.String(); !strings.Contains(log, `"msg":"mcp call"`) || !strings.Contains(log, `"code":"key_scope"`) {
			t.Error("the calls are not logged")
		}
		s.leaks()
	})
	t.Run("acts with a connection key", func(t *testing.T) {
		t.Parallel()
		s := setupSingle(t, options{}, "API_AUTH_TOKEN", "FEISHU_APP_ID", "FEISHU_APP_SECRET", "FEISHU_BASE_TOKEN", "FEISHU_TABLE_ID")
		key := s.key(baseName, s.table)
		c, ended := s.stdio(key)
		if got, failed := c.call("describe_table", nil); failed || got["table_id"] != s.table {
			t.Errorf("%v", got)
		}
		_ = c.Close()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		s.leaks(key)
	})
	t.Run("has to act for somebody", func(t *testing.T) {
		t.Parallel()
		err := app.ServeMCP(t.Context(), app.Options{Config: &config.Config{}}, secret.Text{}, nil, nil)
		if !errors.Is(err, app.ErrNoConnection) {
			t.Errorf("got %v", err)
		}
	})
}
