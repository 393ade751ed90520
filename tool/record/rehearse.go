package record

import (
	"context"
	"encoding/json"
	"slices"

	"github.com/rowgate/rowgate/internal/bitable"
	"github.com/rowgate/rowgate/internal/feishu"
	"github.com/rowgate/rowgate/internal/outbox"
	"github.com/rowgate/rowgate/internal/problem"
	"github.com/rowgate/rowgate/internal/request"
	"github.com/rowgate/rowgate/tool"
)

// rehearse answers a dry run: what would be sent, and what would become of each row. Where the write would be refused, so is the
// dry run.
func (w *write) rehearse(ctx context.Context, submission outbox.Submission, note memo) (tool.Answer, error) {
	rows, err := w.foresee(ctx, submission)
	if err != nil {
		return tool.Answer{}, err
	}
	result := &outbox.Result{Rows: rows}
	if !w.options.skips() && slices.ContainsFunc(rows, isFailed) {
		for i := range rows {
			rows[i].Status, rows[i].RecordID = outbox.Failed, ""
			if rows[i].Err == nil {
				result.Err = problem.New(problem.InvalidRows, problem.Text{
					ZH: "有的行无法写入，所以什么都不会写入。", EN: "Some rows cannot be written, so nothing would be.",
				})
			}
		}
	}
	receipt, err := settle(ctx, result, note)
	if err != nil {
		return tool.Answer{}, err
	}
	receipt.DryRun = true
	receipt.Message = problem.Text{ZH: "试运行，", EN: "Dry run, "}.In(request.CallFrom(ctx).Lang()) + receipt.Message
	receipt.Rows = make([]json.RawMessage, note.Total)
	for i := range receipt.Rows {
		receipt.Rows[i] = json.RawMessage("null")
	}
	for _, row := range submission.Rows {
		receipt.Rows[row.Index] = row.Fields
	}
	return tool.OK(receipt.body(w.op)), nil
}

func isFailed(row outbox.RowResult) bool { return row.Status == outbox.Failed }

// foresee says what would become of each row, without writing.
func (w *write) foresee(ctx context.Context, submission outbox.Submission) ([]outbox.RowResult, error) {
	if w.op == outbox.OpUpsert && len(submission.Rows) > 0 {
		return w.Outbox.Match(ctx, submission)
	}
	would := outbox.Created
	switch w.op {
	case outbox.OpUpdate:
		would = outbox.Updated
	case outbox.OpDelete:
		would = outbox.Deleted
	case outbox.OpCreate, outbox.OpUpsert:
	}
	results := make([]outbox.RowResult, 0, len(submission.Rows))
	for _, row := range submission.Rows {
		results = append(results, outbox.RowResult{Index: row.Index, Status: would, RecordID: row.RecordID})
	}
	if w.op == outbox.OpCreate {
		return results, nil
	}
	exists, err := w.existing(ctx, submission.Rows)
	if err != nil {
		return nil, err
	}
	for i := range results {
		if row := &results[i]; !exists[row.RecordID] {
			row.Err = &problem.RowError{Index: row.Index, Code: problem.RowRecordNotFound, Got: row.RecordID}
			row.Status, row.RecordID = outbox.Failed, ""
		}
	}
	return results, nil
}

// existing returns those of the rows' record ids that the table has.
func (w *write) existing(ctx context.Context, rows []bitable.Row) (map[string]bool, error) {
	exists := make(map[string]bool, len(rows))
	ids := make([]string, 0, len(rows))
	for _, row := range rows {
		if _, seen := exists[row.RecordID]; !seen && recordIDShape.MatchString(row.RecordID) {
			ids = append(ids, row.RecordID)
		}
		exists[row.RecordID] = false
	}
	for part := range slices.Chunk(ids, feishu.MaxBatchGet) {
		found, _, err := w.Rows.BatchGet(ctx, w.target.TableRef, part, w.target.UserIDType)
		if err != nil {
			return nil, err
		}
		for _, record := range found {
			exists[record.ID] = true
		}
	}
	return exists, nil
}
