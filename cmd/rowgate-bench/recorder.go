package main

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/rowgate/rowgate/cmd/rowgate-bench/internal/history"
)

// jobEvery is the time between two looks at a job.
const jobEvery = 200 * time.Millisecond

// recorder makes calls and records in a history what was sent and what was answered. It is safe for concurrent use.
type recorder struct {
	history     history.History
	environment *environment
}

// attempt sends a request once. answered is false if no answer came, which is no error.
func (w *recorder) attempt(ctx context.Context, id string, o call, marks ...string) (got reply, answered bool, err error) {
	attempt, err := w.history.Send(id, marks...)
	if err != nil {
		return reply{}, false, err
	}
	got, err = w.environment.caller.write(ctx, o)
	if err != nil {
		return reply{}, false, nil //nolint:nilerr // the history knows that nothing came back
	}
	final := got
	if got.status == http.StatusAccepted {
		final = w.await(ctx, o, got)
	}
	return got, true, attempt.Answer(got.RequestID, results(final, len(marks))...)
}

// await asks for a job until it has ended or cannot be asked for any more.
func (w *recorder) await(ctx context.Context, o call, accepted reply) reply {
	o.body, o.key, o.query = fmt.Appendf(nil, `{"job_id":%q}`, accepted.JobID), "", ""
	for wait(ctx, jobEvery) {
		job, err := w.environment.caller.post(ctx, jobsPath, o)
		switch {
		case err != nil || job.status != http.StatusOK:
			return accepted
		case job.Result != nil:
			job.Result.status = http.StatusOK
			return *job.Result
		case job.State == "done" || job.State == "failed":
			return accepted
		}
	}
	return accepted
}

// results reads what an answer says of each of its rows.
func results(got reply, rows int) []history.Result {
	out := make([]history.Result, rows)
	for i := range out {
		switch {
		case got.status == http.StatusOK && i < len(got.RecordIDs) && got.RecordIDs[i] != "":
			out[i] = history.Result{Status: history.Written, RecordID: got.RecordIDs[i]}
		case got.status == http.StatusOK && got.Unknown == 0, got.status >= http.StatusBadRequest && got.Outcome == "not_written":
			out[i].Status = history.NotWritten
		}
	}
	return out
}

// check compares the history with the rows of all targets, except rows with a mark in except.
func (w *recorder) check(except map[string]bool) (*history.Report, error) {
	var table []history.Row
	for _, p := range w.environment.targets {
		rows, err := w.environment.feishu.Rows(p.base, p.table)
		if err != nil {
			return nil, err
		}
		for _, row := range rows {
			mark := fmt.Sprint(row.Write[columnMark])
			if !except[mark] {
				table = append(table, history.Row{Mark: mark, RecordID: row.ID})
			}
		}
	}
	return w.history.Check(table), nil
}
