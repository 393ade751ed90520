package e2e_test

import (
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/rowgate/rowgate/internal/secret"
	"github.com/rowgate/rowgate/internal/surface/console"
)

// visitor uses the console as a browser without JavaScript does.
type visitor struct {
	h      *harness
	client *http.Client
	header http.Header
}

// page is what a visitor sees.
type page struct {
	status int
	header http.Header
	text   string
	path   string // after redirects
}

func (h *harness) visitor() *visitor {
	h.t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		h.t.Fatal(err)
	}
	return &visitor{h: h, client: &http.Client{Jar: jar, Transport: h.client.Transport}, header: http.Header{"Accept-Language": {"en"}}}
}

func (v *visitor) do(method, path string, form url.Values) page {
	v.h.t.Helper()
	request, err := http.NewRequestWithContext(v.h.t.Context(), method, v.h.app.URL()+path, strings.NewReader(form.Encode()))
	if err != nil {
		v.h.t.Fatal(err)
	}
	request.Header = v.header.Clone()
	request.Header.Set("Accept", "text/html")
	if method == http.MethodPost {
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	response, err := v.client.Do(request)
	if err != nil {
		v.h.t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		v.h.t.Fatal(err)
	}
	for _, hidden := range v.h.secrets.all() {
		if strings.Contains(string(body), hidden) {
			v.h.t.Errorf("%s %s shows a secret", method, path)
		}
	}
	return page{response.StatusCode, response.Header, html.UnescapeString(string(body)), response.Request.URL.RequestURI()}
}

func (v *visitor) get(path string) page {
	v.h.t.Helper()
	return v.do(http.MethodGet, path, nil)
}

var tokenField = regexp.MustCompile(`name="form_token" value="([^"]+)"`)

var keyField = regexp.MustCompile(`name="key" value="([^"]+)"`)

// post sends a form with the token of the page at from.
func (v *visitor) post(from, path string, form url.Values) page {
	v.h.t.Helper()
	token := tokenField.FindStringSubmatch(v.get(from).text)
	if token == nil {
		v.h.t.Fatalf("%s has no form", from)
	}
	form.Set("form_token", token[1])
	return v.do(http.MethodPost, path, form)
}

// signIn signs in with the harness's passphrase.
func (v *visitor) signIn() page {
	v.h.t.Helper()
	return v.post("/console/sign-in", "/console/sign-in", url.Values{"passphrase": {v.h.secrets.passphrase}, "to": {"/console"}})
}

// connect connects the harness's table.
func (v *visitor) connect(appSecret string) page {
	v.h.t.Helper()
	return v.post("/console", "/console/connect", url.Values{
		"link": {"https://example.feishu.cn/base/" + baseName + "?table=" + v.h.table}, "app_id": {appID}, "app_secret": {appSecret},
	})
}

func (p page) has(t *testing.T, status int, texts ...string) {
	t.Helper()
	if p.status != status {
		t.Errorf("%s: status %d, want %d", p.path, p.status, status)
	}
	for _, text := range texts {
		if !strings.Contains(p.text, text) {
			t.Errorf("%s lacks %q in %s", p.path, text, p.text)
		}
	}
}

func TestConsoleFirstRow(t *testing.T) {
	t.Parallel()
	h := setup(t, options{})
	v := h.visitor()
	v.get("/").has(t, http.StatusOK, "Sign in to the console")
	if signed := v.signIn(); signed.path != "/console" {
		t.Fatalf("signed in and sent to %s", signed.path)
	}
	v.connect("wrong"+h.secrets.app[:3]).has(t, http.StatusOK, "Failed", "What to do", "open.feishu.cn/app/"+appID+"/baseinfo")
	v.connect(h.secrets.app).has(t, http.StatusOK, "The app may write to the table.", "/console/table")
	v.get("/console/table").has(t, http.StatusOK, "发布日期", "Single select", "抖音")
	row := url.Values{"column:标题": {"hello"}, "column:发布日期": {"2026年3月24日"}, "column:播放量": {"12,800"}}
	dry := v.post("/console/table", "/console/table/rehearse", row)
	dry.has(t, http.StatusOK, "Dry run", "date_text", "number_text", "2026-03-24 00:00:00 +08:00", "converted")
	if rows := h.rows(); len(rows) != 0 {
		t.Fatalf("the dry run wrote %v", rows)
	}
	key := keyField.FindStringSubmatch(dry.text)
	if key == nil {
		t.Fatal("the dry run offers no write")
	}
	row.Set("key", key[1])
	v.post("/console/table", "/console/table/write", row).has(t, http.StatusOK, "1 row: 1 created", "record_id", "See it in the table")
	v.post("/console/table", "/console/table/write", row).has(t, http.StatusOK, "1 row: 1 created") // the form was sent twice
	if rows := h.rows(); len(rows) != 1 || rows[0]["标题"] != "hello" {
		t.Errorf("the table holds %v", rows)
	}
	pasted := "```json\n{\"标题\":\"pasted\",\"播放量\":\"7\",}\n```"
	v.post("/console/table", "/console/table/write", url.Values{"by": {"paste"}, "body": {pasted}}).has(t, http.StatusOK, "1 row: 1 created")
	v.post("/console/table", "/console/table/rehearse", url.Values{"column:播放量": {"many"}}).
		has(t, http.StatusUnprocessableEntity, "播放量", "many", "What to do")
}

func TestConsoleSignIn(t *testing.T) {
	t.Parallel()
	h := setup(t, options{settings: map[string]string{"ROWGATE_LOG": "debug"}})
	t.Run("without a session every page leads to the sign-in", func(t *testing.T) {
		for _, path := range []string{"/console", "/console/table", "/console/use", "/console/check"} {
			if got := h.visitor().get(path); !strings.HasPrefix(got.path, "/console/sign-in") {
				t.Errorf("%s leads to %s", path, got.path)
			}
		}
	})
	t.Run("cookies are for this site's pages alone", func(t *testing.T) {
		v := h.visitor()
		v.client.CheckRedirect = stay
		got := v.signIn()
		cookies := strings.Join(got.header.Values("Set-Cookie"), "\n")
		if !regexp.MustCompile(`rowgate_session=\w+; Path=/console; Max-Age=43200; HttpOnly; SameSite=Strict`).MatchString(cookies) {
			t.Errorf("cookies: %s", cookies)
		}
		policy := v.get("/console").header.Get("Content-Security-Policy")
		if !strings.Contains(policy, "default-src 'none'; script-src 'self'; style-src 'self'") || strings.Contains(policy, "unsafe") {
			t.Errorf("policy: %s", policy)
		}
	})
	t.Run("a form without its token, or of another site, does nothing", func(t *testing.T) {
		v := h.visitor()
		form := url.Values{"passphrase": {h.secrets.passphrase}}
		v.do(http.MethodPost, "/console/sign-in", form).has(t, http.StatusBadRequest, "This page has expired")
		v.signIn()
		v.do(http.MethodPost, "/console/connect", url.Values{"form_token": {"x"}}).has(t, http.StatusBadRequest, "This page has expired")
		v.header.Set("Origin", "https://evil.example")
		v.header.Set("Sec-Fetch-Site", "cross-site")
		if got := v.post("/console", "/console/connect", url.Values{}); got.status != http.StatusForbidden {
			t.Errorf("another site's form: %d", got.status)
		}
	})
	t.Run("a connection key does not sign in", func(t *testing.T) {
		v := h.visitor()
		v.post("/console/sign-in", "/console/sign-in", url.Values{"passphrase": {"rgk_x"}}).has(t, http.StatusForbidden, "connection key")
	})
	t.Run("a one-time sign-in works once and offers its table", func(t *testing.T) {
		link := h.app.SignInURL(secret.New(h.secrets.passphrase), console.Sample{
			Link: "https://example.feishu.cn/base/" + baseName + "?table=" + h.table, AppID: appID, Secret: secret.New(h.secrets.app),
		})
		path := strings.TrimPrefix(link, h.app.URL())
		v := h.visitor()
		v.get(path).has(t, http.StatusOK, "You are signed in")
		v.get("/console").has(t, http.StatusOK, "kept in this session", h.table)
		v.connect("").has(t, http.StatusOK, "The app may write to the table.")
		h.visitor().get(path).has(t, http.StatusForbidden, "has been used")
	})
	t.Run("signing out ends the session", func(t *testing.T) {
		v := h.visitor()
		v.signIn()
		jar := v.client.Jar
		address, _ := url.Parse(h.app.URL() + "/console")
		cookies := jar.Cookies(address)
		v.post("/console", "/console/sign-out", url.Values{})
		jar.SetCookies(address, cookies)
		if got := v.get("/console"); !strings.HasPrefix(got.path, "/console/sign-in") {
			t.Errorf("the session's cookie still opens %s", got.path)
		}
	})
	t.Run("wrong passphrases are limited, the right one is not", func(t *testing.T) {
		v := h.visitor()
		var last page
		for range 21 {
			last = v.post("/console/sign-in", "/console/sign-in", url.Values{"passphrase": {"wrong"}})
		}
		last.has(t, http.StatusTooManyRequests, "Seconds until the next try")
		if got := v.signIn(); got.path != "/console" {
			t.Errorf("the right passphrase leads to %s", got.path)
		}
	})
	for _, hidden := range h.secrets.all() {
		if strings.Contains(h.logs.String(), hidden) {
			t.Error("the log shows a secret")
		}
	}
}

// Behind a proxy that changes the Host, the origin of ROWGATE_PUBLIC_URL is the service's own, and the cookies are Secure.
func TestConsolePublicURL(t *testing.T) {
	t.Parallel()
	h := setup(t, options{settings: map[string]string{"ROWGATE_PUBLIC_URL": "https://rowgate.example.com"}})
	v := h.visitor()
	v.client.CheckRedirect = stay
	first := v.get("/console/sign-in")
	token := tokenField.FindStringSubmatch(first.text)
	cookie := first.header.Get("Set-Cookie")
	if token == nil || !strings.Contains(cookie, "Secure") {
		t.Fatalf("token %v, cookie %q", token, cookie)
	}
	v.header.Set("Origin", "https://rowgate.example.com")
	v.header.Set("Cookie", "rowgate_form="+token[1]) // which a jar sends over https alone
	got := v.do(http.MethodPost, "/console/sign-in", url.Values{"form_token": {token[1]}, "passphrase": {h.secrets.passphrase}})
	if got.status != http.StatusSeeOther || !strings.Contains(strings.Join(got.header.Values("Set-Cookie"), ""), "rowgate_session=") {
		t.Errorf("%d %v", got.status, got.header)
	}
	v.header.Set("Origin", "https://other.example.com")
	if got := v.do(http.MethodPost, "/console/sign-in", url.Values{"form_token": {token[1]}}); got.status != http.StatusForbidden {
		t.Errorf("another origin: %d", got.status)
	}
}

func TestConsoleUse(t *testing.T) {
	t.Parallel()
	h := setup(t, options{})
	v := h.visitor()
	v.signIn()
	v.get("/console/use").has(t, http.StatusOK, "Connect a table first")
	v.connect(h.secrets.app)
	for way, want := range map[string]string{
		"curl": "curl -X POST '" + h.app.URL(), "python": "urllib.request", "go": "http.NewRequest", "powershell": "Invoke-RestMethod",
		"n8n": "curl -X POST", "automation": "sample_response", "dify-http": "workflow:", "mcp": h.app.URL() + "/mcp",
		"dify-tool": "/openapi/dify.json", "coze": "/openapi/coze.json", "fastgpt": "/openapi/dify.json",
	} {
		v.get("/console/use?for="+way).has(t, http.StatusOK, want)
	}
	file := v.get("/console/use/file?for=dify-http")
	if file.status != http.StatusOK || !strings.Contains(file.header.Get("Content-Disposition"), "dify-workflow.yml") {
		t.Errorf("file: %d %v", file.status, file.header)
	}
	made := v.post("/console/use", "/console/use/key", url.Values{"for": {"curl"}})
	key := regexp.MustCompile(`rgk_[\w-]+`).FindString(made.text)
	if key == "" {
		t.Fatalf("no key in %s", made.text)
	}
	got := h.do(request{body: `{"fields":{"标题":"by key"}}`, header: map[string]string{
		"Authorization": "Bearer " + key, "X-App-Id": "", "X-App-Secret": "", "X-App-Token": "", "X-Table-Id": "",
	}})
	if got.status != http.StatusOK || got.Created != 1 {
		t.Errorf("the key that was made: %d %s", got.status, got.raw)
	}
	if strings.Contains(v.get("/console/use?for=curl").text, key) {
		t.Error("the key is shown again")
	}
}

func TestConsoleLooks(t *testing.T) {
	t.Parallel()
	h := setup(t, options{})
	v := h.visitor()
	v.get("/console/sign-in").has(t, http.StatusOK, `lang="en"`, `data-theme="auto"`)
	if got := v.get("/console/look?language=zh&to=/console/sign-in"); got.path != "/console/sign-in" {
		t.Errorf("led to %s", got.path)
	}
	v.get("/console/sign-in").has(t, http.StatusOK, `lang="zh-CN"`, "登录控制台")
	v.get("/console/look?theme=dark&to=https://evil.example/").has(t, http.StatusOK, `data-theme="dark"`)
	zh := h.visitor()
	zh.header.Set("Accept-Language", "zh-CN,zh;q=0.9")
	zh.get("/console").has(t, http.StatusOK, `lang="zh-CN"`)
	v.signIn()
	v.get("/console/check").has(t, http.StatusOK, "设置没有问题")
}
