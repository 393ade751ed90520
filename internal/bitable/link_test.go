package bitable

import (
	"strings"
	"testing"

	"github.com/rowgate/rowgate/internal/feishu"
	"github.com/rowgate/rowgate/internal/problem"
)

const (
	appToken  = "AppTokenExample0123456789ab"
	wikiToken = "WikiTokenExample0123456789a"
)

func TestParseLink(t *testing.T) {
	t.Parallel()
	base := Link{Kind: LinkBase, AppToken: appToken, Brand: feishu.BrandFeishu}
	with := func(l Link, change func(*Link)) Link { change(&l); return l }
	inTable := func(l *Link) { l.TableID = "tblExample" }
	tests := []struct {
		name, in string
		want     Link
	}{
		{"takes a bare token", " " + appToken + "\n", Link{Kind: LinkToken, AppToken: appToken}},
		{"takes a block token", appToken + "_tblExample", Link{Kind: LinkBlock, AppToken: appToken, TableID: "tblExample"}},
		{"takes a base", "https://example.feishu.cn/base/" + appToken, base},
		{"takes a trailing slash", "https://example.feishu.cn/base/" + appToken + "/", base},
		{"takes a link without scheme", "example.feishu.cn/base/" + appToken, base},
		{
			"takes table, view and record",
			"https://example.feishu.cn/base/" + appToken + "?table=tblExample&view=vewExample&record=recExample&from=x",
			with(base, func(l *Link) {
				l.TableID, l.ViewID, l.RecordID = "tblExample", "vewExample", "recExample"
			}),
		},
		{"cuts a fragment", "https://example.feishu.cn/base/" + appToken + "?table=tblExample#share", with(base, inTable)},
		{"reads an escaped ampersand", "https://example.feishu.cn/base/" + appToken + "?a=b&amp;table=tblExample", with(base, inTable)},
		{
			"passes over a dashboard",
			"https://example.feishu.cn/base/" + appToken + "?table=blkExample&view=vewExample",
			with(base, func(l *Link) { l.ViewID, l.Shows = "vewExample", problem.Text{ZH: "仪表盘", EN: "a dashboard"} }),
		},
		{
			"passes over a workflow", "https://example.feishu.cn/base/" + appToken + "?table=wkfExample",
			with(base, func(l *Link) { l.Shows = problem.Text{ZH: "工作流", EN: "a workflow"} }),
		},
		{
			"passes over an embedded document", "https://example.feishu.cn/base/" + appToken + "?table=ldxExample",
			with(base, func(l *Link) { l.Shows = problem.Text{ZH: "嵌入的文档", EN: "an embedded document"} }),
		},
		{
			"takes the table beside a dashboard", "https://example.feishu.cn/base/" + appToken + "?table=blkExample&table=tblExample",
			with(base, inTable),
		},
		{
			"takes a wiki node",
			"https://example.feishu.cn/wiki/" + wikiToken + "?table=tblExample",
			Link{Kind: LinkWiki, WikiToken: wikiToken, TableID: "tblExample", Brand: feishu.BrandFeishu},
		},
		{
			"takes a block in a path",
			"https://example.feishu.cn/base/" + appToken + "_tblExample?table=tblExample",
			Link{Kind: LinkBlock, AppToken: appToken, TableID: "tblExample", Brand: feishu.BrandFeishu},
		},
		{"tells Lark by its host", "https://example.sg.larksuite.com/base/" + appToken, with(base, func(l *Link) { l.Brand = feishu.BrandLark })},
		{"tells Feishu by its office host", "https://EXAMPLE.larkoffice.com/base/" + appToken, base},
		{"leaves the brand of a private host open", "https://docs.example.com/base/" + appToken, with(base, func(l *Link) { l.Brand = "" })},
		{"takes no look-alike for Feishu", "https://feishu.cn.example.com/base/" + appToken, with(base, func(l *Link) { l.Brand = "" })},
		{"takes no suffix for Feishu", "https://notfeishu.cn/base/" + appToken, with(base, func(l *Link) { l.Brand = "" })},
	}
	for _, tc := range tests {
		t.Run(strings.ReplaceAll(tc.name, " ", "_"), func(t *testing.T) {
			t.Parallel()
			if got, err := ParseLink(tc.in); err != nil || got != tc.want {
				t.Errorf("%+v, %v: want %+v", got, err, tc.want)
			}
		})
	}
}

