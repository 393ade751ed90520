package table

import (
	"context"

	"github.com/rowgate/rowgate/internal/problem"
	"github.com/rowgate/rowgate/internal/request"
	"github.com/rowgate/rowgate/tool"
)

// ListInput is the request of list_tables.
type ListInput struct {
	tool.Connection
	tool.Deadline
}

// Entry is one table of a base.
type Entry struct {
	TableID string `json:"table_id" example:"tblExample" doc:"tbl…"`
	Name    string `json:"name" doc:"its name; table_id takes it as well"`
}

// Listing is every table of a base.
type Listing struct {
	OK        bool    `json:"ok" doc:"true"`
	AppToken  string  `json:"app_token" doc:"the base"`
	Tables    []Entry `json:"tables" nullable:"false" doc:"in the order of the base"`
	RequestID string  `json:"request_id" doc:"this request, for support"`
}

// List is the tool list_tables. A connection key of one table lists that table alone.
func List(s *Service) tool.Tool {
	return tool.Define[ListInput, Listing](tool.Meta{
		Name: "list_tables", Path: "/v1/tables/list", Family: tool.Records,
		Scopes: []string{"base:table:read"}, TokenKinds: tool.AnyToken(),
		Title: problem.Text{ZH: "列出数据表", EN: "List tables"},
		Description: "List the tables of a base with their ids and names, to find table_id. " +
			`Example: {"app_token":"https://example.feishu.cn/base/bascnExample"}`,
		Risk: tool.ReadOnly,
	}, func(ctx context.Context, in *ListInput) (tool.Answer, error) {
		ctx, cancel := in.Context(ctx)
		defer cancel()
		target, err := s.Access.Base(ctx, &in.Connection)
		if err != nil {
			return tool.Answer{}, err
		}
		tables, err := s.Directory.Tables(ctx, target.App, target.AppToken)
		if err != nil {
			return tool.Answer{}, err
		}
		listing := &Listing{OK: true, AppToken: target.AppToken, Tables: make([]Entry, 0, len(tables)), RequestID: requestID(ctx)}
		for _, table := range tables {
			if target.Only != "" && table.ID != target.Only {
				continue
			}
			listing.Tables = append(listing.Tables, Entry{TableID: table.ID, Name: table.Name})
		}
		return tool.OK(listing), nil
	})
}

func requestID(ctx context.Context) string { return request.CallFrom(ctx).RequestID }
