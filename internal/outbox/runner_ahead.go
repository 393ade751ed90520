package outbox

import (
	"context"
	"slices"
	"sync"
)

// ahead is a lane's next batch, composed and stored while the one before it is under way, so that Feishu waits for nothing but the
// call itself. Only full batches of imports are made ahead, and only where nobody else waits: a batch that is not full could still
// grow. If others come meanwhile its rows go back, and the next batch is shared with them. Outbox.mu guards it.
type ahead struct {
	batch *batch
	held  []*tenant     // what the ring held besides: none of it may go before the batch
	made  chan struct{} // closed once batch is stored, or cannot be
}

// calmBatches is how many batches a lane sends before it makes one ahead again after others came.
const calmBatches = 8

// see works on a stored batch until it has ended, and meanwhile makes the lane's next one ready.
func (r *runner) see(ctx context.Context, l *lane, b *batch) {
	var work sync.WaitGroup
	r.mu.Lock()
	if l.stir > 0 {
		l.stir--
	} else if !b.uncertain && ctx.Err() == nil && !l.reload && l.bulk() {
		next, items := r.holdBack(l)
		work.Go(func() { r.prepare(l, next, items) })
	}
	r.mu.Unlock()
	r.finishAll(ctx, l, []*batch{b})
	work.Wait()
}

// bulk reports whether nothing but imports waits in the lane, and enough of them for a full batch; mu is held.
func (l *lane) bulk() bool {
	if l.ahead != nil || l.unsure() || len(l.ring) == 0 {
		return false
	}
	g := l.ring[0].callers[0].queue[0].group
	if g.op == OpUpsert { // which looks its rows up first
		return false
	}
	rows := 0
	for _, t := range l.ring {
		for _, c := range t.callers {
			if c.key.imported == "" || slices.ContainsFunc(c.queue, func(e *entry) bool { return len(e.options) > 0 }) {
				return false
			}
		}
		rows += t.demand(g, maxRows(g.op))
	}
	return rows >= maxRows(g.op)
}

// unsure reports whether the lane went on without a batch: what it makes next must be stored knowing that. mu is held.
func (l *lane) unsure() bool { return len(l.pending) > 0 || len(l.resumed) > 0 }

// isEarly reports whether b was made ready and is not to be sent: others wait by now, or the batch before it comes back, so that
// later rows would overtake earlier ones, or be taken for them.
func (r *runner) isEarly(b *batch) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return b.early
}

// holdBack composes the lane's next batch; mu is held.
func (r *runner) holdBack(l *lane) (*ahead, []item) {
	items := l.compose()
	for _, e := range entriesOf(items) {
		r.transition(e, EntryRun)
	}
	l.ahead = &ahead{held: l.ring, made: make(chan struct{})}
	l.ring = nil
	clear(l.tenants)
	clear(l.callers)
	return l.ahead, items
}

// prepare stores the lane's next batch.
func (r *runner) prepare(l *lane, next *ahead, items []item) {
	defer close(next.made)
	b := r.newBatch(l, items[0].entry.group.op, items)
	stored := r.start(l, b)
	r.mu.Lock()
	defer r.mu.Unlock()
	if next.batch = b; !stored {
		l.ahead = nil
		l.letGo(next)
	}
}

// unmake takes the batch that was made ready apart before the one that is under way ends without having been written: rows of that one
// are in a later batch then, or wait, and after a restart what is stored of them would come behind those of the one that was made ready.
func (r *runner) unmake(l *lane) {
	r.mu.Lock()
	next := l.ahead
	r.mu.Unlock()
	if next == nil {
		return
	}
	<-next.made
	r.mu.Lock()
	stored := l.ahead == next
	if stored {
		l.ahead = nil
		l.letGo(next)
	}
	r.mu.Unlock()
	if stored {
		r.requeue(l, next.batch)
	}
}

// takeAhead takes the batch that was made ready. mu is held.
func (l *lane) takeAhead() *batch {
	next := l.ahead
	if next == nil {
		return nil
	}
	others := len(l.ring) > 0 && !l.starved
	if others {
		l.stir = calmBatches
	}
	next.batch.early = others || l.unsure()
	l.ahead = nil
	l.letGo(next)
	return next.batch
}

// letGo puts what was held back behind those who came later; mu is held.
func (l *lane) letGo(next *ahead) {
	for _, t := range next.held {
		l.last = t.name
		for _, c := range t.callers {
			for _, e := range c.queue {
				if (e.state == EntryQueued || e.state == EntryRunning) && e.stop == nil && e.waits() > 0 &&
					!slices.Contains(l.caller(c.key).queue, e) {
					l.push(e)
				}
			}
		}
	}
	l.prune()
}
