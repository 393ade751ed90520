package bitable

import (
	"net/url"
	"strings"

	"github.com/rowgate/rowgate/internal/feishu"
	"github.com/rowgate/rowgate/internal/problem"
)

// LinkKind says what a link is.
type LinkKind string

// The kinds of links.
const (
	LinkToken LinkKind = "token" // a bare app_token
	LinkBase  LinkKind = "base"  // …/base/<app_token>
	LinkWiki  LinkKind = "wiki"  // …/wiki/<node>: the app_token has to be looked up
	LinkBlock LinkKind = "block" // <app_token>_<table_id>, a table embedded in a document or sheet
)

// Link is what a token or a pasted link names. Parts that it does not name are empty.
type Link struct {
	Kind      LinkKind
	AppToken  string
	WikiToken string // for LinkWiki, in place of AppToken
	TableID   string
	ViewID    string
	RecordID  string
	Shows     problem.Text // what ?table= names where that is no table, as "a dashboard"; zero if it names a table or nothing
	Brand     feishu.Brand // from the host; empty for a bare token and a host that is none of Feishu's
}

// Bounds of links and tokens, in bytes. Source: the parameters' limits in the record API.
const (
	maxLinkBytes  = 2000
	minTokenBytes = 10
	maxTokenBytes = 100
)

// brandHosts are the domains under which tenants have their hosts.
var brandHosts = []struct {
	domain string
	brand  feishu.Brand
}{
	{"feishu.cn", feishu.BrandFeishu},
	{"larkoffice.com", feishu.BrandFeishu},
	{"larksuite.com", feishu.BrandLark},
}

// ParseLink reads an app_token or a link as it is pasted. A host outside the known domains is taken for a private
// deployment's: only the token is used, the host is never dialled. The error is a *problem.Error with code bad_link.
func ParseLink(text string) (Link, error) {
	text = strings.TrimSpace(text)
	text, _, _ = strings.Cut(text, "#")
	switch {
	case text == "" || len(text) > maxLinkBytes:
		return Link{}, badLink(whyNoLink)
	case !strings.ContainsAny(text, "/.:"):
		return bareToken(text)
	}
	if !strings.Contains(text, "://") {
		text = "https://" + text
	}
	u, err := url.Parse(strings.ReplaceAll(text, "&amp;", "&"))
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.User != nil {
		return Link{}, badLink(whyNoLink)
	}
	l, why := pathLink(strings.Split(strings.Trim(u.Path, "/"), "/"))
	if !why.IsZero() {
		return Link{}, badLink(why)
	}
	l.Brand = brandOf(u.Hostname())
	return l, l.readQuery(u.Query())
}

func bareToken(text string) (Link, error) {
	if hasIDForm(text, "tbl") && len(text) < minAppTokenOfTableBytes {
		return Link{}, badLink(whyTable)
	}
	l, ok := tokenLink(text, LinkToken)
	if !ok {
		return Link{}, badLink(whyNoLink)
	}
	return l, nil
}

// minAppTokenOfTableBytes: a shorter text that begins with tbl is a table id, a longer one may be a token by chance.
const minAppTokenOfTableBytes = 22

// tokenLink reads <app_token> or <app_token>_<table_id>.
func tokenLink(text string, kind LinkKind) (l Link, ok bool) {
	token, table, block := strings.Cut(text, "_")
	if !isToken(token) || block && !hasIDForm(table, "tbl") {
		return Link{}, false
	}
	if block {
		kind = LinkBlock
	}
	return Link{Kind: kind, AppToken: token, TableID: table}, true
}

// pathLink reads the path of a link; why says what else it is.
func pathLink(path []string) (l Link, why problem.Text) {
	first, second := path[0], ""
	if len(path) > 1 {
		second = path[1]
	}
	switch {
	case first == "share", first == "record", first == "base" && isShareToken(second):
		return Link{}, whyShare
	case first == "app":
		return Link{}, whyApp
	case first == "docx", first == "docs", first == "doc", first == "sheets", first == "file", first == "drive":
		return Link{}, whyDocument
	case first == "base" && (second == "workspace" || second == "add" || second == "automation"):
		return Link{}, whyNotABase
	case len(path) != 2:
		return Link{}, whyNoLink
	case first == "base":
		if l, ok := tokenLink(second, LinkBase); ok {
			return l, problem.Text{}
		}
	case first == "wiki" && isToken(second):
		return Link{Kind: LinkWiki, WikiToken: second}, problem.Text{}
	}
	return Link{}, whyNoLink
}

