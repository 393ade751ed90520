package e2e_test

import (
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// The programs of /connect write their row when they are run as they stand.
func TestSnippetPrograms(t *testing.T) {
	t.Parallel()
	for name, run := range map[string][]string{
		"python": {"python3", "row.py"}, "go": {"go", "run", "row.go"}, "powershell": {"pwsh", "-File", "row.ps1"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := exec.LookPath(run[0]); err != nil {
				t.Skipf("%s is not installed", run[0])
			}
			h := setup(t, options{})
			program := h.do(request{method: http.MethodGet, path: "/connect/" + name, query: "columns=标题"})
			if program.status != http.StatusOK {
				t.Fatalf("%d %s", program.status, program.raw)
			}
			dir := t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, run[len(run)-1]), []byte(program.raw), 0o600); err != nil {
				t.Fatal(err)
			}
			command := exec.CommandContext(t.Context(), run[0], run[1:]...)
			command.Dir = dir
			command.Env = append(os.Environ(), "PASSPHRASE="+h.secrets.passphrase, "APP_ID="+appID, "APP_SECRET="+h.secrets.app)
			said, err := command.CombinedOutput()
			if err != nil || !strings.Contains(string(said), `"created":1`) || len(h.rows()) != 1 {
				t.Errorf("%v: %s\n%s", err, said, program.raw)
			}
		})
	}
}
