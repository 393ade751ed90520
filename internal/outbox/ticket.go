package outbox

import (
	"context"
	"errors"
)

// Ticket is a caller's hold on a submission.
type Ticket struct {
	JobID  string
	Replay bool // the submission repeats an earlier one, whose answer this is

	o *Outbox
	e *entry
	r *round
}

// Wait returns the answer when there is one. Results are shared between callers: they are read-only. The error is a
// *problem.Error, or ctx's if that ended first; the write goes on then.
func (t *Ticket) Wait(ctx context.Context) (*Result, error) {
	select {
	case <-t.r.done:
	default:
		select {
		case <-t.r.done:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	if t.r.err != nil {
		return nil, t.r.err
	}
	return t.r.result, nil
}

// Delivered notes that a 2xx answer reached its caller: without a key of the caller's own, the same rows sent again are new rows
// from now on. Call it once the answer is written, and not after any other answer.
func (t *Ticket) Delivered() {
	o := t.o
	o.mu.Lock()
	defer o.mu.Unlock()
	t.e.delivered = true
	if o.entries[t.e.id] != t.e {
		o.releaseDelivered(t.e)
	} else if t.e.parked && t.e.round.ended && len(t.e.lost) == 0 {
		o.settleParked(t.e)
	}
}

// ErrAnswered is returned by Keep for a submission that was answered meanwhile and is not there any more: Wait has its answer.
var ErrAnswered = errors.New("the submission was answered and is forgotten")

// Keep makes sure that the job can be asked for later: the submission survives a crash and its result is kept. Call it
// before a job id is given to a caller. The error is ErrAnswered or a *problem.Error.
func (t *Ticket) Keep() error { return t.o.keep(t.e) }
