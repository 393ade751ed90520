package e2e_test

import (
	"context"
	_ "embed"
	"encoding/json"
	"os/exec"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"github.com/rowgate/rowgate/internal/secret"
	"github.com/rowgate/rowgate/internal/surface/console"
)

//go:embed testdata/axe/axe.min.js
var axe string

// browser is Chromium at the console of a harness.
type browser struct {
	h   *harness
	ctx context.Context

	mu     sync.Mutex
	faults []string // of the browser's console
}

// browse starts Chromium; the test is skipped where there is none. At its end the browser must have had nothing to complain of.
func (h *harness) browse() *browser {
	h.t.Helper()
	path := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if found, err := exec.LookPath(name); err == nil {
			path = found
			break
		}
	}
	if path == "" {
		h.t.Skip("chromium is not installed")
	}
	ctx, stop := context.WithTimeout(h.t.Context(), patience)
	ctx, end := chromedp.NewContext(ctx, chromedp.WithAllocatorOptions(
		chromedp.ExecPath(path), chromedp.Headless, chromedp.NoSandbox, chromedp.NoFirstRun, chromedp.DisableGPU,
	))
	b := &browser{h: h, ctx: ctx}
	h.t.Cleanup(func() {
		_ = chromedp.Cancel(ctx) // closes the browser and waits for it
		end()
		stop()
		b.mu.Lock()
		defer b.mu.Unlock()
		for _, fault := range b.faults {
			h.t.Errorf("the browser says: %s", fault)
		}
	})
	b.do(chromedp.EmulateViewport(1360, 900))
	messages := chromedp.Console(ctx)
	go func() {
		for message, err := range messages {
			if err != nil {
				return
			}
			if kind := string(message.Type); kind == "error" || kind == "warning" || message.IsException() {
				b.mu.Lock()
				b.faults = append(b.faults, message.String())
				b.mu.Unlock()
			}
		}
	}()
	b.language("en")
	return b
}

func (b *browser) do(steps ...chromedp.Action[chromedp.Void]) {
	b.h.t.Helper()
	if err := chromedp.Do(b.ctx, steps...); err != nil {
		b.h.t.Fatal(err)
	}
}

func (b *browser) open(path string) {
	b.h.t.Helper()
	b.do(chromedp.Navigate(b.h.app.URL() + path))
}

// language is what the browser asks for from now on.
func (b *browser) language(tag string) {
	b.h.t.Helper()
	headers := network.SetExtraHTTPHeadersParams{Headers: network.Headers{"Accept-Language": tag}}
	if _, err := chromedp.Call(b.ctx, network.SetExtraHTTPHeaders, headers); err != nil {
		b.h.t.Fatal(err)
	}
}

// scheme is light or dark, as the system has it.
func (b *browser) scheme(name string) {
	b.h.t.Helper()
	media := emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: name}}}
	if _, err := chromedp.Call(b.ctx, emulation.SetEmulatedMedia, media); err != nil {
		b.h.t.Fatal(err)
	}
}

func (b *browser) text(selector string) string {
	b.h.t.Helper()
	text, err := chromedp.Run(b.ctx, chromedp.Text(selector))
	if err != nil {
		b.h.t.Fatal(err)
	}
	return text
}

// accessible runs axe-core on the page, and wants it no wider than the window.
func (b *browser) accessible(what string) {
	b.h.t.Helper()
	script := axe + `;axe.run(document,{resultTypes:["violations"]}).then(r=>JSON.stringify(r.violations.map(v=>v.id+": "+
		v.nodes.map(n=>n.html.slice(0,160)+" "+n.failureSummary).join(" | "))))`
	said, err := chromedp.Run(b.ctx, chromedp.Evaluate[string](script, chromedp.EvalAwaitPromise))
	if err != nil {
		b.h.t.Fatal(err)
	}
	var violations []string
	if err := json.Unmarshal([]byte(said), &violations); err != nil {
		b.h.t.Fatal(err)
	}
	for _, violation := range violations {
		b.h.t.Errorf("%s: %s", what, violation)
	}
	wide, err := chromedp.Run(b.ctx, chromedp.Evaluate[bool](`document.documentElement.scrollWidth > innerWidth`))
	if err != nil || wide {
		b.h.t.Errorf("%s is wider than the window: %t, %v", what, wide, err)
	}
}

