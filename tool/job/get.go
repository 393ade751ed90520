// Package job holds the tools on asynchronous writes: how one stands, and its end before it is done.
package job

import (
	"context"

	"github.com/rowgate/rowgate/internal/outbox"
	"github.com/rowgate/rowgate/internal/problem"
	"github.com/rowgate/rowgate/tool"
	"github.com/rowgate/rowgate/tool/record"
)

// Jobs looks at writes by their id. It is implemented by *outbox.Outbox.
type Jobs interface {
	Job(ctx context.Context, id, tenant string) (*outbox.Job, error)
	// Cancel drops what is not sent yet of a job, and returns where it stands once the calls under way are over, or ctx ends.
	Cancel(ctx context.Context, id, tenant string) (*outbox.Job, error)
}

// GetInput is the request of get_job.
type GetInput struct {
	tool.Connection

	JobID string `json:"job_id,omitempty" in:"query" example:"job_4k2n8x" doc:"What the answer 202 said."`
}

// KindWrite is the kind of a job that writes, updates or deletes rows.
const KindWrite = "write"

// Progress counts rows and calls.
type Progress struct {
	Done    int  `json:"done" doc:"rows whose fate is known"`
	Total   int  `json:"total" doc:"rows that were sent"`
	Errors  int  `json:"errors" doc:"rows that failed or whose outcome is unknown so far, with those that were refused before anything was sent"`
	Batches int  `json:"batches" doc:"calls to Feishu that wrote rows so far"`
	ETA     *int `json:"eta_s" doc:"seconds until the job is done, at the recent rate of its base; 0 once it is done, null if that is not known"`
}

// Status tells how a write stands.
type Status struct {
	OK        bool              `json:"ok" doc:"false if the job failed"`
	JobID     string            `json:"job_id" doc:"the job"`
	Kind      string            `json:"kind" enum:"write" doc:"what the job does: write (rows are written, updated or deleted)"`
	State     outbox.State      `json:"state" enum:"queued,running,done,failed,cancelled" doc:"failed: it ended and nothing was written; cancelled: it ended, and what was not sent by then was dropped"`
	Progress  Progress          `json:"progress" doc:"how far it is"`
	Result    Receipt           `json:"result" doc:"done or cancelled: the receipt, as write_records or delete_records answers it; else null"`
	Problem   *problem.Document `json:"problem" doc:"failed: why; else null"`
	RequestID string            `json:"request_id" doc:"this request, for support"`
}

// within reports whether the caller's key opens the table that the job writes to. A key for one base or table is not told of a job
// whose table is not known.
func within(target *tool.Target, job *outbox.Job) bool {
	appToken, tableID := record.JobTable(job)
	return target.Holds(appToken, tableID)
}

// find returns a job that the caller may know of, and whose it is.
func find(ctx context.Context, access *tool.Access, jobs Jobs, caller *tool.Connection, id string) (*outbox.Job, string, error) {
	target, err := access.Scope(ctx, caller)
	if err != nil {
		return nil, "", err
	}
	found, err := jobs.Job(ctx, id, target.Tenant)
	if err != nil {
		return nil, "", err
	}
	if !within(&target, found) {
		return nil, "", outbox.JobNotFound()
	}
	return found, target.Tenant, nil
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
		found, _, err := find(ctx, access, jobs, &in.Connection, in.JobID)
		if err != nil {
			return tool.Answer{}, err
		}
		return tool.OK(statusOf(ctx, found, publicURL)), nil
	})
}
