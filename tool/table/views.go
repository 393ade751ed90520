package table

import (
	"context"

	"github.com/rowgate/rowgate/internal/feishu"
	"github.com/rowgate/rowgate/internal/problem"
	"github.com/rowgate/rowgate/tool"
)

// ViewSource lists views. It is implemented by *client.Client.
type ViewSource interface {
	ListViews(ctx context.Context, table feishu.TableRef) ([]feishu.View, error)
}

// ListViewsInput is the request of list_views.
type ListViewsInput struct {
	tool.Connection
	tool.Deadline
}

// View is one view of a table.
type View struct {
	ViewID string `json:"view_id" example:"vewExample" doc:"vew…; search_records takes it"`
	Name   string `json:"name" doc:"its name"`
	Kind   string `json:"kind" example:"grid" doc:"grid, kanban, gallery, gantt or form"`
}

// Views is every view of a table.
type Views struct {
	OK        bool   `json:"ok" doc:"true"`
	TableID   string `json:"table_id" doc:"the table"`
	Views     []View `json:"views" nullable:"false" doc:"in the order of the table"`
	RequestID string `json:"request_id" doc:"this request, for support"`
}

// ListViews is the tool list_views.
func ListViews(s *Service, source ViewSource) tool.Tool {
	return tool.Define[ListViewsInput, Views](tool.Meta{
		Name: "list_views", Path: "/v1/views/list", Family: tool.Tables,
		Scopes: []string{"base:view:read"}, TokenKinds: tool.AnyToken(),
		Title: problem.Text{ZH: "列出视图", EN: "List views"},
		Description: "List the views of a Feishu Bitable table with their ids, names and kinds, to find view_id. " +
			`Example: {"app_token":"https://example.feishu.cn/base/bascnExample?table=tblExample"}`,
		Risk: tool.ReadOnly,
	}, func(ctx context.Context, in *ListViewsInput) (tool.Answer, error) {
		ctx, cancel := in.Context(ctx)
		defer cancel()
		target, err := s.Access.Table(ctx, &in.Connection)
		if err != nil {
			return tool.Answer{}, err
		}
		found, err := source.ListViews(ctx, target.TableRef)
		if err != nil {
			return tool.Answer{}, err
		}
		views := &Views{OK: true, TableID: target.TableID, Views: make([]View, 0, len(found)), RequestID: requestID(ctx)}
		for _, view := range found {
			views.Views = append(views.Views, View{ViewID: view.ID, Name: view.Name, Kind: view.Type})
		}
		return tool.OK(views), nil
	})
}
