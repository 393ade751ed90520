package record

import (
	"context"

	"github.com/rowgate/rowgate/internal/bitable"
	"github.com/rowgate/rowgate/internal/outbox"
	"github.com/rowgate/rowgate/internal/problem"
	"github.com/rowgate/rowgate/tool"
)

// WriteInput is the request of write_records.
type WriteInput struct {
	tool.Connection
	tool.Deadline
	WriteOptions

	Records     tool.Rows   `json:"records,omitempty" in:"flat" doc:"The rows: a list of {column: value}. One object is one row; JSON text is read too."`
	Fields      tool.Object `json:"fields,omitempty" row:"true" doc:"One row, instead of records."`
	KeyFields   tool.List   `json:"key_fields,omitempty" in:"query" doc:"Upsert: rows that match on these columns are updated, the rest created. A list or \"a,b\"."`
	ClientToken string      `json:"client_token,omitempty" in:"query" doc:"Feishu's own idempotency token (uuid v4); idempotency_key is the better one."`
}

// Write is the tool write_records: create rows, or upsert them by key_fields.
func Write(s *Service) tool.Tool {
	return tool.Define[WriteInput, Receipt](tool.Meta{
		Name: "write_records", Path: "/v1/records", Family: tool.Records,
		Scopes: []string{
			"base:record:create", "base:record:retrieve", "base:record:read", "base:record:update", "base:field:read", "base:app:read",
		},
		TokenKinds: tool.AnyToken(),
		Title:      problem.Text{ZH: "写入记录", EN: "Write records"},
		Description: "Write rows into a Feishu Bitable table, or upsert them by key_fields. Plain values are converted: dates as text, " +
			`numbers as text, selects by name. Example: {"records":[{"标题":"第一集","日期":"2026-03-04"}]}`,
		Risk: tool.Writing, FormBodies: true, Async: true,
		Errors: []problem.Code{
			problem.NoRows, problem.Wrapper, problem.InvalidRows, problem.FieldNotFound, problem.BadKeyField, problem.TableFull, problem.TooManyRows,
			problem.IdempotencyConflict, problem.InFlight, problem.UnknownOutcome,
		},
	}, func(ctx context.Context, in *WriteInput) (tool.Answer, error) {
		ctx, cancel := in.Deadline.Context(ctx)
		defer cancel()
		target, err := s.Access.Table(ctx, &in.Connection)
		if err != nil {
			return tool.Answer{}, err
		}
		op, mode := outbox.OpCreate, bitable.Create
		if len(in.KeyFields) > 0 {
			op, mode = outbox.OpUpsert, bitable.Upsert
		}
		return (&write{
			Service: s, target: target, options: &in.WriteOptions, op: op, mode: mode,
			rows: in.Records, keys: in.KeyFields, token: in.ClientToken,
		}).run(ctx)
	})
}
