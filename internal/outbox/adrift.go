package outbox

import (
	"slices"
)

// A batch that is set aside or given up for now is adrift: the lane goes on without it, and a later write may overtake it.

// overtake marks the batches adrift that write to what b has written by now. Sent again they would undo that, or make a second
// record of a key. o.mu is held.
func (l *lane) overtake(b *batch) {
	for other := range l.adrift {
		if other != b && other.lead().sub.Table.TableID == b.lead().sub.Table.TableID && meet(other.places(), b.places()) {
			other.overtaken = true
		}
	}
}

// places are the records that b updates and the keys that it upserts.
func (b *batch) places() map[string]bool {
	places := make(map[string]bool, len(b.items))
	for i := range b.items {
		it := &b.items[i]
		if it.id != "" {
			places[join([]string{it.id})] = true
		}
		if sub := it.e.sub; sub.Op == OpUpsert {
			parts, _ := rowKey(keyColumns(sub), cellsOf(it.fields))
			places[join(slices.Concat(sub.KeyFields, parts))] = true
		}
	}
	return places
}

func meet(a, b map[string]bool) bool {
	for place := range a {
		if b[place] {
			return true
		}
	}
	return false
}

// requeue puts the rows of a batch that was not sent back into the lane.
func (o *Outbox) requeue(l *lane, b *batch) {
	o.end(l, b, ending{})
	o.mu.Lock()
	l.giveBack(b.items)
	rest := o.atRest(l, b.entries())
	o.mu.Unlock()
	o.answer(rest, Changes{})
}

// giveBack puts rows that were taken from the lane back, in their places.
func (l *lane) giveBack(items []item) {
	for i := range items {
		it := &items[i]
		it.e.out -= it.count()
		it.each(it.e.wait)
	}
	l.takeBack(entriesOf(items))
}

// takeBack puts entries that wait at the head of their callers' queues, in their order; not those of which nothing more is sent.
func (l *lane) takeBack(entries []*entry) {
	for _, e := range slices.Backward(entries) {
		if e.stop == nil && len(e.todo) > 0 {
			l.putBack(e, nil)
		}
	}
}
