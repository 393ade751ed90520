package table

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/rowgate/rowgate/internal/directory"
	"github.com/rowgate/rowgate/internal/feishu"
	"github.com/rowgate/rowgate/internal/problem"
	"github.com/rowgate/rowgate/internal/query"
	"github.com/rowgate/rowgate/tool"
)

// Bounds of a view's name. Source: the page of the view creation.
const (
	MaxViewNameRunes = 100
	notInViewName    = "[]"
)

// undoTimeout bounds the deletion of a view whose filter was not taken; the caller's own time may be over by then.
const undoTimeout = 10 * time.Second

// gridView is the kind of a view whose request names none.
const gridView = "grid"

// CreateViewInput is the request of create_view.
type CreateViewInput struct {
	tool.Connection
	tool.Deadline

	Name   string      `json:"name,omitempty" example:"已完成" doc:"The new view's name: 1 to 100 characters, none of [ ]."`
	Kind   string      `json:"kind,omitempty" enum:"grid,kanban,gallery,gantt,form" doc:"Default grid."`
	Where  tool.Object `json:"where,omitempty" doc:"Which rows it shows, as in search_records; all conditions joined by and, or one $or."`
	Filter tool.Object `json:"filter,omitempty" doc:"Feishu's own search filter, instead of where; one level of conditions."`
}

// CreatedView is the answer of create_view.
type CreatedView struct {
	OK        bool   `json:"ok" doc:"true"`
	TableID   string `json:"table_id" doc:"the table"`
	ViewID    string `json:"view_id" example:"vewExample" doc:"the new view; search_records takes it"`
	Views     []View `json:"views" nullable:"false" doc:"the new view"`
	RequestID string `json:"request_id" doc:"this request, for support"`
}

// CreateView is the tool create_view. A connection key of one table does not open it.
func CreateView(s *Service, maker *Maker, source ViewMaker) tool.Tool {
	return tool.Define[CreateViewInput, CreatedView](tool.Meta{
		Name: "create_view", Path: "/v1/views", Family: tool.Tables,
		Scopes:     []string{"base:view:write_only", "base:view:read", "base:field:read", "base:app:read"},
		TokenKinds: tool.AnyToken(),
		Title:      problem.Text{ZH: "新建视图", EN: "Create a view"},
		Description: "Make a new view of a Feishu Bitable table that shows all rows or those of a filter. Feishu sorts no view this way. " +
			`Example: {"name":"已完成","where":{"状态":"完成"}}`,
		Risk: tool.Additive, Errors: []problem.Code{problem.FieldNotFound, problem.UnknownOutcome},
	}, func(ctx context.Context, in *CreateViewInput) (tool.Answer, error) {
		ctx, cancel := in.Context(ctx)
		defer cancel()
		name, kind := strings.TrimSpace(in.Name), in.Kind
		in.Where, in.Filter = in.Where.OrNone(), in.Filter.OrNone()
		if kind == "" {
			kind = gridView
		}
		switch {
		case name == "" || utf8.RuneCountInString(name) > MaxViewNameRunes || strings.ContainsAny(name, notInViewName):
			return tool.Answer{}, problem.New(problem.BadParameter, problem.Text{
				ZH: fmt.Sprintf("name 应是 1 到 %d 个字符，不能有 [ ]。", MaxViewNameRunes),
				EN: fmt.Sprintf("name has 1 to %d characters, none of [ ].", MaxViewNameRunes),
			})
		case len(in.Where) > 0 && len(in.Filter) > 0:
			return tool.Answer{}, problem.New(problem.BadParameter, problem.Text{
				ZH: "where 和 filter 只能用一个。", EN: "Give where or filter, not both.",
			})
		}
		target, err := s.Access.WholeTable(ctx, &in.Connection)
		if err != nil {
			return tool.Answer{}, err
		}
		filter, err := s.viewFilter(ctx, &target, in)
		if err != nil {
			return tool.Answer{}, err
		}
		made, err := maker.View(ctx, target.TableRef, feishu.View{Name: name, Type: kind}, filter, source)
		if err != nil {
			return tool.Answer{}, err
		}
		return tool.OK(&CreatedView{
			OK: true, TableID: target.TableID, ViewID: made.ID, RequestID: requestID(ctx),
			Views: []View{{ViewID: made.ID, Name: made.Name, Kind: made.Type}},
		}), nil
	})
}

// viewFilter reads which rows the view shows, by the columns as they are now; nil for all rows.
func (s *Service) viewFilter(ctx context.Context, target *tool.Target, in *CreateViewInput) (*feishu.ViewFilter, error) {
	if len(in.Where)+len(in.Filter) == 0 {
		return nil, nil
	}
	s.Directory.Forget(target.TableRef)
	known, err := s.Directory.Table(ctx, target.TableRef)
	if err != nil {
		return nil, err
	}
	if len(in.Filter) > 0 {
		return query.ViewFilter(known.Schema, json.RawMessage(in.Filter), target.UserIDType)
	}
	return whereFilter(known, in.Where, target.UserIDType)
}

