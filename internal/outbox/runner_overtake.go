package outbox

import (
	"slices"
)

// overtake marks the pending batches that write to what b has written by now: the lane went on without them. Sent again they
// would undo that, or make a second record of a key. mu is held.
func (l *lane) overtake(b *batch) {
	for other := range l.pending {
		if other != b && other.lead().sub.Table.TableID == b.lead().sub.Table.TableID && meet(other.targets(), b.targets()) {
			other.overtaken = true
		}
	}
}

// targets are the records that b updates and the keys that it upserts.
func (b *batch) targets() map[string]bool {
	targets := make(map[string]bool, len(b.items))
	for i := range b.items {
		it := &b.items[i]
		if it.id != "" {
			targets[join([]string{it.id})] = true
		}
		if sub := it.entry.sub; sub.Op == OpUpsert {
			parts, _ := rowKey(keyColumns(sub), cellsOf(it.fields))
			targets[join(slices.Concat(sub.KeyFields, parts))] = true
		}
	}
	return targets
}

func meet(a, b map[string]bool) bool {
	for target := range a {
		if b[target] {
			return true
		}
	}
	return false
}

// requeue puts the rows of a batch that was not sent back into the lane.
func (r *runner) requeue(l *lane, b *batch) {
	r.end(l, b, ending{})
	r.mu.Lock()
	l.giveBack(b.items)
	rest := r.settle(l, b.entries())
	r.mu.Unlock()
	r.answer(l, rest, Changes{})
}

// giveBack puts rows that were taken from the lane back, in their places.
func (l *lane) giveBack(items []item) {
	for i := range items {
		it := &items[i]
		it.entry.out -= it.count()
		it.each(it.entry.wait)
	}
	l.takeBack(entriesOf(items))
}

// takeBack puts entries that wait at the head of their callers' queues, in their order; not those of which nothing more is sent,
// or nothing yet.
func (l *lane) takeBack(entries []*entry) {
	for _, e := range slices.Backward(entries) {
		if e.stop == nil && len(e.todo) > 0 && e.state != EntryDeferred {
			l.putBack(e, nil)
		}
	}
}
