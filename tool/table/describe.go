// Package table holds the tools on tables: describe, list.
package table

import (
	"context"
	"encoding/json"
	"time"

	"github.com/rowgate/rowgate/internal/bitable"
	"github.com/rowgate/rowgate/internal/directory"
	"github.com/rowgate/rowgate/internal/feishu"
	"github.com/rowgate/rowgate/internal/problem"
	"github.com/rowgate/rowgate/tool"
)

// Directory knows bases and tables. It is implemented by *directory.Directory.
type Directory interface {
	Table(ctx context.Context, ref feishu.TableRef) (*directory.Table, error)
	Tables(ctx context.Context, app feishu.App, appToken string) ([]feishu.Table, error)
	Forget(ref feishu.TableRef)
	Changed(ref feishu.TableRef)
}

// Service is what the tools on tables work with.
type Service struct {
	Access    *tool.Access
	Directory Directory
}

// DescribeInput is the request of describe_table.
type DescribeInput struct {
	tool.Connection
	tool.Deadline
}

// Column describes one column in the words that write_records uses.
type Column struct {
	Name     string          `json:"name" doc:"the column's name: the key in a row"`
	FieldID  string          `json:"field_id" doc:"fld…"`
	Type     string          `json:"type" example:"date" doc:"what it holds: text, number, single_select, date, …"`
	UIType   string          `json:"ui_type" doc:"Feishu's own name of the type"`
	Primary  bool            `json:"primary" doc:"the table's index column"`
	Writable bool            `json:"writable" doc:"false for formulas, lookups and what Feishu fills in itself"`
	Options  []string        `json:"options" nullable:"false" doc:"names of a select's options"`
	Example  json.RawMessage `json:"example" doc:"a value that write_records takes; null if not writable"`
}

// Description is what write_records needs to know of a table.
type Description struct {
	OK             bool                       `json:"ok" doc:"true"`
	AppToken       string                     `json:"app_token" doc:"the base"`
	TableID        string                     `json:"table_id" doc:"the table"`
	TableName      string                     `json:"table_name" doc:"its name"`
	TimeZone       string                     `json:"time_zone" example:"Asia/Shanghai" doc:"zone of dates without an offset"`
	Fields         []Column                   `json:"fields" nullable:"false" doc:"every column"`
	SampleRow      tool.Object                `json:"sample_row" doc:"a row that write_records takes"`
	RequestExample map[string]json.RawMessage `json:"request_example" doc:"a body for write_records"`
	RequestID      string                     `json:"request_id" doc:"this request, for support"`
}

// Describe is the tool describe_table.
func Describe(s *Service) tool.Tool {
	return tool.Define[DescribeInput, Description](tool.Meta{
		Name: "describe_table", Path: "/v1/tables/describe", Family: tool.Records,
		Scopes: []string{"base:field:read", "base:table:read", "base:app:read"}, TokenKinds: tool.AnyToken(),
		Title: problem.Text{ZH: "查看表结构", EN: "Describe a table"},
		Description: "List a table's columns with types, options and a sample row in the shape that write_records takes. Call it before the " +
			`first write. Example: {"app_token":"https://example.feishu.cn/base/bascnExample?table=tblExample"}`,
		Risk: tool.ReadOnly,
	}, func(ctx context.Context, in *DescribeInput) (tool.Answer, error) {
		ctx, cancel := in.Context(ctx)
		defer cancel()
		target, err := s.Access.Table(ctx, &in.Connection)
		if err != nil {
			return tool.Answer{}, err
		}
		s.Directory.Forget(target.TableRef) // a person who asks what the table looks like means now
		known, err := s.Directory.Table(ctx, target.TableRef)
		if err != nil {
			return tool.Answer{}, err
		}
		tables, err := s.Directory.Tables(ctx, target.App, target.AppToken)
		if err != nil {
			return tool.Answer{}, err
		}
		return tool.OK(describe(ctx, known, tables, target.UserIDType)), nil
	})
}

func describe(ctx context.Context, known *directory.Table, tables []feishu.Table, userIDType string) *Description {
	sample := bitable.SampleRow(known.Fields, userIDType)
	d := &Description{
		OK: true, AppToken: known.Ref.AppToken, TableID: known.Ref.TableID, TimeZone: zoneName(known.Zone),
		Fields: make([]Column, 0, len(known.Fields)), SampleRow: tool.Object(sample), RequestID: requestID(ctx),
		RequestExample: map[string]json.RawMessage{
			"app_token": quoted(known.Ref.AppToken), "table_id": quoted(known.Ref.TableID),
			"records": append(append(json.RawMessage{'['}, sample...), ']'),
		},
	}
	for _, table := range tables {
		if table.ID == known.Ref.TableID {
			d.TableName = table.Name
		}
	}
	for _, field := range known.Fields {
		column := Column{
			Name: field.Name, FieldID: field.ID, Type: bitable.TypeName(field), UIType: field.UIType, Primary: field.Primary,
			Writable: bitable.Writable(field), Options: optionNames(field), Example: json.RawMessage("null"),
		}
		if column.Writable {
			column.Example = bitable.Example(field, userIDType)
		}
		d.Fields = append(d.Fields, column)
	}
	return d
}

func quoted(text string) json.RawMessage {
	quoted, _ := json.Marshal(text) // a string always marshals
	return quoted
}

func zoneName(zone *time.Location) string {
	if zone == nil {
		return directory.DefaultTimeZone
	}
	return zone.String()
}
