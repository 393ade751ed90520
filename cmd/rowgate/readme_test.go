package main

import (
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rowgate/rowgate/internal/sandbox"
	"github.com/rowgate/rowgate/internal/secret"
)

// sandboxDefaults is a Feishu without rate limits.
var sandboxDefaults = sandbox.Options{RatesOff: true}

// readmeCommands says how each command of the READMEs is proved; a command that is not here has to be added.
var readmeCommands = map[string]func(*testing.T, string){
	"go run ./cmd/rowgate demo":     runsUntilStopped,
	"go run ./cmd/rowgate serve":    runsUntilStopped,
	"go run ./cmd/rowgate sandbox":  runsUntilStopped,
	"go run ./cmd/rowgate openapi":  runsToItsEnd,
	"FEISHU_BASE_URL=":              runsUntilStopped,
	"go run ./cmd/rowgate check":    runsToItsEnd,
	"go test ./...":                 func(*testing.T, string) {}, // this is it
	"export PASSPHRASE":             setsAPassphrase,
	"export ROWGATE_PASSPHRASE=\"w": setsAPassphrase,
	"export ROWGATE_PASSPHRASE=\"$": setsCredentials,
	"export GO_IMAGE":               setsBuildArguments,
	"export BASE_IMAGE":             setsBuildArguments,
	"docker compose":                composes,
	"go run ./cmd/rowgate import":   importsAFile,

	"curl http://127.0.0.1:8080/v1/records":     writesARow,
	"curl.exe http://127.0.0.1:8080/v1/records": writesARow,
	"curl http://127.0.0.1:8080/v1/diagnose":    diagnoses,
}

// elsewhere marks the blocks that TestReadmeCallers of internal/e2e runs.
const elsewhere = "rowgate.example.com"

// guides are the pages whose commands are run, and the fewest that each has here.
var guides = map[string]int{
	"README.md": 15, "README.zh-CN.md": 15,
	"docs/connect.md": 0, "docs/connect.zh-CN.md": 0, "docs/settings.md": 0, "docs/settings.zh-CN.md": 0,
}

