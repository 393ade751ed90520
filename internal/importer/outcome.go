package importer

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"github.com/rowgate/rowgate/internal/backoff"
	"github.com/rowgate/rowgate/internal/problem"
)

// Waits between two looks at a job: a part of what the last one took.
const (
	lookLeast = 20 * time.Millisecond
	lookMost  = time.Second
	lookPart  = 10
)

// codeNotWritten is the reason of a row that was not written for no reason of its own, codeUnknown of one that may be in the table.
const (
	codeNotWritten = "not_written"
	codeUnknown    = "outcome_unknown"
)

// jobDone is the state of a job whose rows are written. A new job is not done when it is accepted, so that it was made before.
const jobDone = "done"

// answer is what the service says of a write: a receipt, or a job.
type answer struct {
	JobID      string                     `json:"job_id"`
	State      string                     `json:"state"` // of the job
	Total      int                        `json:"total"`
	Created    int                        `json:"created"`
	Updated    int                        `json:"updated"`
	Unchanged  int                        `json:"unchanged"`
	Failed     int                        `json:"failed"`
	Unknown    int                        `json:"unknown"`
	RecordIDs  []string                   `json:"record_ids"`
	Message    string                     `json:"message"`
	Errors     []problem.RowErrorDocument `json:"errors"`
	ErrorCount int                        `json:"error_count"`
	Warnings   []warning                  `json:"warnings"`
}

// job is what get_job says.
type job struct {
	State   string            `json:"state"`
	Result  *answer           `json:"result"`
	Problem *problem.Document `json:"problem"`
}

// outcome is what became of a batch's rows.
type outcome struct {
	created, updated, unchanged, refused int

	reasons  []reason
	warnings []warning
}

// isOfRows reports whether a problem is one of the rows: all of them are invalid, or their outcome is unknown.
func (r *Refused) isOfRows() bool {
	return r.Code == problem.InvalidRows || r.Code == problem.UnknownOutcome && r.Outcome == problem.OutcomeUnknown
}

// outcome waits for what becomes of a batch. A batch of which nothing was written, and which may be written later, is sent again.
func (w *writer) outcome(ctx context.Context, one sent) (*outcome, error) {
	if len(one.batch.rows) == 0 {
		return &outcome{}, nil
	}
	began := time.Now()
	for attempt := 1; ; attempt++ {
		failed := one.failed
		if failed == nil && one.answer.JobID != "" {
			done, err := w.await(ctx, one.answer.JobID)
			if err != nil {
				return nil, err
			}
			if one.answer = done.Result; done.Problem != nil {
				failed = &Refused{Status: done.Problem.Status, Document: *done.Problem}
			}
		}
		switch {
		case failed == nil:
			return w.ofReceipt(ctx, one.batch, one.answer)
		case failed.isOfRows():
			return w.ofProblem(ctx, one.batch, failed)
		case !failed.again() || time.Since(began) > patience:
			return nil, failed
		}
		wait := waits.Delay(attempt)
		w.client.waiting(failed, wait)
		err := backoff.Wait(ctx, wait)
		if err == nil {
			one.answer, one.failed, err = w.send(ctx, one.batch)
		}
		if err != nil {
			return nil, err
		}
	}
}

// await asks for a job until it has ended.
func (w *writer) await(ctx context.Context, id string) (*job, error) {
	data, err := json.Marshal(object{"app_token": w.options.Table, "job_id": id})
	if err != nil {
		return nil, err
	}
	for began := time.Now(); ; {
		var found job
		err := w.client.call(ctx, "/v1/jobs/get", data, &found)
		if refused, ok := errors.AsType[*Refused](err); ok && refused.Status == http.StatusNotFound {
			return nil, fail("服务已不认识这次导入的任务：它的数据库换过了吗？请看表里写到哪一行，再用 --from-row 指定从哪一行开始。",
				"The service does not know a job of this import any more: was its database replaced? See up to which row the table has the rows, "+
					"then say with --from-row where to begin.")
		}
		if err != nil {
			return nil, err
		}
		if found.Result != nil || found.Problem != nil {
			w.pace = time.Since(began)
			return &found, nil
		}
		if err := backoff.Wait(ctx, min(max(w.pace/lookPart, lookLeast), lookMost)); err != nil {
			return nil, err
		}
	}
}

