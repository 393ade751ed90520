package intake

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/rowgate/rowgate/internal/problem"
)

// softErrors is the option that is obeyed even if nothing else can be read.
const softErrors = "soft_errors"

// SoftErrors reports whether the query asks for errors as HTTP 200. It needs no body, so it holds for one that cannot be
// read.
func SoftErrors(query url.Values) bool {
	on, _ := boolText(strings.TrimSpace(query.Get(softErrors)))
	return on
}

// secretNames are the names that have no business in a query, folded.
var secretNames = []string{
	"appsecret", "passphrase", "key", "token", "accesstoken", "authorization",
	"apikey", "difyapikey", "encryptkey", "verificationtoken", "secret", "webhookurl", "password", "headers", "callbacktoken",
	"callbacksecret", "personalbasetoken", "refreshtoken", "appticket",
	"xappid", "xappsecret", "xpersonalbasetoken", "xapptoken", "xtableid", "xpassphrase",
}

// keyPrefix begins every connection key.
const keyPrefix = "rgk_"

// query takes the options and non-secret connection fields of the query string.
func (p *parser) query(in Input) error {
	p.fallback = make([]string, len(p.spec.Params))
	pairs, err := pairsOf(in)
	if err != nil {
		return err
	}
	if slices.ContainsFunc(pairs, p.isSecret) { // before anything else, so that a leaked secret is always told
		return problem.New(problem.SecretInQuery, problem.Text{
			ZH: "密钥不能放在网址里：网址会进日志。请放到请求体或请求头，并更换这个密钥。",
			EN: "Secrets are not allowed in the URL, because URLs are logged. Send it in the body or a header, and replace it with a new one.",
		})
	}
	seen := map[string]bool{}
	var link cutLink
	for _, pair := range pairs {
		if !utf8.ValidString(pair.text) || strings.IndexByte(pair.text, 0) >= 0 {
			return badParameter(pair.name, "不是 UTF-8 文本", "it is not valid UTF-8")
		}
		place := p.place(pair.name)
		if place < 0 {
			taken, err := link.takes(pair.name, pair.text, &p.repairs)
			if err != nil {
				return err
			}
			if taken || pair.text == "" && p.isPlanned(pair.name) {
				continue
			}
		}
		switch {
		case place < 0 || !p.spec.Params[place].Query:
			return p.unknownParameter(pair.name)
		case seen[pair.name]:
			return badParameter(pair.name, "在网址里出现了两次", "it appears twice in the query")
		}
		seen[pair.name] = true
		p.fallback[place] = pair.text
		link.after(nil)
		if p.spec.Params[place].Kind == Text {
			link.after(&p.fallback[place])
		}
	}
	return nil
}

type pair struct{ name, text string }

// pairsOf splits the query as it was sent; an Input without RawQuery gives its parsed values.
func pairsOf(in Input) ([]pair, error) {
	var pairs []pair
	if in.RawQuery == "" {
		for name, texts := range in.Query {
			for _, text := range texts {
				pairs = append(pairs, pair{name, text})
			}
		}
		slices.SortStableFunc(pairs, func(a, b pair) int { return strings.Compare(a.name, b.name) })
		return pairs, nil
	}
	for raw := range strings.SplitSeq(in.RawQuery, "&") {
		if raw == "" {
			continue
		}
		rawName, rawText, _ := strings.Cut(raw, "=")
		name, okName := unescape([]byte(rawName))
		text, okText := unescape([]byte(rawText))
		if !okName || !okText {
			return nil, problem.New(problem.BadParameter, problem.Text{
				ZH: "网址参数里的百分号转义不完整；% 本身要写成 %25。",
				EN: "A percent escape in the query is incomplete; write % itself as %25.",
			})
		}
		pairs = append(pairs, pair{name, text})
	}
	return pairs, nil
}

// isSecret reports whether the pair carries a secret: by its name in any spelling, or by a connection key in its value.
func (p *parser) isSecret(given pair) bool {
	name := fold(strings.TrimSpace(given.name))
	if slices.Contains(secretNames, name) || strings.Contains(given.text, keyPrefix) || strings.HasPrefix(given.name, keyPrefix) {
		return true
	}
	return slices.ContainsFunc(p.spec.Params, func(param Param) bool {
		return param.Secret && (name == fold(param.Name) || param.Header != "" && name == fold(param.Header))
	})
}

// headers takes the parameters that came as headers, for those that neither body nor query gives, and notes which of those that are no
// secret the body and the headers name.
func (p *parser) headers(in Input) error {
	for i := range p.spec.Params {
		param := &p.spec.Params[i]
		inBody := !p.given[i].absent()
		if param.Header == "" || p.fallback[i] != "" && !inBody {
			continue
		}
		text, err := headerText(param, in.Header)
		if err != nil {
			return err
		}
		if p.fallback[i] == "" {
			p.fallback[i] = text
		}
		if param.Secret || param.Kind != Text {
			continue
		}
		if text != "" {
			p.named.Header = withName(p.named.Header, param.Name, text)
		}
		if body, ok := p.given[i].asText(); inBody && ok {
			p.named.Body = withName(p.named.Body, param.Name, strings.TrimSpace(body))
		}
	}
	return nil
}

func withName(names map[string]string, name, text string) map[string]string {
	if names == nil {
		names = make(map[string]string, 2)
	}
	names[name] = text
	return names
}

// headerText returns a header's value, "" if it is absent or empty. A non-ASCII value comes as UTF-8 or percent-encoded;
// a link is left as it is.
func headerText(param *Param, header http.Header) (string, error) {
	text := ""
	for _, line := range header.Values(param.Header) {
		if line = strings.TrimSpace(line); line == "" || line == text {
			continue
		}
		if text != "" {
			return "", badParameter(param.Name, "请求头 "+param.Header+" 出现了两次", "the header "+param.Header+" appears twice")
		}
		text = line
	}
	if !utf8.ValidString(text) {
		return "", badParameter(param.Name, "请求头 "+param.Header+" 不是 UTF-8，请用百分号编码",
			"the header "+param.Header+" is not UTF-8; percent-encode it")
	}
	if !strings.Contains(text, "%") || strings.Contains(text, "://") {
		return text, nil
	}
	decoded, err := url.PathUnescape(text)
	if err != nil || isASCII([]byte(decoded)) || !utf8.ValidString(decoded) {
		return text, nil //nolint:nilerr // a percent sign that escapes nothing is text
	}
	return decoded, nil
}
