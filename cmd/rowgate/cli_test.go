package main

import (
	"archive/zip"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/rowgate/rowgate/internal/config"
	"github.com/rowgate/rowgate/internal/secret"
)

// execute runs a command within the test, with these settings and no others.
func execute(t *testing.T, env map[string]string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, err buffer
	code = run(t.Context(), args, streams{out: &out, err: &err, getenv: func(name string) string { return env[name] }})
	return code, out.String(), err.String()
}

// getStatus is the HTTP status of a page.
func getStatus(t *testing.T, url string) int {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := (&http.Client{}).Do(request)
	if err != nil {
		t.Fatal(err)
	}
	if err := answer.Body.Close(); err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode
}

func TestCommands(t *testing.T) {
	t.Parallel()

	t.Run("demo_once_shows_the_rows_that_landed", func(t *testing.T) {
		t.Parallel()
		code, out, errs := execute(t, nil, "demo", "--once")
		if code != exitOK || errs != "" {
			t.Fatalf("exit code %d: %s", code, errs)
		}
		for _, text := range []string{"葱油拌面", "番茄炒蛋", "可乐鸡翅", "手打柠檬茶", "凉拌黄瓜", "新建 3", "更新 1", "Verified: 5 rows, each once"} {
			if !strings.Contains(out, text) {
				t.Errorf("the demo does not say %q:\n%s", text, out)
			}
		}
		for _, row := range []string{"葱油拌面", "番茄炒蛋"} {
			if n := strings.Count(out, `标题  "`+row+`"`); n != 1 {
				t.Errorf("%s is shown %d times", row, n)
			}
		}
	})

	t.Run("demo_shows_a_date_as_a_date_and_the_lines_of_a_text", func(t *testing.T) {
		t.Parallel()
		_, out, _ := execute(t, nil, "demo", "--once")
		for _, text := range []string{"发布日期  2026-03-24 00:00 UTC+8", "\n        今晚就做", "文本读成了日期", "工作流产生的三行"} {
			if !strings.Contains(out, text) {
				t.Errorf("the demo does not say %q:\n%s", text, out)
			}
		}
	})

	t.Run("demo_cleans_up_when_nobody_reads_on", func(t *testing.T) {
		t.Parallel()
		dir := t.TempDir()
		executable, err := os.Executable()
		if err != nil {
			t.Fatal(err)
		}
		reader, writer, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		command := exec.CommandContext(t.Context(), executable, "demo")
		command.Env, command.Stdout = []string{asProgram + "=1", "TMPDIR=" + dir, "GOCOVERDIR=" + t.TempDir()}, writer
		if err := errors.Join(reader.Close(), command.Start(), writer.Close()); err != nil {
			t.Fatal(err)
		}
		if err := command.Wait(); err == nil {
			t.Error("the demo went to its end although nobody read on")
		}
		if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
			t.Errorf("left behind: %v, %v", left, err)
		}
	})

	t.Run("serve_says_what_to_do_about_a_taken_address", func(t *testing.T) {
		t.Parallel()
		listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = listener.Close() }()
		env := map[string]string{"ROWGATE_LISTEN": listener.Addr().String(), "ROWGATE_DATABASE_URL": "sqlite::memory:"}
		code, out, errs := execute(t, env, "serve")
		if code != exitFail || !strings.Contains(errs, "ROWGATE_LISTEN=") || !strings.Contains(errs, "换一个地址") ||
			strings.Contains(out, "Passphrase") {
			t.Errorf("exit code %d: %s%s", code, out, errs)
		}
	})

	t.Run("check_accepts_what_is_right", func(t *testing.T) {
		t.Parallel()
		free := map[string]string{
			"ROWGATE_LISTEN":       "127.0.0.1:0",
			"ROWGATE_DATABASE_URL": "sqlite:" + filepath.Join(t.TempDir(), "new", "rowgate.db"),
		}
		if code, out, errs := execute(t, free, "check"); code != exitOK || !strings.Contains(out, "valid") || errs != "" {
			t.Errorf("exit code %d: %s%s", code, out, errs)
		}
	})

	t.Run("check_says_what_documents_name_beyond_loopback", func(t *testing.T) {
		t.Parallel()
		env := map[string]string{
			"ROWGATE_LISTEN": "0.0.0.0:0", "ROWGATE_PASSPHRASE": "test:" + secret.GenerateKey(), "ROWGATE_DATABASE_URL": "sqlite::memory:",
		}
		if code, out, errs := execute(t, env, "check"); code != exitOK || !strings.Contains(out, config.PublicURLUnset.ZH) {
			t.Errorf("exit code %d: %s%s", code, out, errs)
		}
		env["ROWGATE_PUBLIC_URL"] = "https://rowgate.example.com"
		if code, out, errs := execute(t, env, "check"); code != exitOK || strings.Contains(out, "ROWGATE_PUBLIC_URL") {
			t.Errorf("with the variable: exit code %d: %s%s", code, out, errs)
		}
	})

	t.Run("check_finds_what_stops_serve", func(t *testing.T) {
		t.Parallel()
		foreign := filepath.Join(t.TempDir(), "rowgate.db")
		if err := os.WriteFile(foreign, []byte(strings.Repeat("this is no database ", 500)), 0o600); err != nil {
			t.Fatal(err)
		}
		listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = listener.Close() }()
		key := secret.GenerateKey()
		for variable, env := range map[string]map[string]string{
			"ROWGATE_DATABASE_URL: ": {"ROWGATE_LISTEN": "127.0.0.1:0", "ROWGATE_KEY": key, "ROWGATE_DATABASE_URL": "sqlite:" + foreign},
			"ROWGATE_DATABASE_URL:":  {"ROWGATE_LISTEN": "127.0.0.1:0", "ROWGATE_DATABASE_URL": "sqlite:" + foreign},
			"ROWGATE_LISTEN: ":       {"ROWGATE_LISTEN": listener.Addr().String(), "ROWGATE_DATABASE_URL": "sqlite::memory:"},
			"FEISHU_BASE_URL: ":      {"ROWGATE_LISTEN": "127.0.0.1:0", "FEISHU_BASE_URL": "https://open.feishu.cn/open-apis"},
		} {
			if code, out, errs := execute(t, env, "check"); code != exitFail || !strings.Contains(errs, variable) {
				t.Errorf("%s exit code %d: %s%s", variable, code, out, errs)
			}
		}
	})

	t.Run("check_reports_every_problem_at_once_in_two_languages", func(t *testing.T) {
		t.Parallel()
		const hidden = "not-a-key-but-a-secret"
		wrong := map[string]string{
			"ROWGATE_LISTEN": "0.0.0.0:nowhere", "ROWGATE_PASSPHRASE": "rgk_" + hidden, "ROWGATE_PUBLIC_URL": "ftp://x", "ROWGATE_KEY": hidden,
			"ROWGATE_DATABASE_URL": "mysql://x", "ROWGATE_LOG": "loud", "FEISHU_BASE_URL": "nowhere",
		}
		code, _, errs := execute(t, wrong, "check")
		if code != exitFail {
			t.Errorf("exit code %d", code)
		}
		for name := range wrong {
			if !strings.Contains(errs, name) {
				t.Errorf("%s is not reported:\n%s", name, errs)
			}
		}
		if strings.Contains(errs, hidden) || !strings.ContainsRune(errs, '。') {
			t.Errorf("a secret is shown, or no Chinese:\n%s", errs)
		}
		if code, _, served := execute(t, wrong, "serve"); code != exitFail || served != errs {
			t.Errorf("serve ends with %d and says otherwise:\n%s", code, served)
		}
	})

	t.Run("openapi_prints_the_families_that_are_asked_for", func(t *testing.T) {
		for families, shows := range map[string]bool{"records": false, "records,tables": true, "all": true} {
			code, out, _ := execute(t, nil, "openapi", "--profile", "dify", "--families", families)
			if code != exitOK || strings.Contains(out, "list_views") != shows {
				t.Errorf("%s: %d, shows tables: %v", families, code, !shows)
			}
		}
		for _, command := range []string{"openapi", "mcp", "dify-plugin"} {
			env := map[string]string{"FEISHU_APP_ID": "cli_example", "FEISHU_APP_SECRET": "secret"}
			if code, _, errs := execute(t, env, command, "--families", "vews"); code == exitOK || !strings.Contains(errs, "records, tables, all") {
				t.Errorf("%s: %d %s", command, code, errs)
			}
		}
	})

	t.Run("dify_plugin_has_the_families_that_are_asked_for", func(t *testing.T) {
		t.Parallel()
		for families, want := range map[string]bool{"": false, "records,tables": true} {
			file := filepath.Join(t.TempDir(), "rowgate.difypkg")
			if code, _, errs := execute(t, nil, "dify-plugin", "--out", file, "--families", families); code != exitOK {
				t.Fatalf("exit code %d: %s", code, errs)
			}
			archive, err := zip.OpenReader(file)
			if err != nil {
				t.Fatal(err)
			}
			var names []string
			for _, entry := range archive.File {
				names = append(names, entry.Name)
			}
			if err := archive.Close(); err != nil {
				t.Fatal(err)
			}
			if !slices.Contains(names, "tools/write_records.yaml") || slices.Contains(names, "tools/list_views.yaml") != want {
				t.Errorf("%q: %v", families, names)
			}
		}
	})

	t.Run("openapi_prints_each_document", func(t *testing.T) {
		t.Parallel()
		for profile, version := range map[string]string{"3.1": "3.1", "3.0": "3.0"} {
			code, out, errs := execute(t, map[string]string{"ROWGATE_PUBLIC_URL": "https://rowgate.example"}, "openapi", "--profile", profile)
			var document struct {
				OpenAPI string
				Servers []struct{ URL string }
			}
			if err := json.Unmarshal([]byte(out), &document); err != nil || code != exitOK || errs != "" ||
				!strings.HasPrefix(document.OpenAPI, version) ||
				len(document.Servers) != 1 ||
				document.Servers[0].URL != "https://rowgate.example" {
				t.Errorf("%s: exit code %d, %v, %+v", profile, code, err, document)
			}
			if code, out, _ := execute(t, nil, "openapi", "--profile", profile, "--yaml"); code != exitOK ||
				!strings.Contains(out, "operationId: write_records") {
				t.Errorf("%s as YAML: exit code %d", profile, code)
			}
		}
	})

	for name, args := range map[string][]string{
		"an_unknown_command": {"nonsense"}, "no_command": {}, "an_unknown_flag": {"demo", "--twice"}, "an_unknown_profile": {
			"openapi",
			"--profile", "2.0",
		},
		"an_argument_too_many": {"check", "this"},
	} {
		t.Run(name+"_is_a_usage_error", func(t *testing.T) {
			t.Parallel()
			code, out, errs := execute(t, nil, args...)
			if code != exitUsage || out != "" || !strings.Contains(errs, "rowgate --help") {
				t.Errorf("exit code %d: %s%s", code, out, errs)
			}
		})
	}

	t.Run("help_and_version_end_well", func(t *testing.T) {
		t.Parallel()
		for args, says := range map[string]string{
			"--help": "serve", "help": "serve", "help serve": "ROWGATE_EGRESS_ALLOW", "check --help": "ROWGATE_PUBLIC_URL",
			"mcp --help": "ROWGATE_DATABASE_URL", "--version": version(), "-v": version(), "version": version(),
		} {
			p := start(t, nil, strings.Fields(args)...)
			if code := p.exit(); code != exitOK || !strings.Contains(p.stdout.String(), says) {
				t.Errorf("%s: exit code %d, %q (looked for %s)", args, code, p.stdout.String(), says)
			}
		}
	})
}

