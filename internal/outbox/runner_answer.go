package outbox

import (
	"errors"
	"log/slog"
	"time"

	"github.com/rowgate/rowgate/internal/problem"
)

// reply is an answer on its way: to the store, then to those who wait in round.
type reply struct {
	entry   *entry
	round   *round
	result  *Result
	comesTo comesTo
	mark    string         // id of the note that the entry is parked, if it is to be stored
	stop    *problem.Error // what that note says
}

// comesTo is what an entry at rest has come to.
type comesTo uint8

const (
	comesToEnd     comesTo = iota // every row has its status
	comesToWait                   // a repeat goes on with it
	comesToNothing                // nothing was written: the store forgets it, and a repeat runs anew
)

// answer stores the answers of entries at rest together with changes, and then gives them to those who wait: only the store knows
// whether the lane has a newer owner, which may be writing what this one takes for not written. It takes no lock itself, and may be
// called with Outbox.mu held.
func (r *runner) answer(l *lane, rest resting, changes Changes) {
	changes.Insert = append(changes.Insert, rest.claimed.inserts...)
	now := time.Now().UTC().Truncate(time.Millisecond)
	for _, a := range rest.replies {
		switch a.comesTo {
		case comesToEnd:
			changes.Done = append(changes.Done, EntryResult{ID: a.entry.id, Result: r.journal.sealAnswer(a.result), DoneAt: now})
		case comesToWait:
			if a.mark != "" {
				changes.Start = append(changes.Start, r.parkMark(&a))
			}
		case comesToNothing:
			changes.Forget = append(changes.Forget, a.entry.id)
		}
	}
	if changes.empty() && len(rest.replies) == 0 {
		return
	}
	changes.Fences = l.fences()
	changes.Volatile = len(changes.Insert) == 0 && !rest.lasts
	r.journal.add(&request{changes: changes, then: func(err error) {
		r.mu.Lock()
		defer r.mu.Unlock()
		rest.claimed.settle(err)
		r.tell(l, rest.replies, err)
	}}, len(rest.replies) > 0)
}

// tell gives answers that are stored, or could not be, to those who wait; mu is held.
func (r *runner) tell(l *lane, replies []reply, err error) {
	if errors.Is(err, ErrFenced) { // the new owner finds out, and answers
		l.lease.Release(true)
		for _, a := range replies {
			if a.entry.state == EntrySettling || a.entry.state == EntryParking {
				r.transition(a.entry, EntryHandOver)
				r.leave(a.entry)
				continue
			}
			a.round.end(nil, inFlight()) // taken up again meanwhile, in another round
		}
		return
	}
	if err != nil { // what was written is written: say so, and let the next start find out again
		r.opts.Logger.Error("outbox cannot store answers", slog.Int("entries", len(replies)), slog.Any("error", err))
	}
	loaded := false
	for _, a := range replies {
		if err != nil && a.entry.payload == nil {
			a.result.doubt(notForgotten(err))
		}
		loaded = loaded || a.entry.loaded
		parked := false
		switch {
		case a.comesTo == comesToNothing && a.entry.state == EntrySettling:
			r.transition(a.entry, EntryRelease)
			r.forgotten(a.entry)
			r.remove(l, a.entry)
		case a.entry.state == EntrySettling:
			r.transition(a.entry, EntryAnswer)
			r.kept.Bytes -= int64(a.entry.bytes)
			r.remove(l, a.entry)
			r.releaseDelivered(a.entry)
		case a.entry.state == EntryParking:
			parked = r.transition(a.entry, EntryAnswer)
			r.shed(a.entry)
		default: // taken up again meanwhile: the answer is what was known then
		}
		r.metrics.rows(a.entry, a.result)
		a.round.end(a.result, nil)
		if parked && r.lanes[l.id] != l { // lost meanwhile: what was surrendered then did not include it
			r.transition(a.entry, EntryHandOver)
			r.leave(a.entry)
		}
	}
	if loaded {
		r.owner.Notify(Note{Lane: l.id, Kind: NoteAnswered})
	}
	r.checkIdle()
}
