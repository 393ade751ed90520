package outbox

import (
	"context"

	"github.com/rowgate/rowgate/internal/feishu"
)

// Replay finds the earlier submission with this idempotency key before its rows are looked at again: an answer that was given
// stays the answer, even if the table has changed since. found is false if there is none; nothing is taken on either way.
// The error is a *problem.Error (draining, idempotency_conflict, in_flight) or ctx's.
func (o *Outbox) Replay(ctx context.Context, table feishu.TableRef, key string, fingerprint [32]byte) (ticket *Ticket, found bool, err error) {
	e := o.newEntry(&Submission{Table: table, IdempotencyKey: key, Fingerprint: fingerprint})
	for {
		o.mu.Lock()
		t, before, err := o.join(e)
		o.mu.Unlock()
		switch {
		case err != nil || t != nil:
			return t, t != nil, err
		case before == nil:
			t, err := o.replay(ctx, e)
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
// admitted or dropped; neither if e is the first. o.mu is held.
func (o *Outbox) join(e *entry) (t *Ticket, before <-chan struct{}, err error) {
	if o.state != stateRunning {
		o.metrics.submissions.WithLabelValues("draining").Inc()
		return nil, nil, draining()
	}
	other := o.keys[e.key]
	if other == nil {
		return nil, nil, nil
	}
	select {
	case <-other.admitted:
	default:
		return nil, other.admitted, nil
	}
	if other.sub.Fingerprint != e.sub.Fingerprint {
		o.metrics.submissions.WithLabelValues("conflict").Inc()
		return nil, nil, conflict()
	}
	other.delivered = false // of the answers it gives, the one to this repeat is the one that has to arrive
	o.revive(other)
	o.metrics.submissions.WithLabelValues("joined").Inc()
	return &Ticket{JobID: other.id, Replay: true, o: o, e: other, r: other.round}, nil, nil
}
