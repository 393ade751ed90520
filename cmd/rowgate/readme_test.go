package main

import (
	"os"
	"os/exec"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/rowgate/rowgate/internal/sandbox"
)

// sandboxDefaults is a Feishu without rate limits.
var sandboxDefaults = sandbox.Options{RatesOff: true}

// readmeCommands says how each command of the READMEs is proved; a command that is not here has to be added.
var readmeCommands = map[string]func(*testing.T, string){
	"go run ./cmd/rowgate demo":    runsUntilStopped,
	"go run ./cmd/rowgate serve":   runsUntilStopped,
	"go run ./cmd/rowgate sandbox": runsUntilStopped,
	"go run ./cmd/rowgate openapi": runsToItsEnd,
	"FEISHU_BASE_URL=":             runsUntilStopped,
	"go test ./...":                func(*testing.T, string) {}, // this is it
	"export PASSPHRASE":            setsAPassphrase,
	"curl http://127.0.0.1:8080":   writesARow,
}

// callersSection follows the headings whose blocks TestReadmeCallers of internal/e2e runs.
var callersSection = regexp.MustCompile(`(?s)\n## (Connect a caller|接入调用方)\n.*?\n## `)

// TestReadmeCommands runs every command that the READMEs show in their sh blocks.
func TestReadmeCommands(t *testing.T) {
	t.Parallel()
	for _, file := range []string{"../../README.md", "../../README.zh-CN.md"} {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		commands := readmeShell(string(text))
		if len(commands) < 6 {
			t.Errorf("%s shows only %d commands", file, len(commands))
		}
		for _, command := range commands {
			t.Run(file[len("../../"):]+"/"+command[:min(len(command), 40)], func(t *testing.T) {
				t.Parallel()
				for prefix, prove := range readmeCommands {
					if strings.HasPrefix(command, prefix) {
						prove(t, command)
						return
					}
				}
				t.Errorf("nothing proves the command %q", command)
			})
		}
	}
}

// readmeShell returns the commands of the sh blocks, continued lines joined.
func readmeShell(text string) []string {
	var commands []string
	text = callersSection.ReplaceAllString(text, "\n## ")
	for _, block := range regexp.MustCompile("(?s)```sh\n(.*?)```").FindAllStringSubmatch(text, -1) {
		commands = append(commands, lines(strings.ReplaceAll(block[1], "\\\n", " "))...)
	}
	return commands
}

// subcommand is what follows the program's name.
func subcommand(command string) []string {
	_, args, _ := strings.Cut(command, "go run ./cmd/rowgate")
	return strings.Fields(args)
}

func runsUntilStopped(t *testing.T, command string) {
	t.Helper()
	args := subcommand(command)
	env := map[string]string{"ROWGATE_LISTEN": "127.0.0.1:0"}
	if name, value, set := strings.Cut(strings.Fields(command)[0], "="); set { // NAME=value before the command
		env[name] = value
	}
	if args[0] == "sandbox" {
		args = append(args, "--listen", "127.0.0.1:0") // its own port may be taken
	}
	p := start(t, env, args...)
	until(t, func() bool {
		return strings.Contains(p.stdout.String(), "Ctrl-C") || strings.Contains(p.stdout.String(), "FEISHU_BASE_URL=") ||
			strings.Contains(p.stderr.String(), `"serving"`)
	})
	p.signal(syscall.SIGTERM)
	if code := p.exit(); code != exitOK {
		t.Errorf("exit code %d:\n%s%s", code, p.stdout.String(), p.stderr.String())
	}
}

func runsToItsEnd(t *testing.T, command string) {
	t.Helper()
	if code, out, errs := execute(t, nil, subcommand(command)...); code != exitOK || out == "" {
		t.Errorf("exit code %d: %s", code, errs)
	}
}

// setsAPassphrase lets a shell make it and the configuration take it.
func setsAPassphrase(t *testing.T, command string) {
	t.Helper()
	shell := program(t, "sh")
	program(t, "openssl")
	out, err := exec.CommandContext(t.Context(), shell, "-c", command+`; printf %s "$ROWGATE_PASSPHRASE"`).Output()
	if err != nil {
		t.Fatal(err)
	}
	if code, _, errs := execute(t, map[string]string{"ROWGATE_PASSPHRASE": string(out), "ROWGATE_LISTEN": "0.0.0.0:80"},
		"check"); code != exitOK {
		t.Errorf("%s is refused: %s", out, errs)
	}
}

// writesARow runs a curl of the README against a service on another port.
func writesARow(t *testing.T, command string) {
	t.Helper()
	shell := program(t, "sh")
	program(t, "curl")
	s := newSite(t, sandboxDefaults)
	service, url := s.serve()
	command = strings.NewReplacer("http://127.0.0.1:8080", url, "curl ", "curl -sS ").Replace(command)
	shown := exec.CommandContext(t.Context(), shell, "-c", command)
	shown.Env = append(os.Environ(),
		"PASSPHRASE="+s.passphrase, "APP_ID="+sampleAppID, "APP_SECRET="+s.sample.secret,
		"TABLE_LINK=https://example.feishu.cn/base/"+sampleBase+"?table="+s.sample.videos)
	answer, err := shown.CombinedOutput()
	if err != nil || !strings.Contains(string(answer), `"ok":true`) || !strings.Contains(string(answer), `"created":1`) {
		t.Errorf("%v: %s", err, answer)
	}
	if rows := s.sandbox.RowCount(sampleBase, s.sample.videos); rows != 1 {
		t.Errorf("%d rows, want 1", rows)
	}
	service.signal(syscall.SIGTERM)
	if code := service.exit(); code != exitOK {
		t.Errorf("exit code %d: %s", code, service.stderr.String())
	}
}
