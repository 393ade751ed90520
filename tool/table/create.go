package table

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/rowgate/rowgate/internal/bitable"
	"github.com/rowgate/rowgate/internal/feishu"
	"github.com/rowgate/rowgate/internal/problem"
	"github.com/rowgate/rowgate/internal/request"
	"github.com/rowgate/rowgate/tool"
)

// Bounds of a table's name. Source: the page of the table creation.
const (
	MaxNameRunes  = 100
	notInNameText = `/\?*:[]`
)

// CreateTableInput is the request of create_table.
type CreateTableInput struct {
	tool.Connection
	tool.Deadline

	Name       string      `json:"name,omitempty" example:"视频" doc:"The new table's name: 1 to 100 characters, none of / \\ ? * : [ ]."`
	Fields     []NewColumn `json:"fields,omitempty" doc:"The columns: a list of {name, type, options}."`
	SampleRows tool.Rows   `json:"sample_rows,omitempty" optional:"true" doc:"Instead of fields: rows {column: value}, whose values show the types. They are not written."`
}

// NewTable is the answer of create_table.
type NewTable struct {
	OK        bool         `json:"ok" doc:"true"`
	AppToken  string       `json:"app_token" doc:"the base"`
	TableID   string       `json:"table_id" doc:"the new table"`
	TableName string       `json:"table_name" doc:"its name"`
	Fields    []MadeColumn `json:"fields" nullable:"false" doc:"its columns, the primary one first"`
	RequestID string       `json:"request_id" doc:"this request, for support"`
}

// Create is the tool create_table. The first column that can be is the table's primary one.
func Create(s *Service, maker *Maker) tool.Tool {
	return tool.Define[CreateTableInput, NewTable](tool.Meta{
		Name: "create_table", Path: "/v1/tables", Family: tool.Records,
		Scopes: []string{"base:table:create", "base:table:read", "base:field:read"}, TokenKinds: tool.AnyToken(),
		Title: problem.Text{ZH: "新建数据表", EN: "Create a table"},
		Description: "Make a new table in a Feishu base, with columns by type or inferred from sample_rows (which are not written). " +
			`Example: {"name":"视频","sample_rows":[{"标题":"第一集","日期":"2026-03-04","时长":12.5}]}`,
		Risk: tool.Additive, Errors: []problem.Code{problem.InvalidRows, problem.TableFull, problem.UnknownOutcome},
	}, func(ctx context.Context, in *CreateTableInput) (tool.Answer, error) {
		ctx, cancel := in.Context(ctx)
		defer cancel()
		name := strings.TrimSpace(in.Name)
		if name == "" || utf8.RuneCountInString(name) > MaxNameRunes || strings.ContainsAny(name, notInNameText) {
			return tool.Answer{}, problem.New(problem.BadParameter, problem.Text{
				ZH: fmt.Sprintf("name 应是 1 到 %d 个字符，不能有 / \\ ? * : [ ]。", MaxNameRunes),
				EN: fmt.Sprintf(`name has 1 to %d characters, none of / \ ? * : [ ].`, MaxNameRunes),
			})
		}
		columns, err := columnsOf(in.Fields, in.SampleRows)
		if err != nil {
			return tool.Answer{}, err
		}
		if err := primaryFirst(columns); err != nil {
			return tool.Answer{}, err
		}
		target, err := s.Access.WholeBase(ctx, &in.Connection)
		if err != nil {
			return tool.Answer{}, err
		}
		return s.create(ctx, maker, target.TableRef, name, columns)
	})
}

// primaryFirst moves the first column that can be the primary one to the front; the others keep their order.
func primaryFirst(columns []wanted) error {
	i := slices.IndexFunc(columns, func(c wanted) bool { return bitable.KindOf(c.field).Primary })
	if i < 0 {
		labels := bitable.Labels(func(k bitable.Kind) bool { return k.Primary && k.Creatable })
		return problem.New(problem.BadParameter, problem.Text{
			ZH: fmt.Sprintf("没有一列可以作为索引列：至少要有一列是这些类型之一：%s。", labels.ZH),
			EN: fmt.Sprintf("No column can be the primary one: at least one must be of these types: %s.", labels.EN),
		})
	}
	first := columns[i]
	copy(columns[1:], columns[:i])
	columns[0] = first
	return nil
}

func (s *Service) create(ctx context.Context, maker *Maker, base feishu.TableRef, name string, columns []wanted) (tool.Answer, error) {
	fields := make([]feishu.Field, len(columns))
	for i, column := range columns {
		fields[i] = column.field
	}
	id, made, err := maker.Table(ctx, base, name, fields, func() ([]feishu.Table, error) {
		return s.Directory.Tables(ctx, base.App, base.AppToken)
	})
	if err != nil {
		return tool.Answer{}, err
	}
	call := request.CallFrom(ctx)
	answer := &NewTable{
		OK: true, AppToken: base.AppToken, TableID: id, TableName: name, Fields: make([]MadeColumn, 0, len(made)), RequestID: call.RequestID,
	}
	for i, field := range made {
		answer.Fields = append(answer.Fields, madeColumn(field, columns[i], call.Lang()))
	}
	return tool.OK(answer), nil
}