// ofReceipt reads a receipt. A row without a record id was not written.
func (w *writer) ofReceipt(ctx context.Context, b *batch, got *answer) (*outcome, error) {
	out := &outcome{
		created: got.Created, updated: got.Updated, unchanged: got.Unchanged, refused: got.Failed + got.Unknown,
		warnings: got.Warnings,
	}
	if out.refused == 0 {
		return out, nil
	}
	missing := make([]int, 0, out.refused)
	for i := range b.rows {
		if i >= len(got.RecordIDs) || got.RecordIDs[i] == "" {
			missing = append(missing, i)
		}
	}
	rest := reason{Code: codeNotWritten, Message: got.Message}
	if got.Unknown > 0 {
		rest = w.unknown()
	}
	var err error
	out.reasons, err = w.explain(ctx, b, missing, got.Errors, got.ErrorCount, rest)
	return out, err
}

// unknown is the reason of a row that may be in the table.
func (w *writer) unknown() reason {
	return reason{Code: codeUnknown, Message: problem.Text{
		ZH: "飞书没有说明这一行是否写入。请先看表里有没有它，没有再导入。",
		EN: "Feishu did not say whether the row was written. See whether the table has it before you import it again.",
	}.In(w.options.Language)}
}

// ofProblem reads a problem that concerns all rows of a batch.
func (w *writer) ofProblem(ctx context.Context, b *batch, failed *Refused) (*outcome, error) {
	all := make([]int, len(b.rows))
	for i := range all {
		all[i] = i
	}
	rest := reason{Code: codeNotWritten, Message: failed.Detail}
	if failed.Code == problem.UnknownOutcome {
		rest = w.unknown()
	}
	reasons, err := w.explain(ctx, b, all, failed.Errors, failed.ErrorCount, rest)
	return &outcome{refused: len(all), reasons: reasons}, err
}

// explain gives each of the rows that were not written its reasons. An answer names 200; if there are more, the service is asked for
// those of the other rows by dry runs. rest is the reason of a row that has none of its own.
func (w *writer) explain(
	ctx context.Context, b *batch, missing []int, named []problem.RowErrorDocument, count int, rest reason,
) ([]reason, error) {
	found := make(map[int][]reason, len(missing))
	note := func(errors []problem.RowErrorDocument, indexes []int) {
		for _, one := range errors {
			if one.Index == nil || *one.Index >= len(indexes) {
				continue
			}
			i := indexes[*one.Index]
			found[i] = append(found[i], reason{Row: b.numbers[i], Column: w.sourceName(one.Field), Code: string(one.Code), Message: sentence(one)})
		}
	}
	whole := make([]int, len(b.rows))
	for i := range whole {
		whole[i] = i
	}
	note(named, whole)
	for asked := count > len(named); asked; {
		var left []int
		for _, i := range missing {
			if len(found[i]) == 0 && len(left) < problem.MaxRowErrors {
				left = append(left, i)
			}
		}
		before := len(found)
		if len(left) > 0 {
			rows := make([]json.RawMessage, len(left))
			for n, i := range left {
				rows[n] = b.rows[i]
			}
			got, err := w.try(ctx, rows)
			if err != nil {
				return nil, err
			}
			note(got.Errors, left)
		}
		asked = len(found) > before
	}
	var reasons []reason
	for _, i := range missing {
		if len(found[i]) == 0 {
			rest.Row = b.numbers[i]
			found[i] = []reason{rest}
		}
		reasons = append(reasons, found[i]...)
	}
	return reasons, nil
}

// sourceName is the name that the source has for a column of the table.
func (m *mapping) sourceName(column string) string {
	for _, one := range m.columns {
		if one.column == column {
			return one.from
		}
	}
	return column
}

func (r *run) sourceName(column string) string { return r.mapping.sourceName(column) }

// sentence is what a row error says, without the value, which stands in the row itself.
func sentence(e problem.RowErrorDocument) string {
	text := e.Message
	if e.Expected != "" {
		text += " → " + e.Expected
	}
	return text
}

// try is a dry run of rows. Rows that are all refused are an answer too.
func (r *run) try(ctx context.Context, rows []json.RawMessage) (*answer, error) {
	options := r.target()
	options["dry_run"], options["on_error"] = true, "skip"
	data, err := body(options, rows)
	if err != nil {
		return nil, err
	}
	var got answer
	err = r.client.call(ctx, "/v1/records", data, &got)
	if refused, ok := errors.AsType[*Refused](err); ok && refused.Code == problem.InvalidRows {
		return &answer{Total: len(rows), Failed: len(rows), Errors: refused.Errors, ErrorCount: refused.ErrorCount}, nil
	}
	return &got, err
}
