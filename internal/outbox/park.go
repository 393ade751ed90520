package outbox

import (
	"context"
	"log/slog"
	"slices"
	"time"
)

// How often the janitor looks after things.
const (
	parkEvery   = time.Minute // batches of unknown outcome are taken up again
	expireEvery = time.Hour   // answers older than KeepFor are deleted
)

// opPause is the operation of a stored mark: its entry was answered and waits for a repeat. Unlike other batches it is no call.
const opPause Op = "pause"

// pauseMark is a stored note that e is parked, so that a restart does not send what the caller was told is not written.
func (o *Outbox) pauseMark(e *entry) Batch {
	return Batch{
		ID: e.mark, Lane: e.lane, Entries: []string{e.id},
		Plan: o.sealJSON(sealPlan, plan{Op: opPause, Parts: []Part{{Entry: e.id}}, Pause: e.stop}),
	}
}

// revive goes on with a parked entry because it was repeated: batches of unknown outcome are sent again as they are, then what was
// not sent. o.mu is held.
func (o *Outbox) revive(e *entry) {
	if !e.parked || !e.round.ended {
		return
	}
	l := o.laneOf(e.lane)
	o.awaken(e)
	e.stop = nil
	for _, b := range e.lostBatches() {
		b.overtaken = b.overtaken && b.op == OpCreate // the repeat asks for an update now; a second record nobody asks for
		o.takeUp(l, b)
	}
	if len(e.todo) > 0 {
		l.putBack(e, nil)
	}
	o.store.add(&request{changes: Changes{Finish: []BatchResult{{ID: e.mark, Result: o.sealJSON(sealResult, ending{})}}}}, false)
	e.mark = ""
	o.wake(l)
}

func (o *Outbox) awaken(e *entry) {
	if e.parked {
		e.parked, e.round = false, newRound()
	}
}

// takeUp queues a batch of unknown outcome again; o.mu is held.
func (o *Outbox) takeUp(l *lane, b *batch) {
	for _, e := range b.entries() {
		e.out += e.lost[b]
		delete(e.lost, b)
		o.awaken(e)
	}
	l.again(b)
}

// lostBatches are e's batches of unknown outcome, oldest first.
func (e *entry) lostBatches() []*batch {
	list := make([]*batch, 0, len(e.lost))
	for b := range e.lost {
		list = append(list, b)
	}
	slices.SortFunc(list, func(a, b *batch) int { return int(a.seq - b.seq) })
	return list
}

// settleParked makes the answer of a parked entry final; o.mu is held.
func (o *Outbox) settleParked(e *entry) {
	e.parked = false
	e.failTodo()
	if !e.derived || !e.delivered || e.keep {
		o.answer(resting{final: []*entry{e}}, Changes{})
		return
	}
	o.drop(e)
	o.releaseDelivered(e)
}

// janitor looks after parked entries and old answers until ctx ends.
func (o *Outbox) janitor(ctx context.Context) {
	park, expire := time.NewTicker(parkEvery), time.NewTicker(expireEvery)
	defer park.Stop()
	defer expire.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-park.C:
			o.lookAfterParked()
		case <-expire.C:
			o.expire(ctx)
		}
	}
}

// lookAfterParked takes up every batch of unknown outcome again, and ends what has waited for a repeat for KeepFor.
func (o *Outbox) lookAfterParked() {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, e := range o.entries {
		if !e.parked || !e.round.ended {
			continue
		}
		l := o.laneOf(e.lane)
		for _, b := range e.lostBatches() {
			o.takeUp(l, b)
		}
		if e.parked && time.Since(e.created) > KeepFor {
			o.settleParked(e)
		}
		o.wake(l)
	}
}

func (o *Outbox) expire(ctx context.Context) {
	kept, err := o.opts.Store.Expire(ctx, time.Now().Add(-KeepFor))
	if err != nil {
		o.opts.Logger.ErrorContext(ctx, "outbox cannot expire old answers", slog.Any("error", err))
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.kept = kept
}
