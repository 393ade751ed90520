// Package link holds the tool that says what a pasted link leads to.
package link

import (
	"context"

	"github.com/rowgate/rowgate/internal/bitable"
	"github.com/rowgate/rowgate/internal/problem"
	"github.com/rowgate/rowgate/internal/request"
	"github.com/rowgate/rowgate/tool"
)

// ResolveInput is the request of resolve_link.
type ResolveInput struct {
	tool.Connection
	tool.Deadline

	Link string `json:"link,omitempty" in:"query" example:"https://example.feishu.cn/wiki/wikcnExample?table=tblExample" doc:"The link as it stands in the browser's address bar. Default: app_token."`
}

// Resolved is what a link leads to.
type Resolved struct {
	OK        bool   `json:"ok" doc:"true"`
	AppToken  string `json:"app_token" doc:"the base"`
	TableID   string `json:"table_id" doc:"tbl…, empty if the link names none"`
	ViewID    string `json:"view_id" doc:"vew…, empty if the link names none"`
	Brand     string `json:"brand" enum:"feishu,lark" doc:"edition of the product, by the link's host"`
	Kind      string `json:"kind" enum:"token,base,wiki,block" doc:"kind of link"`
	RequestID string `json:"request_id" doc:"this request, for support"`
}

// Resolve is the tool resolve_link. A wiki link is looked up at Feishu with the caller's app. A connection key of one base,
// or of one table, resolves no link to another.
func Resolve(access *tool.Access) tool.Tool {
	return tool.Define[ResolveInput, Resolved](tool.Meta{
		Name: "resolve_link", Path: "/v1/links/resolve", Family: tool.Records, EveryFamily: true,
		Scopes: []string{"wiki:node:read"}, TokenKinds: tool.AnyToken(),
		Title: problem.Text{ZH: "解析链接", EN: "Resolve a link"},
		Description: "Turn a pasted Feishu or Lark link (base, wiki, embedded table) into app_token, table_id and view_id. " +
			`Example: {"link":"https://example.feishu.cn/wiki/wikcnExample?table=tblExample"}`,
		Risk: tool.ReadOnly,
	}, func(ctx context.Context, in *ResolveInput) (tool.Answer, error) {
		ctx, cancel := in.Context(ctx)
		defer cancel()
		if in.Link != "" {
			in.AppToken = in.Link
		}
		target, err := access.Base(ctx, &in.Connection)
		if err != nil {
			return tool.Answer{}, err
		}
		link := bitable.Link{Kind: bitable.LinkToken, TableID: target.Only} // what a connection key leads to
		if in.AppToken != "" {
			if link, err = bitable.ParseLink(in.AppToken); err != nil {
				return tool.Answer{}, err
			}
		}
		if err := target.LinkWithin(link); err != nil {
			return tool.Answer{}, err
		}
		return tool.OK(&Resolved{
			OK: true, AppToken: target.AppToken, TableID: link.TableID, ViewID: link.ViewID, Brand: string(target.App.Brand),
			Kind: string(link.Kind), RequestID: request.CallFrom(ctx).RequestID,
		}), nil
	})
}
