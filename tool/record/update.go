package record

import (
	"context"

	"github.com/rowgate/rowgate/internal/bitable"
	"github.com/rowgate/rowgate/internal/outbox"
	"github.com/rowgate/rowgate/internal/problem"
	"github.com/rowgate/rowgate/tool"
)

// UpdateInput is the request of update_records.
type UpdateInput struct {
	tool.Connection
	tool.Deadline
	WriteOptions

	Records tool.Rows `json:"records,omitempty" in:"flat,parts=record_id+id+fields" doc:"The rows: a list of {record_id, fields: {column: value}}, or flat with record_id among the columns."`
}

// Update is the tool update_records: change rows by record_id.
func Update(s *Service) tool.Tool {
	return tool.Define[UpdateInput, Receipt](tool.Meta{
		Name: "update_records", Path: "/v1/records/update", Family: tool.Records,
		Scopes: []string{"base:record:update", "base:record:retrieve", "base:record:read", "base:field:read"}, TokenKinds: tool.AnyToken(),
		Title: problem.Text{ZH: "更新记录", EN: "Update records"},
		Description: "Change rows of a Feishu Bitable table by record_id; only the columns given change, null clears a cell. " +
			`Example: {"records":[{"record_id":"recExample","fields":{"状态":"完成"}}]}`,
		Risk: tool.Writing, Async: true,
		Errors: []problem.Code{
			problem.NoRows, problem.Wrapper, problem.InvalidRows, problem.RecordNotFound, problem.TooManyRows, problem.IdempotencyConflict,
			problem.InFlight, problem.UnknownOutcome,
		},
	}, func(ctx context.Context, in *UpdateInput) (tool.Answer, error) {
		ctx, cancel := in.Deadline.Context(ctx)
		defer cancel()
		target, err := s.Access.Table(ctx, &in.Connection)
		if err != nil {
			return tool.Answer{}, err
		}
		return (&write{
			Service: s, target: target, options: &in.WriteOptions, op: outbox.OpUpdate, mode: bitable.Update,
			rows: in.Records,
		}).run(ctx)
	})
}
