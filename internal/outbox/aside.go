package outbox

import (
	"log/slog"
	"math/rand/v2"
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
	case b.lead().group.job:
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
	time.AfterFunc(asideFor+rand.N(asideFor), func() {
		o.mu.Lock()
		defer o.mu.Unlock()
		l.again(b)
		l.takeBack(b.entries())
		o.wake(l)
	})
	return true
}
