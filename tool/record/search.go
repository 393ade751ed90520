package record

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/rowgate/rowgate/internal/bitable"
	"github.com/rowgate/rowgate/internal/directory"
	"github.com/rowgate/rowgate/internal/feishu"
	"github.com/rowgate/rowgate/internal/problem"
	"github.com/rowgate/rowgate/internal/query"
	"github.com/rowgate/rowgate/internal/request"
	"github.com/rowgate/rowgate/tool"
)

// Bounds of a search. Source: the page of the record search.
const (
	MaxSortColumns   = 100
	MaxSortRunes     = 1000 // characters of the sort as Feishu takes it
	MaxSearchColumns = 200  // columns that can be chosen
)

// SearchInput is the request of search_records.
type SearchInput struct {
	tool.Connection
	tool.Deadline

	Where  tool.Object `json:"where,omitempty" doc:"What the rows must be, all of it: {column: value}, {column: [values]} for any of them, {column: null} for empty, or {column: {operator: value}} with = != > >= < <= contains not_contains in not_in empty; \"$or\": [objects] for any of them. Values as in write_records; a date without a time is the whole day."`
	Filter tool.Object `json:"filter,omitempty" doc:"Feishu's own search filter, instead of where."`
	Sort   tool.List   `json:"sort,omitempty" in:"query" doc:"Columns to sort by, a leading - for descending: [\"-日期\",\"标题\"]."`
	Fields tool.List   `json:"fields,omitempty" in:"query" doc:"Columns to return. Default: all."`
	ViewID string      `json:"view_id,omitempty" in:"query" doc:"Rows of a view, vew…; not together with where, filter or sort."`
	Limit  *int        `json:"limit,omitempty" in:"query" minimum:"1" maximum:"5000" example:"100" doc:"Rows at most. Default 100."`
	Cursor string      `json:"cursor,omitempty" in:"query" doc:"The cursor of the answer before, to go on from there."`
	Shape  string      `json:"shape,omitempty" in:"query" enum:"plain,feishu" doc:"plain (default): {record_id, column: plain value}. feishu: {record_id, fields} as Feishu has them."`
}

// Found is the answer of search_records.
type Found struct {
	OK        bool              `json:"ok" doc:"true"`
	Total     *int              `json:"total" doc:"rows of the whole search; null while it is not known: some conditions Feishu cannot count"`
	Count     int               `json:"count" doc:"rows in this answer"`
	HasMore   bool              `json:"has_more" doc:"true: ask again with cursor; also where this answer has few rows or none"`
	Cursor    string            `json:"cursor" doc:"where to go on; empty at the end"`
	Records   []json.RawMessage `json:"records" nullable:"false" doc:"the rows: record_id and, by column, plain values"`
	Message   string            `json:"message" doc:"for people: empty, or why rows may be hidden from the app"`
	RequestID string            `json:"request_id" doc:"this request, for support"`
}

// Search is the tool search_records.
func Search(s *Service) tool.Tool {
	return tool.Define[SearchInput, Found](tool.Meta{
		Name: "search_records", Path: "/v1/records/search", Family: tool.Records,
		Scopes: []string{"base:record:retrieve", "base:field:read"}, TokenKinds: tool.AnyToken(),
		Title: problem.Text{ZH: "查询记录", EN: "Search records"},
		Description: "Find rows of a Feishu Bitable table by column values, sorted and paged; plain values come back. Also gives the " +
			`record_id that updates need. Example: {"where":{"状态":"完成","数量":{">=":3}},"sort":["-日期"]}`,
		Risk: tool.ReadOnly, Errors: []problem.Code{problem.FieldNotFound},
	}, func(ctx context.Context, in *SearchInput) (tool.Answer, error) {
		ctx, cancel := in.Context(ctx)
		defer cancel()
		in.Where, in.Filter = in.Where.OrNone(), in.Filter.OrNone()
		if err := in.check(); err != nil {
			return tool.Answer{}, err
		}
		target, err := s.Access.Table(ctx, &in.Connection)
		if err != nil {
			return tool.Answer{}, err
		}
		return s.search(ctx, target, in)
	})
}