// What a newcomer does: a wrong secret, its fix, the right one, a row, and the row sent again with an edit.
func TestConsoleInBrowser(t *testing.T) {
	t.Parallel()
	h := setup(t, options{settings: contents})
	b := h.browse()
	link := "https://example.feishu.cn/base/" + baseName + "?table=" + h.table
	signIn := h.app.SignInURL(secret.New(h.secrets.passphrase), console.Sample{Link: link, AppID: appID, Secret: secret.New(h.secrets.app)})
	b.do(chromedp.Navigate(signIn), chromedp.WaitVisible("#steps-title"))

	b.do(chromedp.SetValue("#app_secret", "wrong"), chromedp.Click("form[hx-post] button.main"), chromedp.WaitVisible("#work li.bad .fix"))
	if fix := b.text("#work li.bad .fix"); !strings.Contains(fix, "App Secret") {
		t.Errorf("the fix of a wrong secret is %q", fix)
	}
	b.accessible("a wrong secret")
	b.do(chromedp.SetValue("#app_secret", h.secrets.app), chromedp.Click("form[hx-post] button.main"),
		chromedp.WaitVisible("#work li.ok:nth-child(6)"))
	b.accessible("a connection")
	b.do(chromedp.Click("#work .actions a.main"), chromedp.WaitVisible("#row"))
	b.do(chromedp.SetValue("#c0", "from the browser"), chromedp.SetValue("#c4", "12,800"), chromedp.Click("#row button.main"),
		chromedp.WaitVisible("#result .changes"))
	b.accessible("a dry run")
	b.do(chromedp.Click("button[formaction]"), chromedp.WaitVisible("#result .note.ok .landed"))
	if rows := h.rows(); len(rows) != 1 || rows[0]["标题"] != "from the browser" {
		t.Fatalf("the table holds %v", rows)
	}
	b.accessible("the row that landed")

	b.open("/console/requests?tool=write_records")
	h.write(`{"fields":{"标题":"meanwhile"}}`)
	b.do(chromedp.WaitVisible("#fresh"))
	if said := b.text("#fresh"); said != "1 new request: show" {
		t.Errorf("the count says %q", said)
	}
	b.accessible("the list")
	b.do(chromedp.Click("#fresh"), chromedp.WaitNotVisible("#fresh"), chromedp.WaitVisible("tbody tr:nth-child(3)"))
	b.do(chromedp.Click("tbody tr:nth-child(2) a.row"), chromedp.WaitVisible("#way"))
	b.accessible("a request")
	b.do(chromedp.SetValue("#body", `{"app_token":"`+baseName+`","table_id":"`+h.table+`","fields":{"标题":"edited"}}`),
		chromedp.Click("form[action$=replay] button.main"), chromedp.WaitVisible(".lead code"))
	if rows := h.rows(); len(rows) != 3 || rows[2]["标题"] != "edited" {
		t.Errorf("after the replay the table holds %v", rows)
	}
	pages := map[string]string{
		"/console": "#link", "/console/table": "#row", "/console/table?by=paste": "#body", "/console/use": "#key-title",
		"/console/use?for=python": "#snippet", "/console/requests": ".list", "/console/activity": ".chart", "/console/check": ".steps",
	}
	for _, look := range []struct {
		lang, scheme string
		width        int64
	}{{"en", "dark", 1360}, {"zh", "light", 390}} {
		b.language(look.lang)
		b.scheme(look.scheme)
		b.do(chromedp.EmulateViewport(look.width, 844))
		for path, part := range pages {
			b.open(path)
			b.do(chromedp.WaitVisible(part))
			b.accessible(path + " " + look.lang + " " + look.scheme)
		}
	}
}
