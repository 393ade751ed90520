package outbox

import (
	"log/slog"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/rowgate/rowgate/internal/feishu"
)

// While Feishu cannot be reached, a batch that must not be given up is set aside: the lane goes on, so that other callers are
// refused at once, and the batch comes back after a while.
const (
	asideFor       = 2 * time.Second  // until it comes back: this, and up to as much again
	unknownFor     = 20 * time.Second // that long while a caller waits to hear what became of rows that were sent
	unreachableFor = 10 * time.Minute // that long for rows of jobs, which nobody waits for
)

// setAside sets b aside if Feishu cannot be reached and b is worth waiting: rows of it may be written, or all of it are jobs'.
func (o *Outbox) setAside(l *lane, b *batch, v verdict, why *feishu.Error) bool {
	if why.Class != feishu.ClassOpen && why.Class != feishu.ClassUnreachable {
		return false
	}
	patience := unknownFor
	switch {
	case v == verdictUnknown:
		b.resumed = true
	case o.areJobs(b.entries()):
		patience = unreachableFor
	default:
		return false
	}
	if b.aside.IsZero() {
		b.aside = time.Now()
	}
	if time.Since(b.aside) > patience {
		b.aside = time.Time{}
		return false
	}
	o.opts.Logger.Info("batch set aside", slog.String("batch", b.id), slog.Int("rows", len(b.items)), slog.String("class", why.Class.String()))
	o.mu.Lock()
	defer o.mu.Unlock()
	l.adrift[b] = true
	for _, e := range b.entries() { // its later rows do not overtake its earlier ones
		l.remove(e)
	}
	o.later(l, b.entries(), func() { l.again(b) })
	return true
}

// putOff puts rows of an upsert whose records cannot be looked up back into the lane for a while, if Feishu cannot be reached and all
// of them are jobs'.
func (o *Outbox) putOff(l *lane, items []item, err error) bool {
	why, entries := feishuError(err), entriesOf(items)
	if why.Class != feishu.ClassOpen && why.Class != feishu.ClassUnreachable || !o.areJobs(entries) {
		return false
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, e := range entries {
		if e.aside.IsZero() {
			e.aside = time.Now()
		}
		if time.Since(e.aside) > unreachableFor {
			return false
		}
	}
	l.giveBack(items)
	for _, e := range entries {
		l.remove(e)
	}
	o.later(l, entries, func() {})
	return true
}

// later does what is to be done with a lane after a while, and puts entries back into it; o.mu is held, also by f.
func (o *Outbox) later(l *lane, entries []*entry, f func()) {
	time.AfterFunc(asideFor+rand.N(asideFor), func() {
		o.mu.Lock()
		defer o.mu.Unlock()
		f()
		l.takeBack(entries)
		o.wake(l)
	})
}

// areJobs reports whether a job id of each entry was handed out.
func (o *Outbox) areJobs(entries []*entry) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return !slices.ContainsFunc(entries, func(e *entry) bool { return !e.keep })
}
