package e2e_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/rowgate/rowgate/internal/surface/snippet"
)

func TestDifyWorkflow(t *testing.T) {
	t.Parallel()
	text := "他说 \"好\"，it's fine\n第二行 {\"a\": [1]} C:\\new 100% ;&=+ ```\n# 标题"

	t.Run("of a table that the caller may see lands a row with every kind of input", func(t *testing.T) {
		t.Parallel()
		h := setup(t, options{})
		file := h.difyFile(url.Values{"table": {h.link()}}, true)
		environment := map[string]string{"passphrase": h.secrets.passphrase, "app_id": appID, "app_secret": h.secrets.app}
		got := file.run(t, h, "run-1", environment, map[string]string{
			"标题": text, "平台": "B站", "标签": "美食，新手", "发布日期": "2026年3月24日 12:00", "播放量": "1234.0", "已发布": "是",
			"负责人": personID, "电话": "13800138000", "原视频": "https://v.example.com/1", "频道": h.channel,
		})
		if got.status != http.StatusOK || got.Created != 1 {
			t.Fatalf("%d %s", got.status, got.raw)
		}
		landed(t, h.rows(), []map[string]any{{
			"标题": text, "平台": "B站", "标签": []string{"美食", "新手"}, "发布日期": noon, "播放量": 1234, "已发布": true, "频道": []string{h.channel},
		}})
		if again := file.run(t, h, "run-1", environment, map[string]string{
			"标题": text, "平台": "B站", "标签": "美食，新手", "发布日期": "2026年3月24日 12:00", "播放量": "1234.0", "已发布": "是",
			"负责人": personID, "电话": "13800138000", "原视频": "https://v.example.com/1", "频道": h.channel,
		}); !again.IdempotentReplay || len(h.rows()) != 1 {
			t.Errorf("the node's repeat: %s", again.raw)
		}
		if other := file.run(t, h, "run-2", environment, map[string]string{"标题": "只有标题"}); other.status != http.StatusOK || len(h.rows()) != 2 {
			t.Errorf("a run with optional fields left empty: %d %s", other.status, other.raw)
		}
	})

	t.Run("of a browser's link that is not escaped is that of its table, and repeats a call that failed", func(t *testing.T) {
		t.Parallel()
		h := setup(t, options{})
		for _, path := range []string{snippet.PathDifyWorkflow, snippet.PathCurl} {
			link := "https://example.feishu.cn/base/" + baseName + "?table=" + h.table + "&view=vewAbCdEf"
			got := h.asked("", path+"?table="+link+"&columns=%E6%A0%87%E9%A2%98,%E5%B9%B3%E5%8F%B0", nil)
			if got.status != http.StatusOK || !strings.Contains(got.raw, h.table) ||
				strings.Contains(got.raw, "vewAbCdEf") && path == snippet.PathCurl {
				t.Errorf("%s: %d %s", path, got.status, got.raw)
			}
			if path == snippet.PathDifyWorkflow && !strings.Contains(got.raw, "retry_config: {retry_enabled: true, max_retries: 3,") {
				t.Error("the workflow gives up after one call")
			}
		}
	})

	t.Run("asks by the kind of the column", func(t *testing.T) {
		t.Parallel()
		h := setup(t, options{})
		file := h.difyFile(url.Values{"table": {h.link()}}, true)
		kinds := map[string]string{}
		for _, input := range file.node("start").Variables {
			kinds[input.Label] = input.Type
			if input.Required != (input.Label == "标题") {
				t.Errorf("%s: required is %t", input.Label, input.Required)
			}
		}
		for column, want := range map[string]string{
			"标题": "paragraph", "平台": "select", "标签": "paragraph", "发布日期": "text-input", "播放量": "number", "已发布": "select", "编号": "",
		} {
			if kinds[column] != want {
				t.Errorf("%s is asked as %q, want %q", column, kinds[column], want)
			}
		}
	})

	t.Run("of columns that are named needs no credentials, and its variables are ASCII", func(t *testing.T) {
		t.Parallel()
		h := setup(t, options{})
		file := h.difyFile(url.Values{"table": {baseName}, "table_id": {table}, "columns": {"标题,平台"}, "app_id": {appID}}, false)
		got := file.run(t, h, "run-1", map[string]string{"passphrase": h.secrets.passphrase, "app_secret": h.secrets.app}, map[string]string{
			"标题": "葱油拌面", "平台": "抖音",
		})
		if got.status != http.StatusOK {
			t.Fatalf("%d %s", got.status, got.raw)
		}
		landed(t, h.rows(), []map[string]any{{"标题": "葱油拌面", "平台": "抖音"}})
		odd := h.difyFile(
			url.Values{"table": {baseName}, "columns": {`["Title 1","title-1","1st","` + strings.Repeat("a", 40) + `","è","column_3","a\"b: c'd"]`}},
			false,
		)
		var names []string
		for _, input := range odd.node("start").Variables {
			names = append(names, input.Variable)
		}
		if want := []string{"title_1", "column_2", "column_3", "column_4", "column_5", "column_6", "a_b_c_d"}; !slices.Equal(names, want) {
			t.Errorf("variables %v, want %v", names, want)
		}
		if faults := odd.faults(); len(faults) > 0 {
			t.Error(faults)
		}
	})

	t.Run("of a caller with a connection key asks for that alone", func(t *testing.T) {
		t.Parallel()
		h := setup(t, options{})
		key := h.key()
		served := h.do(request{method: http.MethodGet, path: snippet.PathDifyWorkflow, header: withKey(key)})
		var file difyFile
		readYAML(t, served.raw, &file)
		if strings.Contains(served.raw, key) || len(file.Workflow.EnvironmentVariables) != 1 {
			t.Fatalf("the file: %s", served.raw)
		}
		got := file.run(t, h, "run-1", map[string]string{"connection_key": key}, map[string]string{"标题": "葱油拌面"})
		if got.status != http.StatusOK || len(h.rows()) != 1 {
			t.Errorf("%d %s", got.status, got.raw)
		}
	})

	t.Run("speaks the reader's language", func(t *testing.T) {
		t.Parallel()
		h := setup(t, options{})
		header := withKey("")
		header["Accept-Language"] = "en"
		got := h.do(request{method: http.MethodGet, path: snippet.PathDifyWorkflow, query: "table=" + baseName + "&columns=a", header: header})
		if !strings.Contains(got.raw, "Write to Bitable") {
			t.Error(got.raw)
		}
	})
}

