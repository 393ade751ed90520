package config

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"net/url"
	"os"
	"strconv"
	"strings"

	"github.com/rowgate/rowgate/internal/problem"
	"github.com/rowgate/rowgate/internal/secret"
)

// reservedPrefix begins connection keys, so no passphrase may.
const reservedPrefix = "rgk_"

// defaultName names a passphrase that is given without a name.
const defaultName = "default"

// maxSecretFile bounds a file that a _FILE variable names, in bytes.
const maxSecretFile = 64 << 10

// Load reads the configuration and returns every problem with it. The Config is whole only if there is none.
func Load(getenv func(string) string) (*Config, []Problem) {
	l := loader{getenv: getenv, config: &Config{}}
	l.listen()
	l.publicURL()
	l.passphrases()
	l.database()
	l.key()
	l.config.AdminListen = l.address("ROWGATE_ADMIN_LISTEN")
	l.config.MetricsPublic = l.flag("ROWGATE_METRICS_PUBLIC")
	l.logLevel()
	l.config.FeishuBaseURL = l.httpURL("FEISHU_BASE_URL")
	l.proxies()
	l.origins()
	return l.config, l.problems
}

type loader struct {
	getenv   func(string) string
	config   *Config
	problems []Problem
}

func (l *loader) refuse(variable, zh, en string) {
	l.problems = append(l.problems, Problem{Variable: variable, Text: problem.Text{ZH: zh, EN: en}})
}

// value reads a variable without outer white space.
func (l *loader) value(name string) string { return strings.TrimSpace(l.getenv(name)) }

// secret reads a variable, or the file that its _FILE variant names.
func (l *loader) secret(name string) string {
	value, file := l.value(name), l.value(name+"_FILE")
	switch {
	case file == "":
		return value
	case value != "":
		l.refuse(name, "同时设置了 "+name+" 和 "+name+"_FILE，请只留一个。", "Both it and "+name+"_FILE are set: keep one.")
		return ""
	}
	info, err := os.Stat(file)
	if err == nil && info.Size() > maxSecretFile {
		err = fmt.Errorf("it has over %d bytes", maxSecretFile)
	}
	var data []byte
	if err == nil {
		data, err = os.ReadFile(file) //nolint:gosec // the operator names the file
	}
	if err != nil {
		l.refuse(name+"_FILE", "无法读取这个文件。", "The file cannot be read: "+err.Error()+".")
		return ""
	}
	return strings.TrimSpace(string(data))
}

func (l *loader) listen() {
	listen, port := l.address("ROWGATE_LISTEN"), l.value("PORT")
	switch {
	case listen != "":
		l.config.Listen = listen
	case port != "":
		if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
			l.refuse("PORT", "不是 1 到 65535 的端口号。", "It is no port from 1 to 65535.")
			return
		}
		l.config.Listen = net.JoinHostPort("0.0.0.0", port)
	case l.value("ROWGATE_LISTEN") == "":
		l.config.Listen = DefaultListen
	}
}

// address reads host:port; "" if it is not set or wrong.
func (l *loader) address(name string) string {
	value := l.value(name)
	if value == "" {
		return ""
	}
	_, port, err := net.SplitHostPort(value)
	if err == nil {
		_, err = strconv.ParseUint(port, 10, 16)
	}
	if err != nil {
		l.refuse(name, "不是 host:port 形式的地址。", "It is no address of the form host:port.")
		return ""
	}
	return value
}

// httpURL reads an http or https URL without a slash at the end; "" if it is not set or wrong.
func (l *loader) httpURL(name string) string {
	value := l.value(name)
	if value == "" {
		return ""
	}
	u, err := url.Parse(value)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		l.refuse(name, "不是 http:// 或 https:// 开头的地址。", "It is no address that begins with http:// or https://.")
		return ""
	}
	return strings.TrimRight(value, "/")
}

func (l *loader) publicURL() {
	if strings.HasSuffix(l.value("ROWGATE_PUBLIC_URL"), "/") {
		l.refuse("ROWGATE_PUBLIC_URL", "末尾不能有斜杠。", "It may not end in a slash.")
		return
	}
	l.config.PublicURL = l.httpURL("ROWGATE_PUBLIC_URL")
}

func (l *loader) passphrases() {
	const name = "ROWGATE_PASSPHRASE"
	before := len(l.problems)
	text := l.secret(name)
	if text == "" {
		switch {
		case len(l.problems) > before || l.config.Listen == "": // what is wrong has been said
		case !isLoopback(l.config.Listen):
			l.refuse(name, "监听非本机地址时必须设置调用口令。", "A service that listens on other than loopback addresses needs a call passphrase.")
		default:
			l.config.Generated = secret.New(generated())
			l.config.Passphrases = []Passphrase{{defaultName, sha256.Sum256([]byte(l.config.Generated.Reveal()))}}
		}
		return
	}
	seen := map[string]bool{}
	for i, part := range strings.Split(text, ",") {
		passphrase, why := parsePassphrase(strings.TrimSpace(part))
		switch {
		case !why.IsZero():
			l.refuse(name, fmt.Sprintf("第 %d 项：%s", i+1, why.ZH), fmt.Sprintf("Entry %d: %s", i+1, why.EN))
		case seen[passphrase.Name]:
			l.refuse(name, fmt.Sprintf("名称 %s 出现了两次。", passphrase.Name), fmt.Sprintf("The name %s stands there twice.", passphrase.Name))
		default:
			seen[passphrase.Name] = true
			l.config.Passphrases = append(l.config.Passphrases, passphrase)
		}
	}
}

