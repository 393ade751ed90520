package outbox

import (
	"slices"
	"time"
)

// tangledFor is how long it takes until a lane is loaded again of which an entry was on its way to the store.
const tangledFor = 100 * time.Millisecond

// leaveTangled takes those entries out of s that share an open batch with one that is on its way to the store, or whose answer is: this
// instance has that one, and does not know yet that another has run it, so that the batch would be taken for one that lacks rows. It
// reports whether there are any. mu is held.
func (r *runner) leaveTangled(s *stored) bool {
	tangled := make(map[string]bool)
	for i := range s.raw {
		if id := s.raw[i].ID; s.opened[id] == nil { // it was between when the others were opened, or is done by now
			tangled[id] = true
		}
	}
	for more := true; more; {
		more = false
		for i := range s.batches {
			b := &s.batches[i]
			if b.Result != nil || !slices.ContainsFunc(b.Entries, func(id string) bool { return tangled[id] || r.isBetween(id) }) {
				continue
			}
			for _, id := range b.Entries {
				more = more || !tangled[id]
				tangled[id] = true
			}
		}
	}
	before := len(s.raw)
	s.raw = slices.DeleteFunc(s.raw, func(known Entry) bool { return tangled[known.ID] })
	return len(s.raw) < before
}

// isBetween reports whether an entry, or its answer, is on its way to the store; mu is held.
func (r *runner) isBetween(id string) bool {
	e := r.entries[id]
	return e != nil && (e.state == EntryAdmitting || e.state == EntrySettling || e.state == EntryParking)
}

// reloadSoon loads a lane again after a while, and keeps it until then; mu is held.
func (r *runner) reloadSoon(l *lane) {
	l.entries++
	time.AfterFunc(tangledFor, func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		if r.lanes[l.id] != l {
			return
		}
		l.entries--
		l.reload = true
		r.wake(l)
	})
}
