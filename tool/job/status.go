package job

import (
	"cmp"
	"context"
	"math"

	"github.com/rowgate/rowgate/internal/outbox"
	"github.com/rowgate/rowgate/internal/problem"
	"github.com/rowgate/rowgate/internal/request"
	"github.com/rowgate/rowgate/tool/record"
)

// statusOf tells how a job stands. publicURL is where problems are explained, unless the request notes an address of its own.
func statusOf(ctx context.Context, job *outbox.Job, publicURL string) *Status {
	call := request.CallFrom(ctx)
	status := &Status{
		OK: true, JobID: job.ID, Kind: KindWrite, State: job.State, RequestID: call.RequestID,
		Progress: Progress{
			Done: job.RowsDone, Total: job.RowsTotal, Errors: job.Errors + record.JobRefused(job), Batches: job.Batches, ETA: seconds(job),
		},
	}
	if job.Result == nil {
		return status
	}
	receipt, err := record.JobReceipt(ctx, job.Result)
	if err != nil {
		doc := problem.Render(problem.From(err), problem.RenderOptions{
			PublicURL: cmp.Or(call.PublicURL(), publicURL), RequestID: call.RequestID, Lang: call.Lang(),
		})
		status.OK, status.Problem, status.State = false, &doc, outbox.StateFailed
		return status
	}
	status.Result = Receipt{Of: receipt}
	return status
}

// seconds is how long the job still takes, in whole seconds, rounded up; nil if that is not known.
func seconds(job *outbox.Job) *int {
	switch {
	case job.Result != nil:
		return new(0)
	case job.ETA <= 0:
		return nil
	}
	return new(int(math.Ceil(job.ETA.Seconds())))
}
