package outbox

import (
	"context"
	"log/slog"
	"slices"
	"time"

	"github.com/rowgate/rowgate/internal/feishu"
	"github.com/rowgate/rowgate/internal/problem"
)

// lostFor is how long a batch of unknown outcome is taken up again, by repeats and by the janitor, before its rows are answered as
// unknown for good.
const lostFor = 10 * time.Minute

// finish sees one stored batch through and returns the batches that it was divided into.
func (o *Outbox) finish(ctx context.Context, l *lane, b *batch) []*batch {
	if b.overtaken && !b.resumed {
		o.requeue(l, b)
		return nil
	}
	if o.halted(b) {
		o.end(l, b, ending{})
		return o.goOn(l, b.op, unitsOf(b.items))
	}
	ids, v, why := o.send(ctx, b)
	o.metrics.batch(b, v)
	switch v {
	case verdictWritten:
		o.end(l, b, ending{Status: b.written(), IDs: ids})
	case verdictRefused:
		return o.divide(ctx, l, b, why)
	case verdictFailed, verdictUnknown:
		o.giveUp(l, b, v, why)
	case verdictStopped:
	}
	return nil
}

// halted reports whether nothing of b was sent and nothing more of one of its entries is to be: an upsert's updates come after
// its creates.
func (o *Outbox) halted(b *batch) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return !b.resumed && slices.ContainsFunc(b.items, func(it item) bool { return it.e.stop != nil })
}

// giveUp ends the tries for b, for good or for now.
func (o *Outbox) giveUp(l *lane, b *batch, v verdict, why *feishu.Error) {
	switch {
	case o.setAside(l, b, v, why):
	case v == verdictUnknown:
		o.lose(l, b, unknownOutcome().Because(why))
	default:
		o.fail(l, b, why.Problem())
	}
}

// fail ends a batch of which nothing was written, for a reason that holds for all its rows: nothing more of its
// entries is sent.
func (o *Outbox) fail(l *lane, b *batch, why *problem.Error) {
	o.end(l, b, ending{Status: Failed, Err: why})
}

// end records what became of b, stores it, and answers the entries that have come to rest by it.
func (o *Outbox) end(l *lane, b *batch, end ending) {
	o.mu.Lock()
	b.apply(&end)
	delete(l.adrift, b)
	if end.Status == Created || end.Status == Updated {
		l.made(b.items)
		l.overtake(b)
	}
	entries := b.entries()
	rest := o.atRest(l, entries)
	o.mu.Unlock()

	var changes Changes
	if !b.unstored && len(rest.final) < len(entries) {
		changes.Finish = []BatchResult{{ID: b.id, Result: o.sealJSON(sealResult, end)}}
	}
	o.answer(rest, changes)
}

// lose gives b up for now: its rows are answered as unknown, a repeat or the janitor takes it up again.
func (o *Outbox) lose(l *lane, b *batch, why *problem.Error) {
	b.resumed = true
	if b.lost.IsZero() {
		b.lost = time.Now()
	}
	o.opts.Logger.Warn("outcome of a batch is unknown", slog.String("batch", b.id), slog.Int("rows", len(b.items)), slog.Duration("for", time.Since(b.lost)))
	if time.Since(b.lost) > lostFor {
		o.end(l, b, ending{Status: Unknown, Err: why})
		return
	}
	o.mu.Lock()
	l.adrift[b] = true
	entries := b.entries()
	for _, e := range entries {
		n := b.count(e)
		e.out -= n
		e.lost[b] = n
		e.halt(why)
	}
	rest := o.atRest(l, entries)
	o.mu.Unlock()
	o.answer(rest, Changes{})
}

// apply gives the rows of b that end with it their statuses. Rows that go on in other batches stay under way.
func (b *batch) apply(end *ending) {
	for i := range b.items {
		it := &b.items[i]
		if end.Status == "" || it.e == nil {
			continue
		}
		it.e.out -= it.count()
		if end.Status == Failed || end.Status == Unknown {
			it.e.halt(end.Err)
			if end.Status == Failed && retryable(end.Err) {
				it.each(it.e.wait)
			} else {
				it.each(func(pos int) { it.e.set(pos, end.Status, "", nil) })
			}
			continue
		}
		id := it.id
		if i < len(end.IDs) {
			id = end.IDs[i]
		}
		it.e.set(it.pos, end.Status, id, nil)
		more := Updated
		if end.Status == Unchanged {
			more = Unchanged
		}
		for _, pos := range it.more {
			it.e.set(pos, more, id, nil)
		}
	}
}

