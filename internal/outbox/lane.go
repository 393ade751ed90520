package outbox

import (
	"cmp"
	"context"
	"log/slog"
	"slices"
)

// lane is the queue of one base: (brand, app_token). At most one write of it is under way. It is guarded by Outbox.mu.
type lane struct {
	id      string
	ring    []*caller // callers that wait, whose turn it is first
	callers map[string]*caller
	resumed []*batch        // stored batches to be sent again before anything else, by seq
	running bool            // a goroutine works on it
	entries int             // entries that belong to it, waiting, under way or parked
	seq     int64           // of the newest batch
	options map[option]bool // created by writes of this lane
	adrift  map[*batch]bool // set aside, or given up for now
}

// push queues e behind the caller's other entries.
func (l *lane) push(e *entry) {
	c := l.caller(e.sub.Caller)
	c.queue = append(c.queue, e)
}

// putBack returns rows that were composed and not started to the head of the queue.
func (l *lane) putBack(e *entry, positions []int) {
	e.out -= len(positions)
	e.todo = append(slices.Clone(positions), e.todo...)
	c := l.caller(e.sub.Caller)
	if !slices.Contains(c.queue, e) {
		c.queue = slices.Insert(c.queue, 0, e)
	}
}

// remove takes e out of the queue.
func (l *lane) remove(e *entry) {
	c := l.callers[e.sub.Caller]
	if c == nil {
		return
	}
	c.queue = slices.DeleteFunc(c.queue, func(other *entry) bool { return other == e })
	if len(c.queue) == 0 {
		delete(l.callers, c.name)
		l.ring = slices.DeleteFunc(l.ring, func(other *caller) bool { return other == c })
	}
}

func (l *lane) caller(name string) *caller {
	c := l.callers[name]
	if c == nil {
		c = &caller{name: name}
		l.callers[name] = c
		l.ring = append(l.ring, c)
	}
	return c
}

// again queues a stored batch to be sent again.
func (l *lane) again(b *batch) {
	at, _ := slices.BinarySearchFunc(l.resumed, b, func(x, y *batch) int { return cmp.Compare(x.seq, y.seq) })
	l.resumed = slices.Insert(l.resumed, at, b)
}

// laneOf returns the lane by id; o.mu is held.
func (o *Outbox) laneOf(id string) *lane {
	l := o.lanes[id]
	if l == nil {
		l = &lane{id: id, callers: make(map[string]*caller), options: make(map[option]bool), adrift: make(map[*batch]bool)}
		o.lanes[id] = l
	}
	return l
}

// wake starts the lane's goroutine if there is work and none runs; o.mu is held.
func (o *Outbox) wake(l *lane) {
	if l.running || o.ctx.Err() != nil || len(l.ring) == 0 && len(l.resumed) == 0 {
		return
	}
	l.running = true
	o.work.Go(func() { o.runLane(o.ctx, l) })
}

// runLane works until the lane is empty.
func (o *Outbox) runLane(ctx context.Context, l *lane) {
	for {
		b, items := o.next(ctx, l)
		switch {
		case b != nil:
			o.finishAll(ctx, l, []*batch{b})
		case len(items) == 0:
			return
		case items[0].e.group.op == OpUpsert:
			o.upsert(ctx, l, items)
		default:
			o.write(ctx, l, items[0].e.group.op, items)
		}
	}
}

// next takes the lane's next work: a stored batch to be sent again, or rows for a new one. Without work, or when the outbox
// stops, the lane is no longer running.
func (o *Outbox) next(ctx context.Context, l *lane) (*batch, []item) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if ctx.Err() == nil && len(l.resumed) > 0 {
		b := l.resumed[0]
		l.resumed = l.resumed[1:]
		return b, nil
	}
	if ctx.Err() == nil && len(l.ring) > 0 {
		return nil, l.compose()
	}
	l.running = false
	if l.entries == 0 {
		delete(o.lanes, l.id)
	}
	o.checkIdle()
	return nil, nil
}

// write stores a new batch and sees it through.
func (o *Outbox) write(ctx context.Context, l *lane, op Op, items []item) {
	b := o.newBatch(l, op, items)
	if o.start(l, b) {
		o.finishAll(ctx, l, []*batch{b})
	}
}

// newBatch makes a batch of items. The first one of an entry that brings a client token takes that.
func (o *Outbox) newBatch(l *lane, op Op, items []item) *batch {
	o.mu.Lock()
	defer o.mu.Unlock()
	l.seq++
	b := &batch{id: newID("bat_"), seq: l.seq, op: op, items: items}
	if op == OpCreate {
		b.token = newClientToken()
		if e := b.lead(); e.sub.Write.ClientToken != "" && !e.tokenUsed {
			b.token, e.tokenUsed = e.sub.Write.ClientToken, true
		}
	}
	return b
}

// start stores batches, and the entries that are not stored yet with them. If that fails nothing was sent: the
// rows fail, and it returns false.
func (o *Outbox) start(l *lane, batches ...*batch) bool {
	var changes Changes
	for _, b := range batches {
		changes.Start = append(changes.Start, o.storedBatch(l, b))
	}
	o.mu.Lock()
	for _, b := range batches {
		for _, e := range b.entries() {
			changes.Insert = e.claim(changes.Insert)
		}
	}
	stored := o.store.begin(changes) // before any other change of what was claimed here
	o.mu.Unlock()
	err := <-stored
	if err == nil {
		return true
	}
	o.opts.Logger.Error("outbox cannot store a batch", slog.Any("error", err))
	for _, b := range batches {
		b.unstored = true
		o.fail(l, b, notStored(err))
	}
	return false
}

// finishAll sees batches through, in order, and what they are divided into.
func (o *Outbox) finishAll(ctx context.Context, l *lane, list []*batch) {
	for len(list) > 0 && ctx.Err() == nil {
		list = append(o.finish(ctx, l, list[0]), list[1:]...)
	}
}
