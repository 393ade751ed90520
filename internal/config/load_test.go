package config_test

import (
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rowgate/rowgate/internal/config"
	"github.com/rowgate/rowgate/internal/secret"
)

const canary = "canary-9c2e"

// settings are environment variables. Unless they name a database, it is in memory, so that nothing is made on disk.
type settings map[string]string

func (s settings) getenv(name string) string {
	_, file := s["ROWGATE_DATABASE_URL_FILE"]
	if value, set := s[name]; set || name != "ROWGATE_DATABASE_URL" || file {
		return value
	}
	return "sqlite::memory:"
}

func mustLoad(t *testing.T, s settings) *config.Config {
	t.Helper()
	c, problems := config.Load(s.getenv)
	if len(problems) > 0 {
		t.Fatalf("problems: %v", problems)
	}
	return c
}

func TestLoad(t *testing.T) {
	t.Parallel()

	t.Run("has a default for everything", func(t *testing.T) {
		t.Parallel()
		c := mustLoad(t, nil)
		got := fmt.Sprintln(c.Listen, c.PublicURL == "", c.AdminListen == "", c.MetricsPublic, c.LogLevel, len(c.TrustedProxies),
			len(c.AllowedOrigins), c.FeishuBaseURL == "", c.Passphrases, c.SingleTenant.UserIDType, c.SingleTenant.AppID == "")
		want := fmt.Sprintln("127.0.0.1:8080", true, true, false, slog.LevelInfo, 0, 0, true, "[default]", "open_id", true)
		if got != want {
			t.Errorf("got  %swant %s", got, want)
		}
	})

	t.Run("reads every variable", func(t *testing.T) {
		t.Parallel()
		c := mustLoad(t, settings{
			"ROWGATE_LISTEN": "[::]:9000", "PORT": "7000", "ROWGATE_PASSPHRASE": " n8n:with:colons , bare",
			"ROWGATE_PUBLIC_URL": "https://rows.example.com/gate", "ROWGATE_ADMIN_LISTEN": "127.0.0.1:9100",
			"ROWGATE_METRICS_PUBLIC": "TRUE", "ROWGATE_LOG": "Debug", "ROWGATE_KEY": secret.GenerateKey() + ", " + secret.GenerateKey(),
			"ROWGATE_TRUSTED_PROXIES": "10.1.2.3/8, 192.0.2.7,2001:db8::/32",
			"ROWGATE_ALLOWED_ORIGINS": "https://app.example.com, http://localhost:3000,*",
			"ROWGATE_EGRESS_ALLOW":    "10.2.3.4/8, Files.internal:9000,",
			"FEISHU_BASE_URL":         "http://127.0.0.1:9090", "API_AUTH_TOKEN": "token",
			"FEISHU_APP_ID": "cli_example", "FEISHU_APP_SECRET": "app secret",
			"DEFAULT_USER_ID_TYPE": "union_id", "FEISHU_BASE_TOKEN": "bascnExample", "FEISHU_TABLE_ID": "tblExample",
		})
		got := fmt.Sprintln(c.Listen, c.PublicURL, c.AdminListen, c.MetricsPublic, c.LogLevel, c.TrustedProxies, c.AllowedOrigins,
			c.FeishuBaseURL, c.EgressAllow,
			c.Passphrases, c.GeneratedPassphrase.IsZero(), c.Keyring != nil)
		want := fmt.Sprintln("[::]:9000", "https://rows.example.com/gate", "127.0.0.1:9100", true, slog.LevelDebug,
			"[10.0.0.0/8 192.0.2.7/32 2001:db8::/32]", "[https://app.example.com http://localhost:3000 *]", "http://127.0.0.1:9090",
			"[{ 10.0.0.0/8 0} {files.internal invalid Prefix 9000}]", "[n8n default]", true, true)
		if got != want {
			t.Errorf("got  %swant %s", got, want)
		}
		for i, value := range []string{"with:colons", "bare"} {
			if match, ok := c.Passphrases.Match(secret.New(value)); !ok || match.Name != c.Passphrases[i].Name {
				t.Errorf("passphrase %d is not what was set", i)
			}
		}
		if diff := cmp.Diff(config.SingleTenant{
			AuthToken: secret.New("token"), AppID: "cli_example", AppSecret: secret.New("app secret"), UserIDType: "union_id",
			BaseToken: "bascnExample", TableID: "tblExample",
		}, c.SingleTenant, cmp.Comparer(func(a, b secret.Text) bool { return a == b })); diff != "" {
			t.Errorf("single tenant (-want +got):\n%s", diff)
		}
	})

	t.Run("listens on every address if PORT is all it is told", func(t *testing.T) {
		t.Parallel()
		if c := mustLoad(t, settings{"PORT": "9000", "ROWGATE_PASSPHRASE": "x"}); c.Listen != "0.0.0.0:9000" {
			t.Errorf("listens on %s", c.Listen)
		}
	})

	t.Run("takes empty and blank variables for unset", func(t *testing.T) {
		t.Parallel()
		s := settings{"ROWGATE_DATABASE_URL": "sqlite::memory:", "PORT": " "}
		for _, v := range config.Variables() {
			if v.Name != "ROWGATE_DATABASE_URL" {
				s[v.Name], s[v.Name+"_FILE"] = " ", "\t"
			}
		}
		if c := mustLoad(t, s); c.Listen != config.DefaultListen || c.GeneratedPassphrase.IsZero() {
			t.Errorf("%+v", c)
		}
	})

	for listen, loopback := range map[string]bool{
		"127.0.0.1:80": true, "127.9.9.9:80": true, "[::1]:80": true, "[::ffff:127.0.0.1]:80": true, "localhost:80": true, "127.0.0.1:0": true,
		":80": false, "0.0.0.0:80": false, "[::]:80": false, "192.0.2.1:80": false, "rows.example.com:80": false,
		"localhost.example.com:80": false,
	} {
		t.Run(fmt.Sprintf("%s needs a passphrase: %t", listen, !loopback), func(t *testing.T) {
			t.Parallel()
			c, problems := config.Load(settings{"ROWGATE_LISTEN": listen}.getenv)
			if !loopback {
				wantOnly(t, problems, "ROWGATE_PASSPHRASE")
				return
			}
			if len(problems) > 0 || len(c.GeneratedPassphrase.Reveal()) < 26 {
				t.Fatalf("problems %v", problems)
			}
			if _, ok := c.Passphrases.Match(c.GeneratedPassphrase); !ok {
				t.Error("the generated passphrase is not right")
			}
		})
	}

	t.Run("makes another passphrase at each start", func(t *testing.T) {
		t.Parallel()
		first, second := mustLoad(t, nil), mustLoad(t, nil)
		if first.GeneratedPassphrase == second.GeneratedPassphrase {
			t.Error("two starts have one passphrase")
		}
	})

	t.Run("prints no secret", func(t *testing.T) {
		t.Parallel()
		key := secret.GenerateKey()
		c := mustLoad(t, settings{
			"ROWGATE_PASSPHRASE": "team:" + canary, "ROWGATE_KEY": key, "API_AUTH_TOKEN": canary, "FEISHU_APP_ID": "cli_example",
			"FEISHU_APP_SECRET": canary,
		})
		hash := strings.Trim(fmt.Sprint(c.Passphrases[0].Hash), "[]")
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%d", "%x", "%q"} {
			printed := fmt.Sprintf(verb+verb, c, *c)
			for _, hidden := range []string{canary, fmt.Sprintf("%x", canary), key, hash, fmt.Sprintf("%x", c.Passphrases[0].Hash)} {
				if strings.Contains(printed, hidden) {
					t.Errorf("%s shows a secret", verb)
				}
			}
		}
	})
}

