package config

import (
	"fmt"
	"slices"
	"strings"

	"github.com/rowgate/rowgate/internal/egress"
	"github.com/rowgate/rowgate/internal/problem"
)

// fileSuffix makes the name of the variable that holds the path of a secret's file.
const fileSuffix = "_FILE"

// Variable documents one environment variable.
type Variable struct {
	Name    string
	Secret  bool // can also be given as the path of a file, in NAME_FILE
	Default problem.Text
	Meaning problem.Text
}

// Variables returns all that Load reads, in the order of Config.
func Variables() []Variable { return slices.Clone(variables) }

func isSecret(name string) bool {
	return slices.ContainsFunc(variables, func(v Variable) bool { return v.Secret && v.Name == name })
}

// Table is the manual in Markdown for lang, zh or else English.
func Table(lang string) string {
	var b strings.Builder
	language := problem.Lang(lang)
	header := problem.Text{ZH: "| 变量 | 默认值 | 含义 |", EN: "| variable | default | meaning |"}
	file := problem.Text{ZH: "，或 `%s`", EN: ", or `%s`"}
	if language != problem.ZH {
		language = problem.EN
	}
	b.WriteString(header.In(language) + "\n|---|---|---|\n")
	for _, v := range variables {
		name := "`" + v.Name + "`"
		if v.Secret {
			name += fmt.Sprintf(file.In(language), v.Name+fileSuffix)
		}
		_, _ = fmt.Fprintf(&b, "| %s | %s | %s |\n", name, cell(v.Default.In(language)), cell(v.Meaning.In(language)))
	}
	return b.String()
}

// manualColumns is how wide the manual is.
const manualColumns = 78

// Manual is the manual for a terminal, in English: every variable with its default and meaning.
func Manual() string {
	var b strings.Builder
	for _, v := range variables {
		_, _ = fmt.Fprintf(&b, "  %s (default: %s)\n", v.Name, v.Default.EN)
		line := "     "
		for word := range strings.FieldsSeq(v.Meaning.EN) {
			if len(line)+1+len(word) > manualColumns {
				b.WriteString(line + "\n")
				line = "     "
			}
			line += " " + word
		}
		b.WriteString(line + "\n")
	}
	b.WriteString("  A secret can also be given as the path of a file, in the variable with the suffix " + fileSuffix + ".\n")
	return b.String()
}

// cell escapes what Markdown would take for a column, a tag or emphasis.
func cell(text string) string {
	return strings.NewReplacer("|", `\|`, "<", `\<`, "*", `\*`).Replace(text)
}

var unset = problem.Text{ZH: "不设置", EN: "unset"}

func same(text string) problem.Text { return problem.Text{ZH: text, EN: text} }

