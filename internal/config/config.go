// Package config reads the settings of the service from environment variables, and reports everything that is wrong with
// them at once.
package config

import (
	"log/slog"
	"net/netip"

	"github.com/rowgate/rowgate/internal/egress"
	"github.com/rowgate/rowgate/internal/problem"
	"github.com/rowgate/rowgate/internal/secret"
	"github.com/rowgate/rowgate/internal/tenant"
)

// Defaults of Config.
const (
	DefaultListen   = "127.0.0.1:8080" // on this machine only
	DefaultDatabase = "sqlite:./data/rowgate.db"
)

// Config is every setting, validated. The comment of a field is its line in Table; nothing in it prints a secret.
type Config struct {
	// ROWGATE_LISTEN (127.0.0.1:8080): address of the service; PORT alone means 0.0.0.0:$PORT
	Listen string
	// ROWGATE_PASSPHRASE (generated and printed once at start, on loopback only): call passphrases, name:value or
	// name:sha256:<hex>, comma-separated; a bare value is named default; required unless the listen address is a loopback address
	Passphrases tenant.Passphrases
	// ROWGATE_PUBLIC_URL (from each request, else the listen address): where callers reach the service, for documents and error
	// pages; no trailing slash
	PublicURL string
	// ROWGATE_DATABASE_URL (sqlite:./data/rowgate.db): where rows are stored until they are written: sqlite:PATH is a file that only
	// one process may use; postgres://user:password@host:port/database is a PostgreSQL database (15 or later) that several instances
	// may share, and requires ROWGATE_KEY
	Database Database
	// ROWGATE_KEY (generated in the file key next to the database (mode 0600)): 32 bytes in base64 that encrypt credentials,
	// rows and connection keys; a comma-separated list rotates keys: the first encrypts, all decrypt; an old key may be removed
	// 25 hours after the new one came first
	Keyring *secret.Keyring
	// ROWGATE_ADMIN_LISTEN (off): address of metrics and pprof; keep it private
	AdminListen string
	// ROWGATE_METRICS_PUBLIC (false): true serves /metrics on the public address as well
	MetricsPublic bool
	// ROWGATE_LOG (info): level: debug, info, warn, error; lines are JSON when standard error is not a terminal
	LogLevel slog.Level
	// ROWGATE_TRUSTED_PROXIES (none): addresses or CIDR ranges of reverse proxies, comma-separated, whose X-Forwarded-For is trusted
	TrustedProxies []netip.Prefix
	// ROWGATE_ALLOWED_ORIGINS (none): origins of web pages that may call from a browser, comma-separated; * for all
	AllowedOrigins []string
	// ROWGATE_EGRESS_ALLOW (none): addresses besides the public https internet that callers may name, for attachments: hosts,
	// host:port, IP addresses or CIDR ranges, comma-separated; opens plain http for them too
	EgressAllow []egress.Rule
	// ROWGATE_CONSOLE_CONTENTS (false): true keeps what requests held and were answered, encrypted, for 24 hours, so that the console can
	// show and replay them to who has their credential
	ConsoleContents bool
	// FEISHU_BASE_URL (https://open.feishu.cn; https://open.larksuite.com for brand lark): replaces the upstream of every
	// brand: tests, the simulator, private deployments
	FeishuBaseURL string

	SingleTenant SingleTenant

	// GeneratedPassphrase is the one that was made because none was set, to be shown once; else empty.
	GeneratedPassphrase secret.Text
}

// Database is where rows are stored: a file, or a PostgreSQL database.
type Database struct {
	Path     string      // of a SQLite file; "" for PostgreSQL
	Postgres secret.Text // the address, with its password; empty for SQLite
}

// BeyondLoopback reports whether other machines can reach the service.
func (c *Config) BeyondLoopback() bool { return !isLoopback(c.Listen) }

// SingleTenant is the one app and table of the drop-in surfaces. It is empty while they are off.
type SingleTenant struct {
	// API_AUTH_TOKEN (unset): bearer token of the single-tenant surfaces; required with FEISHU_BASE_TOKEN unless
	// the listen address is a loopback address
	AuthToken secret.Text
	// FEISHU_APP_ID (unset): app of the single-tenant surfaces
	AppID string
	// FEISHU_APP_SECRET (unset): secret of that app
	AppSecret secret.Text
	// DEFAULT_USER_ID_TYPE (open_id): type of user ID in calls of that app: open_id, union_id or user_id
	UserIDType string
	// FEISHU_BASE_TOKEN (unset): app_token of the base that /api/sync writes to
	BaseToken string
	// FEISHU_TABLE_ID (unset): table that /api/sync writes to
	TableID string
}

// Problem is one thing that is wrong with the configuration. It never shows the value of a secret.
type Problem struct {
	Variable string
	Text     problem.Text
}

// String is the English line for a terminal.
func (p Problem) String() string { return p.Variable + ": " + p.Text.EN }

// Load reads the configuration and returns it, or nil and everything that is wrong with it. It makes what a first start
// needs: a key file beside the database, and a passphrase on loopback.
func Load(getenv func(string) string) (*Config, []Problem) {
	l := &loader{getenv: getenv}
	c := l.read()
	if len(l.problems) == 0 {
		l.create(c)
	}
	if len(l.problems) > 0 {
		return nil, l.problems
	}
	return c, nil
}

// Check returns what is wrong with the configuration and makes nothing.
func Check(getenv func(string) string) []Problem {
	_, problems := Read(getenv)
	return problems
}

// Read is Load without making anything: where a first start would make a passphrase or a key, there is none.
func Read(getenv func(string) string) (*Config, []Problem) {
	l := &loader{getenv: getenv}
	c := l.read()
	if len(l.problems) > 0 {
		return nil, l.problems
	}
	return c, nil
}
