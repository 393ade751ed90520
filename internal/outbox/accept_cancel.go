package outbox

import (
	"context"
	"time"

	"github.com/rowgate/rowgate/internal/backoff"
)

// cancelLook is how often the store is asked whether another instance has ended a job that was cancelled here.
const cancelLook = 200 * time.Millisecond

func (a *acceptor) cancel(ctx context.Context, jobID, tenant string) (*Job, error) {
	job, err := a.job(ctx, jobID, tenant)
	switch {
	case err != nil:
		return nil, err
	case job.State == StateCancelled:
		return job, nil
	case job.Result != nil:
		return nil, jobEnded(job)
	}
	if err := a.jobs.cancelJob(ctx, jobID); err != nil {
		return nil, notCancelled(err)
	}
	a.awaitEnd(ctx, jobID)
	job, err = a.job(context.WithoutCancel(ctx), jobID, tenant)
	if err == nil && job.Result != nil && job.State != StateCancelled {
		return nil, jobEnded(job) // nothing of it was left to be dropped
	}
	return job, err
}

// awaitEnd waits until the job has its answer, or until ctx ends.
func (a *acceptor) awaitEnd(ctx context.Context, jobID string) {
	for {
		a.mu.Lock()
		e := a.entries[jobID]
		var done chan struct{}
		if e != nil {
			done = e.round.done
		}
		a.mu.Unlock()
		if e != nil {
			select {
			case <-done:
			case <-ctx.Done():
			}
			return
		}
		known, found, err := a.opts.Store.Find(ctx, Lookup{ID: jobID})
		if err != nil || !found || !known.DoneAt.IsZero() || backoff.Wait(ctx, cancelLook) != nil {
			return
		}
	}
}
