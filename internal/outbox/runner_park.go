package outbox

import (
	"context"
	"log/slog"
	"slices"
	"time"
)

// How often the janitor looks after things.
const (
	parkEvery   = time.Minute      // batches of unknown outcome are sent again
	expireEvery = time.Hour        // answers older than KeepFor are deleted
	crowdEvery  = 10 * time.Minute // while more is kept than a tenant's share: whose it is is counted
)

// markSeq is the place of a mark in its lane: before all batches.
const markSeq = 0

// opPause is the operation of a stored mark: its entry was answered and waits for a repeat. Unlike other batches it is no call.
const opPause Op = "pause"

// parkMark is a stored note that an entry is parked, so that a restart does not send what the caller was told is not written.
func (r *runner) parkMark(a *reply) Batch {
	e := a.entry
	return Batch{
		ID: a.mark, Lane: e.lane, Seq: markSeq, Entries: []string{e.id},
		Plan: r.journal.sealJSON(sealPlan, plan{Op: opPause, Parts: []Part{{Entry: e.id}}, Pause: a.stop}),
	}
}

// repeat implements lanes: batches of unknown outcome are sent again as they are, then what was not sent.
func (r *runner) repeat(e *entry) {
	l := r.lanes[e.lane]
	if e.state != EntryParked || l == nil {
		return
	}
	r.resumeEntry(e)
	if !e.cancelled {
		e.stop = nil
	}
	for _, b := range e.unknownBatches() {
		b.overtaken = b.overtaken && b.op == OpCreate // the repeat asks for an update now; a second record nobody asks for
		r.queueAgain(l, b)
	}
	if len(e.todo) > 0 {
		l.putBack(e, nil)
	}
	r.unmark(l, e)
	r.wake(l)
}

// unmark ends the stored note that e is parked; mu is held.
func (r *runner) unmark(l *lane, e *entry) {
	r.journal.add(&request{changes: Changes{Finish: []BatchResult{r.markEnd(e.mark, "")}, Fences: l.fences(), Volatile: true}}, false)
	e.mark = ""
}

// markEnd is the end of a note that an entry is parked: it was repeated, or, with Failed, its answer was delivered.
func (r *runner) markEnd(mark string, status RowStatus) BatchResult {
	return BatchResult{ID: mark, Result: r.journal.sealJSON(sealResult, ending{Status: status})}
}

// resumeEntry takes an entry up again that was deferred, or is parked or about to be; nothing happens to one in another state.
// mu is held.
func (r *runner) resumeEntry(e *entry) {
	switch e.state {
	case EntryParked, EntryParking:
		e.round = newRound()
		r.transition(e, EntryResume)
	case EntryDeferred:
		r.transition(e, EntryResume)
	case EntryNew, EntryAdmitting, EntryQueued, EntryRunning, EntryElsewhere, EntrySettling, EntryDone, EntryReleased:
	}
	if e.state == EntryQueued && e.out > 0 {
		r.transition(e, EntryRun)
	}
}

// queueAgain queues a batch of unknown outcome to be sent again as it is; mu is held.
func (r *runner) queueAgain(l *lane, b *batch) {
	for _, e := range b.entries() {
		e.out += e.unknown[b]
		delete(e.unknown, b)
		r.resumeEntry(e)
	}
	r.transitionBatch(b, BatchQueue)
	l.again(b)
}

// unknownBatches are e's batches of unknown outcome, oldest first.
func (e *entry) unknownBatches() []*batch {
	list := make([]*batch, 0, len(e.unknown))
	for b := range e.unknown {
		list = append(list, b)
	}
	slices.SortFunc(list, func(a, b *batch) int { return int(a.seq - b.seq) })
	return list
}

// finalize implements lanes.
func (r *runner) finalize(e *entry) {
	l := r.lanes[e.lane]
	if l == nil || r.entries[e.id] != e { // it is parked at another instance, if it is not done by now
		if e.mark == "" {
			return
		}
		r.journal.add(&request{changes: Changes{Finish: []BatchResult{r.markEnd(e.mark, Failed)}}, then: func(error) {
			r.owner.Notify(Note{Lane: e.lane, Kind: NoteStored})
		}}, false)
		return
	}
	e.failTodo()
	if e.derived && e.delivered && !e.keep && !e.recalls {
		r.remove(l, e)
		r.releaseDelivered(e)
		return
	}
	r.transition(e, EntrySettle)
	var rest resting
	rest.finish(l, e)
	r.answer(l, rest, Changes{})
}

// janitor looks after parked entries and old answers until ctx ends.
func (r *runner) janitor(ctx context.Context) {
	park, expire, crowd := time.NewTicker(parkEvery), time.NewTicker(expireEvery), time.NewTicker(crowdEvery)
	defer park.Stop()
	defer expire.Stop()
	defer crowd.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-park.C:
			r.lookAfterParked()
		case <-expire.C:
			r.expireOld(ctx)
		case <-crowd.C:
			if r.isCrowded() {
				r.expireOld(ctx)
			}
		}
	}
}

// lookAfterParked queues every batch of unknown outcome again, and ends what has waited for a repeat for KeepFor.
func (r *runner) lookAfterParked() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, e := range r.entries {
		l := r.lanes[e.lane]
		if e.state != EntryParked || l == nil {
			continue
		}
		for _, b := range e.unknownBatches() {
			r.queueAgain(l, b)
		}
		if e.state == EntryParked && time.Since(e.created) > KeepFor {
			r.finalize(e)
		}
		r.wake(l)
	}
}

// expireOld deletes old answers, and counts what is kept.
func (r *runner) expireOld(ctx context.Context) {
	if err := r.expire(ctx); err != nil {
		r.opts.Logger.ErrorContext(ctx, "outbox cannot expire old answers", slog.Any("error", err))
	}
}

// isCrowded reports whether more is kept than one tenant may have.
func (r *runner) isCrowded() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.kept.past(r.opts.Kept.share())
}
