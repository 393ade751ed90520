package config_test

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rowgate/rowgate/internal/config"
	"github.com/rowgate/rowgate/internal/secret"
)

const canary = "canary-9c2e"

func load(t *testing.T, settings map[string]string) (*config.Config, []config.Problem) {
	t.Helper()
	return config.Load(func(name string) string { return settings[name] })
}

func TestLoad(t *testing.T) {
	t.Parallel()

	t.Run("needs nothing on loopback and makes a passphrase", func(t *testing.T) {
		t.Parallel()
		cfg, problems := load(t, nil)
		if len(problems) > 0 {
			t.Fatal(problems)
		}
		if cfg.Listen != config.DefaultListen || cfg.DatabasePath != "./data/rowgate.db" || cfg.LogLevel != slog.LevelInfo {
			t.Errorf("defaults: %+v", cfg)
		}
		if len(cfg.Passphrases) != 1 || cfg.Passphrases[0].Hash != sha256.Sum256([]byte(cfg.Generated.Reveal())) || len(cfg.Generated.Reveal()) < 20 {
			t.Error("no passphrase was generated")
		}
		again, _ := load(t, nil)
		if again.Generated == cfg.Generated {
			t.Error("two runs have the same generated passphrase")
		}
	})

	t.Run("reads every variable", func(t *testing.T) {
		t.Parallel()
		digest := sha256.Sum256([]byte("hashed"))
		cfg, problems := load(t, map[string]string{
			"PORT": "9000", "ROWGATE_PASSPHRASE": "n8n:plain:with:colons, dify:sha256:" + hex.EncodeToString(digest[:]) + ",bare",
			"ROWGATE_PUBLIC_URL": "https://rows.example.com/gate", "ROWGATE_DATABASE_URL": "sqlite:/var/lib/rowgate.db",
			"ROWGATE_KEY": secret.GenerateKey() + "," + secret.GenerateKey(), "ROWGATE_ADMIN_LISTEN": "127.0.0.1:9100",
			"ROWGATE_METRICS_PUBLIC": "true", "ROWGATE_LOG": "Debug", "FEISHU_BASE_URL": "http://127.0.0.1:9090/",
			"ROWGATE_TRUSTED_PROXIES": "10.0.0.0/8, 192.0.2.7", "ROWGATE_ALLOWED_ORIGINS": "https://app.example.com",
		})
		if len(problems) > 0 {
			t.Fatal(problems)
		}
		got := fmt.Sprintln(cfg.Listen, cfg.PublicURL, cfg.DatabasePath, cfg.AdminListen, cfg.MetricsPublic, cfg.LogLevel, cfg.FeishuBaseURL,
			cfg.TrustedProxies, cfg.AllowedOrigins, cfg.Generated.IsZero())
		want := fmt.Sprintln("0.0.0.0:9000", "https://rows.example.com/gate", "/var/lib/rowgate.db", "127.0.0.1:9100", true, slog.LevelDebug,
			"http://127.0.0.1:9090", "[10.0.0.0/8 192.0.2.7/32]", "[https://app.example.com]", true)
		if got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
		for i, want := range []config.Passphrase{
			{Name: "n8n", Hash: sha256.Sum256([]byte("plain:with:colons"))}, {Name: "dify", Hash: digest}, {Name: "default", Hash: sha256.Sum256([]byte("bare"))},
		} {
			if cfg.Passphrases[i] != want {
				t.Errorf("passphrase %d is %s, want %s", i, cfg.Passphrases[i].Name, want.Name)
			}
		}
	})

	t.Run("reports every problem at once, in both languages, without a secret", func(t *testing.T) {
		t.Parallel()
		_, problems := load(t, map[string]string{
			"ROWGATE_LISTEN": "nonsense", "ROWGATE_PASSPHRASE": "a b:" + canary + ",x:rgk_" + canary + ",y:,z:sha256:12,d:1,d:2",
			"ROWGATE_PUBLIC_URL": "https://x.example/", "ROWGATE_DATABASE_URL": "mysql://" + canary, "ROWGATE_KEY": canary,
			"ROWGATE_ADMIN_LISTEN": "9100", "ROWGATE_METRICS_PUBLIC": "perhaps", "ROWGATE_LOG": "loud", "FEISHU_BASE_URL": "ftp://x",
			"ROWGATE_TRUSTED_PROXIES": "everyone", "ROWGATE_ALLOWED_ORIGINS": "example.com",
		})
		count := map[string]int{}
		for _, p := range problems {
			count[p.Variable]++
			if p.Text.ZH == "" || p.Text.EN == "" {
				t.Errorf("%s lacks a language: %+v", p.Variable, p.Text)
			}
			if strings.Contains(fmt.Sprint(p), canary) {
				t.Errorf("%s shows a secret: %v", p.Variable, p)
			}
		}
		for variable, want := range map[string]int{
			"ROWGATE_LISTEN": 1, "ROWGATE_PASSPHRASE": 5, "ROWGATE_PUBLIC_URL": 1, "ROWGATE_DATABASE_URL": 1, "ROWGATE_KEY": 1,
			"ROWGATE_ADMIN_LISTEN": 1, "ROWGATE_METRICS_PUBLIC": 1, "ROWGATE_LOG": 1, "FEISHU_BASE_URL": 1, "ROWGATE_TRUSTED_PROXIES": 1,
			"ROWGATE_ALLOWED_ORIGINS": 1,
		} {
			if count[variable] != want {
				t.Errorf("%s has %d problems, want %d", variable, count[variable], want)
			}
		}
	})

	for name, settings := range map[string]map[string]string{
		"a public listener without a passphrase": {"ROWGATE_LISTEN": "0.0.0.0:8080"},
		"PORT alone without a passphrase":        {"PORT": "8080"},
		"a port that is none":                    {"PORT": "http"},
		"a secret and its file at the same time": {"ROWGATE_PASSPHRASE": "x", "ROWGATE_PASSPHRASE_FILE": "/dev/null"},
		"a secret file that cannot be read":      {"ROWGATE_PASSPHRASE_FILE": "/nowhere/at/all"},
		"Postgres, which this version has not":   {"ROWGATE_DATABASE_URL": "postgres://host/db"},
		"a base URL with credentials":            {"FEISHU_BASE_URL": "https://user:pass@open.example.com"},
		"a public URL that is not http":          {"ROWGATE_PUBLIC_URL": "rows.example.com"},
		"a passphrase that looks like a key":     {"ROWGATE_PASSPHRASE": "rgk_abc"},
		"an IPv6 wildcard without a passphrase":  {"ROWGATE_LISTEN": "[::]:8080"},
	} {
		t.Run("refuses "+name, func(t *testing.T) {
			t.Parallel()
			if _, problems := load(t, settings); len(problems) != 1 {
				t.Errorf("problems: %v, want exactly one", problems)
			}
		})
	}

	t.Run("reads a secret from its file", func(t *testing.T) {
		t.Parallel()
		path := filepath.Join(t.TempDir(), "passphrase")
		if err := os.WriteFile(path, []byte("team:"+canary+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		cfg, problems := load(t, map[string]string{"ROWGATE_PASSPHRASE_FILE": path})
		if len(problems) > 0 || cfg.Passphrases[0].Name != "team" || cfg.Passphrases[0].Hash != sha256.Sum256([]byte(canary)) {
			t.Errorf("config %+v, problems %v", cfg, problems)
		}
	})

	t.Run("the whole configuration prints no secret", func(t *testing.T) {
		t.Parallel()
		key := secret.GenerateKey()
		cfg, problems := load(t, map[string]string{"ROWGATE_PASSPHRASE": "team:" + canary, "ROWGATE_KEY": key})
		printed := fmt.Sprintf("%v %+v %#v %v", cfg, cfg, *cfg, problems)
		if strings.Contains(printed, canary) || strings.Contains(printed, key) {
			t.Error("a secret shows in the printed configuration")
		}
	})
}

func TestKeyring(t *testing.T) {
	t.Parallel()

	t.Run("makes a key file for its owner alone, once", func(t *testing.T) {
		t.Parallel()
		dir := filepath.Join(t.TempDir(), "data")
		cfg, _ := load(t, map[string]string{"ROWGATE_DATABASE_URL": "sqlite:" + filepath.Join(dir, "rowgate.db")})
		first, err := cfg.Keyring()
		if err != nil {
			t.Fatal(err)
		}
		info, err := os.Stat(filepath.Join(dir, "key"))
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("key file: %v, %v, want mode 0600", info.Mode(), err)
		}
		second, err := cfg.Keyring()
		if err != nil {
			t.Fatal(err)
		}
		if plain, err := second.Open("p", first.Seal("p", []byte("x"))); err != nil || string(plain) != "x" {
			t.Errorf("the second start has another key: %v", err)
		}
	})

	t.Run("makes no new key for a database whose key is lost", func(t *testing.T) {
		t.Parallel()
		path := filepath.Join(t.TempDir(), "rowgate.db")
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		cfg, _ := load(t, map[string]string{"ROWGATE_DATABASE_URL": "sqlite:" + path})
		if _, err := cfg.Keyring(); err == nil || !strings.Contains(err.Error(), "ROWGATE_KEY") {
			t.Errorf("Keyring: %v, want a refusal that says what to do", err)
		}
	})

	t.Run("uses ROWGATE_KEY where it is set", func(t *testing.T) {
		t.Parallel()
		dir := t.TempDir()
		cfg, _ := load(t, map[string]string{"ROWGATE_KEY": secret.GenerateKey(), "ROWGATE_DATABASE_URL": "sqlite:" + dir + "/rowgate.db"})
		if _, err := cfg.Keyring(); err != nil {
			t.Fatal(err)
		}
		if _, err := os.Stat(filepath.Join(dir, "key")); err == nil {
			t.Error("a key file was made beside ROWGATE_KEY")
		}
	})
}

func TestVariables(t *testing.T) {
	t.Parallel()
	asked := map[string]bool{}
	config.Load(func(name string) string { asked[name] = true; return "" })
	for _, v := range config.Variables() {
		if !asked[v.Name] || v.Secret != asked[v.Name+"_FILE"] {
			t.Errorf("%s is documented otherwise than it is read", v.Name)
		}
		delete(asked, v.Name)
		delete(asked, v.Name+"_FILE")
		if v.Meaning.ZH == "" || v.Meaning.EN == "" || v.Default == "" {
			t.Errorf("%s is documented in halves", v.Name)
		}
	}
	delete(asked, "PORT") // stands in the meaning of ROWGATE_LISTEN
	if len(asked) > 0 {
		t.Errorf("read but not documented: %v", asked)
	}
}
