package outbox

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"slices"

	"github.com/google/uuid"
)

// lane is the queue of one base: (brand, app_token). At most one write of it is under way. Outbox.mu guards
// what changes.
type lane struct {
	// These never change once the lane is acquired.
	id      string
	lease   Lease
	unwatch func() bool // ends the watch over the lease

	ring     []*tenant // who waits, whose turn it is first
	last     string    // the tenant whose turn it was last
	tenants  map[string]*tenant
	callers  map[turn]*caller
	resumed  []*batch        // stored batches to be sent again before anything else, by seq
	running  bool            // a goroutine works on it
	starved  bool            // all that is next is in the store, and there is no room for it in memory
	reload   bool            // another instance has stored something of it
	loads    int             // loads under way of what is stored of it
	ended    map[string]bool // ids of entries that were dropped while a load is under way, which may have seen them
	entries  int             // entries that belong to it, waiting, under way or parked, and pins
	seq      int64           // of the newest batch
	options  map[option]bool // created by writes of this lane
	known    []creation      // what creates of the lane have made, oldest first
	knownIDs int             // record ids in known

	ahead   *ahead          // made ready while another batch is under way; nil for none
	stir    int             // batches before one is made ahead again
	pace    pace            // how fast it has been lately
	pending map[*batch]bool // stored batches that the lane went on without: deferred, of unknown outcome, or queued again
	ends    map[string]*end // of batches, by id, that the store may not have yet
}

// end is what became of a batch, for the store.
type end struct {
	batch  *batch
	result BatchResult
}

func newLane(id string, lease Lease) *lane {
	return &lane{
		id: id, lease: lease, tenants: make(map[string]*tenant), callers: make(map[turn]*caller), options: make(map[option]bool),
		pending: make(map[*batch]bool), ended: make(map[string]bool), ends: make(map[string]*end),
	}
}

// fences is the lease as the changes of the lane carry it to the store.
func (l *lane) fences() []Fence { return []Fence{{Lane: l.id, Token: l.lease.Token()}} }

// push queues e behind the others of its turn.
func (l *lane) push(e *entry) {
	c := l.caller(e.turn)
	c.queue = append(c.queue, e)
	l.starved = false
}

// putBack returns rows that were composed and not started to the head of the queue.
func (l *lane) putBack(e *entry, positions []int) {
	e.out -= len(positions)
	e.todo = append(slices.Clone(positions), e.todo...)
	l.starved = false
	c := l.caller(e.turn)
	if !slices.Contains(c.queue, e) {
		c.queue = slices.Insert(c.queue, 0, e)
	}
}

// remove takes e out of the queue.
func (l *lane) remove(e *entry) {
	c := l.callers[e.turn]
	if c == nil {
		return
	}
	c.queue = slices.DeleteFunc(c.queue, func(other *entry) bool { return other == e })
	if len(c.queue) == 0 {
		l.prune()
	}
}

func (l *lane) caller(key turn) *caller {
	c := l.callers[key]
	if c == nil {
		c = &caller{key: key}
		l.callers[key] = c
		t := l.tenant(key.tenant)
		t.callers = append(t.callers, c)
	}
	return c
}

// tenant returns a tenant of the ring. One that comes anew goes before the one whose turn it was last, if that is still there.
func (l *lane) tenant(name string) *tenant {
	t := l.tenants[name]
	if t == nil {
		t = &tenant{name: name}
		l.tenants[name] = t
		at := len(l.ring)
		if at > 0 && l.ring[at-1].name == l.last {
			at--
		}
		l.ring = slices.Insert(l.ring, at, t)
	}
	return t
}

// again queues a stored batch to be sent again.
func (l *lane) again(b *batch) {
	at, _ := slices.BinarySearchFunc(l.resumed, b, func(x, y *batch) int { return cmp.Compare(x.seq, y.seq) })
	l.resumed = slices.Insert(l.resumed, at, b)
}

// wake starts the lane's goroutine if there is work and none runs; mu is held.
func (r *runner) wake(l *lane) {
	if l.running || l.lease.Context().Err() != nil || (len(l.ring) == 0 || l.starved) && len(l.resumed) == 0 && !l.reload {
		return
	}
	l.running = true
	r.running++
	r.work.Go(func() { r.runLane(l.lease.Context(), l) })
}

// runLane works until the lane is empty.
func (r *runner) runLane(ctx context.Context, l *lane) {
	for {
		b, items := r.next(ctx, l)
		switch {
		case b == nil && len(items) == 0:
			if !r.goOnOrRest(ctx, l) {
				return
			}
		case b != nil:
			r.timed(l, b.items, func() { r.see(ctx, l, b) })
		case items[0].entry.group.op == OpUpsert:
			r.timed(l, items, func() { r.upsert(ctx, l, items) })
		default:
			r.timed(l, items, func() { r.write(ctx, l, items[0].entry.group.op, items) })
		}
	}
}

