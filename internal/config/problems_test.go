package config_test

import (
	"crypto/sha256"
	"encoding/hex"
	"testing"

	"github.com/rowgate/rowgate/internal/config"
	"github.com/rowgate/rowgate/internal/secret"
)

func TestProblems(t *testing.T) {
	t.Parallel()
	hash := sha256.Sum256([]byte(canary))
	hashed := "sha256:" + hex.EncodeToString(hash[:])
	const passphrase = "ROWGATE_PASSPHRASE"
	for _, test := range []struct {
		name     string
		settings settings
		variable string
	}{
		{"an address without a port", settings{"ROWGATE_LISTEN": "127.0.0.1"}, "ROWGATE_LISTEN"},
		{"an address with a port over 65535", settings{"ROWGATE_LISTEN": "127.0.0.1:65536"}, "ROWGATE_LISTEN"},
		{"an address with a port that is a name", settings{"ROWGATE_LISTEN": "127.0.0.1:http"}, "ROWGATE_LISTEN"},
		{"an IPv6 address without brackets", settings{"ROWGATE_LISTEN": "::1:8080"}, "ROWGATE_LISTEN"},
		{"a PORT that is no number", settings{"PORT": "http"}, "PORT"},
		{"a PORT of 0", settings{"PORT": "0"}, "PORT"},
		{"a PORT without a passphrase", settings{"PORT": "8080"}, passphrase},

		{"an empty passphrase in the list", settings{passphrase: "a:" + canary + ","}, passphrase},
		{"a name without a passphrase", settings{passphrase: "a:"}, passphrase},
		{"a name with a space", settings{passphrase: "a b:" + canary}, passphrase},
		{"a name of 65 letters", settings{passphrase: "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa:" + canary}, passphrase},
		{"a bare passphrase like a connection key", settings{passphrase: "rgk_" + canary}, passphrase},
		{"a named passphrase like a connection key", settings{passphrase: "a:rgk_" + canary}, passphrase},
		{"a passphrase with a line break", settings{passphrase: "a:" + canary + "\n" + canary}, passphrase},
		{"one name twice", settings{passphrase: "a:" + canary + ",a:other"}, passphrase},
		{"two bare passphrases", settings{passphrase: canary + ",other"}, passphrase},
		{"one passphrase twice", settings{passphrase: "a:" + canary + ",b:" + canary}, passphrase},
		{"a passphrase beside its own hash", settings{passphrase: "a:" + canary + ",b:" + hashed}, passphrase},
		{"a hash without a name", settings{passphrase: hashed}, passphrase},
		{"a hash that is too short", settings{passphrase: "a:" + hashed[:len(hashed)-2]}, passphrase},
		{"a hash that is too long", settings{passphrase: "a:" + hashed + "00"}, passphrase},
		{"a hash that is not hexadecimal", settings{passphrase: "a:" + hashed[:len(hashed)-1] + "g"}, passphrase},

		{"a public URL without a scheme", settings{"ROWGATE_PUBLIC_URL": "rows.example.com"}, "ROWGATE_PUBLIC_URL"},
		{"a public URL of another scheme", settings{"ROWGATE_PUBLIC_URL": "ftp://rows.example.com"}, "ROWGATE_PUBLIC_URL"},
		{"a public URL without a host", settings{"ROWGATE_PUBLIC_URL": "https://:80"}, "ROWGATE_PUBLIC_URL"},
		{"a public URL with a slash at its end", settings{"ROWGATE_PUBLIC_URL": "https://rows.example.com/"}, "ROWGATE_PUBLIC_URL"},
		{"a public URL with a query", settings{"ROWGATE_PUBLIC_URL": "https://rows.example.com?"}, "ROWGATE_PUBLIC_URL"},
		{"a public URL with a fragment", settings{"ROWGATE_PUBLIC_URL": "https://rows.example.com#x"}, "ROWGATE_PUBLIC_URL"},
		{"an upstream with credentials", settings{"FEISHU_BASE_URL": "https://user:" + canary + "@open.example.com"}, "FEISHU_BASE_URL"},
		{"an upstream that cannot be parsed", settings{"FEISHU_BASE_URL": "https://user:" + canary + "@%zz"}, "FEISHU_BASE_URL"},

		{"PostgreSQL without a key", settings{"ROWGATE_DATABASE_URL": "postgres://user:" + canary + "@host/db"}, "ROWGATE_KEY"},
		{"PostgreSQL without a host", settings{"ROWGATE_DATABASE_URL": "postgres:///db"}, "ROWGATE_DATABASE_URL"},
		{"PostgreSQL without a database", settings{"ROWGATE_DATABASE_URL": "postgresql://user:" + canary + "@host/"}, "ROWGATE_DATABASE_URL"},
		{"a wrong PostgreSQL address", settings{"ROWGATE_DATABASE_URL": "postgres://user:" + canary + "%zz@host/db"}, "ROWGATE_DATABASE_URL"},
		{"another database", settings{"ROWGATE_DATABASE_URL": "mysql://user:" + canary + "@host/db"}, "ROWGATE_DATABASE_URL"},
		{"a database path without its scheme", settings{"ROWGATE_DATABASE_URL": "./data/rowgate.db"}, "ROWGATE_DATABASE_URL"},
		{"a database without a path", settings{"ROWGATE_DATABASE_URL": "sqlite:"}, "ROWGATE_DATABASE_URL"},
		{"a database with slashes of a URL", settings{"ROWGATE_DATABASE_URL": "sqlite:///data/rowgate.db"}, "ROWGATE_DATABASE_URL"},
		{"a database with options", settings{"ROWGATE_DATABASE_URL": "sqlite:rowgate.db?mode=memory"}, "ROWGATE_DATABASE_URL"},

		{"a key of 16 bytes", settings{"ROWGATE_KEY": "AAAAAAAAAAAAAAAAAAAAAA=="}, "ROWGATE_KEY"},
		{"a key that is no base64", settings{"ROWGATE_KEY": canary}, "ROWGATE_KEY"},
		{"an empty key in the list", settings{"ROWGATE_KEY": secret.GenerateKey() + ","}, "ROWGATE_KEY"},

		{"one address for service and metrics", settings{"ROWGATE_ADMIN_LISTEN": "127.0.0.1:8080"}, "ROWGATE_ADMIN_LISTEN"},
		{"metrics on an address without a port", settings{"ROWGATE_ADMIN_LISTEN": "localhost"}, "ROWGATE_ADMIN_LISTEN"},
		{"a flag that is no flag", settings{"ROWGATE_METRICS_PUBLIC": "perhaps"}, "ROWGATE_METRICS_PUBLIC"},
		{"an unknown level", settings{"ROWGATE_LOG": "loud"}, "ROWGATE_LOG"},
		{"a proxy that is a name", settings{"ROWGATE_TRUSTED_PROXIES": "10.0.0.0/8,proxy"}, "ROWGATE_TRUSTED_PROXIES"},
		{"a proxy range that is too long", settings{"ROWGATE_TRUSTED_PROXIES": "10.0.0.0/33"}, "ROWGATE_TRUSTED_PROXIES"},
		{"a proxy with a zone", settings{"ROWGATE_TRUSTED_PROXIES": "fe80::1%eth0"}, "ROWGATE_TRUSTED_PROXIES"},
		{"an origin without a scheme", settings{"ROWGATE_ALLOWED_ORIGINS": "app.example.com"}, "ROWGATE_ALLOWED_ORIGINS"},
		{"an origin with a path", settings{"ROWGATE_ALLOWED_ORIGINS": "https://app.example.com/"}, "ROWGATE_ALLOWED_ORIGINS"},
		{"an origin that no browser spells so", settings{"ROWGATE_ALLOWED_ORIGINS": "https://App.example.com"}, "ROWGATE_ALLOWED_ORIGINS"},

		{"a target that is a URL", settings{"ROWGATE_EGRESS_ALLOW": "http://files.internal"}, "ROWGATE_EGRESS_ALLOW"},
		{"a target range that is too long", settings{"ROWGATE_EGRESS_ALLOW": "files.internal,10.0.0.0/33"}, "ROWGATE_EGRESS_ALLOW"},
		{"a target with a wildcard", settings{"ROWGATE_EGRESS_ALLOW": "*.internal"}, "ROWGATE_EGRESS_ALLOW"},

		{"an app without its secret", settings{"FEISHU_APP_ID": "cli_example"}, "FEISHU_APP_ID"},
		{"a secret without its app", settings{"FEISHU_APP_SECRET": canary}, "FEISHU_APP_SECRET"},
		{"a token without an app", settings{"API_AUTH_TOKEN": canary}, "API_AUTH_TOKEN"},
		{"a table without a base", settings{"FEISHU_TABLE_ID": "tblExample"}, "FEISHU_TABLE_ID"},
		{"a base without a table", settings{
			"FEISHU_BASE_TOKEN": "bascnExample", "FEISHU_APP_ID": "cli_example", "FEISHU_APP_SECRET": canary,
		}, "FEISHU_BASE_TOKEN"},
		{"a table without an app", settings{"FEISHU_BASE_TOKEN": "bascnExample", "FEISHU_TABLE_ID": "tblExample"}, "FEISHU_BASE_TOKEN"},
		{"a table that anybody on the network could write to", settings{
			"ROWGATE_LISTEN": "0.0.0.0:8080", passphrase: canary, "FEISHU_APP_ID": "cli_example", "FEISHU_APP_SECRET": canary,
			"FEISHU_BASE_TOKEN": "bascnExample", "FEISHU_TABLE_ID": "tblExample",
		}, "API_AUTH_TOKEN"},
		{"an unknown kind of user id", settings{"DEFAULT_USER_ID_TYPE": "email"}, "DEFAULT_USER_ID_TYPE"},
	} {
		t.Run("refuses "+test.name, func(t *testing.T) {
			t.Parallel()
			c, problems := config.Load(test.settings.getenv)
			if c != nil {
				t.Error("there is a configuration beside the problem")
			}
			wantOnly(t, problems, test.variable)
		})
	}

	t.Run("are reported all at once", func(t *testing.T) {
		t.Parallel()
		problems := config.Check(settings{
			"ROWGATE_LISTEN": "nonsense", passphrase: "a b:" + canary + ",x:rgk_" + canary + ",y:", "ROWGATE_PUBLIC_URL": "x",
			"ROWGATE_DATABASE_URL": "mysql://" + canary, "ROWGATE_KEY": canary, "ROWGATE_ADMIN_LISTEN": "9100", "ROWGATE_METRICS_PUBLIC": "perhaps",
			"ROWGATE_LOG": "loud", "ROWGATE_TRUSTED_PROXIES": "a,b", "ROWGATE_ALLOWED_ORIGINS": "a,b", "FEISHU_BASE_URL": "x",
			"API_AUTH_TOKEN": canary, "DEFAULT_USER_ID_TYPE": "email",
		}.getenv)
		if len(problems) != 17 {
			t.Errorf("%d problems: %v", len(problems), problems)
		}
		check(t, problems)
	})
}
