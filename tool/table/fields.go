package table

import (
	"context"

	"github.com/rowgate/rowgate/internal/feishu"
	"github.com/rowgate/rowgate/internal/problem"
	"github.com/rowgate/rowgate/internal/request"
	"github.com/rowgate/rowgate/tool"
)

// CreateFieldsInput is the request of create_fields.
type CreateFieldsInput struct {
	tool.Connection
	tool.Deadline

	Fields     []NewColumn `json:"fields,omitempty" doc:"The columns: a list of {name, type, options}."`
	SampleRows tool.Rows   `json:"sample_rows,omitempty" optional:"true" doc:"Instead of fields: rows {column: value}, whose values show the types."`
}

// FieldsMade is the answer of create_fields.
type FieldsMade struct {
	OK        bool         `json:"ok" doc:"true"`
	TableID   string       `json:"table_id" doc:"the table"`
	Created   []MadeColumn `json:"created" nullable:"false" doc:"columns that were made"`
	Existing  []MadeColumn `json:"existing" nullable:"false" doc:"columns that were there and were left as they are"`
	RequestID string       `json:"request_id" doc:"this request, for support"`
}

// CreateFields is the tool create_fields.
func CreateFields(s *Service, maker *Maker) tool.Tool {
	return tool.Define[CreateFieldsInput, FieldsMade](tool.Meta{
		Name: "create_fields", Path: "/v1/fields", Family: tool.Records,
		Scopes: []string{"base:field:create", "base:field:read"}, TokenKinds: tool.AnyToken(),
		Title: problem.Text{ZH: "新建列", EN: "Create columns"},
		Description: "Add columns to a Feishu Bitable table, by type or inferred from sample_rows; those that exist are left as they are. " +
			`Example: {"fields":[{"name":"状态","type":"single_select","options":["进行中","完成"]}]}`,
		Risk: tool.Additive, Errors: []problem.Code{problem.InvalidRows, problem.TableFull, problem.UnknownOutcome},
	}, func(ctx context.Context, in *CreateFieldsInput) (tool.Answer, error) {
		ctx, cancel := in.Context(ctx)
		defer cancel()
		columns, err := columnsOf(in.Fields, in.SampleRows)
		if err != nil {
			return tool.Answer{}, err
		}
		target, err := s.Access.Table(ctx, &in.Connection)
		if err != nil {
			return tool.Answer{}, err
		}
		return s.createFields(ctx, maker, target.TableRef, columns)
	})
}

func (s *Service) createFields(ctx context.Context, maker *Maker, ref feishu.TableRef, columns []wanted) (tool.Answer, error) {
	fields := make([]feishu.Field, len(columns))
	for i, column := range columns {
		fields[i] = column.field
	}
	defer s.Directory.Changed(ref) // after an error too: some columns may have been made
	made, err := maker.Ensure(ctx, ref, fields)
	if err != nil {
		return tool.Answer{}, err
	}
	call := request.CallFrom(ctx)
	answer := &FieldsMade{OK: true, TableID: ref.TableID, Created: []MadeColumn{}, Existing: []MadeColumn{}, RequestID: call.RequestID}
	for i, column := range made {
		shown := madeColumn(column.Field, columns[i], call.Lang())
		if column.Created {
			answer.Created = append(answer.Created, shown)
		} else {
			answer.Existing = append(answer.Existing, shown)
		}
	}
	return tool.OK(answer), nil
}