var variables = []Variable{
	{
		Name: "ROWGATE_LISTEN", Default: same(DefaultListen),
		Meaning: problem.Text{ZH: "服务的监听地址；只设置 PORT 时为 0.0.0.0:$PORT", EN: "address of the service; PORT alone means 0.0.0.0:$PORT"},
	},
	{
		Name: "ROWGATE_PASSPHRASE", Secret: true,
		Default: problem.Text{ZH: "仅监听本机时：启动时生成并显示一次", EN: "generated and printed once at start, on loopback only"},
		Meaning: problem.Text{
			ZH: "调用口令，name:value 或 name:sha256:<hex>，逗号分隔；只写值时名为 default；监听非本机地址时必填",
			EN: "call passphrases, name:value or name:sha256:<hex>, comma-separated; a bare value is named default; required unless the " +
				"listen address is a loopback address",
		},
	},
	{
		Name: "ROWGATE_PUBLIC_URL", Default: problem.Text{ZH: "取自每个请求，否则为监听地址", EN: "from each request, else the listen address"},
		Meaning: problem.Text{
			ZH: "调用方访问服务的地址，用于文档和错误页面；末尾不带斜杠",
			EN: "where callers reach the service, for documents and error pages; no trailing slash",
		},
	},
	{
		Name: "ROWGATE_DATABASE_URL", Secret: true, Default: same(DefaultDatabase),
		Meaning: problem.Text{
			ZH: "写入之前保存行数据的地方：sqlite:路径 是一个文件，只能由一个进程使用；postgres://用户:密码@主机:端口/库名 是 PostgreSQL 15 及以上的数据库，" +
				"可由多个实例共用，并要求设置 ROWGATE_KEY",
			EN: "where rows are stored until they are written: sqlite:PATH is a file that only one process may use; " +
				"postgres://user:password@host:port/database is a PostgreSQL database (15 or later) that several instances may share, and " +
				"requires ROWGATE_KEY",
		},
	},
	{
		Name: "ROWGATE_KEY", Secret: true,
		Default: problem.Text{ZH: "生成到数据库旁边的 key 文件（权限 0600）", EN: "generated in the file key next to the database (mode 0600)"},
		Meaning: problem.Text{
			ZH: "32 字节的 base64，用于加密凭证、行和连接密钥；逗号分隔的列表用于轮换：第一个用于加密，全部可用于解密；旧密钥在新密钥排到第一位 25 小时后才能移除",
			EN: "32 bytes in base64 that encrypt credentials, rows and connection keys; a comma-separated list rotates keys: the first " +
				"encrypts, all decrypt; an old key may be removed 25 hours after the new one came first",
		},
	},
	{
		Name: "ROWGATE_ADMIN_LISTEN", Default: problem.Text{ZH: "关闭", EN: "off"},
		Meaning: problem.Text{ZH: "指标与 pprof 的监听地址；不要公开", EN: "address of metrics and pprof; keep it private"},
	},
	{
		Name: "ROWGATE_METRICS_PUBLIC", Default: same("false"),
		Meaning: problem.Text{ZH: "true：公开地址上也提供 /metrics", EN: "true serves /metrics on the public address as well"},
	},
	{
		Name: "ROWGATE_LOG", Default: same("info"),
		Meaning: problem.Text{
			ZH: "级别：debug、info、warn、error；标准错误不是终端时每行是 JSON",
			EN: "level: debug, info, warn, error; lines are JSON when standard error is not a terminal",
		},
	},
	{
		Name: "ROWGATE_TRUSTED_PROXIES", Default: problem.Text{ZH: "无", EN: "none"},
		Meaning: problem.Text{
			ZH: "可信反向代理的地址或网段，逗号分隔；只相信它们的 X-Forwarded-For",
			EN: "addresses or CIDR ranges of reverse proxies, comma-separated, whose X-Forwarded-For is trusted",
		},
	},
	{
		Name: "ROWGATE_ALLOWED_ORIGINS", Default: problem.Text{ZH: "无", EN: "none"},
		Meaning: problem.Text{
			ZH: "可以从浏览器调用的网页来源，逗号分隔；* 表示全部",
			EN: "origins of web pages that may call from a browser, comma-separated; * for all",
		},
	},
	{
		Name: egress.Variable, Default: problem.Text{ZH: "无", EN: "none"},
		Meaning: problem.Text{
			ZH: "除公网 https 之外，调用方可以让服务访问的地址（附件用）：主机名、主机名:端口、IP 地址或网段，逗号分隔；对它们也放行 http",
			EN: "addresses besides the public https internet that callers may name, for attachments: hosts, host:port, IP addresses or CIDR " +
				"ranges, comma-separated; opens plain http for them too",
		},
	},
	{
		Name: "ROWGATE_CONSOLE_CONTENTS", Default: same("false"),
		Meaning: problem.Text{
			ZH: "true：把请求的内容和回答加密保存 24 小时，控制台可以向持有其凭证的人显示并重放",
			EN: "true keeps what requests held and were answered, encrypted, for 24 hours, so that the console can show and replay them to " +
				"who has their credential",
		},
	},
	{
		Name: "FEISHU_BASE_URL",
		Default: problem.Text{
			ZH: "https://open.feishu.cn；brand 为 lark 时 https://open.larksuite.com",
			EN: "https://open.feishu.cn; https://open.larksuite.com for brand lark",
		},
		Meaning: problem.Text{
			ZH: "替换所有品牌的上游地址：测试、模拟器、私有部署",
			EN: "replaces the upstream of every brand: tests, the simulator, private deployments",
		},
	},
	{
		Name: "API_AUTH_TOKEN", Secret: true, Default: unset,
		Meaning: problem.Text{
			ZH: "单租户接口的 Bearer 令牌；监听非本机地址且设置了 FEISHU_BASE_TOKEN 时必填",
			EN: "bearer token of the single-tenant surfaces; required with FEISHU_BASE_TOKEN unless the listen address is a loopback address",
		},
	},
	{
		Name: "FEISHU_APP_ID", Default: unset,
		Meaning: problem.Text{ZH: "单租户接口使用的应用", EN: "app of the single-tenant surfaces"},
	},
	{
		Name: "FEISHU_APP_SECRET", Secret: true, Default: unset,
		Meaning: problem.Text{ZH: "该应用的密钥", EN: "secret of that app"},
	},
	{
		Name: "DEFAULT_USER_ID_TYPE", Default: same("open_id"),
		Meaning: problem.Text{
			ZH: "该应用的调用使用的用户 ID 类型：open_id、union_id 或 user_id",
			EN: "type of user ID in calls of that app: open_id, union_id or user_id",
		},
	},
	{
		Name: "FEISHU_BASE_TOKEN", Default: unset,
		Meaning: problem.Text{ZH: "/api/sync 写入的多维表格的 app_token", EN: "app_token of the base that /api/sync writes to"},
	},
	{
		Name: "FEISHU_TABLE_ID", Default: unset,
		Meaning: problem.Text{ZH: "/api/sync 写入的数据表", EN: "table that /api/sync writes to"},
	},
}