// TestReadmeCommands runs every command that the READMEs and the pages that they lead to show, in a shell or in PowerShell.
func TestReadmeCommands(t *testing.T) {
	t.Parallel()
	for file, least := range guides {
		text, err := os.ReadFile("../../" + file)
		if err != nil {
			t.Fatal(err)
		}
		commands := readmeShell(string(text))
		if len(commands) < least {
			t.Errorf("%s shows only %d commands", file, len(commands))
		}
		for _, command := range commands {
			t.Run(file+"/"+command[:min(len(command), 40)], func(t *testing.T) {
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

// shellBlock matches a block of commands, also within a list.
var shellBlock = regexp.MustCompile("(?s)```(?:sh|powershell)\n(.*?) *```")

// readmeShell returns the commands of the blocks that are run here, continued lines joined.
func readmeShell(text string) []string {
	var commands []string
	for _, block := range shellBlock.FindAllStringSubmatch(text, -1) {
		if !strings.Contains(block[1], elsewhere) {
			commands = append(commands, lines(strings.ReplaceAll(block[1], "\\\n", " "))...)
		}
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
	env := map[string]string{"ROWGATE_LISTEN": "127.0.0.1:0", "ROWGATE_DATABASE_URL": "sqlite::memory:"} // its own may be taken
	if code, out, errs := execute(t, env, subcommand(command)...); code != exitOK || out == "" {
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

// writesARow runs a curl of the README against a service on another port. What PowerShell would expand, a shell does.
func writesARow(t *testing.T, command string) {
	t.Helper()
	s := newSite(t, sandboxDefaults)
	answer := s.shows(command)
	if !strings.Contains(answer, `"ok":true`) || !strings.Contains(answer, `"created":1`) {
		t.Errorf("answered %s", answer)
	}
	if rows := s.sandbox.RowCount(sampleBase, s.sample.videos); rows != 1 {
		t.Errorf("%d rows, want 1", rows)
	}
}

// setsCredentials lets a shell set what an import reads.
func setsCredentials(t *testing.T, command string) {
	t.Helper()
	command += `; printf %s "$ROWGATE_PASSPHRASE/$FEISHU_APP_ID/$FEISHU_APP_SECRET"`
	shown := exec.CommandContext(t.Context(), program(t, "sh"), "-c", command)
	shown.Env = []string{"PASSPHRASE=a", "APP_ID=b", "APP_SECRET=c"}
	if out, err := shown.Output(); err != nil || string(out) != "a/b/c" {
		t.Errorf("%s, %v", out, err)
	}
}

// importsAFile runs an import of the README against a service on another port.
func importsAFile(t *testing.T, command string) {
	t.Helper()
	s := newImportSite(t, sandbox.Options{})
	args := subcommand(command)
	args[1] = s.file(args[1], "标题,播放量\n葱油拌面,\"12,800\"\n")
	for i := range args {
		args[i] = strings.ReplaceAll(args[i], `"$TABLE_LINK"`, link(s.sample.videos))
	}
	code, out, errs := execute(t, s.variables(), append(args, "--url", s.url)...)
	want := 1
	if strings.Contains(command, "--dry-run") {
		want = 0
	}
	if rows := s.sandbox.RowCount(sampleBase, s.sample.videos); code != exitOK || rows != want {
		t.Errorf("exit code %d, %d rows, want %d:\n%s%s", code, rows, want, out, errs)
	}
}

func diagnoses(t *testing.T, command string) {
	t.Helper()
	if answer := newSite(t, sandboxDefaults).shows(command); !strings.Contains(answer, `"ok":true,"steps":[`) {
		t.Errorf("answered %s", answer)
	}
}

// shows starts a service, runs a curl of the README against it as a reader does, and returns what the curl prints.
func (s *site) shows(command string) string {
	s.t.Helper()
	shell := program(s.t, "sh")
	program(s.t, "curl")
	service, url := s.serve()
	command = strings.NewReplacer("http://127.0.0.1:8080", url, "curl.exe ", "curl -sS ", "curl ", "curl -sS ", "$env:", "$").Replace(command)
	shown := exec.CommandContext(s.t.Context(), shell, "-c", command)
	shown.Dir = s.t.TempDir()
	if err := os.WriteFile(filepath.Join(shown.Dir, "row.json"), []byte(`{"records":[{"标题":"葱油拌面"}]}`), 0o600); err != nil {
		s.t.Fatal(err)
	}
	shown.Env = append(os.Environ(),
		"PASSPHRASE="+s.passphrase, "APP_ID="+sampleAppID, "APP_SECRET="+s.sample.secret,
		"TABLE_LINK=https://example.feishu.cn/base/"+sampleBase+"?table="+s.sample.videos)
	answer, err := shown.CombinedOutput()
	if err != nil {
		s.t.Errorf("%v: %s", err, answer)
	}
	service.signal(syscall.SIGTERM)
	if code := service.exit(); code != exitOK {
		s.t.Errorf("exit code %d: %s", code, service.stderr.String())
	}
	return string(answer)
}

// setsBuildArguments compares the variables with the arguments of the Dockerfile, which compose.yaml hands on.
func setsBuildArguments(t *testing.T, command string) {
	t.Helper()
	image := readFile(t, os.DirFS("../.."), "Dockerfile")
	for _, pair := range strings.Fields(command)[1:] {
		if name, value, ok := strings.Cut(pair, "="); !ok || value == "" || !strings.Contains(image, "\nARG "+name+"=") {
			t.Errorf("the Dockerfile has no argument %s", name)
		}
	}
}

// composes lets docker compose read the files that a command names, where it is installed.
func composes(t *testing.T, command string) {
	t.Helper()
	docker := program(t, "docker")
	if err := exec.CommandContext(t.Context(), docker, "compose", "version").Run(); err != nil {
		t.Skip("docker compose is not installed")
	}
	files, _, _ := strings.Cut(command, " up ")
	read := exec.CommandContext(t.Context(), docker, append(strings.Fields(files)[1:], "config", "-q")...)
	read.Dir, read.Env = "../..", append(os.Environ(), "ROWGATE_PASSPHRASE=workflow:example-value",
		"ROWGATE_KEY="+secret.GenerateKey(), "POSTGRES_PASSWORD=0123456789abcdef")
	if out, err := read.CombinedOutput(); err != nil {
		t.Errorf("%v: %s", err, out)
	}
}

// readmeAnswer matches the curl of a row in JSON and the answer that is shown below it.
var readmeAnswer = regexp.MustCompile("(?s)```sh\n(curl [^`]*番茄炒蛋[^`]*)```.*?```json\n(.*?)```")

// TestReadmeAnswer: the answer that the READMEs show is the answer that their curl gets, but for the ids.
func TestReadmeAnswer(t *testing.T) {
	t.Parallel()
	for _, file := range []string{"README.md", "README.zh-CN.md"} {
		t.Run(file, func(t *testing.T) {
			t.Parallel()
			found := readmeAnswer.FindStringSubmatch(readFile(t, os.DirFS("../.."), file))
			if found == nil {
				t.Fatal("no curl with its answer")
			}
			answer := newSite(t, sandboxDefaults).shows(strings.ReplaceAll(found[1], "\\\n", " "))
			var got, want map[string]any
			if err := errors.Join(json.Unmarshal([]byte(answer), &got), json.Unmarshal([]byte(found[2]), &want)); err != nil {
				t.Fatalf("%v: %s", err, answer)
			}
			for _, id := range []string{"record_id", "record_ids", "request_id"} {
				got[id], want[id] = nil, nil
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("shown and answered differ (-shown +answered):\n%s", diff)
			}
		})
	}
}
