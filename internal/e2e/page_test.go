package e2e_test

import (
	"bytes"
	"encoding/json"
	"html"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
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

// TestGoldenPageSamples pastes every sample of the page into a shell, as a reader of the demo does, and compares what it answers with
// the answer that the page shows; -update rewrites that.
func TestGoldenPageSamples(t *testing.T) {
	t.Parallel()
	shell, err := exec.LookPath("sh")
	if _, missing := exec.LookPath("curl"); err != nil || missing != nil {
		t.Skip("sh or curl is not there")
	}
	for _, one := range samplesOf(t, setup(t, options{})) {
		t.Run(one.tool, func(t *testing.T) {
			t.Parallel()
			h := setup(t, options{})
			if one.tool == "search_records" {
				h.seed(map[string]any{"标题": "第一集", "平台": "抖音", "发布日期": 1772553600000, "播放量": 1024})
			}
			if one.tool == "cancel_job" { // which comes before all is written, as it does where a call to Feishu takes its time
				h.fault(sandbox.Fault{Endpoint: "record.batch_create", Action: sandbox.ActionDelay, Delay: 5 * time.Second, Count: 1})
			}
			var sample, shown string
			for _, again := range samplesOf(t, h) { // with the address of this service
				if again.tool == one.tool {
					sample, shown = again.sample, again.answer
				}
			}
			command := exec.CommandContext(t.Context(), shell, "-euc", sample)
			command.Env = append(os.Environ(), "PASSPHRASE="+h.secrets.passphrase, "APP_ID="+appID, "APP_SECRET="+h.secrets.app,
				"TABLE_LINK=https://example.feishu.cn/base/"+baseName+"?table="+h.table+"&view=vewExample")
			output, err := command.CombinedOutput()
			if err != nil {
				t.Fatalf("%v: %s", err, output)
			}
			answer := h.lastAnswer(output)
			path := filepath.Join("..", "..", "openapi", "page_answers", one.tool+".json")
			if *update {
				if err := os.WriteFile(path, []byte(answer), 0o600); err != nil {
					t.Fatal(err)
				}
			} else if shown+"\n" != answer {
				t.Errorf("the page shows another answer than the sample gets; if it is meant, run with -update:\n%s\n%s", shown, answer)
			}
		})
	}
}

// pageSample is the sample of a tool on the page, and the answer that the page shows for it.
type pageSample struct{ tool, sample, answer string }

func samplesOf(t *testing.T, h *harness) []pageSample {
	t.Helper()
	of := regexp.MustCompile(`(?s)<h3 id="([^"]*)">.*?<pre[^>]*>(.*?)</pre>(?:\s*<pre class="answer"[^>]*>(.*?)</pre>)?`)
	var list []pageSample
	for _, one := range of.FindAllStringSubmatch(h.page("language=en", "").raw, -1) {
		list = append(list, pageSample{one[1], html.UnescapeString(one[2]), html.UnescapeString(one[3])})
	}
	if len(list) != len(app.Catalogue()) {
		t.Fatalf("%d samples for %d operations", len(list), len(app.Catalogue()))
	}
	return list
}

// lastAnswer reads the answers that a sample printed, which all are ok, and returns the last one as the page shows it: for a job, once it
// is done, and with examples in place of what differs from call to call.
func (h *harness) lastAnswer(output []byte) string {
	h.t.Helper()
	var last json.RawMessage
	for answers := json.NewDecoder(bytes.NewReader(output)); answers.More(); {
		last = nil
		if err := answers.Decode(&last); err != nil {
			h.t.Fatalf("%v: %s", err, output)
		}
		var said struct {
			OK    bool   `json:"ok"`
			JobID string `json:"job_id"`
		}
		if err := json.Unmarshal(last, &said); err != nil || !said.OK {
			h.t.Fatalf("%v: %s", err, output)
		}
		if said.JobID != "" {
			last = json.RawMessage(h.await(said.JobID).raw)
		}
	}
	var text bytes.Buffer
	if err := json.Indent(&text, last, "", "  "); err != nil {
		h.t.Fatalf("%v: %s", err, output)
	}
	answer := strings.TrimSpace(text.String())
	for pattern, example := range map[string]string{
		`req_[0-9a-z]{20}`:                "req_example",
		`job_[0-9A-Z]{26}`:                "job_example",
		`\b(rec|tbl|vew|fld|bas)\w{11}\b`: "${1}Example",
		`\bbox\w{20,}`:                    "boxExample",
		`rgk_[\w-]+`:                      "rgk_…",
		`"20\d\d-\d\d-\d\dT[\d:]+Z"`:      `"2027-03-04T05:06:07Z"`,
	} {
		answer = regexp.MustCompile(pattern).ReplaceAllString(answer, example)
	}
	return answer + "\n"
}
