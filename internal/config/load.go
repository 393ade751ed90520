package config

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/rowgate/rowgate/internal/egress"
	"github.com/rowgate/rowgate/internal/problem"
	"github.com/rowgate/rowgate/internal/secret"
)

// MaxSecretFileBytes bounds the file of a NAME_FILE variable.
const MaxSecretFileBytes = 64 << 10

// loader reads variables and gathers problems.
type loader struct {
	getenv   func(string) string
	problems []Problem
}

// read reads every variable; the result is whole only if there are no problems.
func (l *loader) read() *Config {
	c := &Config{
		Listen:          l.listen(),
		PublicURL:       l.url("ROWGATE_PUBLIC_URL"),
		Database:        l.database("ROWGATE_DATABASE_URL"),
		AdminListen:     l.address("ROWGATE_ADMIN_LISTEN"),
		MetricsPublic:   l.boolean("ROWGATE_METRICS_PUBLIC"),
		ConsoleContents: l.boolean("ROWGATE_CONSOLE_CONTENTS"),
		LogLevel:        l.logLevel("ROWGATE_LOG"),
		TrustedProxies:  l.prefixes("ROWGATE_TRUSTED_PROXIES"),
		AllowedOrigins:  l.origins("ROWGATE_ALLOWED_ORIGINS"),
		EgressAllow:     l.rules(egress.Variable),
		FeishuBaseURL:   l.origin("FEISHU_BASE_URL"),
		SingleTenant:    l.singleTenant(),
	}
	if l.isSet("FEISHU_BASE_TOKEN") && !l.isSet("API_AUTH_TOKEN") && c.Listen != "" && !isLoopback(c.Listen) {
		l.refuse("API_AUTH_TOKEN", "其他机器可以访问 %s，因此 /api/sync 必须有令牌。",
			"%s is reachable from other machines, so /api/sync must have a token.", c.Listen)
	}
	c.Passphrases = l.passphrases("ROWGATE_PASSPHRASE", c.Listen)
	c.Keyring = l.keyring("ROWGATE_KEY", c.Database)
	if c.AdminListen != "" && c.AdminListen == c.Listen && !anyPort(c.Listen) {
		l.refuse("ROWGATE_ADMIN_LISTEN", "与服务的监听地址相同，请换一个端口。", "This is the address of the service itself; choose another port.")
	}
	return c
}

// singleTenant reads settings that need each other.
func (l *loader) singleTenant() SingleTenant {
	s := SingleTenant{
		AuthToken:  l.secret("API_AUTH_TOKEN"),
		AppID:      l.text("FEISHU_APP_ID"),
		AppSecret:  l.secret("FEISHU_APP_SECRET"),
		UserIDType: l.text("DEFAULT_USER_ID_TYPE"),
		BaseToken:  l.text("FEISHU_BASE_TOKEN"),
		TableID:    l.text("FEISHU_TABLE_ID"),
	}
	if s.UserIDType == "" {
		s.UserIDType = "open_id"
	}
	if !slices.Contains([]string{"open_id", "union_id", "user_id"}, s.UserIDType) {
		l.refuse("DEFAULT_USER_ID_TYPE", "%q 不是 open_id、union_id 或 user_id。", "%q is not open_id, union_id or user_id.", s.UserIDType)
	}
	for _, pair := range [][2]string{
		{"FEISHU_APP_ID", "FEISHU_APP_SECRET"},
		{"FEISHU_APP_SECRET", "FEISHU_APP_ID"},
		{"FEISHU_BASE_TOKEN", "FEISHU_TABLE_ID"},
		{"FEISHU_TABLE_ID", "FEISHU_BASE_TOKEN"},
		{"API_AUTH_TOKEN", "FEISHU_APP_ID"},
		{"FEISHU_BASE_TOKEN", "FEISHU_APP_ID"},
	} {
		set, needed := pair[0], pair[1]
		if l.isSet(set) && !l.isSet(needed) {
			l.refuse(set, "还必须设置 %s。", "It also requires %s.", needed)
		}
	}
	return s
}

// refuse notes a problem; both texts are formats of the same arguments.
func (l *loader) refuse(variable, zh, en string, args ...any) {
	if len(args) > 0 {
		zh, en = fmt.Sprintf(zh, args...), fmt.Sprintf(en, args...)
	}
	l.problems = append(l.problems, Problem{Variable: variable, Text: problem.Text{ZH: zh, EN: en}})
}

// text returns a variable without white space around it; "" is unset.
func (l *loader) text(name string) string { return strings.TrimSpace(l.getenv(name)) }

// isSet reports whether a variable or its file is given, right or wrong.
func (l *loader) isSet(name string) bool {
	return l.text(name) != "" || isSecret(name) && l.text(name+fileSuffix) != ""
}

// Secret reads a secret variable, or the file that NAME_FILE names, for a command that needs no other setting.
func Secret(getenv func(string) string, name string) (secret.Text, []Problem) {
	l := &loader{getenv: getenv}
	text := l.secret(name)
	return text, l.problems
}

// secret returns a variable, or what the file holds that NAME_FILE names, without white space around it.
func (l *loader) secret(name string) secret.Text {
	value, path := l.text(name), l.text(name+fileSuffix)
	if path == "" {
		return secret.New(value)
	}
	if value != "" {
		l.refuse(name, "同时设置了 %s 和 %s"+fileSuffix+"，请只留一个。", "Both %s and %s"+fileSuffix+" are set: keep one.", name, name)
		return secret.Text{}
	}
	text, err := readSecretFile(path)
	if err == nil && text == "" {
		err = errEmptyFile
	}
	if err != nil {
		l.refuse(name+fileSuffix, "无法读取该文件：%v。", "The file cannot be read: %v.", err)
		return secret.Text{}
	}
	return secret.New(text)
}

var (
	errEmptyFile = errors.New("it is empty")
	errLargeFile = fmt.Errorf("it is larger than %d bytes", MaxSecretFileBytes)
)

func readSecretFile(path string) (_ string, err error) {
	file, err := os.Open(path) //nolint:gosec // the operator names the file
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	text, err := io.ReadAll(io.LimitReader(file, MaxSecretFileBytes+1))
	if err != nil {
		return "", err
	}
	if len(text) > MaxSecretFileBytes {
		return "", errLargeFile
	}
	return strings.TrimSpace(string(text)), nil
}
