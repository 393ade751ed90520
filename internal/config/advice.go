package config

import (
	"regexp"
	"slices"
	"strings"

	"github.com/rowgate/rowgate/internal/nearest"
	"github.com/rowgate/rowgate/internal/problem"
)

// prefix begins every variable of this program but those of other programs' names.
const prefix = "ROWGATE_"

// MinPassphraseChars is the shortest passphrase that Advise does not complain of beyond loopback: guessing is not slowed down
// for who has the right one, so length is what protects.
const MinPassphraseChars = 12

// connectionKeyName is read by rowgate mcp alone.
const connectionKeyName = "ROWGATE_CONNECTION_KEY"

// kubernetes matches what Kubernetes sets for a service named rowgate.
var kubernetes = regexp.MustCompile(`^ROWGATE_(PORT(_\d+_(TCP|UDP|SCTP)(_PROTO|_PORT|_ADDR)?)?|SERVICE_.*)$`)

// PublicURLUnset is said wherever other machines can reach a service whose own address nobody configured.
var PublicURLUnset = problem.Text{
	ZH: "ROWGATE_PUBLIC_URL 没有设置：文档、生成的文件和错误链接会使用请求里的 Host，因此只对发出请求的一方可靠。请设置为调用方访问的地址。",
	EN: "ROWGATE_PUBLIC_URL is not set: documents, generated files and links in errors name the Host of each request; " +
		"set it to the address that callers use",
}

// Unknown returns a problem for each ROWGATE_ variable of environ (NAME=value) that nothing reads, with the nearest that is read.
func Unknown(environ []string) []Problem {
	var known []string
	for _, v := range variables {
		known = append(known, v.Name)
		if v.Secret {
			known = append(known, v.Name+fileSuffix)
		}
	}
	known = append(known, connectionKeyName)
	l := &loader{}
	for _, pair := range environ {
		name, _, _ := strings.Cut(pair, "=")
		if !strings.HasPrefix(name, prefix) || slices.Contains(known, name) || kubernetes.MatchString(name) {
			continue
		}
		zh, en := "没有这个设置。", "There is no such setting."
		if near := nearest.Names(name, slices.Values(known)); len(near) > 0 {
			zh, en = zh+"最接近的是 "+near[0]+"。", en+" The nearest is "+near[0]+"."
		}
		l.refuse(name, zh, en)
	}
	return l.problems
}

// Advise returns what keeps nobody from starting but should not stay: passphrases that can be guessed, where others can reach the
// service. It never shows one.
func Advise(getenv func(string) string) []Problem {
	l := &loader{getenv: getenv}
	listen := l.listen()
	if listen == "" || isLoopback(listen) {
		return nil
	}
	for part := range strings.SplitSeq(l.secret("ROWGATE_PASSPHRASE").Reveal(), ",") {
		name, value, named := strings.Cut(strings.TrimSpace(part), ":")
		if !named {
			name, value = "default", name
		}
		if strings.HasPrefix(value, "sha256:") || value == "" || len([]rune(value)) >= MinPassphraseChars {
			continue
		}
		l.problems = append(l.problems, Problem{Variable: "ROWGATE_PASSPHRASE", Text: problem.Text{
			ZH: "口令 " + name + " 太短，容易被猜到；请至少用 12 个字符，例如 openssl rand -hex 24。",
			EN: "The passphrase " + name + " is short enough to be guessed; use at least 12 characters, for example openssl rand -hex 24.",
		}})
	}
	return l.problems
}