// TestGeneratorRefusals tests what no generator takes.
func TestGeneratorRefusals(t *testing.T) {
	t.Parallel()
	h := setup(t, options{})
	many := make([]string, snippet.MaxColumns+1)
	for i := range many {
		many[i] = fmt.Sprintf("c%d", i)
	}
	for name, c := range map[string]struct {
		query string
		known bool
		code  string
	}{
		"a secret in the address":          {query: "table=" + baseName + "&app_secret=example&columns=a", code: "secret_in_query"},
		"a connection key in the address":  {query: "table=rgk_example&columns=a", code: "secret_in_query"},
		"a parameter that nobody knows":    {query: "tabel=" + baseName, code: "unknown_parameter"},
		"neither columns nor credentials":  {query: "table=" + baseName, code: "bad_parameter"},
		"a column that is a template":      {query: "columns=" + url.QueryEscape("{{#env.app_secret#}}"), code: "bad_parameter"},
		"a link that is a template":        {query: "columns=a&table=" + url.QueryEscape("{{#env.app_secret#}}"), code: "bad_parameter"},
		"a column with a line's end":       {query: "columns=" + url.QueryEscape(`["a\nb"]`), code: "bad_parameter"},
		"a column twice":                   {query: "columns=a,a", code: "bad_parameter"},
		"more columns than a row may have": {query: "columns=" + strings.Join(many, ","), code: "bad_parameter"},
		"another kind of authorization":    {query: "columns=a&auth=none", code: "bad_parameter"},
		"a column that does not exist": {
			query: "table=" + baseName + "&table_id=" + h.table + "&columns=标提", known: true,
			code: "field_not_found",
		},
		"a column that cannot be written": {
			query: "table=" + baseName + "&table_id=" + h.table + "&columns=编号", known: true,
			code: "bad_parameter",
		},
		"a table that is none, where it is asked": {query: "table=nothing", known: true, code: "bad_link"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			query, err := url.ParseQuery(c.query)
			if err != nil {
				t.Fatal(err)
			}
			for _, path := range []string{snippet.PathDifyWorkflow, snippet.PathCurl, snippet.PathFeishuAutomation} {
				got := h.generate(path, query, c.known)
				var document answer
				if err := json.Unmarshal([]byte(got.raw), &document); err != nil || document.Code != c.code {
					t.Errorf("%s: %d %s, want %s", path, got.status, got.raw, c.code)
				}
			}
		})
	}

	t.Run("the bound of columns itself is taken", func(t *testing.T) {
		t.Parallel()
		got := h.generate(snippet.PathCurl, url.Values{"columns": {strings.Join(many[1:], ",")}}, false)
		if got.status != http.StatusOK {
			t.Errorf("%d %s", got.status, got.raw)
		}
	})
}