// isShareToken tells the tokens of shared forms from app_tokens, which have no fixed beginning.
func isShareToken(s string) bool {
	return strings.HasPrefix(s, "shrcn") || strings.HasPrefix(s, "shrus") || strings.HasPrefix(s, "shrlg")
}

// readQuery takes table, view and record; table may also name a dashboard or workflow, which is not a table.
func (l *Link) readQuery(query url.Values) error {
	for _, table := range query["table"] {
		if !hasIDForm(table, "tbl") {
			l.Shows = shownBy(table)
			continue
		}
		if l.TableID != "" && l.TableID != table {
			return badLink(whyTwoTables)
		}
		l.TableID = table
	}
	if l.TableID != "" {
		l.Shows = problem.Text{}
	}
	if view := query.Get("view"); hasIDForm(view, "vew") {
		l.ViewID = view
	}
	if record := query.Get("record"); isRecordID(record) {
		l.RecordID = record
	}
	return nil
}

// shownBy says what an id in the place of a table's is of.
func shownBy(id string) problem.Text {
	switch {
	case strings.HasPrefix(id, "blk"):
		return problem.Text{ZH: "仪表盘", EN: "a dashboard"}
	case strings.HasPrefix(id, "wkf"):
		return problem.Text{ZH: "工作流", EN: "a workflow"}
	case strings.HasPrefix(id, "ldx"):
		return problem.Text{ZH: "嵌入的文档", EN: "an embedded document"}
	}
	return problem.Text{}
}

func brandOf(host string) feishu.Brand {
	host = strings.ToLower(host)
	for _, known := range brandHosts {
		if host == known.domain || strings.HasSuffix(host, "."+known.domain) {
			return known.brand
		}
	}
	return ""
}

func isToken(s string) bool {
	return len(s) >= minTokenBytes && len(s) <= maxTokenBytes && isAlphanumeric(s)
}

func badLink(why problem.Text) error { return problem.New(problem.BadLink, why) }

// Why a text is not a link to a base.
var (
	whyNoLink = problem.Text{
		ZH: "这不是多维表格的 app_token 或链接。请粘贴浏览器地址栏里的链接，如 https://example.feishu.cn/base/AppTokenExample?table=tblExample。",
		EN: "This is not an app_token or a link to a base. Paste the link from the browser's address bar, as " +
			"https://example.feishu.cn/base/AppTokenExample?table=tblExample.",
	}
	whyShare = problem.Text{
		ZH: "这是分享链接（表单、视图、仪表盘或记录），里面没有 app_token。请打开多维表格本身，再复制地址栏里的链接。",
		EN: "This is a share link (form, view, dashboard or record) and holds no app_token. Open the base itself and copy the link " +
			"from the address bar.",
	}
	whyApp = problem.Text{
		ZH: "这是应用模式的链接，里面没有 app_token。请在编辑模式下打开多维表格，再复制地址栏里的链接。",
		EN: "This link is to the app mode of a base and holds no app_token. Open the base for editing and copy the link from the address bar.",
	}
	whyDocument = problem.Text{
		ZH: "这是文档或电子表格的链接。请打开其中的多维表格（在新页面中打开），再复制它的链接，或用“app_token_表ID”形式的块标识。",
		EN: "This link is to a document or sheet. Open the table in it as a page of its own and copy that link, or use its block " +
			"token, <app_token>_<table_id>.",
	}
	whyNotABase = problem.Text{
		ZH: "这个链接指向多维表格的首页、新建页或自动化，不是某个多维表格。",
		EN: "This link leads to the start page, the creation page or an automation, not to a base.",
	}
	whyTable = problem.Text{
		ZH: "这是 table_id，不是 app_token。请把它放进 table_id，app_token 用多维表格的链接。",
		EN: "This is a table_id, not an app_token. Send it as table_id, and the link of the base as app_token.",
	}
	whyTwoTables = problem.Text{ZH: "链接里有两个不同的表。", EN: "The link names two different tables."}
)
