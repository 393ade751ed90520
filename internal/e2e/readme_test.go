package e2e_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/rowgate/rowgate/internal/app"
)

var readmeBlock = regexp.MustCompile("(?s)```(sh|python|go)\n(.*?)```")

// TestReadmeCallers runs every block of the READMEs' sections on callers as a reader does; both languages have the same.
func TestReadmeCallers(t *testing.T) {
	t.Parallel()
	blocks := callerBlocks(t, "README.md", "## Connect a caller\n")
	if chinese := callerBlocks(t, "README.zh-CN.md", "## 接入调用方\n"); bodyJSON(t, blocks) != bodyJSON(t, chinese) {
		t.Error("the blocks of the two READMEs differ")
	}
	if _, ok := app.Catalogue().Find("create_connection"); !ok {
		t.Fatal("the section begins with create_connection, which the catalogue has not")
	}
	h := setup(t, options{})
	directory, key := t.TempDir(), ""
	run := func(kind, code string) (out string, ran bool) {
		t.Helper()
		program := map[string]string{"sh": "sh", "python": "python3", "go": "go"}[kind]
		for _, needed := range []string{program, map[string]string{"sh": "curl"}[kind]} {
			if _, err := exec.LookPath(needed); needed != "" && err != nil {
				t.Logf("skipped: %s is not installed", needed)
				return "", false
			}
		}
		file := filepath.Join(directory, "main."+kind)
		if err := os.WriteFile(file, []byte(strings.ReplaceAll(code, "https://rowgate.example.com", h.app.URL())), 0o600); err != nil {
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
	var written int
	for _, block := range blocks {
		kind, code := block[0], block[1]
		out, ran := run(kind, code)
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
		case strings.Contains(code, "workflow.yml -o") || strings.Contains(code, "-o workflow.yml"):
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

// callerBlocks returns language and code of each block of a section.
func callerBlocks(t *testing.T, file, heading string) [][2]string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", file))
	if err != nil {
		t.Fatal(err)
	}
	_, section, ok := strings.Cut(string(text), heading)
	if !ok {
		t.Fatalf("%s has no %s", file, heading)
	}
	section, _, _ = strings.Cut(section, "\n## ")
	var blocks [][2]string
	for _, match := range readmeBlock.FindAllStringSubmatch(section, -1) {
		blocks = append(blocks, [2]string{match[1], match[2]})
	}
	return blocks
}
