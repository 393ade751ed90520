package outbox

import (
	"context"
	"errors"
	"log/slog"

	"github.com/rowgate/rowgate/internal/problem"
)

// Ticket is a caller's hold on a submission.
type Ticket struct {
	JobID  string
	Replay bool // the submission repeats an earlier one, whose answer this is

	acceptor *acceptor
	entry    *entry
	round    *round
}

// Wait returns the answer when there is one. Results are shared between callers: they are read-only. The error is a
// *problem.Error, or ctx's if that ended first; the write goes on then.
func (t *Ticket) Wait(ctx context.Context) (*Result, error) {
	select {
	case <-t.round.done:
	default:
		select {
		case <-t.round.done:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	if t.round.err != nil {
		return nil, t.round.err
	}
	return t.round.result, nil
}

// Heard is what Feishu answered to the last call of the submission that it refused, while that is not settled; nil if there is none.
func (t *Ticket) Heard() *problem.Feishu {
	t.acceptor.mu.Lock()
	defer t.acceptor.mu.Unlock()
	return t.entry.heard
}

// Delivered notes that a 2xx answer reached its caller: without a key of the caller's own, the same rows sent again are new rows
// from now on. Call it once the answer is written, and not after any other answer.
func (t *Ticket) Delivered() {
	t.acceptor.mu.Lock()
	defer t.acceptor.mu.Unlock()
	e := t.entry
	e.delivered = true
	switch e.state {
	case EntryDone:
		t.acceptor.releaseDelivered(e)
	case EntryParked:
		if len(e.unknown) == 0 {
			t.acceptor.lanes.finalize(e)
		}
	case EntryNew, EntryAdmitting, EntryQueued, EntryRunning, EntryDeferred, EntryElsewhere, EntrySettling, EntryParking, EntryReleased:
		// releaseDelivered once it is done
	}
}

// Recallable makes Delivered revocable and returns what revokes it: recall notes, within KeepFor of the answer, that the answer did
// not reach its caller after all, so that the same rows sent again are a repeat. Call Recallable before Delivered. recall holds
// nothing of the submission; it may be called at any time, also more than once.
func (t *Ticket) Recallable() (recall func()) {
	t.acceptor.mu.Lock()
	defer t.acceptor.mu.Unlock()
	t.entry.recalls = true
	accept, id := t.acceptor, t.JobID
	return func() { accept.recall(id) }
}

func (a *acceptor) recall(id string) {
	a.mu.Lock()
	if e := a.entries[id]; e != nil {
		e.delivered = false
	}
	a.mu.Unlock()
	if err := a.journal.apply(Changes{Recalled: []string{id}}); err != nil {
		a.opts.Logger.Error("a recalled answer was not noted", slog.String("job", id), slog.Any("error", err))
	}
}

// ErrAnswered is returned by Keep for a submission that was answered meanwhile and is not there any more: Wait has its answer.
var ErrAnswered = errors.New("the submission was answered and is forgotten")

// Keep makes sure that the job can be asked for later: the submission survives a crash and its result is kept. Call it
// before a job id is given to a caller. The error is ErrAnswered or a *problem.Error.
func (t *Ticket) Keep() error { return t.acceptor.keepJob(t.entry) }
