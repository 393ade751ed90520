package outbox

import "slices"

// yield lets go of those of the claimed entries whose write another instance has stored as well, under the same key, and puts the rows
// of the others back into the lane: the batches were not stored because of them. It returns false if there is no such entry.
func (r *runner) yield(l *lane, batches []*batch, claimed []*entry) bool {
	twice := make(map[*entry]bool)
	for _, e := range claimed {
		known, found, err := r.opts.Store.Find(l.lease.Context(), Lookup{Tenant: e.tenant, Key: e.key})
		if err == nil && found && known.ID != e.id {
			twice[e] = true
		}
	}
	if len(twice) == 0 {
		return false
	}
	r.mu.Lock()
	var rest resting
	for _, b := range batches {
		r.transitionBatch(b, BatchEnd)
		others := slices.DeleteFunc(slices.Clone(b.items), func(it item) bool { return twice[it.entry] })
		l.giveBack(others)
		rest.add(r.settle(l, entriesOf(others)))
	}
	for e := range twice {
		l.remove(e)
		r.transition(e, EntryHandOver)
		r.transition(e, EntryRelease)
		r.forgotten(e)
		r.remove(l, e)
		e.round.end(nil, inFlight())
	}
	r.checkIdle()
	r.mu.Unlock()
	r.answer(l, rest, Changes{})
	return true
}
