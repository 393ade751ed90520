// Package job holds the tool that tells how an asynchronous write stands.
package job

import (
	"cmp"
	"context"

	"github.com/rowgate/rowgate/internal/outbox"
	"github.com/rowgate/rowgate/internal/problem"
	"github.com/rowgate/rowgate/internal/request"
	"github.com/rowgate/rowgate/tool"
	"github.com/rowgate/rowgate/tool/record"
)

// Jobs looks at writes by their id. It is implemented by *outbox.Outbox.
type Jobs interface {
	Job(ctx context.Context, id, tenant string) (*outbox.Job, error)
}

// GetInput is the request of get_job.
type GetInput struct {
	tool.Connection

	JobID string `json:"job_id,omitempty" in:"query" example:"job_4k2n8x" doc:"What the answer 202 said."`
}

// Progress counts rows.
type Progress struct {
	Done  int `json:"done" doc:"rows whose fate is known"`
	Total int `json:"total" doc:"rows that were sent"`
}

// Status tells how a write stands.
type Status struct {
	OK        bool              `json:"ok" doc:"false if the job failed"`
	JobID     string            `json:"job_id" doc:"the job"`
	State     outbox.State      `json:"state" enum:"queued,running,done,failed" doc:"failed: it ended and nothing was written"`
	Progress  Progress          `json:"progress" doc:"how far it is"`
	Result    Receipt           `json:"result" doc:"done: the receipt, as write_records or delete_records answers it; else null"`
	Problem   *problem.Document `json:"problem" doc:"failed: why; else null"`
	RequestID string            `json:"request_id" doc:"this request, for support"`
}

// within reports whether the caller's key opens the table that the job writes to. A key for one base or table is not told of a job
// whose table is not known.
func within(target *tool.Target, job *outbox.Job) bool {
	appToken, tableID := record.JobTable(job)
	return target.Holds(appToken, tableID)
}

// Get is the tool get_job. A job is told only to the credential that made it, and to a key for one base or table only if it writes
// there. publicURL is where problems are explained, unless the request notes an address of its own.
func Get(access *tool.Access, jobs Jobs, publicURL string) tool.Tool {
	return tool.Define[GetInput, Status](tool.Meta{
		Name: "get_job", Path: "/v1/jobs/get", Family: tool.Records, EveryFamily: true,
		Title: problem.Text{ZH: "查询任务", EN: "Get a job"},
		Description: "Ask for the state and the receipt of a write that was answered 202 with a job_id. " +
			`Example: {"job_id":"job_4k2n8x"}`,
		Risk: tool.ReadOnly, Errors: []problem.Code{problem.JobNotFound},
	}, func(ctx context.Context, in *GetInput) (tool.Answer, error) {
		target, err := access.Scope(ctx, &in.Connection)
		if err != nil {
			return tool.Answer{}, err
		}
		found, err := jobs.Job(ctx, in.JobID, target.Tenant)
		if err != nil {
			return tool.Answer{}, err
		}
		if !within(&target, found) {
			return tool.Answer{}, outbox.JobNotFound()
		}
		status := &Status{
			OK: true, JobID: found.ID, State: found.State, Progress: Progress{Done: found.RowsDone, Total: found.RowsTotal},
			RequestID: request.CallFrom(ctx).RequestID,
		}
		if found.Result == nil {
			return tool.OK(status), nil
		}
		receipt, err := record.JobReceipt(ctx, found.Result)
		if err != nil {
			call := request.CallFrom(ctx)
			doc := problem.Render(problem.From(err), problem.RenderOptions{
				PublicURL: cmp.Or(call.PublicURL(), publicURL), RequestID: call.RequestID, Lang: call.Lang(),
			})
			status.OK, status.Problem, status.State = false, &doc, outbox.StateFailed
			return tool.OK(status), nil
		}
		status.Result = Receipt{Of: receipt}
		return tool.OK(status), nil
	})
}
