package feishu

import (
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/rowgate/rowgate/internal/problem"
)

// maxMsgBytes bounds what of Feishu's msg is passed on, in bytes.
const maxMsgBytes = 300

// Problem gives the error as the caller sees it: code of docs/contract.md §5, outcome, the fix in both languages, and what Feishu
// said (its msg, never its message, which quotes values).
func (e *Error) Problem() *problem.Error {
	code := e.problemCode()
	p := problem.New(code, e.detail()).Because(e)
	p.Fix = e.fix()
	if e.Personal {
		e.explainPersonal(p)
	}
	p.Outcome = problem.NotWritten
	if e.OutcomeUnknown() {
		p.Outcome = problem.OutcomeUnknown
	}
	p.RetryAfter = e.RetryAfter
	if e.Code != 0 || e.LogID != "" {
		p.Feishu = &problem.Feishu{Code: e.Code, Msg: cut(e.Msg, maxMsgBytes), LogID: e.LogID, Troubleshooter: e.Troubleshooter}
	}
	return p
}

func (e *Error) problemCode() problem.Code {
	if e.OutcomeUnknown() {
		return problem.UnknownOutcome
	}
	if e.needsApp {
		return problem.KeyScope
	}
	if row, ok := codeTable[e.Code]; ok {
		// A read has no rows: there the code blames a column, a filter or a view that the request names.
		if row.Problem == problem.InvalidRows && !e.Write {
			if row.Row == problem.RowFieldNotFound {
				return problem.FieldNotFound
			}
			return problem.UpstreamRejected
		}
		if row.Problem == problem.UnknownOutcome {
			return problem.UpstreamUnavailable // a read has no outcome to know
		}
		return row.Problem
	}
	switch e.Class {
	case ClassRate, ClassConflict:
		return problem.RateLimited
	case ClassServer, ClassUnreachable, ClassInterrupted, ClassOpen, ClassReadBack:
		return problem.UpstreamUnavailable
	case ClassData, ClassFresh, ClassToken, ClassAccess, ClassCapacity:
		return problem.UpstreamRejected
	}
	return problem.UpstreamRejected
}

// detail describes what happened: the sentence of the error's class, and for a listed code Feishu's message or its name.
func (e *Error) detail() problem.Text {
	row, listed := codeTable[e.Code]
	text := classDetails[e.Class]
	if !listed {
		return problem.Text{ZH: text.ZH + "。", EN: text.EN}
	}
	name := row.Name
	if e.Msg != "" && len(e.Msg) <= maxMsgBytes {
		name = e.Msg
	}
	return problem.Text{
		ZH: text.ZH + "（飞书：" + name + "）。",
		EN: strings.TrimSuffix(text.EN, ".") + " (Feishu: " + name + ").",
	}
}

// fix returns what to do next: the table's advice for the code, else its class's, with the scopes and the page Feishu names.
func (e *Error) fix() problem.Text {
	key := codeTable[e.Code].fix
	switch {
	case e.OutcomeUnknown():
		key = fixUnknown
	case key == "":
		key = classFixes[e.Class]
	}
	text := fixes[key]
	if len(e.Scopes) > 0 {
		scopes := strings.Join(e.Scopes, ", ")
		text.ZH += "任一即可：" + scopes + "。"
		text.EN += " Any one of: " + scopes + "."
	}
	if isFeishuPage(e.HelpURL) {
		text.ZH += " " + e.HelpURL
		text.EN += " " + e.HelpURL
	}
	return text
}

// isFeishuPage reports whether link is an https page of Feishu's or Lark's, so that an answer cannot lead a user elsewhere.
func isFeishuPage(link string) bool {
	u, err := url.Parse(link)
	if err != nil || u.Scheme != "https" {
		return false
	}
	host := u.Hostname()
	for _, domain := range []string{"feishu.cn", "larksuite.com", "larkoffice.com"} {
		if host == domain || strings.HasSuffix(host, "."+domain) {
			return true
		}
	}
	return false
}

// cut shortens s to at most limit bytes at a character boundary.
func cut(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	for limit > 0 && !utf8.RuneStart(s[limit]) {
		limit--
	}
	return s[:limit]
}