// check refuses what contradicts itself, whatever the table is.
func (in *SearchInput) check() error {
	switch filtered := len(in.Where) > 0 || len(in.Filter) > 0; {
	case len(in.Where) > 0 && len(in.Filter) > 0:
		return problem.New(problem.BadParameter, problem.Text{
			ZH: "where 和 filter 只能用一个。", EN: "Give where or filter, not both.",
		})
	case in.ViewID != "" && (filtered || len(in.Sort) > 0):
		return problem.New(problem.BadParameter, problem.Text{
			ZH: "view_id 不能与 where、filter 或 sort 一起用：飞书会忽略视图。",
			EN: "view_id cannot be combined with where, filter or sort: Feishu would ignore the view.",
		})
	case in.limit() < 1 || in.limit() > MaxSearchLimit:
		return problem.New(problem.BadParameter, problem.Text{
			ZH: fmt.Sprintf("limit 应在 1 到 %d 之间。", MaxSearchLimit), EN: fmt.Sprintf("limit lies between 1 and %d.", MaxSearchLimit),
		})
	}
	return checkFilter(in.Filter)
}

func (in *SearchInput) limit() int {
	if in.Limit == nil {
		return DefaultSearchLimit
	}
	return *in.Limit
}

// errOldSchema asks for the columns as they are now: rows that we sort out ourselves would silently be missing if a column
// had another name or type than we believe.
var errOldSchema = errors.New("the columns are not those of this moment")

// search runs with the columns that are known, and once more with fresh ones where those may be at fault.
func (s *Service) search(ctx context.Context, target tool.Target, in *SearchInput) (tool.Answer, error) {
	began := time.Now()
	known, err := s.Tables.Table(ctx, target.TableRef)
	if err != nil {
		return tool.Answer{}, err
	}
	fresh := began
	advanced := known.Advanced
	found, err := directory.Retry(known, func(known *directory.Table) (*Found, error) {
		return s.find(ctx, target, known, in, fresh)
	}, isColumnFault, func(known *directory.Table) (*directory.Table, error) {
		if !known.Loaded.Before(began) {
			return known, nil
		}
		fresh = time.Time{}
		s.Tables.Forget(target.TableRef)
		return s.Tables.Table(ctx, target.TableRef)
	})
	if err != nil {
		return tool.Answer{}, err
	}
	if advanced && found.Count == 0 && !found.HasMore && in.Cursor == "" {
		hidden, err := s.mayHide(ctx, target)
		if err != nil {
			return tool.Answer{}, err
		}
		if hidden {
			found.Message = emptyRead.In(request.CallFrom(ctx).Lang())
		}
	}
	found.RequestID = request.CallFrom(ctx).RequestID
	return tool.OK(found), nil
}

// emptyRead and missingRows say what a read of a base with advanced permissions may mean.
var (
	emptyRead = problem.Text{
		ZH: "没有读到任何行。该多维表格开启了高级权限：可能没有数据，也可能应用没有读取权限（授予应用「可管理」后再查）。",
		EN: "No row was read. The base uses advanced permissions: there may be none, or the app may not read them (give it Manage access " +
			"and ask again).",
	}
	missingRows = problem.Text{
		ZH: "该多维表格开启了高级权限：missing 里的行可能存在，只是应用没有读取权限。",
		EN: "The base uses advanced permissions: rows listed in missing may exist without the app being allowed to read them.",
	}
)

// mayHide reports whether the app sees no row of the table at all: in a base with advanced permissions that may be all that it is shown.
func (s *Service) mayHide(ctx context.Context, target tool.Target) (bool, error) {
	page, err := s.Rows.Search(ctx, target.TableRef, feishu.SearchRequest{UserIDType: target.UserIDType, PageSize: 1})
	return err == nil && page.Total == 0 && len(page.Items) == 0, err
}

// columnFaults are Feishu's codes for a search that names a column which is not in the table, or asks of it what its type cannot
// do.
var columnFaults = []int{
	feishu.CodeInvalidSort, feishu.CodeInvalidFilter, feishu.CodeInvalidFieldNames, feishu.CodeFieldNameNotFound,
}

// isColumnFault reports whether a search may have failed because the table has changed since its columns were looked up.
func isColumnFault(_ *Found, err error) bool {
	if errors.Is(err, errOldSchema) {
		return true
	}
	if e, ok := errors.AsType[*problem.Error](err); ok {
		return e.Code == problem.FieldNotFound || e.Code == problem.BadParameter
	}
	e, ok := errors.AsType[*feishu.Error](err)
	return ok && slices.Contains(columnFaults, e.Code)
}

