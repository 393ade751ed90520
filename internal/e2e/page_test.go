package e2e_test

import (
	"encoding/json"
	"html"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/rowgate/rowgate/internal/app"
	"github.com/rowgate/rowgate/internal/sandbox"
)

// page returns the documentation page as a reader with this Accept-Language gets it.
func (h *harness) page(query, accept string) reply {
	h.t.Helper()
	got := h.do(request{method: http.MethodGet, path: "/docs", query: query, header: map[string]string{"Accept-Language": accept}})
	if got.status != http.StatusOK {
		h.t.Fatal(got.status)
	}
	return got
}

// TestPageLanguages: the page is in the language of the query, else of Accept-Language, and leads to the other one.
func TestPageLanguages(t *testing.T) {
	t.Parallel()
	h := setup(t, options{})
	for name, test := range map[string]struct{ query, accept, want string }{
		"a Chinese browser":                {"", "zh-CN,zh;q=0.9,en;q=0.8", "zh"},
		"an English browser":               {"", "en-US,en;q=0.9", "en"},
		"English asked for":                {"language=en", "zh-CN", "en"},
		"Chinese asked for":                {"language=zh", "en-US", "zh"},
		"a language that there is not":     {"language=fr", "en-US", "en"},
		"a program that names no language": {"", "", "zh"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := h.page(test.query, test.accept)
			other := map[string]string{"zh": "en", "en": "zh"}[test.want]
			vary := strings.Join(got.header.Values("Vary"), ",")
			if got.header.Get("Content-Language") != test.want || !strings.Contains(got.raw, `<html lang="`+test.want) ||
				!strings.Contains(got.raw, `href="/docs?language=`+other+`"`) || !strings.Contains(vary, "Accept-Language") {
				t.Errorf("%s, Vary %s: %.40s", got.header.Get("Content-Language"), vary, got.raw)
			}
		})
	}
}

// TestPageChinese: whatever the Chinese page says of a parameter, a member of an answer, an operation or an error is Chinese.
func TestPageChinese(t *testing.T) {
	t.Parallel()
	page := setup(t, options{}).page("language=zh", "").raw
	meanings := regexp.MustCompile(`(?s)<dd>(.*?)</dd>|</h3>\s*<p>(.*?)</p>|<h3 id="[^"]*">(.*?)</h3>`).FindAllStringSubmatch(page, -1)
	if len(meanings) < len(app.Catalogue()) {
		t.Fatalf("only %d meanings: the page was not understood", len(meanings))
	}
	for _, one := range meanings {
		if text := strings.Join(one[1:], ""); !strings.ContainsFunc(text, func(r rune) bool { return unicode.Is(unicode.Han, r) }) {
			t.Errorf("%q has no Chinese: add a line to openapi/page_chinese.tsv", html.UnescapeString(text))
		}
	}
}

// TestPageSamples pastes every sample of the page into a shell, as a reader of the demo does.
func TestPageSamples(t *testing.T) {
	t.Parallel()
	shell, err := exec.LookPath("sh")
	if _, missing := exec.LookPath("curl"); err != nil || missing != nil {
		t.Skip("sh or curl is not there")
	}
	samples := regexp.MustCompile(`(?s)<h3 id="([^"]*)">.*?<pre[^>]*>(.*?)</pre>`)
	probe := setup(t, options{})
	names := samples.FindAllStringSubmatch(probe.page("language=en", "").raw, -1)
	if len(names) != len(app.Catalogue()) {
		t.Fatalf("%d samples for %d operations", len(names), len(app.Catalogue()))
	}
	for i, one := range names {
		t.Run(one[1], func(t *testing.T) {
			t.Parallel()
			h := setup(t, options{})
			if one[1] == "cancel_job" { // which comes before all is written, as it does where a call to Feishu takes its time
				h.fault(sandbox.Fault{Endpoint: "record.batch_create", Action: sandbox.ActionDelay, Delay: 5 * time.Second, Count: 1})
			}
			sample := samples.FindAllStringSubmatch(h.page("language=en", "").raw, -1)[i][2]
			command := exec.CommandContext(t.Context(), shell, "-euc", html.UnescapeString(sample))
			command.Env = append(os.Environ(), "PASSPHRASE="+h.secrets.passphrase, "APP_ID="+appID, "APP_SECRET="+h.secrets.app,
				"TABLE_LINK=https://example.feishu.cn/base/"+baseName+"?table="+h.table+"&view=vewExample")
			output, err := command.CombinedOutput()
			if err != nil {
				t.Fatalf("%v: %s", err, output)
			}
			answers := json.NewDecoder(strings.NewReader(string(output)))
			count := 0
			for ; answers.More(); count++ {
				var answer struct {
					OK bool `json:"ok"`
				}
				if err := answers.Decode(&answer); err != nil || !answer.OK {
					t.Fatalf("%v: %s", err, output)
				}
			}
			if count == 0 {
				t.Error("no answer")
			}
		})
	}
}