func TestSecretFiles(t *testing.T) {
	t.Parallel()
	write := func(t *testing.T, text string) string {
		t.Helper()
		path := filepath.Join(t.TempDir(), "secret")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}

	t.Run("hold every secret", func(t *testing.T) {
		t.Parallel()
		c := mustLoad(t, settings{
			"ROWGATE_PASSPHRASE_FILE":   write(t, "team:"+canary+"\r\n"),
			"ROWGATE_KEY_FILE":          write(t, secret.GenerateKey()+"\n"),
			"ROWGATE_DATABASE_URL_FILE": write(t, "sqlite::memory:\n"),
			"API_AUTH_TOKEN_FILE":       write(t, "token\n"),
			"FEISHU_APP_ID":             "cli_example",
			"FEISHU_APP_SECRET_FILE":    write(t, "app secret\n"),
		})
		if _, ok := c.Passphrases.Match(secret.New(canary)); !ok || c.Passphrases[0].Name != "team" {
			t.Error("the passphrase was not read")
		}
		if c.Database.Path != ":memory:" || c.SingleTenant.AuthToken.Reveal() != "token" || c.SingleTenant.AppSecret.Reveal() != "app secret" {
			t.Errorf("%+v", c)
		}
	})

	t.Run("are read up to the bound and not over it", func(t *testing.T) {
		t.Parallel()
		mustLoad(t, settings{"ROWGATE_PASSPHRASE_FILE": write(t, strings.Repeat("x", config.MaxSecretFileBytes))})
		_, problems := config.Load(settings{"ROWGATE_PASSPHRASE_FILE": write(t, strings.Repeat("x", config.MaxSecretFileBytes+1))}.getenv)
		wantOnly(t, problems, "ROWGATE_PASSPHRASE_FILE")
	})

	t.Run("are refused if they cannot be read, are empty, or stand beside the value", func(t *testing.T) {
		t.Parallel()
		for _, v := range config.Variables() {
			if !v.Secret {
				continue
			}
			for path, variable := range map[string]string{"/nowhere/at/all": v.Name + "_FILE", write(t, " \n"): v.Name + "_FILE"} {
				_, problems := config.Load(settings{
					v.Name + "_FILE": path, "FEISHU_APP_ID": "cli_example",
					"FEISHU_APP_SECRET": appSecret(v.Name),
				}.getenv)
				wantOnly(t, problems, variable)
			}
			_, problems := config.Load(settings{
				v.Name: "sqlite::memory:", v.Name + "_FILE": write(t, canary), "FEISHU_APP_ID": "cli_example",
				"FEISHU_APP_SECRET": "sqlite::memory:",
			}.getenv)
			wantOnly(t, problems, v.Name)
		}
	})
}

// appSecret is what FEISHU_APP_SECRET is while the file of another variable is tested.
func appSecret(tested string) string {
	if tested == "FEISHU_APP_SECRET" {
		return ""
	}
	return "app secret"
}

// wantOnly fails unless there is exactly one problem, with variable, in both languages and without the canary.
func wantOnly(t *testing.T, problems []config.Problem, variable string) {
	t.Helper()
	if len(problems) != 1 || problems[0].Variable != variable {
		t.Errorf("problems %v, want exactly one of %s", problems, variable)
	}
	check(t, problems)
}

func check(t *testing.T, problems []config.Problem) {
	t.Helper()
	for _, p := range problems {
		if p.Text.ZH == "" || p.Text.EN == "" || p.Text.ZH == p.Text.EN {
			t.Errorf("%s lacks a language: %+v", p.Variable, p.Text)
		}
		if strings.Contains(fmt.Sprintf("%+v %s", p, p), canary) || strings.Contains(p.Text.ZH+p.Text.EN, "%!") {
			t.Errorf("%s shows a secret, or is no sentence: %+v", p.Variable, p.Text)
		}
	}
}