// TestCurl runs the command in a shell, as a person does who has set the variables.
func TestCurl(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("curl"); err != nil {
		t.Skip("curl is not installed: the commands cannot be run")
	}
	run := func(t *testing.T, h *harness, command string) {
		t.Helper()
		shell := exec.CommandContext(t.Context(), "sh", "-c", strings.Replace(command, "curl ", "curl --silent --show-error ", 1))
		shell.Env = []string{
			"PATH=/usr/local/bin:/usr/bin:/bin", "PASSPHRASE=" + h.secrets.passphrase, "APP_ID=" + appID,
			"APP_SECRET=" + h.secrets.app, "ROWGATE_CONNECTION_KEY=" + h.key(),
		}
		out, err := shell.CombinedOutput()
		var got answer
		if err != nil || json.Unmarshal(out, &got) != nil || got.Created != 1 {
			t.Errorf("%v %s for\n%s", err, out, command)
		}
	}

	t.Run("with the table's own columns lands its sample row", func(t *testing.T) {
		t.Parallel()
		h := setup(t, options{})
		got := h.generate(snippet.PathCurl, url.Values{"table": {h.link()}}, true)
		if strings.Contains(got.raw, "?table=") || !strings.Contains(got.raw, `"table_id":"`+h.table+`"`) {
			t.Errorf("the link is not taken apart, and importers split the body at its =:\n%s", got.raw)
		}
		run(t, h, got.raw)
		landed(t, h.rows(), []map[string]any{{"标题": "示例文本", "平台": "抖音", "已发布": true, "播放量": 12.5}})
	})

	t.Run("with named columns, an upsert and a connection key", func(t *testing.T) {
		t.Parallel()
		h := setup(t, options{})
		got := h.generate(
			snippet.PathCurl,
			url.Values{"table": {h.link()}, "columns": {"标题"}, "key_fields": {"标题"}, "auth": {"connection_key"}},
			false,
		)
		run(t, h, got.raw)
		landed(t, h.rows(), []map[string]any{{"标题": "示例文本"}})
	})

	t.Run("makes no option of a sample for a column that it has not read", func(t *testing.T) {
		t.Parallel()
		h := setup(t, options{})
		got := h.generate(snippet.PathCurl, url.Values{"table": {h.link()}, "columns": {"标题,平台"}}, false)
		_, body, found := strings.Cut(got.raw, "--data-raw '")
		if !found {
			t.Fatal(got.raw)
		}
		refused := h.write(strings.TrimSuffix(strings.TrimSpace(body), "'"))
		if refused.status != http.StatusUnprocessableEntity || len(refused.Errors) != 1 || refused.Errors[0].Code != "option_not_found" ||
			len(h.rows()) != 0 {
			t.Errorf("%s", refused.raw)
		}
	})

	t.Run("keeps quotes out of the shell's reach", func(t *testing.T) {
		t.Parallel()
		h := setup(t, options{})
		got := h.generate(snippet.PathCurl, url.Values{"columns": {`["it's $(id) \"b\" ` + "`id`" + `"]`}}, false)
		shell := exec.CommandContext(t.Context(), "sh", "-c", strings.Replace(got.raw, "curl ", "printf '%s\\n' ", 1))
		out, err := shell.Output()
		words := strings.Split(strings.TrimSpace(string(out)), "\n")
		var body struct{ Fields map[string]string }
		if err != nil || json.Unmarshal([]byte(words[len(words)-1]), &body) != nil {
			t.Fatalf("%v: %s", err, out)
		}
		if _, ok := body.Fields["it's $(id) \"b\" `id`"]; !ok {
			t.Errorf("the body became %v", body)
		}
	})
}

