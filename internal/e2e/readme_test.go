package e2e_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// guideBlock matches a block of commands or code, also within a list.
var guideBlock = regexp.MustCompile("(?s)```(sh|python|go)\n(.*?) *```")

// guides are the pages for callers, each in two languages.
var guides = [][2]string{
	{"README.md", "README.zh-CN.md"}, {"docs/connect.md", "docs/connect.zh-CN.md"}, {"docs/settings.md", "docs/settings.zh-CN.md"},
}

// serviceName is what the pages call the reader's own service.
const serviceName = "https://rowgate.example.com"

// TestReadmeCallers runs every block of the pages for callers that names the service, in their order, as a reader does.
func TestReadmeCallers(t *testing.T) {
	t.Parallel()
	for page, least := range map[string]int{"README.md": 2, "docs/connect.md": 6} {
		t.Run(page, func(t *testing.T) {
			t.Parallel()
			blocks := callerBlocks(rootFile(t, page))
			if len(blocks) < least {
				t.Fatalf("only %d blocks", len(blocks))
			}
			runBlocks(t, blocks)
		})
	}
}

// runBlocks runs blocks one after the other; the key that one makes is what the next ones use.
func runBlocks(t *testing.T, blocks [][2]string) {
	t.Helper()
	h := setup(t, options{})
	directory, key := t.TempDir(), ""
	var written int
	for _, block := range blocks {
		kind, code := block[0], block[1]
		out, ran := h.runBlock(t, directory, key, kind, code)
		switch {
		case !ran:
		case strings.Contains(code, "/v1/connections"):
			var made struct {
				Key string `json:"connection_key"`
			}
			if err := json.Unmarshal([]byte(out), &made); err != nil || made.Key == "" {
				t.Fatalf("no connection key: %s", out)
			}
			key = made.Key
		case strings.Contains(code, "/v1/records"):
			written++
			var receipt answer
			if err := json.Unmarshal([]byte(out), &receipt); err != nil || receipt.Created != 1 {
				t.Errorf("%s answered %s", code, out)
			}
		case strings.Contains(code, "-o workflow.yml"):
			text, err := os.ReadFile(filepath.Join(directory, "workflow.yml"))
			if err != nil {
				t.Fatal(err)
			}
			var file difyFile
			readYAML(t, string(text), &file)
			if faults := file.faults(); len(faults) > 0 {
				t.Error(faults)
			}
		case !strings.Contains(out, "标题"):
			t.Errorf("%s printed %s", code, out)
		}
	}
	if rows := h.rows(); len(rows) != written {
		t.Errorf("%d rows landed, %d were written", len(rows), written)
	}
}

// runBlock runs a block in a directory; ran is false where a program that it needs is missing.
func (h *harness) runBlock(t *testing.T, directory, key, kind, code string) (out string, ran bool) {
	t.Helper()
	program := map[string]string{"sh": "sh", "python": "python3", "go": "go"}[kind]
	for _, needed := range []string{program, map[string]string{"sh": "curl"}[kind]} {
		if _, err := exec.LookPath(needed); needed != "" && err != nil {
			t.Logf("skipped: %s is not installed", needed)
			return "", false
		}
	}
	file := filepath.Join(directory, "main."+kind)
	code = strings.NewReplacer(serviceName, h.app.URL(), "=rgk_…", "="+key).Replace(code)
	if err := os.WriteFile(file, []byte(code), 0o600); err != nil {
		t.Fatal(err)
	}
	args := []string{file}
	if kind == "go" {
		args = []string{"run", file}
	}
	command := exec.CommandContext(t.Context(), program, args...)
	command.Dir = directory
	command.Env = append(
		os.Environ(),
		"PASSPHRASE="+h.secrets.passphrase,
		"APP_ID="+appID,
		"APP_SECRET="+h.secrets.app,
		"TABLE_LINK="+h.link(),
		"ROWGATE_CONNECTION_KEY="+key,
		"no_proxy=*",
	)
	output, err := command.Output()
	if err != nil {
		t.Errorf("%v of\n%s", err, code)
	}
	return string(output), true
}

