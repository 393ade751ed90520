package outbox

import (
	"log/slog"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/rowgate/rowgate/internal/feishu"
)

// While Feishu cannot be reached, a batch that must not be given up is deferred: the lane goes on, so that other callers are
// refused at once, and the batch comes back after a while.
const (
	deferFor       = 2 * time.Second  // until it comes back: this, and up to as much again
	unknownFor     = 20 * time.Second // that long while a caller waits to hear what became of rows that were sent
	unreachableFor = 10 * time.Minute // that long for rows of jobs, which nobody waits for
)

// deferBatch defers b if Feishu cannot be reached and b is worth waiting: rows of it may be written, or all of it are jobs'.
func (r *runner) deferBatch(l *lane, b *batch, v verdict, why *feishu.Error) bool {
	if why.Class != feishu.ClassOpen && why.Class != feishu.ClassUnreachable {
		return false
	}
	patience := unknownFor
	switch {
	case v == verdictUnknown:
		r.mu.Lock()
		b.uncertain = true
		r.mu.Unlock()
	case r.areJobs(b.entries()):
		patience = unreachableFor
	default:
		return false
	}
	if b.deferred.IsZero() {
		b.deferred = time.Now()
	}
	if time.Since(b.deferred) > patience {
		b.deferred = time.Time{}
		return false
	}
	r.opts.Logger.Info("batch deferred", slog.String("batch", b.id), slog.Int("rows", len(b.items)), slog.String("class", why.Class.String()))
	r.mu.Lock()
	defer r.mu.Unlock()
	r.transitionBatch(b, BatchDefer)
	l.pending[b] = true
	for _, e := range b.entries() { // its later rows do not overtake its earlier ones
		r.transition(e, EntryDefer)
		l.remove(e)
	}
	r.later(l, b.entries(), func() {
		r.transitionBatch(b, BatchQueue)
		l.again(b)
	})
	return true
}

// deferRows puts rows of an upsert whose records cannot be looked up back into the lane for a while, if Feishu cannot be reached and all
// of them are jobs'.
func (r *runner) deferRows(l *lane, items []item, err error) bool {
	why, entries := feishuError(err), entriesOf(items)
	if why.Class != feishu.ClassOpen && why.Class != feishu.ClassUnreachable || !r.areJobs(entries) {
		return false
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, e := range entries {
		if e.deferred.IsZero() {
			e.deferred = time.Now()
		}
		if time.Since(e.deferred) > unreachableFor {
			return false
		}
	}
	l.giveBack(items)
	for _, e := range entries {
		r.transition(e, EntryDefer)
		l.remove(e)
	}
	r.later(l, entries, func() {})
	return true
}

// later does what is to be done with a lane after a while, and resumes its entries; mu is held, also by f. Nothing is done if
// the lane has gone to another owner by then.
func (r *runner) later(l *lane, entries []*entry, f func()) {
	time.AfterFunc(deferFor+rand.N(deferFor), func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		if r.lanes[l.id] != l {
			return
		}
		f()
		for _, e := range entries {
			r.resumeEntry(e)
		}
		l.takeBack(entries)
		r.answer(l, r.settle(l, entries), Changes{}) // one may have been cancelled meanwhile
		r.wake(l)
	})
}

// areJobs reports whether a job id of each entry was handed out.
func (r *runner) areJobs(entries []*entry) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return !slices.ContainsFunc(entries, func(e *entry) bool { return !e.keep })
}
