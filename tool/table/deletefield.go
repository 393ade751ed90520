package table

import (
	"context"
	"errors"
	"slices"

	"github.com/rowgate/rowgate/internal/bitable"
	"github.com/rowgate/rowgate/internal/feishu"
	"github.com/rowgate/rowgate/internal/problem"
	"github.com/rowgate/rowgate/internal/query"
	"github.com/rowgate/rowgate/tool"
)

// Deleter deletes columns. It is implemented by *client.Client.
type Deleter interface {
	DeleteField(ctx context.Context, table feishu.TableRef, fieldID string) error
}

// DeleteFieldInput is the request of delete_field.
type DeleteFieldInput struct {
	tool.Connection
	tool.Deadline

	Field string `json:"field,omitempty" example:"备注" doc:"The column: its name, or its id fld…."`
}

// DeletedField is the answer of delete_field.
type DeletedField struct {
	OK        bool   `json:"ok" doc:"true"`
	TableID   string `json:"table_id" doc:"the table"`
	Field     string `json:"field" doc:"name of the column that was deleted"`
	FieldID   string `json:"field_id" doc:"its id, fld…"`
	Type      string `json:"type" example:"text" doc:"what it held"`
	RequestID string `json:"request_id" doc:"this request, for support"`
}

// DeleteField is the tool delete_field. A connection key of one table does not open it.
func DeleteField(s *Service, maker *Maker, source Deleter) tool.Tool {
	return tool.Define[DeleteFieldInput, DeletedField](tool.Meta{
		Name: "delete_field", Path: "/v1/fields/delete", Family: tool.Tables,
		Scopes: []string{"base:field:delete", "base:field:read"}, TokenKinds: tool.AnyToken(),
		Title: problem.Text{ZH: "删除列", EN: "Delete a column"},
		Description: "Delete one column of a Feishu Bitable table with all its values, by name or id. The primary column stays. " +
			`Example: {"field":"备注"}`,
		Risk: tool.Destructive, Errors: []problem.Code{problem.FieldNotFound, problem.UnknownOutcome},
	}, func(ctx context.Context, in *DeleteFieldInput) (tool.Answer, error) {
		ctx, cancel := in.Context(ctx)
		defer cancel()
		if in.Field == "" {
			return tool.Answer{}, problem.New(problem.BadParameter, problem.Text{
				ZH: "请在 field 里给出列名或列的 id。", EN: "Give the column's name or id as field.",
			})
		}
		target, err := s.Access.WholeTable(ctx, &in.Connection)
		if err != nil {
			return tool.Answer{}, err
		}
		defer s.Directory.Changed(target.TableRef) // after an error too: the column may be gone
		gone, err := maker.Drop(ctx, target.TableRef, in.Field, source)
		if err != nil {
			return tool.Answer{}, err
		}
		return tool.OK(&DeletedField{
			OK: true, TableID: target.TableID, Field: gone.Name, FieldID: gone.ID, Type: bitable.TypeName(gone), RequestID: requestID(ctx),
		}), nil
	})
}

// Drop deletes the column of that name or id and returns it as it was. A lost answer does no harm: the column is looked for by its
// id and deleted again only while it is there. Errors: field_not_found; what Feishu answers otherwise.
func (m *Maker) Drop(ctx context.Context, ref feishu.TableRef, name string, source Deleter) (feishu.Field, error) {
	done, err := m.turn(ctx, ref.AppToken+"/"+ref.TableID)
	if err != nil {
		return feishu.Field{}, err
	}
	defer done()
	fields, err := m.source.ListFields(ctx, ref)
	if err != nil {
		return feishu.Field{}, err
	}
	column, err := query.FindColumn(bitable.NewSchema(fields), "field", name)
	if err != nil {
		return feishu.Field{}, err
	}
	lost := false
	for attempt := 1; ; attempt++ {
		err := source.DeleteField(ctx, ref, column.ID)
		if err == nil {
			return column, nil
		}
		e, ok := errors.AsType[*feishu.Error](err)
		if !ok || !e.Repeatable() && (!lost || e.Class != feishu.ClassFresh) {
			return feishu.Field{}, err
		}
		if lost = lost || e.OutcomeUnknown(); lost {
			fields, err := m.source.ListFields(ctx, ref)
			if err != nil {
				return feishu.Field{}, err
			}
			if !slices.ContainsFunc(fields, func(f feishu.Field) bool { return f.ID == column.ID }) {
				return column, nil
			}
		}
		if !m.again(ctx, ref.App, e, attempt) {
			return feishu.Field{}, err
		}
	}
}
