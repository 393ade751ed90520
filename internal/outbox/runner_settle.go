package outbox

import (
	"context"
	"log/slog"
	"maps"
	"slices"
	"time"

	"github.com/rowgate/rowgate/internal/feishu"
	"github.com/rowgate/rowgate/internal/problem"
)

// giveUpFor is how long a batch of unknown outcome is sent again, by repeats and by the janitor, before its rows are answered as
// unknown for good.
const giveUpFor = 10 * time.Minute

// finish sees one stored batch through and returns the batches that it was divided into.
func (r *runner) finish(ctx context.Context, l *lane, b *batch) []*batch {
	if b.overtaken && !b.uncertain || r.isEarly(b) {
		r.requeue(l, b)
		return nil
	}
	if r.halted(b) {
		r.unmake(l)
		r.end(l, b, ending{})
		return r.goOn(l, b.op, unitsOf(b.items))
	}
	ids, v, why := r.send(ctx, l, b)
	r.metrics.batch(b, v)
	if v != verdictWritten && v != verdictStopped {
		r.unmake(l)
	}
	switch v {
	case verdictWritten:
		r.end(l, b, ending{Status: b.written(), IDs: ids})
	case verdictRefused:
		return r.divide(ctx, l, b, why)
	case verdictFailed, verdictUnknown:
		r.endTries(l, b, v, why)
	case verdictStopped:
	}
	return nil
}

// halted reports whether nothing of b was sent and nothing more of one of its entries is to be: an upsert's updates come after
// its creates.
func (r *runner) halted(b *batch) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return !b.uncertain && slices.ContainsFunc(b.items, func(it item) bool { return it.entry.stop != nil })
}

// endTries ends the tries for b, for good or for now.
func (r *runner) endTries(l *lane, b *batch, v verdict, why *feishu.Error) {
	switch {
	case r.deferBatch(l, b, v, why):
	case v == verdictUnknown:
		unknown := unknownOutcome().Because(why)
		unknown.Feishu = b.said
		r.setUnknown(l, b, unknown)
	default:
		r.fail(l, b, why.Problem())
	}
}

// fail ends a batch of which nothing was written, for a reason that holds for all its rows: nothing more of its
// entries is sent.
func (r *runner) fail(l *lane, b *batch, why *problem.Error) {
	r.end(l, b, ending{Status: Failed, Err: why})
}

// end records what became of b, stores it, and answers the entries that have come to rest by it.
func (r *runner) end(l *lane, b *batch, how ending) {
	r.mu.Lock()
	stored := b.state != BatchComposed
	r.transitionBatch(b, BatchEnd)
	b.apply(&how)
	delete(l.pending, b)
	if how.Status != "" {
		for _, e := range b.entries() {
			e.heard = nil
		}
	}
	if stored {
		b.countWritten(how.Status)
	}
	if how.Status == Created || how.Status == Updated {
		l.made(b.items)
		l.overtake(b)
	}
	if how.Status == Created {
		l.learn(how.IDs)
		r.find.proofs.wrote(b.lead().sub.Table, how.IDs)
	}
	entries := b.entries()
	rest := r.settle(l, entries)
	r.mu.Unlock()

	var changes Changes
	if stored && (b.witnessed || rest.final < len(entries)) {
		changes.Finish = []BatchResult{{ID: b.id, Result: r.journal.sealJSON(sealResult, how)}}
		r.mu.Lock()
		maps.DeleteFunc(l.ends, func(_ string, other *end) bool {
			return !slices.ContainsFunc(other.batch.items, func(it item) bool { return r.entries[it.entry.id] == it.entry })
		})
		l.ends[b.id] = &end{b, changes.Finish[0]}
		r.mu.Unlock()
	}
	r.answer(l, rest, changes)
}

// setUnknown gives b up for now: its rows are answered as unknown, a repeat or the janitor queues it again.
func (r *runner) setUnknown(l *lane, b *batch, why *problem.Error) {
	r.mu.Lock()
	b.uncertain = true
	if b.unknown.IsZero() {
		b.unknown = time.Now()
	}
	r.mu.Unlock()
	r.opts.Logger.Warn("outcome of a batch is unknown",
		slog.String("batch", b.id), slog.Int("rows", len(b.items)), slog.Duration("for", time.Since(b.unknown)))
	if time.Since(b.unknown) > giveUpFor {
		r.end(l, b, ending{Status: Unknown, Err: why})
		return
	}
	r.mu.Lock()
	r.transitionBatch(b, BatchGiveUp)
	l.pending[b] = true
	entries := b.entries()
	for _, e := range entries {
		n := b.count(e)
		e.out -= n
		e.unknown[b] = n
		e.halt(why)
	}
	rest := r.settle(l, entries)
	r.mu.Unlock()
	r.answer(l, rest, Changes{})
}

