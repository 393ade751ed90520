// Package config reads the service's settings from environment variables: one documented struct, every problem at once.
package config

import (
	"crypto/sha256"
	"log/slog"
	"net/netip"

	"github.com/rowgate/rowgate/internal/problem"
	"github.com/rowgate/rowgate/internal/secret"
)

// DefaultListen is where the service listens unless told otherwise: on this machine only.
const DefaultListen = "127.0.0.1:8080"

// DefaultDatabase is ROWGATE_DATABASE_URL where it is not set.
const DefaultDatabase = "sqlite:./data/rowgate.db"

// Config is every setting, validated. It prints no secret.
type Config struct {
	Listen         string         // ROWGATE_LISTEN, or 0.0.0.0:$PORT
	PublicURL      string         // ROWGATE_PUBLIC_URL, no slash at the end; "" means the address that is listened on
	Passphrases    []Passphrase   // ROWGATE_PASSPHRASE; at least one
	Generated      secret.Text    // the passphrase that was made because none was set; empty otherwise
	DatabasePath   string         // ROWGATE_DATABASE_URL without its scheme; ":memory:" for none
	Key            secret.Text    // ROWGATE_KEY; empty means the key file beside the database, see Keyring
	AdminListen    string         // ROWGATE_ADMIN_LISTEN; "" means off
	MetricsPublic  bool           // ROWGATE_METRICS_PUBLIC
	LogLevel       slog.Level     // ROWGATE_LOG
	FeishuBaseURL  string         // FEISHU_BASE_URL, no slash at the end; "" means each brand's own host
	TrustedProxies []netip.Prefix // ROWGATE_TRUSTED_PROXIES
	AllowedOrigins []string       // ROWGATE_ALLOWED_ORIGINS
}

// Passphrase is one call passphrase: its name and its SHA-256.
type Passphrase struct {
	Name string
	Hash [sha256.Size]byte
}

// Problem is one thing that is wrong with the configuration. It shows no secret value.
type Problem struct {
	Variable string
	Text     problem.Text
}

// Variable documents one environment variable.
type Variable struct {
	Name    string
	Default string
	Secret  bool // also with the suffix _FILE
	Meaning problem.Text
}

// Variables lists what Load reads, in the order of the documentation.
func Variables() []Variable { return variables }

var variables = []Variable{
	{
		Name: "ROWGATE_LISTEN", Default: DefaultListen,
		Meaning: problem.Text{ZH: "监听地址；只设 PORT 时为 0.0.0.0:$PORT", EN: "address; PORT alone means 0.0.0.0:$PORT"},
	},
	{
		Name: "ROWGATE_PASSPHRASE", Default: "generated, loopback only", Secret: true,
		Meaning: problem.Text{
			ZH: "调用口令：name:value，逗号分隔，或 name:sha256:<hex>；只写值时名为 default。监听非本机地址时必填",
			EN: "call passphrases: name:value, comma-separated, or name:sha256:<hex>; a bare value is named default. Required on any other than a loopback address",
		},
	},
	{
		Name: "ROWGATE_PUBLIC_URL", Default: "the listen address",
		Meaning: problem.Text{ZH: "文档和错误里的服务地址，末尾不带斜杠", EN: "the service's address in documents and errors, no trailing slash"},
	},
	{
		Name: "ROWGATE_DATABASE_URL", Default: DefaultDatabase,
		Meaning: problem.Text{ZH: "保存待写入行的 SQLite 文件", EN: "the SQLite file that keeps rows until they are written"},
	},
	{
		Name: "ROWGATE_KEY", Default: "generated into the file key beside the database", Secret: true,
		Meaning: problem.Text{
			ZH: "32 字节的 base64：加密凭证、数据和连接密钥；逗号分隔表示轮换，第一个用于加密",
			EN: "32 bytes, base64: seals credentials, rows and connection keys; a comma-separated list rotates, the first one seals",
		},
	},
	{
		Name: "ROWGATE_ADMIN_LISTEN", Default: "off",
		Meaning: problem.Text{ZH: "指标与 pprof 的监听地址", EN: "address of metrics and pprof"},
	},
	{
		Name: "ROWGATE_METRICS_PUBLIC", Default: "false",
		Meaning: problem.Text{ZH: "true：公开监听也提供 /metrics", EN: "true: /metrics on the public listener as well"},
	},
	{
		Name: "ROWGATE_LOG", Default: "info",
		Meaning: problem.Text{ZH: "日志级别：debug、info、warn、error", EN: "level: debug, info, warn, error"},
	},
	{
		Name: "ROWGATE_TRUSTED_PROXIES", Default: "none",
		Meaning: problem.Text{
			ZH: "可信代理的 CIDR，逗号分隔；只相信它们的 X-Forwarded-For", EN: "CIDRs, comma-separated, whose X-Forwarded-For is believed",
		},
	},
	{
		Name: "ROWGATE_ALLOWED_ORIGINS", Default: "none",
		Meaning: problem.Text{
			ZH: "允许从浏览器调用的网页来源，逗号分隔", EN: "origins of web pages that may call from a browser, comma-separated",
		},
	},
	{
		Name: "FEISHU_BASE_URL", Default: "https://open.feishu.cn, https://open.larksuite.com for brand lark",
		Meaning: problem.Text{
			ZH: "替换所有品牌的上游地址（测试、模拟器、私有部署）", EN: "replaces the upstream of every brand (tests, simulator, private deployments)",
		},
	},
}
