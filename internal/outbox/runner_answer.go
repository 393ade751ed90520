package outbox

import (
	"errors"
	"log/slog"
	"slices"
	"time"
)

// reply is an answer on its way: to the store, then to those who wait in round.
type reply struct {
	entry  *entry
	round  *round
	result *Result
	undone bool // nothing was written: the store forgets the entry, and a repeat runs anew
}

// answer stores the answers of entries at rest together with changes, and then gives them to those who wait: only the store knows
// whether the lane has a newer owner, which may be writing what this one takes for not written. It takes no lock itself, and may be
// called with Outbox.mu held.
func (r *runner) answer(l *lane, rest resting, changes Changes) {
	var replies []reply
	changes.Insert = append(changes.Insert, rest.insert...)
	now := time.Now().UTC().Truncate(time.Millisecond)
	for _, e := range rest.final {
		result := e.result()
		replies = append(replies, reply{entry: e, round: e.round, result: result})
		changes.Done = append(changes.Done, EntryResult{ID: e.id, Result: r.journal.sealAnswer(result), DoneAt: now})
	}
	for _, e := range rest.parked {
		replies = append(replies, reply{entry: e, round: e.round, result: e.result()})
		if e.mark == "" {
			e.mark = newID("bat_")
			changes.Start = append(changes.Start, r.parkMark(e))
		}
	}
	for _, e := range rest.undone {
		replies = append(replies, reply{entry: e, round: e.round, result: e.result(), undone: true})
		changes.Forget = append(changes.Forget, e.id)
	}
	if changes.empty() && len(replies) == 0 {
		return
	}
	changes.Fences = l.fences()
	changes.Volatile = rest.isVolatile(changes.Insert)
	r.journal.add(&request{changes: changes, then: func(err error) {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.tell(l, replies, err)
	}}, len(replies) > 0)
}

// isVolatile reports whether a power cut may undo the storing of what has come to rest: then its batches are looked up again, and
// come to the same end. That holds neither for an answer that is found again by its key or job id, nor for one that says that
// rows are not written.
func (r *resting) isVolatile(inserts []Entry) bool {
	return len(inserts)+len(r.parked)+len(r.undone) == 0 &&
		!slices.ContainsFunc(r.final, func(e *entry) bool { return !e.derived || e.keep || !e.written() })
}

// tell gives answers that are stored, or could not be, to those who wait; mu is held.
func (r *runner) tell(l *lane, replies []reply, err error) {
	if errors.Is(err, ErrFenced) { // the new owner finds out, and answers
		l.lease.Release(true)
		for _, a := range replies {
			if a.entry.state == EntrySettling || a.entry.state == EntryParking {
				r.transition(a.entry, EntryHandOver)
				if a.entry.payload != nil { // its insert was refused with the answer
					a.entry.unclaim()
				}
				r.leave(a.entry)
			}
		}
		return
	}
	if err != nil { // what was written is written: say so, and let the next start find out again
		r.opts.Logger.Error("outbox cannot store answers", slog.Int("entries", len(replies)), slog.Any("error", err))
	}
	loaded := false
	for _, a := range replies {
		loaded = loaded || a.entry.loaded
		switch {
		case a.undone && a.entry.state == EntrySettling:
			r.transition(a.entry, EntryRelease)
			r.forgotten(a.entry)
			r.remove(a.entry)
		case a.entry.state == EntrySettling:
			r.transition(a.entry, EntryAnswer)
			r.kept.Bytes -= int64(a.entry.bytes)
			r.remove(a.entry)
			r.releaseDelivered(a.entry)
		case a.entry.state == EntryParking:
			r.transition(a.entry, EntryAnswer)
			a.entry.payload = nil
			r.shed(a.entry)
		default: // taken up again meanwhile: the answer is what was known then
		}
		r.metrics.rows(a.entry, a.result)
		a.round.end(a.result, nil)
	}
	if loaded {
		r.owner.Notify(Note{Lane: l.id, Kind: NoteAnswered})
	}
	r.checkIdle()
}
