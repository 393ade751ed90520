package table

import (
	"context"
	"strings"

	"github.com/rowgate/rowgate/internal/bitable"
	"github.com/rowgate/rowgate/internal/feishu"
	"github.com/rowgate/rowgate/internal/problem"
	"github.com/rowgate/rowgate/tool"
)

// Definer reads and replaces definitions of columns. It is implemented by *client.Client.
type Definer interface {
	ListDefinitions(ctx context.Context, table feishu.TableRef) ([]feishu.FieldDefinition, error)
	UpdateField(ctx context.Context, table feishu.TableRef, field *feishu.FieldDefinition) (feishu.Field, error)
}

// OptionChange is an option of a select that is added or renamed.
type OptionChange struct {
	Name    string `json:"name" doc:"The option; one that the column does not have is added."`
	NewName string `json:"new_name,omitempty" doc:"Renames it; rows that have it keep it."`
}

// UpdateFieldInput is the request of update_field.
type UpdateFieldInput struct {
	tool.Connection
	tool.Deadline

	Field   string         `json:"field,omitempty" example:"状态" doc:"The column: its name, or its id fld…."`
	Name    string         `json:"name,omitempty" example:"进度" doc:"A new name."`
	Type    string         `json:"type,omitempty" enum:"text,barcode,email,number,progress,currency,rating,single_select,multi_select,date,checkbox,person,phone,url,attachment,location,group,created_time,modified_time,created_by,modified_by,auto_number" doc:"Another type. Feishu may empty the column's cells."`
	Options []OptionChange `json:"options,omitempty" doc:"Options of a select to add or rename: a list of {name, new_name}. The others stay."`
}

// FieldNow is the answer of update_field.
type FieldNow struct {
	OK        bool     `json:"ok" doc:"true"`
	TableID   string   `json:"table_id" doc:"the table"`
	Field     string   `json:"field" doc:"the column's name now"`
	FieldID   string   `json:"field_id" doc:"its id, fld…"`
	Type      string   `json:"type" example:"single_select" doc:"what it holds now"`
	Primary   bool     `json:"primary" doc:"the table's index column"`
	Options   []string `json:"options" nullable:"false" doc:"names of a select's options now"`
	Changed   bool     `json:"changed" doc:"false: it was so before, and nothing was sent to Feishu"`
	RequestID string   `json:"request_id" doc:"this request, for support"`
}

// UpdateField is the tool update_field. A connection key of one table does not open it.
func UpdateField(s *Service, maker *Maker, source Definer) tool.Tool {
	return tool.Define[UpdateFieldInput, FieldNow](tool.Meta{
		Name: "update_field", Path: "/v1/fields/update", Family: tool.Tables,
		Scopes: []string{"base:field:update", "base:field:read"}, TokenKinds: tool.AnyToken(),
		Title: problem.Text{ZH: "修改列", EN: "Change a column"},
		Description: "Rename a column of a Feishu Bitable table, add or rename options of a select, or change its type. What is not named " +
			`stays. Example: {"field":"状态","options":[{"name":"待定"},{"name":"完成","new_name":"已完成"}]}`,
		Risk: tool.Destructive, Errors: []problem.Code{problem.FieldNotFound, problem.UnknownOutcome},
	}, func(ctx context.Context, in *UpdateFieldInput) (tool.Answer, error) {
		ctx, cancel := in.Context(ctx)
		defer cancel()
		change, err := in.change()
		if err != nil {
			return tool.Answer{}, err
		}
		target, err := s.Access.WholeTable(ctx, &in.Connection)
		if err != nil {
			return tool.Answer{}, err
		}
		defer s.Directory.Changed(target.TableRef) // after an error too: the column may be changed
		now, changed, err := maker.Redefine(ctx, target.TableRef, in.Field, change, source)
		if err != nil {
			return tool.Answer{}, err
		}
		return tool.OK(&FieldNow{
			OK: true, TableID: target.TableID, Field: now.Name, FieldID: now.ID, Type: bitable.TypeName(now), Primary: now.Primary,
			Options: optionNames(now), Changed: changed, RequestID: requestID(ctx),
		}), nil
	})
}

// change checks what the request asks for, whatever the column is.
func (in *UpdateFieldInput) change() (Change, error) {
	change := Change{Name: strings.TrimSpace(in.Name), Options: in.Options}
	switch {
	case in.Field == "":
		return change, problem.New(problem.BadParameter, problem.Text{
			ZH: "请在 field 里给出列名或列的 id。", EN: "Give the column's name or id as field.",
		})
	case change.Name == "" && in.Type == "" && len(in.Options) == 0:
		return change, problem.New(problem.BadParameter, problem.Text{
			ZH: "请给出要改什么：name、type 或 options。", EN: "Say what is to change: name, type or options.",
		})
	}
	for i := range change.Options {
		option := &change.Options[i]
		option.Name, option.NewName = strings.TrimSpace(option.Name), strings.TrimSpace(option.NewName)
		if option.Name == "" {
			return change, badColumn(in.Field, "options 里有空的名称", "options holds an empty name")
		}
	}
	if in.Type == "" {
		return change, nil
	}
	column, err := NewColumn{Name: in.Field, Type: in.Type}.field()
	if err != nil {
		return change, err
	}
	kind := bitable.KindOf(column)
	change.Kind = &kind
	return change, nil
}

// optionNames are the names of a select's options; never nil.
func optionNames(field feishu.Field) []string {
	names := []string{}
	if field.Property != nil {
		for _, option := range field.Property.Options {
			names = append(names, option.Name)
		}
	}
	return names
}