// TestPrograms: what runs until it is stopped stops when it is told to.
func TestPrograms(t *testing.T) {
	t.Parallel()

	t.Run("serve", func(t *testing.T) {
		t.Parallel()
		s := newSite(t, sandboxDefaults)
		service, url := s.serve()
		if got, err := s.post(url, "/v1/records", `{"fields":{"标题":"甲"}}`); err != nil || got.Created != 1 {
			t.Errorf("answered %+v, %v", got, err)
		}
		service.signal(syscall.SIGTERM)
		if code := service.exit(); code != exitOK {
			t.Errorf("exit code %d: %s", code, service.stderr.String())
		}
	})

	t.Run("serve_warns_of_a_passphrase_that_can_be_guessed_where_others_reach_it", func(t *testing.T) {
		t.Parallel()
		s := newSite(t, sandboxDefaults)
		s.env["ROWGATE_LISTEN"], s.env["ROWGATE_PASSPHRASE"] = "0.0.0.0:0", "team:guessme"
		service, _ := s.serve()
		service.signal(syscall.SIGTERM)
		if code := service.exit(); code != exitOK {
			t.Errorf("exit code %d", code)
		}
		if log := service.stderr.String(); !strings.Contains(log, `"name":"ROWGATE_PASSPHRASE"`) || strings.Contains(log, "guessme") {
			t.Errorf("the log: %s", log)
		}
	})

	t.Run("serve_makes_a_passphrase_and_a_key_of_its_own", func(t *testing.T) {
		t.Parallel()
		s := newSite(t, sandboxDefaults)
		delete(s.env, "ROWGATE_PASSPHRASE")
		delete(s.env, "ROWGATE_KEY")
		service, url := s.serve()
		s.passphrase = service.says(&service.stdout, `Passphrase for this run .*: (\S+)`)
		const body = `{"fields":{"标题":"甲"},"idempotency_key":"run-1"}`
		if got, err := s.post(url, "/v1/records", body); err != nil || got.Created != 1 || got.Replay {
			t.Errorf("answered %+v, %v", got, err)
		}
		if strings.Contains(service.stderr.String(), s.passphrase) {
			t.Error("the passphrase is in the log")
		}
		service.signal(syscall.SIGINT)
		if code := service.exit(); code != exitOK {
			t.Errorf("exit code %d: %s", code, service.stderr.String())
		}
		s.env["ROWGATE_PASSPHRASE"] = "test:" + s.passphrase
		again, url := s.serve()
		if got, err := s.post(url, "/v1/records", body); err != nil || !got.Replay { // the key that was made opens what it sealed
			t.Errorf("answered %+v, %v", got, err)
		}
		again.signal(syscall.SIGTERM)
		if code := again.exit(); code != exitOK {
			t.Errorf("the second start ended with %d: %s", code, again.stderr.String())
		}
	})

	t.Run("sandbox", func(t *testing.T) {
		t.Parallel()
		p := start(t, nil, "sandbox", "--listen", "127.0.0.1:0")
		url := p.says(&p.stdout, `export FEISHU_BASE_URL=(http://127.0.0.1:\d+)\n`)
		for _, part := range []string{ // the same at every start: stored calls and connection keys stay valid
			"export APP_ID=cli_example\n", "export APP_SECRET=sandboxSecretExample\n",
			"export TABLE_LINK='https://example.feishu.cn/base/bascnExample?table=tblExampleVideos'\n", url + "/sandbox/pages/bascnExample",
		} {
			if !strings.Contains(p.stdout.String(), part) {
				t.Errorf("%q is not in %s", part, p.stdout.String())
			}
		}
		for _, path := range []string{"/", "/sandbox/", "/sandbox/pages/bascnExample"} {
			if status := getStatus(t, url+path); status != http.StatusOK {
				t.Errorf("%s answers %d", path, status)
			}
		}
		t.Run("says_what_to_do_about_a_taken_address", func(t *testing.T) {
			address := strings.TrimPrefix(url, "http://")
			code, _, errs := execute(t, nil, "sandbox", "--listen", address)
			if code != exitFail || !strings.Contains(errs, "choose an address with --listen") || !strings.Contains(errs, address+" 已被") {
				t.Errorf("exit code %d: %s", code, errs)
			}
		})
		p.signal(syscall.SIGTERM)
		if code := p.exit(); code != exitOK {
			t.Errorf("exit code %d: %s", code, p.stderr.String())
		}
	})

	t.Run("sandbox_that_is_empty_says_the_next_step", func(t *testing.T) {
		t.Parallel()
		shell := program(t, "sh")
		program(t, "curl")
		p := start(t, nil, "sandbox", "--listen", "127.0.0.1:0", "--empty")
		url := p.says(&p.stdout, `export FEISHU_BASE_URL=(http://127.0.0.1:\d+)\n`)
		_, commands, _ := strings.Cut(p.stdout.String(), "\n\ncurl ")
		commands, _, _ = strings.Cut("curl "+commands, "\n\n")
		commands = strings.ReplaceAll(commands, "curl ", "curl -sS ")
		answer, err := exec.CommandContext(t.Context(), shell, "-c", commands).CombinedOutput()
		if err != nil || !strings.Contains(string(answer), `"app_token":"bas`) || strings.Contains(string(answer), "error") {
			t.Errorf("%v: %s (%s)", err, answer, url)
		}
		p.signal(syscall.SIGTERM)
		if code := p.exit(); code != exitOK {
			t.Errorf("exit code %d: %s", code, p.stderr.String())
		}
	})

	t.Run("demo_stays_up_and_its_curl_works", func(t *testing.T) {
		t.Parallel()
		curl := program(t, "sh")
		program(t, "curl")
		p := start(t, nil, "demo")
		line := p.says(&p.stdout, `(?s)\n(curl .*?\}')\n`)
		command := exec.CommandContext(t.Context(), curl, "-c", strings.Replace(line, "curl ", "curl -sS ", 1))
		answer, err := command.CombinedOutput()
		if err != nil || !strings.Contains(string(answer), `"created":1`) {
			t.Errorf("%v: %s", err, answer)
		}
		p.signal(syscall.SIGTERM)
		if code := p.exit(); code != exitOK {
			t.Errorf("exit code %d: %s", code, p.stderr.String())
		}
	})
}