func whereFilter(known *directory.Table, object []byte, userIDType string) (*feishu.ViewFilter, error) {
	where, err := query.Parse(known.Schema, known.Zone, userIDType, object)
	if err != nil {
		return nil, err
	}
	return where.ViewFilter(known.Schema, known.Zone, userIDType)
}

// ViewMaker makes views. It is implemented by *client.Client.
type ViewMaker interface {
	ListViews(ctx context.Context, table feishu.TableRef) ([]feishu.View, error)
	CreateView(ctx context.Context, table feishu.TableRef, name, kind string) (feishu.View, error)
	FilterView(ctx context.Context, table feishu.TableRef, viewID string, filter *feishu.ViewFilter) error
	DeleteView(ctx context.Context, table feishu.TableRef, viewID string) error
}

// View makes a view of that name and type, with a filter or (nil) without. Feishu makes a view without filter and takes that in a second
// call: where it refuses the filter, the view is deleted again. A lost answer does no harm: names are unique in a table, so that
// the view is found again, or not there and made once more.
func (m *Maker) View(
	ctx context.Context, ref feishu.TableRef, want feishu.View, filter *feishu.ViewFilter, source ViewMaker,
) (feishu.View, error) {
	done, err := m.turn(ctx, ref.AppToken+"/"+ref.TableID)
	if err != nil {
		return feishu.View{}, err
	}
	defer done()
	made, err := m.plainView(ctx, ref, want, source)
	if err != nil || filter == nil {
		return made, err
	}
	err = m.persist(ctx, ref.App, func() error { return source.FilterView(ctx, ref, made.ID, filter) })
	if err == nil {
		return made, nil
	}
	undo, cancel := context.WithTimeout(context.WithoutCancel(ctx), undoTimeout)
	defer cancel()
	undone := m.persist(undo, ref.App, func() error { return source.DeleteView(undo, ref, made.ID) })
	return feishu.View{}, notFiltered(made, err, undone == nil)
}

// plainView makes the view that shows every row.
func (m *Maker) plainView(ctx context.Context, ref feishu.TableRef, want feishu.View, source ViewMaker) (feishu.View, error) {
	ours := false
	for attempt := 1; ; attempt++ {
		made, err := source.CreateView(ctx, ref, want.Name, want.Type)
		if err == nil {
			return made, nil
		}
		e, ok := errors.AsType[*feishu.Error](err)
		if !ok || !e.Repeatable() && (!ours || e.Code != feishu.CodeViewNameDuplicated) {
			return feishu.View{}, err
		}
		if ours = ours || e.OutcomeUnknown(); ours {
			views, err := source.ListViews(ctx, ref)
			if err != nil {
				return feishu.View{}, err
			}
			if i := slices.IndexFunc(views, func(v feishu.View) bool { return v.Name == want.Name && v.Type == want.Type }); i >= 0 {
				return views[i], nil
			}
		}
		if !m.again(ctx, ref.App, e, attempt) {
			return feishu.View{}, err
		}
	}
}

// persist repeats a call that does the same however often it is made, on what was made a moment ago and is perhaps not known
// everywhere yet.
func (m *Maker) persist(ctx context.Context, app feishu.App, call func() error) error {
	for attempt := 1; ; attempt++ {
		err := call()
		e, ok := errors.AsType[*feishu.Error](err)
		if !ok || !e.Repeatable() && e.Class != feishu.ClassFresh || !m.again(ctx, app, e, attempt) {
			return err
		}
	}
}

// notFiltered says what became of a view whose filter was not taken: gone, or there and showing every row.
func notFiltered(made feishu.View, err error, gone bool) error {
	e, ok := errors.AsType[*feishu.Error](err)
	switch {
	case !ok || gone && !e.OutcomeUnknown():
		return err
	case gone:
		return problem.New(problem.UpstreamUnavailable, problem.Text{
			ZH: "飞书没有确认视图的筛选条件，新建的视图已经删除；可以重复同一请求。",
			EN: "Feishu did not confirm the filter of the view, which was deleted again; repeat the same request.",
		}).Because(err)
	}
	p := e.Problem()
	p.Outcome = problem.Partial
	p.Detail.ZH += fmt.Sprintf("视图“%s”（%s）已经建好，但没有筛选条件，也没能删除。", made.Name, made.ID)
	p.Detail.EN += fmt.Sprintf(" The view %q (%s) is there, without its filter; it could not be deleted again.", made.Name, made.ID)
	return p
}