// parsePassphrase reads value, name:value or name:sha256:<hex>.
func parsePassphrase(text string) (Passphrase, problem.Text) {
	name, value, named := strings.Cut(text, ":")
	if !named {
		name, value = defaultName, text
	}
	if !isName(name) {
		return Passphrase{}, problem.Text{
			ZH: "名称只能有字母、数字、- 和 _，最多 64 个。", EN: "A name has only letters, digits, - and _, at most 64.",
		}
	}
	if digest, ok := strings.CutPrefix(value, "sha256:"); ok {
		hash, err := hex.DecodeString(digest)
		if err != nil || len(hash) != sha256.Size {
			return Passphrase{}, problem.Text{ZH: "sha256: 后面要有 64 位十六进制。", EN: "After sha256: stand 64 hexadecimal digits."}
		}
		return Passphrase{name, [sha256.Size]byte(hash)}, problem.Text{}
	}
	switch {
	case value == "":
		return Passphrase{}, problem.Text{ZH: "口令为空。", EN: "The passphrase is empty."}
	case strings.HasPrefix(value, reservedPrefix):
		return Passphrase{}, problem.Text{ZH: "口令不能以 rgk_ 开头。", EN: "A passphrase may not begin with rgk_."}
	}
	return Passphrase{name, sha256.Sum256([]byte(value))}, problem.Text{}
}

func (l *loader) database() {
	value := l.value("ROWGATE_DATABASE_URL")
	if value == "" {
		value = DefaultDatabase
	}
	if strings.HasPrefix(value, "postgres://") || strings.HasPrefix(value, "postgresql://") {
		l.refuse("ROWGATE_DATABASE_URL", "这个版本还不支持 Postgres，请用 sqlite:<文件>。", "This version has no Postgres store yet: use sqlite:<file>.")
		return
	}
	path, ok := strings.CutPrefix(value, "sqlite:")
	if !ok || path == "" || strings.ContainsRune(path, '?') {
		l.refuse("ROWGATE_DATABASE_URL", "请写成 sqlite:<文件>。", "Write it as sqlite:<file>.")
		return
	}
	l.config.DatabasePath = path
}

func (l *loader) key() {
	text := l.secret("ROWGATE_KEY")
	if text == "" {
		return
	}
	if _, err := secret.ParseKeyring(text); err != nil {
		l.refuse("ROWGATE_KEY", "每个密钥都要是 32 字节的 base64，例如 openssl rand -base64 32。",
			"Each key is 32 bytes in base64, as openssl rand -base64 32 makes it: "+err.Error()+".")
		return
	}
	l.config.Key = secret.New(text)
}

func (l *loader) flag(name string) bool {
	value := l.value(name)
	if value == "" {
		return false
	}
	on, err := strconv.ParseBool(value)
	if err != nil {
		l.refuse(name, "只能是 true 或 false。", "It is either true or false.")
	}
	return on
}

func (l *loader) logLevel() {
	value := l.value("ROWGATE_LOG")
	if value == "" {
		value = "info"
	}
	levels := map[string]slog.Level{"debug": slog.LevelDebug, "info": slog.LevelInfo, "warn": slog.LevelWarn, "error": slog.LevelError}
	level, ok := levels[strings.ToLower(value)]
	if !ok {
		l.refuse("ROWGATE_LOG", "只能是 debug、info、warn 或 error。", "It is one of debug, info, warn, error.")
	}
	l.config.LogLevel = level
}

func (l *loader) proxies() {
	for _, part := range list(l.value("ROWGATE_TRUSTED_PROXIES")) {
		prefix, err := netip.ParsePrefix(part)
		if err != nil {
			var address netip.Addr
			if address, err = netip.ParseAddr(part); err == nil {
				prefix, err = address.Prefix(address.BitLen())
			}
		}
		if err != nil {
			l.refuse("ROWGATE_TRUSTED_PROXIES", "“"+part+"”不是 CIDR。", fmt.Sprintf("%q is no CIDR.", part))
			continue
		}
		l.config.TrustedProxies = append(l.config.TrustedProxies, prefix)
	}
}

func (l *loader) origins() {
	for _, origin := range list(l.value("ROWGATE_ALLOWED_ORIGINS")) {
		u, err := url.Parse(origin)
		if origin != "*" && (err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.Scheme+"://"+u.Host != origin) {
			l.refuse("ROWGATE_ALLOWED_ORIGINS", "“"+origin+"”不是 https://host 形式的来源。", fmt.Sprintf("%q is no origin of the form https://host.", origin))
			continue
		}
		l.config.AllowedOrigins = append(l.config.AllowedOrigins, origin)
	}
}

func list(text string) []string {
	var parts []string
	for part := range strings.SplitSeq(text, ",") {
		if part = strings.TrimSpace(part); part != "" {
			parts = append(parts, part)
		}
	}
	return parts
}

func isName(name string) bool {
	if name == "" || len(name) > 64 {
		return false
	}
	for _, r := range name {
		if !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '_') {
			return false
		}
	}
	return true
}

// isLoopback reports whether only this machine can reach an address.
func isLoopback(address string) bool {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return false
	}
	if host == "localhost" {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.IsLoopback()
}