func TestParseLinkRefuses(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, in string
		why      problem.Text
	}{
		{"nothing", "  ", whyNoLink},
		{"a fragment alone", "#" + appToken, whyNoLink},
		{"a word", "base", whyNoLink},
		{"a sentence", "see the base below", whyNoLink},
		{"a long token", strings.Repeat("a", maxTokenBytes+1), whyNoLink},
		{"a long link", "https://example.feishu.cn/base/" + appToken + "?x=" + strings.Repeat("a", maxLinkBytes), whyNoLink},
		{"a block without table", appToken + "_vewExample", whyNoLink},
		{"a table id", "tblExample0123456", whyTable},
		{"another scheme", "ftp://example.feishu.cn/base/" + appToken, whyNoLink},
		{"a user in the link", "https://a:b@example.feishu.cn/base/" + appToken, whyNoLink},
		{"a page", "https://example.feishu.cn/", whyNoLink},
		{"another site", "https://example.com/a/b/c", whyNoLink},
		{"a shared form", "https://example.feishu.cn/share/base/form/shrcnExample", whyShare},
		{"a shared view", "https://example.feishu.cn/share/base/view/shrcnExample", whyShare},
		{"a shared dashboard", "https://example.feishu.cn/share/base/dashboard/shrcnExample", whyShare},
		{"a shared record", "https://example.feishu.cn/record/RecordTokenExample", whyShare},
		{"a form by its old path", "https://example.feishu.cn/base/shrcnExample0123", whyShare},
		{"the app mode", "https://example.feishu.cn/app/" + appToken, whyApp},
		{"the start page", "https://example.feishu.cn/base/workspace/" + appToken, whyNotABase},
		{"the creation page", "https://example.feishu.cn/base/add/" + appToken, whyNotABase},
		{"an automation", "https://example.feishu.cn/base/automation/webhook/event/x", whyNotABase},
		{"a document", "https://example.feishu.cn/docx/" + appToken, whyDocument},
		{"a sheet", "https://example.feishu.cn/sheets/" + appToken + "?table=tblExample", whyDocument},
		{"two tables", "https://example.feishu.cn/base/" + appToken + "_tblOne?table=tblTwo", whyTwoTables},
		{"two tables in the query", "https://example.feishu.cn/base/" + appToken + "?table=tblOne&table=tblTwo", whyTwoTables},
		{"a token of strange letters", "https://example.feishu.cn/base/AppToken-Example", whyNoLink},
	}
	for _, tc := range tests {
		t.Run(strings.ReplaceAll(tc.name, " ", "_"), func(t *testing.T) {
			t.Parallel()
			_, err := ParseLink(tc.in)
			if e := problem.From(err); err == nil || e.Code != problem.BadLink || e.Detail != tc.why {
				t.Fatalf("%v: want bad_link, %s", err, tc.why.EN)
			}
			if tc.why.ZH == "" || tc.why.EN == "" {
				t.Error("a half of the reason is missing")
			}
		})
	}
}

func FuzzParseLink(f *testing.F) {
	for _, seed := range []string{
		appToken, appToken + "_tblExample", "https://example.feishu.cn/base/" + appToken + "?table=tblExample&view=vewExample#x",
		"example.larksuite.com/wiki/" + wikiToken,
		"https://example.feishu.cn/share/base/form/shrcnExample", "http://[::1]/base/x", "//base", "%zz/base/a",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, in string) {
		l, err := ParseLink(in)
		if err != nil {
			if problem.From(err).Code != problem.BadLink {
				t.Fatalf("%q: %v", in, err)
			}
			return
		}
		if (l.AppToken == "") == (l.WikiToken == "") || !isToken(l.AppToken+l.WikiToken) {
			t.Fatalf("%q: %+v has not one token", in, l)
		}
		for id, prefix := range map[string]string{l.TableID: "tbl", l.ViewID: "vew", l.RecordID: "rec"} {
			if id != "" && !hasIDForm(id, prefix) {
				t.Fatalf("%q: %+v has a strange id", in, l)
			}
		}
	})
}