// find answers a search. Columns looked up before fresh are too old for a search that is not Feishu's alone.
func (s *Service) find(ctx context.Context, target tool.Target, known *directory.Table, in *SearchInput, fresh time.Time) (*Found, error) {
	what := query.Search{Filter: json.RawMessage(in.Filter)}
	if len(in.Where) > 0 {
		w, err := query.Parse(known.Schema, known.Zone, target.UserIDType, in.Where)
		if err != nil {
			return nil, err
		}
		if what, err = w.Compile(known.Zone); err != nil {
			return nil, err
		}
	}
	if !what.IsExact() && known.Loaded.Before(fresh) {
		return nil, errOldSchema
	}
	order, err := sortOf(known.Schema, in.Sort)
	if err != nil {
		return nil, err
	}
	shown, err := columnsOf(known.Schema, in.Fields)
	if err != nil {
		return nil, err
	}
	asked := shown
	if shown != nil {
		for _, field := range what.Columns() {
			if !slices.Contains(asked, field.Name) {
				asked = append(slices.Clip(asked), field.Name)
			}
		}
	}
	room := s.Found.Hold()
	request.CallFrom(ctx).OnSettled(room.Release) // the answer is written from these rows
	pages := &paging{
		room: room,
		rows: s.Rows, ref: target.TableRef, rest: what.Rest, exact: what.IsExact(), limit: in.limit(),
		view: view{table: known, columns: shown, raw: in.Shape == shapeFeishu},
		request: feishu.SearchRequest{
			UserIDType: target.UserIDType, ViewID: in.ViewID, FieldNames: asked, Filter: what.Filter, Sort: order,
		},
	}
	cursors := cursors{fingerprint: s.Print, query: []string{
		target.Tenant, target.AppToken, target.TableID, target.UserIDType, in.ViewID, string(in.Where), string(in.Filter),
		strings.Join(in.Sort, "\x00"),
	}}
	from, err := cursors.open(in.Cursor)
	if err != nil {
		return nil, err
	}
	got, err := pages.read(ctx, from)
	if err != nil {
		return nil, err
	}
	found := &Found{OK: true, Total: got.total, Count: len(got.rows), HasMore: got.more, Records: got.rows}
	if got.more {
		found.Cursor = cursors.seal(got.next)
	}
	return found, nil
}

// sortOf reads sort. A name that a column has as it stands is that column, even if it begins with a dash.
func sortOf(table *bitable.Schema, names []string) ([]feishu.Sort, error) {
	if len(names) > MaxSortColumns {
		return nil, problem.New(problem.BadParameter, problem.Text{
			ZH: fmt.Sprintf("sort 最多 %d 列。", MaxSortColumns), EN: fmt.Sprintf("sort takes at most %d columns.", MaxSortColumns),
		})
	}
	order := make([]feishu.Sort, 0, len(names))
	for _, name := range names {
		_, exact, ok := table.Field(name)
		column, descending := strings.CutPrefix(name, "-")
		if ok && exact {
			column, descending = name, false
		}
		field, err := query.FindColumn(table, "sort", column)
		if err != nil {
			return nil, err
		}
		order = append(order, feishu.Sort{FieldName: field.Name, Desc: descending})
	}
	if encoded, err := json.Marshal(order); err != nil || utf8.RuneCount(encoded) > MaxSortRunes {
		return nil, problem.New(problem.BadParameter, problem.Text{
			ZH: fmt.Sprintf("sort 太长：飞书最多接受 %d 个字符。", MaxSortRunes), EN: fmt.Sprintf("sort is too long: Feishu takes %d characters.", MaxSortRunes),
		})
	}
	return order, nil
}

// columnsOf resolves fields to the table's own column names, each once; nil if none is named.
func columnsOf(table *bitable.Schema, names []string) ([]string, error) {
	var columns []string
	for _, name := range names {
		field, err := query.FindColumn(table, "fields", name)
		if err != nil {
			return nil, err
		}
		if !slices.Contains(columns, field.Name) {
			columns = append(columns, field.Name)
		}
	}
	if len(columns) > MaxSearchColumns {
		return nil, problem.New(problem.BadParameter, problem.Text{
			ZH: fmt.Sprintf("fields 最多 %d 列；不填则返回全部列。", MaxSearchColumns),
			EN: fmt.Sprintf("fields takes at most %d columns; without it all are returned.", MaxSearchColumns),
		})
	}
	return columns, nil
}