// count is the number of e's rows in b.
func (b *batch) count(e *entry) int {
	n := 0
	for i := range b.items {
		if b.items[i].e == e {
			n += b.items[i].count()
		}
	}
	return n
}

// resting is what entries that nobody works on any more have come to.
type resting struct {
	insert []Entry  // of those that were never stored
	final  []*entry // every row has its status
	undone []*entry // nothing was written and a repeat may run anew
	parked []*entry // a repeat goes on with it
}

// atRest sorts out those of entries that have come to rest; o.mu is held.
func (o *Outbox) atRest(l *lane, entries []*entry) resting {
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
		case e.open == 0 && !e.keep && allFailed(e.rows):
			rest.undone = append(rest.undone, e)
		case e.open == 0:
			rest.insert = e.claim(rest.insert)
			rest.final = append(rest.final, e)
		case e.stop != nil:
			e.parked = true
			rest.insert = e.claim(rest.insert)
			rest.parked = append(rest.parked, e)
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
	for _, pos := range e.todo {
		e.set(pos, Failed, "", nil)
	}
	e.todo = nil
}

// answer stores the answers of entries at rest together with changes, and then gives them to those who wait. Only if no entry
// is undone may o.mu be held.
func (o *Outbox) answer(rest resting, changes Changes) {
	type reply struct {
		e      *entry
		result *Result
	}
	var replies []reply
	changes.Insert = append(changes.Insert, rest.insert...)
	now := time.Now().UTC().Truncate(time.Millisecond)
	for _, e := range rest.final {
		r := e.result()
		replies = append(replies, reply{e, r})
		changes.Done = append(changes.Done, EntryResult{ID: e.id, Result: o.sealAnswer(r), DoneAt: now})
	}
	for _, e := range rest.parked {
		replies = append(replies, reply{e, e.result()})
		if e.mark == "" {
			e.mark = newID("bat_")
			changes.Start = append(changes.Start, o.pauseMark(e))
		}
	}
	var frees []string
	for _, e := range rest.undone {
		changes.Forget = append(changes.Forget, e.id)
		frees = append(frees, e.key)
	}
	o.answerUndone(rest.undone)
	tell := func(err error) {
		if err != nil { // what was written is written: say so, and let the next start find out again
			o.opts.Logger.Error("outbox cannot store answers", slog.Int("entries", len(replies)), slog.Any("error", err))
		}
		o.mu.Lock()
		defer o.mu.Unlock()
		for _, e := range rest.undone {
			delete(o.gone, e.id)
		}
		for _, r := range replies {
			if !r.e.parked {
				o.kept.Bytes -= int64(r.e.bytes)
				o.drop(r.e)
				o.releaseDelivered(r.e)
			}
			o.metrics.rows(r.e, r.result)
			r.e.round.end(r.result, nil)
		}
		o.checkIdle()
	}
	switch {
	case !changes.empty():
		o.store.add(&request{changes: changes, frees: frees, then: tell}, len(replies) > 0)
	case len(replies) > 0: // parked again, as is stored already
		tell(nil)
	}
}

// answerUndone answers entries of which nothing was written: they are forgotten at once, so that a repeat runs anew.
func (o *Outbox) answerUndone(entries []*entry) {
	if len(entries) == 0 {
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, e := range entries {
		r := e.result()
		o.gone[e.id], e.released = true, true
		o.forgotten(e)
		o.drop(e)
		o.metrics.rows(e, r)
		e.round.end(r, nil)
	}
}

func (c *Changes) empty() bool {
	return len(c.Insert)+len(c.Start)+len(c.Finish)+len(c.Done)+len(c.Delivered)+len(c.Keep)+len(c.Forget) == 0
}