// next takes the lane's next work: a stored batch to be sent again, the one that was made ready, or rows for a new one.
func (r *runner) next(ctx context.Context, l *lane) (*batch, []item) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for {
		if ctx.Err() != nil || l.reload {
			return nil, nil
		}
		if len(l.resumed) > 0 {
			b := l.resumed[0]
			l.resumed = l.resumed[1:]
			return b, nil
		}
		if b := l.takeAhead(); b != nil {
			return b, nil
		}
		if len(l.ring) == 0 {
			return nil, nil
		}
		if brought, err := r.bring(ctx, l); err != nil {
			r.retryLater(l, err)
			return nil, nil
		} else if !brought {
			break
		}
	}
	items := l.compose()
	if len(items) == 0 {
		r.starve(l)
	}
	for _, e := range entriesOf(items) {
		r.transition(e, EntryRun)
	}
	return nil, items
}

// goOnOrRest loads what another instance stored for the lane. Without that and without work, or when the lease ends, the lane is
// no longer running: false.
func (r *runner) goOnOrRest(ctx context.Context, l *lane) bool {
	r.mu.Lock()
	more := ctx.Err() == nil && (len(l.resumed) > 0 || len(l.ring) > 0 && !l.starved || l.ahead != nil)
	if reload := l.reload && ctx.Err() == nil; reload {
		l.reload = false
		r.mu.Unlock()
		r.reload(l)
		return true
	}
	defer r.mu.Unlock()
	if more {
		return true
	}
	l.running = false
	r.running--
	switch {
	case ctx.Err() == nil:
		r.retire(l)
	case r.ctx.Err() == nil:
		r.surrender(l)
	}
	r.checkIdle()
	return false
}

// write stores a new batch and sees it through.
func (r *runner) write(ctx context.Context, l *lane, op Op, items []item) {
	b := r.newBatch(l, op, items)
	if r.start(l, b) {
		r.see(ctx, l, b)
	}
}

// newBatch makes a batch of items. The first one of an entry that brings a client token takes that.
func (r *runner) newBatch(l *lane, op Op, items []item) *batch {
	r.mu.Lock()
	defer r.mu.Unlock()
	l.seq++
	b := &batch{id: newID("bat_"), seq: l.seq, op: op, items: items}
	if op == OpCreate {
		b.token = uuid.NewString()
		if e := b.lead(); e.sub.Write.ClientToken != "" && !e.tokenUsed {
			b.token, e.tokenUsed = e.sub.Write.ClientToken, true
		}
	}
	return b
}

// start stores batches, and the entries that are not stored yet with them. If that fails nothing was sent: the
// rows fail, or go to the new owner of the lane, and it returns false.
func (r *runner) start(l *lane, batches ...*batch) bool {
	changes := Changes{Fences: l.fences()}
	for _, b := range batches {
		changes.Start = append(changes.Start, r.storedBatch(l, b))
	}
	var claimed claims
	r.mu.Lock()
	for _, b := range batches {
		for _, e := range b.entries() {
			claimed.add(e)
		}
	}
	for i, b := range batches {
		changes.Start[i].Entries = append(changes.Start[i].Entries, l.witness(b)...)
		changes.Finish = append(changes.Finish, l.endsOf(b.entries()...)...)
	}
	stored := r.begin(changes, claimed) // before any other change of what was claimed here
	r.mu.Unlock()
	err := <-stored
	if err == nil {
		r.mu.Lock()
		for _, b := range batches {
			r.transitionBatch(b, BatchStart)
		}
		l.haveEnded(changes.Finish)
		r.mu.Unlock()
		return true
	}
	switch {
	case errors.Is(err, ErrFenced):
		l.lease.Release(true) // the lane ends, and its entries are followed at the new owner
		return false
	case errors.Is(err, ErrDuplicate) && r.yield(l, batches, claimed.entries):
		return false
	}
	r.opts.Logger.Error("outbox cannot store a batch", slog.Any("error", err))
	for _, b := range batches {
		r.fail(l, b, notStored(err))
	}
	return false
}

// endsOf are the ends of the entries' batches that the store may not have yet. They are stored with the next batch of the entries and with
// their answers: a restart that found such a batch open would send its rows again, which are in a later batch or were answered as not
// written. The store has those batches, since the entries are not done. mu is held.
func (l *lane) endsOf(entries ...*entry) []BatchResult {
	var list []BatchResult
	for _, ended := range l.ends {
		if slices.ContainsFunc(entries, func(e *entry) bool { return ended.batch.count(e) > 0 }) {
			list = append(list, ended.result)
		}
	}
	return list
}

// haveEnded notes that the store has the ends of batches; mu is held.
func (l *lane) haveEnded(list []BatchResult) {
	for i := range list {
		delete(l.ends, list[i].ID)
	}
}

// finishAll sees batches through, in order, and what they are divided into.
func (r *runner) finishAll(ctx context.Context, l *lane, list []*batch) {
	for len(list) > 0 && ctx.Err() == nil {
		list = append(r.finish(ctx, l, list[0]), list[1:]...)
	}
}
