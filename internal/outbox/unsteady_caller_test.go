package outbox_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/rowgate/rowgate/internal/outbox"
	"github.com/rowgate/rowgate/internal/problem"
)

// Bounds of what a caller of an unsteady history does.
const (
	unsteadyTries = 200
	unsteadyLooks = 2_000 // at a job
)

var (
	errUnasked = errors.New("not taken in time")
	errNoJob   = errors.New("the job is not there")
)

// call is one caller: until its rows are written or it gives up. single means that nobody else submits the same.
func (x *unsteadyRun) call(t *testing.T, key string, sub outbox.Submission, single bool) {
	for try := range unsteadyTries {
		r, err := x.ask(t, key, sub)
		switch {
		case errors.Is(err, errNoJob):
			return
		case err != nil && single && x.w.abandon && saysNotWritten(err) && try == 0 && x.intN(2) == 0:
			x.gone(sub, nil)
			return
		case err != nil:
		case x.told(sub, r):
			return // without a delivery: who submits the same gets the same
		case single && x.w.abandon && x.intN(2) == 0:
			x.gone(sub, r)
			return
		}
		elapse(time.Duration(x.intN(3000)) * time.Millisecond)
	}
	if x.w.rows < 100 && x.w.bad == 0 { // the others need more calls, and changes of the store, than may go well within the tries
		x.complain("%s is never written", key)
	}
}

// saysNotWritten reports whether an error says that nothing is, or will be, written.
func saysNotWritten(err error) bool {
	if errors.Is(err, errUnasked) {
		return true
	}
	p := problem.From(err)
	return (p.Outcome == "" || p.Outcome == problem.NotWritten) && p.Code != problem.InFlight && p.Code != problem.UnknownOutcome
}

// ask submits once, and waits for the answer or takes a job id and asks for that.
func (x *unsteadyRun) ask(t *testing.T, key string, sub outbox.Submission) (*outbox.Result, error) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Duration(1+x.intN(25))*time.Second)
	defer cancel()
	ticket, err := x.box().Submit(ctx, sub)
	if errors.Is(err, context.DeadlineExceeded) {
		return nil, errUnasked
	}
	if err != nil {
		return nil, err
	}
	if !sub.Keep {
		if r, err := ticket.Wait(ctx); !errors.Is(err, context.DeadlineExceeded) {
			return r, err
		}
	}
	switch err := ticket.Keep(); {
	case errors.Is(err, outbox.ErrAnswered):
		long, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
		defer cancel()
		r, err := ticket.Wait(long)
		if errors.Is(err, context.DeadlineExceeded) {
			x.complain("%s is answered, and Wait waits", key)
		}
		return r, err
	case err != nil:
		return nil, err
	}
	if x.intN(2) == 0 && !x.w.twice && x.w.keys {
		ticket.Delivered()
	}
	return x.follow(t, key, ticket.JobID)
}

// follow asks for a job until it has ended.
func (x *unsteadyRun) follow(t *testing.T, key, id string) (*outbox.Result, error) {
	for range unsteadyLooks {
		job, err := x.box().Job(t.Context(), id, "digest of cli_example")
		switch {
		case err == nil && job.Result != nil:
			return job.Result, nil
		case err != nil && problem.From(err).Code == problem.JobNotFound:
			// The answer may have been given to the other, and forgotten. Of two instances over a store that refuses changes, the one may
			// forget an entry by which nothing was written after the other has handed out its job id.
			if !x.w.twice && (x.w.alone || x.w.refusals == 0) {
				x.complain("%s: there is no such job", key)
			}
			return nil, errNoJob
		}
		elapse(5 * time.Second)
	}
	x.complain("%s: the job does not end", key)
	return nil, errNoJob
}

// told notes what an answer says is written; true for all of it.
func (x *unsteadyRun) told(sub outbox.Submission, r *outbox.Result) bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	whole := true
	for _, row := range r.Rows {
		if row.Status == outbox.Failed || row.Status == outbox.Unknown {
			whole = false
			continue
		}
		x.once[title(sub.Rows[row.Index].Fields)] = true
	}
	return whole
}

// gone notes what a caller that does not repeat was told is not written: r, or all that it was not told before.
func (x *unsteadyRun) gone(sub outbox.Submission, r *outbox.Result) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if r == nil {
		for _, row := range sub.Rows {
			if text := title(row.Fields); !x.once[text] {
				x.absent[text] = true
			}
		}
		return
	}
	for _, row := range r.Rows {
		if row.Status == outbox.Failed {
			x.absent[title(sub.Rows[row.Index].Fields)] = true
		}
	}
}
