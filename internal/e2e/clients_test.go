package e2e_test

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/rowgate/rowgate/internal/sandbox"
	"github.com/rowgate/rowgate/openapi"
)

// identicalWrites is how many equal rows each official client writes.
const identicalWrites = 60

// officialClient is one official MCP client. Its packages are installed beside its program, as internal/e2e/clients/README.md says.
type officialClient struct {
	name    string
	command []string // relative to internal/e2e/clients
	needs   string   // what the installation makes
}

var officialClients = []officialClient{
	{"TypeScript 1.32.2", []string{"node", "typescript/client.mjs"}, "typescript/node_modules/@modelcontextprotocol/sdk"},
	{"Python 1.12.4", []string{"python/.venv-1.12.4/bin/python", "python/client.py"}, "python/.venv-1.12.4"},
	{"Python 1.30.0", []string{"python/.venv-1.30.0/bin/python", "python/client.py"}, "python/.venv-1.30.0"},
	{"Python 2.3.0", []string{"python/.venv-2.3.0/bin/python", "python/client.py"}, "python/.venv-2.3.0"},
}

// TestOfficialMCPClients lists and calls every tool with each official client, which checks each answer against its schema; 60 equal
// writes are 60 rows, and a write that the client gave up on and repeats is one.
func TestOfficialMCPClients(t *testing.T) {
	t.Parallel()
	for _, one := range officialClients {
		t.Run(one.name, func(t *testing.T) {
			if _, err := os.Stat(filepath.Join("clients", one.needs)); err != nil {
				t.Skipf("not installed: internal/e2e/clients/%s (see internal/e2e/clients/README.md)", one.needs)
			}
			program := one.command[0]
			if filepath.Base(program) != program {
				program, _ = filepath.Abs(filepath.Join("clients", program)) // fails only without a working directory
			} else if _, err := exec.LookPath(program); err != nil {
				t.Skipf("%s is not there", program)
			}
			s := setupSingle(t, options{sandbox: sandbox.Options{Write: sandbox.Latency{PerCall: 10 * time.Millisecond}}})
			s.fault(sandbox.Fault{Endpoint: "record.batch_create", Skip: identicalWrites, Action: sandbox.ActionDelay, Delay: 8 * time.Second})
			command := exec.CommandContext(t.Context(), program, one.command[1], s.app.URL()+"/mcp", s.key(baseName, s.table), "60")
			command.Dir = "clients"
			var complaints bytes.Buffer
			command.Stderr = &complaints
			output, err := command.Output()
			var found struct {
				Tools   int      `json:"tools"`
				Failed  []string `json:"failed"`
				Replays int      `json:"replays"`
				GaveUp  bool     `json:"gaveUp"`
				Repeat  bool     `json:"repeat"`
			}
			if err != nil || json.Unmarshal(output, &found) != nil {
				t.Fatalf("%v: %s %s", err, output, complaints.String())
			}
			if found.Tools != len(openapi.Importable(records())) || len(found.Failed) > 0 {
				t.Errorf("%d tools; failed: %v", found.Tools, found.Failed)
			}
			if !found.GaveUp || !found.Repeat || found.Replays > 0 || len(s.rows()) != identicalWrites+1 {
				t.Errorf("%d rows: %s", len(s.rows()), output)
			}
		})
	}
}
