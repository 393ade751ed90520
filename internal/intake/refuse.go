package intake

import (
	"bytes"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/rowgate/rowgate/internal/problem"
)

// formAdvice is the fix for text that a template pasted into JSON.
var formAdvice = problem.Text{
	ZH: "模板里的文字没有转义。请改用表单（application/x-www-form-urlencoded），每列一个键 fields.<列名>，文字不需要任何转义；或在代码节点里用 JSON 序列化生成整个请求体。",
	EN: "Text was pasted into JSON without escaping. Send a form instead (application/x-www-form-urlencoded) with one key per " +
		"column, fields.<column>, which needs no escaping; or build the whole body with a JSON serializer in a code node.",
}

// refuse turns a misread into bad_body with line, column and a short excerpt. where names the parameter whose text it is,
// "" for the body.
func (p *parser) refuse(where string, m *misread) *problem.Error {
	line, column := position(m.text, m.at)
	zh, en := "请求体", "the body"
	if where != "" {
		zh, en = "参数 "+where+" 的文本", "parameter "+where
	}
	if m.layers > 0 {
		zh, en = zh+"里的字符串", "the string in "+en
	}
	detail := problem.Text{
		ZH: fmt.Sprintf("%s第 %d 行第 %d 列：%s。", zh, line, column, m.why.text.ZH),
		EN: fmt.Sprintf("Line %d, column %d of %s: %s.", line, column, en, m.why.text.EN),
	}
	if near := p.excerpt(m.text, m.at); near != "" {
		detail.ZH += "附近：" + near
		detail.EN += " Near: " + near
	}
	e := problem.New(problem.BadBody, detail)
	if e.Fix = m.why.fix; m.why.form {
		e.Fix = formAdvice
	}
	return e
}

// position returns the 1-based line and column, in runes, of a byte offset.
func position(text []byte, at int) (line, column int) {
	before := text[:min(at, len(text))]
	line = 1 + bytes.Count(before, []byte("\n"))
	return line, 1 + utf8.RuneCount(before[bytes.LastIndexByte(before, '\n')+1:])
}

// excerpt shows at most MaxExcerptRunes runes around an offset, with the values of secrets masked.
func (p *parser) excerpt(text []byte, at int) string {
	const back, ahead = 4096, 256 // bytes in which the name of a secret is looked for
	low, high := max(0, at-back), min(len(text), at+ahead)
	window := bytes.Clone(text[low:high])
	p.mask(window)
	at -= low
	start, end := at, at
	for range MaxExcerptRunes / 2 {
		_, n := utf8.DecodeLastRune(window[:start])
		start -= n
		_, n = utf8.DecodeRune(window[end:])
		end += n
	}
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if r == utf8.RuneError || r == '\uFEFF' || !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, string(window[start:end])))
}

// mask overwrites in place what follows the name of a secret, and connection keys wherever they stand.
func (p *parser) mask(window []byte) {
	lower := bytes.ToLower(window)
	if len(lower) != len(window) { // a rune whose lower case has another length
		lower = window
	}
	names := []string{
		"passphrase", "app_secret", "app-secret", "appsecret", "personal_base_token", "personal-base-token", "authorization", "bearer",
	}
	for i := range p.spec.Params {
		if p.spec.Params[i].Secret {
			names = append(names, p.spec.Params[i].Name)
		}
	}
	for _, name := range names {
		for at := 0; ; {
			i := bytes.Index(lower[at:], []byte(name))
			if i < 0 {
				break
			}
			at += i + len(name)
			start, end := secretSpan(window, at)
			blot(window[start:end])
		}
	}
	const key = "rgk_"
	for at := 0; ; {
		i := bytes.Index(lower[at:], []byte(key))
		if i < 0 {
			return
		}
		at += i + len(key)
		end := at
		for end < len(window) && (isWord(window[end]) || window[end] == '-') {
			end++
		}
		blot(window[at:end])
	}
}

// secretSpan returns where the value after a secret's name begins and ends: from behind its quotes, colon or equals sign to a
// quote that can only end it, or to the next separator.
func secretSpan(window []byte, at int) (start, end int) {
	start = at
	for start < len(window) && bytes.IndexByte([]byte(" \t\r\n:=\"'\\"), window[start]) >= 0 {
		start++
	}
	wasQuoted := start > at && bytes.IndexByte([]byte(`"'`), window[start-1]) >= 0
	for end = start; end < len(window); end++ {
		switch c := window[end]; {
		case wasQuoted && (c == '"' || c == '\''):
			rest := bytes.TrimLeft(window[end+1:], " \t\r\n")
			if len(rest) == 0 || bytes.IndexByte([]byte(",}]"), rest[0]) >= 0 {
				return start, end
			}
		case !wasQuoted && bytes.IndexByte([]byte(",;&}\r\n"), c) >= 0:
			return start, end
		}
	}
	return start, end
}

func blot(b []byte) {
	for i := range b {
		b[i] = '*'
	}
}

// quote shows a value in a refusal, cut to MaxExcerptRunes.
func quote(value string) string {
	if utf8.RuneCountInString(value) > MaxExcerptRunes {
		value = string([]rune(value)[:MaxExcerptRunes-1]) + "…"
	}
	return fmt.Sprintf("%q", value)
}

// badParameter refuses a parameter's value.
func badParameter(name string, zh, en string) *problem.Error {
	return problem.New(problem.BadParameter, problem.Text{
		ZH: fmt.Sprintf("参数 %s：%s。", name, zh),
		EN: fmt.Sprintf("Parameter %s: %s.", name, en),
	})
}

// unknownParameter refuses a name that the tool does not take and names the one that it does and that is meant, if one is near.
func (p *parser) unknownParameter(name string) *problem.Error {
	detail := problem.Text{
		ZH: fmt.Sprintf("没有名为 %s 的参数。", quote(name)),
		EN: fmt.Sprintf("There is no parameter named %s.", quote(name)),
	}
	if near := nearestParameter(name, p.spec.Params); near != "" {
		detail.ZH += fmt.Sprintf("最接近的是 %s。", near)
		detail.EN += fmt.Sprintf(" The nearest is %s.", near)
	}
	return problem.New(problem.UnknownParameter, detail)
}