// TestFeishuAutomation sends what an automation sends that has these settings.
func TestFeishuAutomation(t *testing.T) {
	t.Parallel()
	type pair struct{ Key, Value string }
	var settings struct {
		Method, URL          string
		Query, Headers, Body []pair
		SampleResponse       map[string]any `json:"sample_response"`
	}
	h := setup(t, options{})
	served := h.generate(snippet.PathFeishuAutomation, url.Values{"table": {h.link()}}, true)
	if err := json.Unmarshal([]byte(served.raw), &settings); err != nil {
		t.Fatal(err)
	}
	send := func(change func(form url.Values)) reply {
		t.Helper()
		at, err := url.Parse(settings.URL)
		if err != nil || at.RawQuery != "" {
			t.Fatalf("an automation's address has no query: %s, %v", settings.URL, err)
		}
		query, form, header := url.Values{}, url.Values{}, withKey("")
		for _, one := range settings.Query {
			query.Set(one.Key, one.Value)
		}
		for _, one := range settings.Headers {
			header[one.Key] = strings.NewReplacer("<passphrase>", h.secrets.passphrase, "<app_id>", appID, "<app_secret>", h.secrets.app).
				Replace(one.Value)
		}
		for _, one := range settings.Body {
			form.Set(one.Key, one.Value)
		}
		change(form)
		return h.do(request{
			method: settings.Method, path: at.Path, query: query.Encode(), kind: "application/x-www-form-urlencoded", header: header,
			body: form.Encode(),
		})
	}

	got := send(func(url.Values) {})
	if got.status != http.StatusOK || got.Created != 1 {
		t.Fatalf("%d %s", got.status, got.raw)
	}
	landed(t, h.rows(), []map[string]any{{"标题": "示例文本", "平台": "抖音", "已发布": true}})
	var names map[string]any
	if err := json.Unmarshal([]byte(got.raw), &names); err != nil {
		t.Fatal(err)
	}
	if have, want := slices.Sorted(maps.Keys(settings.SampleResponse)), slices.Sorted(maps.Keys(names)); !slices.Equal(have, want) {
		t.Errorf("the sample response has %v, the answer %v: later steps know the sample's names alone", have, want)
	}
	failed := send(func(form url.Values) { form.Set("fields.播放量", "many") })
	if failed.status != http.StatusOK || failed.OK == nil || *failed.OK || failed.Code != "invalid_rows" {
		t.Errorf("a bad row is answered %d %s, want 200 and ok false: the flow could not tell otherwise", failed.status, failed.raw)
	}
}

// difyFile generates a workflow file and imports it.
func (h *harness) difyFile(query url.Values, known bool) *difyFile {
	h.t.Helper()
	served := h.generate(snippet.PathDifyWorkflow, query, known)
	if served.status != http.StatusOK || !strings.HasPrefix(served.header.Get("Content-Type"), "application/yaml") {
		h.t.Fatalf("%d %s", served.status, served.raw)
	}
	var file difyFile
	readYAML(h.t, served.raw, &file)
	return &file
}

func TestConnectPage(t *testing.T) {
	t.Parallel()
	h := setup(t, options{})
	link := regexp.MustCompile(`href="([^"]*)"`)
	for _, path := range []string{snippet.PathList, snippet.PathList + "/"} {
		page := h.do(request{method: http.MethodGet, path: path})
		links := link.FindAllStringSubmatch(page.raw, -1)
		if page.status != http.StatusOK || len(links) < 10 || !strings.Contains(page.raw, "3.0") || strings.Contains(page.raw, "<script") {
			t.Errorf("%s: %d with %d links: %s", path, page.status, len(links), page.raw)
		}
		for _, one := range links {
			target, err := (&url.URL{Path: path}).Parse(one[1])
			if err != nil {
				t.Fatal(err)
			}
			if got := h.do(request{method: http.MethodGet, path: target.Path}); got.status == http.StatusNotFound {
				t.Errorf("%s leads to %s, which is not there", path, target.Path)
			}
		}
	}
	got := h.do(request{method: http.MethodGet, path: "/connect/n8n"})
	if got.status != http.StatusNotFound || !strings.Contains(got.raw, "n8n 用 "+snippet.PathCurl) {
		t.Errorf("/connect/n8n: %d %s", got.status, got.raw)
	}
}
