package job

import (
	"context"

	"github.com/rowgate/rowgate/internal/problem"
	"github.com/rowgate/rowgate/tool"
)

// CancelInput is the request of cancel_job.
type CancelInput struct {
	tool.Connection
	tool.Deadline

	JobID string `json:"job_id,omitempty" in:"query" example:"job_4k2n8x" doc:"What the answer 202 said."`
}

// Cancel is the tool cancel_job: what is not sent yet of a job is dropped. It waits for the calls under way, at most for timeout_ms: past
// that the job is answered as running, and get_job tells the rest. A job that is cancelled already is answered as it is; one that has
// ended is wrong_state. Who may know of a job may cancel it.
func Cancel(access *tool.Access, jobs Jobs, publicURL string) tool.Tool {
	return tool.Define[CancelInput, Status](tool.Meta{
		Name: "cancel_job", Path: "/v1/jobs/cancel", Family: tool.Tables, OtherFamilies: true,
		Title: problem.Text{ZH: "取消任务", EN: "Cancel a job"},
		Description: "Stop a write that was answered 202 with a job_id: rows that are not sent yet are dropped, those that were are kept. " +
			`Answers the receipt. Example: {"job_id":"job_4k2n8x"}`,
		Risk: tool.Destructive, Errors: []problem.Code{problem.JobNotFound, problem.WrongState},
	}, func(ctx context.Context, in *CancelInput) (tool.Answer, error) {
		found, tenant, err := find(ctx, access, jobs, &in.Connection, in.JobID)
		if err != nil {
			return tool.Answer{}, err
		}
		waiting, end := in.Deadline.Context(ctx)
		defer end()
		if found, err = jobs.Cancel(waiting, found.ID, tenant); err != nil {
			return tool.Answer{}, err
		}
		return tool.OK(statusOf(ctx, found, publicURL)), nil
	})
}