// apply gives the rows of b that end with it their statuses. Rows that go on in other batches stay under way.
func (b *batch) apply(end *ending) {
	for i := range b.items {
		it := &b.items[i]
		if end.Status == "" || it.entry == nil {
			continue
		}
		it.entry.out -= it.count()
		if end.Status == Failed || end.Status == Unknown {
			it.entry.halt(end.Err)
			if end.Status == Failed && retryable(end.Err) {
				it.each(it.entry.wait)
			} else {
				it.each(func(pos int) { it.entry.set(pos, end.Status, "", nil) })
			}
			continue
		}
		id := it.id
		if i < len(end.IDs) {
			id = end.IDs[i]
		}
		it.entry.skip(it.left)
		it.entry.set(it.pos, end.Status, id, nil)
		more := Updated
		if end.Status == Unchanged {
			more = Unchanged
		}
		for _, pos := range it.more {
			it.entry.set(pos, more, id, nil)
		}
	}
}

// countWritten counts b with its entries if it wrote their rows.
func (b *batch) countWritten(status RowStatus) {
	if status != Created && status != Updated && status != Deleted {
		return
	}
	for _, e := range b.entries() {
		if e != nil {
			e.batches++
		}
	}
}

// count is the number of e's rows in b.
func (b *batch) count(e *entry) int {
	n := 0
	for i := range b.items {
		if b.items[i].entry == e {
			n += b.items[i].count()
		}
	}
	return n
}

// resting is what entries that nobody works on any more have come to, as it stood then: one of them may be taken up again before the
// answers are stored.
type resting struct {
	claimed claims // those that were never stored
	replies []reply
	ends    []BatchResult // of their batches, which the store may not have yet: else a restart would send those again
	final   int           // replies of which every row has its status
	lasts   bool          // a power cut must not undo the storing of it
}

// add puts other's entries behind those of r.
func (r *resting) add(other resting) {
	r.claimed.inserts = append(r.claimed.inserts, other.claimed.inserts...)
	r.claimed.entries = append(r.claimed.entries, other.claimed.entries...)
	r.replies = append(r.replies, other.replies...)
	r.ends = append(r.ends, other.ends...)
	r.final += other.final
	r.lasts = r.lasts || other.lasts
}

// finish notes that every row of e has its status. A power cut may undo the storing of that where its batches are looked up again and
// come to the same end: neither for an answer that is found again by its key or job id, nor for one that says that rows are not
// written. Outbox.mu is held.
func (r *resting) finish(l *lane, e *entry) {
	r.replies = append(r.replies, reply{entry: e, round: e.round, result: e.result(), comesTo: comesToEnd})
	r.ends = append(r.ends, l.endsOf(e)...)
	r.final++
	r.lasts = r.lasts || !e.derived || e.keep || !e.written()
}

// undo notes that nothing of e was written. Outbox.mu is held.
func (r *resting) undo(e *entry) {
	r.replies = append(r.replies, reply{entry: e, round: e.round, result: e.result(), comesTo: comesToNothing})
	r.lasts = true
}

// park notes that a repeat goes on with e; mark is the id of a note of that if it is to be stored. Outbox.mu is held.
func (r *resting) park(l *lane, e *entry, mark string) {
	r.replies = append(r.replies, reply{entry: e, round: e.round, result: e.result(), comesTo: comesToWait, mark: mark, stop: e.stop})
	r.ends = append(r.ends, l.endsOf(e)...)
	r.lasts = true
}

// settle sorts out those of entries of which nothing is under way any more; mu is held. Each goes to answer, or back to the rows
// that wait in the lane.
func (r *runner) settle(l *lane, entries []*entry) resting {
	var rest resting
	for _, e := range entries {
		if e.out > 0 {
			continue
		}
		if e.stop != nil {
			l.remove(e)
			if !retryable(e.stop) || !e.changed() {
				e.failTodo()
			}
		}
		switch {
		case e.open == 0 && !e.keep && !e.loaded && allFailed(e.rows):
			r.transition(e, EntrySettle)
			rest.undo(e)
		case e.open == 0:
			r.transition(e, EntrySettle)
			rest.claimed.add(e)
			rest.finish(l, e)
		case e.stop != nil:
			r.transition(e, EntryPark)
			rest.claimed.add(e)
			mark := ""
			if e.mark == "" {
				mark = newID("bat_")
				e.mark = mark
			}
			rest.park(l, e, mark)
		case e.state == EntryRunning:
			r.transition(e, EntryQueue)
		}
	}
	return rest
}

// wait puts a row that was not written back among those that wait; what is there already is not put in twice.
func (e *entry) wait(pos int) {
	if at, there := slices.BinarySearch(e.todo, pos); !there {
		e.todo = slices.Insert(e.todo, at, pos)
	}
}

// failTodo ends the rows that were not sent and never will be.
func (e *entry) failTodo() {
	e.dropped = e.dropped || e.cancelled && len(e.todo) > 0
	for _, pos := range e.todo {
		e.set(pos, Failed, "", nil)
	}
	e.todo = nil
}
