package outbox

import (
	"bytes"
	"context"
	"errors"
	"log/slog"

	"github.com/rowgate/rowgate/internal/feishu"
	"github.com/rowgate/rowgate/internal/problem"
)

func (a *acceptor) replay(
	ctx context.Context, table feishu.TableRef, key string, fingerprint [32]byte,
) (ticket *Ticket, found bool, err error) {
	e := a.newEntry(&Submission{Table: table, IdempotencyKey: key, Fingerprint: fingerprint})
	for {
		a.mu.Lock()
		t, before, err := a.join(e)
		a.mu.Unlock()
		switch {
		case err != nil || t != nil:
			return t, t != nil, err
		case before == nil:
			known, err := a.earlier(ctx, e)
			if err != nil || known == nil {
				return nil, false, err
			}
			t, err := a.again(ctx, e, known)
			return t, t != nil, err
		}
		select { // the one with the same key is being admitted
		case <-before:
		case <-ctx.Done():
			return nil, false, ctx.Err()
		}
	}
}

// join returns a ticket of the entry in memory that e repeats, or a channel that is closed when the entry that has the key is
// admitted or dropped, or its answer settled; neither if e is the first. Outbox.mu is held.
func (a *acceptor) join(e *entry) (t *Ticket, before <-chan struct{}, err error) {
	if a.phase != phaseRunning {
		a.metrics.submissions.WithLabelValues("draining").Inc()
		return nil, nil, draining()
	}
	if answers := a.answers[e.key]; answers != nil {
		return nil, answers.settled, nil
	}
	other := a.keys[e.key]
	if other == nil {
		return nil, nil, nil
	}
	select {
	case <-other.admitted:
	default:
		return nil, other.admitted, nil
	}
	if other.sub.Fingerprint != e.sub.Fingerprint {
		a.metrics.submissions.WithLabelValues("conflict").Inc()
		return nil, nil, conflict()
	}
	other.delivered = false // of the answers it gives, the one to this repeat is the one that has to arrive
	a.lanes.repeat(other)
	a.metrics.submissions.WithLabelValues("joined").Inc()
	return a.ticket(other, true), nil, nil
}

// earlier returns the stored entry that e repeats; nil if e is new. A stored answer by which nothing was done makes way.
func (a *acceptor) earlier(ctx context.Context, e *entry) (*Entry, error) {
	known, found, err := a.opts.Store.Find(ctx, Lookup{Tenant: e.tenant, Key: e.key})
	if err != nil {
		return nil, notStored(err)
	}
	if !found || a.isGone(known.ID) {
		return nil, nil
	}
	// Its deletion may have been stored between the two lines above.
	if known, found, err = a.opts.Store.Find(ctx, Lookup{ID: known.ID}); err != nil {
		return nil, notStored(err)
	}
	switch {
	case !found, known.Derived && known.Delivered && !known.DoneAt.IsZero(): // freed between the two lines
		return nil, nil
	case !bytes.Equal(known.Print, e.sub.Fingerprint[:]):
		a.metrics.submissions.WithLabelValues("conflict").Inc()
		return nil, conflict()
	case known.DoneAt.IsZero():
		return &known, nil
	}
	result, err := a.journal.openAnswer(known.Result)
	if err != nil {
		a.opts.Logger.ErrorContext(ctx, "stored answer cannot be opened", slog.String("job", known.ID), slog.Any("error", err))
		return nil, problem.From(err)
	}
	if allFailed(result.Rows) && !result.Cancelled {
		way := Changes{Forget: []string{known.ID}}
		if known.Keep && known.Derived { // its job id was handed out: the key alone becomes free
			way = Changes{Delivered: way.Forget}
		}
		if err := a.journal.apply(way); err != nil {
			return nil, notStored(err)
		}
		return nil, nil
	}
	return &known, nil
}

func (a *acceptor) isGone(id string) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.gone[id]
}

// again returns a ticket of a stored entry that e repeats: with its answer, or waiting for it at the instance that runs it.
func (a *acceptor) again(ctx context.Context, e *entry, known *Entry) (*Ticket, error) {
	if known.DoneAt.IsZero() {
		followed, err := a.lanes.follow(ctx, known)
		switch {
		case err == nil:
			a.metrics.submissions.WithLabelValues("joined").Inc()
			a.mu.Lock()
			defer a.mu.Unlock()
			return a.ticket(followed, true), nil
		case !errors.Is(err, errGone):
			return nil, err
		}
		answered, found, err := a.opts.Store.Find(ctx, Lookup{ID: known.ID})
		if err != nil {
			return nil, notStored(err)
		}
		if !found || answered.DoneAt.IsZero() {
			return nil, inFlight()
		}
		known = &answered
	}
	result, err := a.journal.openAnswer(known.Result)
	if err != nil {
		a.opts.Logger.ErrorContext(ctx, "stored answer cannot be opened", slog.String("job", known.ID), slog.Any("error", err))
		return nil, problem.From(err)
	}
	a.metrics.submissions.WithLabelValues("replayed").Inc()
	done := &entry{
		id: known.ID, key: known.Key, derived: known.Derived, keep: known.Keep, kept: known.Keep, delivered: known.Delivered,
		sub: e.sub, round: newRound(), journaled: true,
	}
	a.mu.Lock()
	a.transition(done, EntryReplay)
	a.mu.Unlock()
	done.round.end(result, nil)
	return a.ticket(done, true), nil
}