// TestReadmePythonShowsTheProblem: a caller that throws the body of an error away loses what to do.
func TestReadmePythonShowsTheProblem(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("python3"); err != nil {
		t.Skip("python3 is not installed")
	}
	h := setup(t, options{})
	for _, block := range callerBlocks(rootFile(t, "docs/connect.md")) {
		if block[0] != "python" {
			continue
		}
		file := filepath.Join(t.TempDir(), "main.py")
		if err := os.WriteFile(file, []byte(strings.ReplaceAll(block[1], serviceName, h.app.URL())), 0o600); err != nil {
			t.Fatal(err)
		}
		command := exec.CommandContext(t.Context(), "python3", file)
		command.Env = append(os.Environ(), "ROWGATE_CONNECTION_KEY=rgk_garbage", "no_proxy=*")
		out, err := command.CombinedOutput()
		if err == nil || !strings.Contains(string(out), `"code":"bad_connection_key"`) || !strings.Contains(string(out), `"fix":`) {
			t.Errorf("%v: %s", err, out)
		}
		return
	}
	t.Error("no Python on the page")
}

// callerBlocks returns language and code of each block of a page that names the service, without the indentation of a list.
func callerBlocks(text string) [][2]string {
	var blocks [][2]string
	for _, match := range guideBlock.FindAllStringSubmatch(text, -1) {
		if strings.Contains(match[2], serviceName) {
			code := regexp.MustCompile("(?m)^   ").ReplaceAllString(match[2], "")
			if match[1] == "python" {
				code = match[2]
			}
			blocks = append(blocks, [2]string{match[1], code})
		}
	}
	return blocks
}

var (
	anyBlock   = regexp.MustCompile("(?s)```[a-z]*\n.*?```")
	inlineCode = regexp.MustCompile("`[^`\n]+`")
	headingOf  = regexp.MustCompile("(?m)^#+ ")
	linkTarget = regexp.MustCompile(`\]\(([^)#]*)`)
)

// TestReadmeParity: both languages have the same sections, commands, names and links.
func TestReadmeParity(t *testing.T) {
	t.Parallel()
	for _, pair := range guides {
		t.Run(pair[0], func(t *testing.T) {
			t.Parallel()
			english, chinese := factsOf(rootFile(t, pair[0])), factsOf(rootFile(t, pair[1]))
			for what, names := range english {
				if diff := cmp.Diff(names, chinese[what]); diff != "" {
					t.Errorf("%s differ (-English +Chinese):\n%s", what, diff)
				}
			}
		})
	}
}

// factsOf returns what two languages of a page have in common, by what it is.
func factsOf(text string) map[string][]string {
	facts := map[string][]string{}
	text = strings.ReplaceAll(text, " -H 'Accept-Language: en'", "") // the answer is shown in the page's own language
	for _, block := range anyBlock.FindAllString(text, -1) {
		if !strings.HasPrefix(block, "```json") {
			facts["blocks"] = append(facts["blocks"], block)
		}
	}
	prose := anyBlock.ReplaceAllString(text, "")
	facts["sections"] = headingOf.FindAllString(prose, -1)
	facts["names"] = distinct(inlineCode.FindAllString(prose, -1))
	for _, link := range linkTarget.FindAllStringSubmatch(prose, -1) {
		target := strings.ReplaceAll(link[1], ".zh-CN", "")
		facts["links"] = append(facts["links"], target)
	}
	facts["links"] = distinct(facts["links"])
	return facts
}

func distinct(names []string) []string {
	slices.Sort(names)
	return slices.Compact(names)
}

var (
	pictureBox  = regexp.MustCompile(`<rect [^>]*x="(\d+)"[^>]*width="(\d+)"`)
	pictureText = regexp.MustCompile(`<text( class="small")? x="(\d+)"[^>]*>([^<]*)<`)
)

// TestReadmePictures: no text of a picture runs over its box, in a wide font too.
func TestReadmePictures(t *testing.T) {
	t.Parallel()
	number := func(text string) int {
		n, err := strconv.Atoi(text)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	for _, file := range []string{"rowgate.svg", "rowgate.zh-CN.svg"} {
		picture := rootFile(t, filepath.Join(".github", file))
		boxes, inside := pictureBox.FindAllStringSubmatch(picture, -1), 0
		for _, text := range pictureText.FindAllStringSubmatch(picture, -1) {
			size, width := 14.0, 0.0 // pixels
			if text[1] != "" {
				size = 12
			}
			for _, letter := range text[3] {
				if letter < 0x2000 {
					width += 0.62 * size // a wide sans-serif, such as DejaVu Sans
				} else {
					width += size
				}
			}
			at := number(text[2])
			for _, box := range boxes {
				if left, right := number(box[1]), number(box[1])+number(box[2]); at >= left && at < right {
					inside++
					if float64(at)+width > float64(right) {
						t.Errorf("%s: %q ends at %.0f, its box at %d", file, text[3], float64(at)+width, right)
					}
				}
			}
		}
		if len(boxes) != 3 || inside < 14 {
			t.Errorf("%s: %d boxes, %d texts in them", file, len(boxes), inside)
		}
	}
}
