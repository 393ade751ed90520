package record

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/rowgate/rowgate/internal/bitable"
	"github.com/rowgate/rowgate/internal/intake"
	"github.com/rowgate/rowgate/internal/outbox"
	"github.com/rowgate/rowgate/internal/problem"
	"github.com/rowgate/rowgate/tool"
)

// DeleteInput is the request of delete_records.
type DeleteInput struct {
	tool.Connection
	tool.Deadline

	RecordIDs      tool.List `json:"record_ids,omitempty" in:"query" doc:"The rows: a list of rec…, JSON text or \"a,b\"."`
	OnError        string    `json:"on_error,omitempty" in:"query" enum:"abort,skip" doc:"abort (default): an id that is not in the table fails the request. skip: the others are deleted."`
	DryRun         *bool     `json:"dry_run,omitempty" in:"query" doc:"Say what would be deleted, without doing it. Default false."`
	IdempotencyKey string    `json:"idempotency_key,omitempty" in:"header=Idempotency-Key,query" maxLength:"255" doc:"The same key and body are done once and answered alike; also header Idempotency-Key."`
	Async          *bool     `json:"async,omitempty" in:"query" doc:"Answer 202 with a job id at once; ask get_job for the receipt. Default false."`
}

// DeleteReceipt says what became of each row. deleted+failed+unknown is total, always.
type DeleteReceipt struct {
	OK               bool                       `json:"ok" doc:"true if no row failed or is unknown"`
	Total            int                        `json:"total" doc:"ids in the request"`
	Deleted          int                        `json:"deleted" doc:"rows that are gone"`
	Failed           int                        `json:"failed" doc:"rows that were not deleted"`
	Unknown          int                        `json:"unknown" doc:"rows of which Feishu never said whether they are gone"`
	RecordID         string                     `json:"record_id" example:"recExample" doc:"the first row's record_id"`
	RecordIDs        []string                   `json:"record_ids" nullable:"false" doc:"one entry an id of the request, empty where it was not deleted"`
	Message          string                     `json:"message" example:"2 行：删除 2" doc:"for people"`
	Errors           []problem.RowErrorDocument `json:"errors" nullable:"false" doc:"what is wrong with which row, the first 200"`
	ErrorCount       int                        `json:"error_count" doc:"number of row errors in all"`
	Warnings         []bitable.Warning          `json:"warnings" nullable:"false" doc:"what was repaired in the body"`
	DryRun           bool                       `json:"dry_run" doc:"true if nothing was deleted because dry_run was set"`
	IdempotentReplay bool                       `json:"idempotent_replay" doc:"true if this is the answer to an earlier request"`
	RequestID        string                     `json:"request_id" doc:"this request, for support"`
	UpstreamCalls    int                        `json:"upstream_calls" doc:"calls to Feishu that this request took part in"`
}

// Delete is the tool delete_records.
func Delete(s *Service) tool.Tool {
	return tool.Define[DeleteInput, DeleteReceipt](tool.Meta{
		Name: "delete_records", Path: "/v1/records/delete", Family: tool.Records,
		Scopes: []string{"base:record:delete", "base:record:read"}, TokenKinds: tool.AnyToken(),
		Title: problem.Text{ZH: "删除记录", EN: "Delete records"},
		Description: "Delete rows of a Feishu Bitable table by record_id. It cannot be undone here. " +
			`Example: {"record_ids":["recExample"]}`,
		Risk: tool.Destructive, Async: true,
		Errors: []problem.Code{
			problem.NoRows, problem.InvalidRows, problem.RecordNotFound, problem.TooManyRows, problem.IdempotencyConflict,
			problem.InFlight, problem.UnknownOutcome,
		},
	}, func(ctx context.Context, in *DeleteInput) (tool.Answer, error) {
		ctx, cancel := in.Deadline.Context(ctx)
		defer cancel()
		target, err := s.Access.Table(ctx, &in.Connection)
		if err != nil {
			return tool.Answer{}, err
		}
		return s.delete(ctx, target, in)
	})
}

func (s *Service) delete(ctx context.Context, target tool.Target, in *DeleteInput) (tool.Answer, error) {
	if len(in.RecordIDs) == 0 {
		return tool.Answer{}, problem.New(problem.NoRows, problem.Text{
			ZH: "record_ids 里没有任何记录 ID。", EN: "record_ids holds no record id.",
		})
	}
	if len(in.RecordIDs) > intake.MaxRows {
		return tool.Answer{}, problem.New(problem.TooManyRows, problem.Text{
			ZH: fmt.Sprintf("一次最多删除 %d 行。", intake.MaxRows), EN: fmt.Sprintf("At most %d rows can be deleted at once.", intake.MaxRows),
		})
	}
	rows := make([]json.RawMessage, 0, len(in.RecordIDs))
	for _, id := range in.RecordIDs {
		rows = append(rows, json.RawMessage(id))
	}
	return (&write{
		Service: s, target: target, op: outbox.OpDelete, rows: rows,
		options: &WriteOptions{OnError: in.OnError, DryRun: in.DryRun, IdempotencyKey: in.IdempotencyKey, Async: in.Async},
	}).run(ctx)
}

// deletion prepares a delete: each record once. It keeps its caller's order, whatever its size.
func (w *write) deletion(ctx context.Context) prepared {
	note := memo{
		AppToken: w.target.AppToken, TableID: w.target.TableID, Op: outbox.OpDelete, Total: len(w.rows),
		Warnings: warningsOf(intake.ResultFrom(ctx).Repairs),
	}
	rows := make([]bitable.Row, 0, len(w.rows))
	seen := make(map[string]bool, len(w.rows))
	for i, row := range w.rows {
		id := string(row)
		if seen[id] {
			note.reject(i, id, problem.Text{
				ZH: "这个 record_id 在请求里出现了两次。", EN: "This record_id stands in the request twice.",
			})
			continue
		}
		seen[id] = true
		rows = append(rows, bitable.Row{Index: i, RecordID: id})
	}
	return prepared{note: note, Submission: outbox.Submission{Rows: rows, Tenant: w.target.Caller}}
}

// reject notes a row that is not sent.
func (m *memo) reject(index int, got string, message problem.Text) {
	if len(m.Errors) < problem.MaxRowErrors {
		m.Errors = append(m.Errors, problem.RowError{Index: index, Code: problem.RowRecordNotFound, Got: got, Message: message})
	}
	m.Count++
	m.Failed++
}

// forDelete is the receipt in the words of delete_records.
func (r *Receipt) forDelete() *DeleteReceipt {
	return &DeleteReceipt{
		OK: r.OK, Total: r.Total, Deleted: r.deleted, Failed: r.Failed, Unknown: r.Unknown, RecordID: r.RecordID, RecordIDs: r.RecordIDs,
		Message: r.Message, Errors: r.Errors, ErrorCount: r.ErrorCount, Warnings: r.Warnings, DryRun: r.DryRun,
		IdempotentReplay: r.IdempotentReplay, RequestID: r.RequestID, UpstreamCalls: r.UpstreamCalls,
	}
}
