package outbox

import (
	"errors"
	"log/slog"
	"slices"
	"time"

	"github.com/rowgate/rowgate/internal/backoff"
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
	tries   int            // to store it, that failed
}

// isOwed reports whether the store has yet to be told: the entry was not taken up again. Outbox.mu is held.
func (a *reply) isOwed() bool {
	if a.comesTo == comesToWait {
		return a.mark != "" && a.entry.mark == a.mark && (a.entry.state == EntryParking || a.entry.state == EntryParked)
	}
	return a.entry.state == EntrySettling
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
	for i := range rest.ends {
		if !slices.ContainsFunc(changes.Finish, func(f BatchResult) bool { return f.ID == rest.ends[i].ID }) {
			changes.Finish = append(changes.Finish, rest.ends[i])
		}
	}
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
		if err == nil {
			l.haveEnded(changes.Finish)
		}
		r.answerAgain(l, r.tell(l, rest.replies, err), changes.Finish)
	}}, len(rest.replies) > 0)
}

// tell gives answers that are stored, or could not be, to those who wait. It returns those that are to be stored again. mu is held.
func (r *runner) tell(l *lane, replies []reply, err error) (again []reply) {
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
		return nil
	}
	if err != nil { // what was written is written: say so
		r.opts.Logger.Error("outbox cannot store answers", slog.Int("entries", len(replies)), slog.Any("error", err))
	}
	loaded := false
	for _, a := range replies {
		loaded = loaded || a.entry.loaded
		result, parked := a.result, false
		if err != nil && a.entry.payload == nil {
			result = result.doubted(notForgotten(err))
		}
		twice := errors.Is(err, ErrDuplicate)
		if twice && !a.entry.journaled { // another instance has its key: nothing of it was sent, since that would have stored it
			a.comesTo = comesToNothing
		}
		fails := err != nil && a.tries < answerTries && r.ctx.Err() == nil && !(twice && a.comesTo == comesToNothing)
		if fails && a.isOwed() {
			a.tries++
			again = append(again, a)
		}
		switch {
		case fails && a.entry.state == EntrySettling:
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
		if !a.round.ended {
			r.metrics.rows(a.entry, result)
			a.round.end(result, nil)
		}
		if parked && r.lanes[l.id] != l { // lost meanwhile: what was surrendered then did not include it
			r.transition(a.entry, EntryHandOver)
			r.leave(a.entry)
		}
	}
	if loaded {
		r.owner.Notify(Note{Lane: l.id, Kind: NoteAnswered})
	}
	r.checkIdle()
	return again
}

// How often an answer is stored again that the store failed: for about an hour. After that the next start finds out again.
const answerTries = 64

// answerWaits are the waits between these tries.
var answerWaits = backoff.Policy{Base: time.Second, Cap: time.Minute, Half: true}

// answerAgain stores answers again, after a while, that were given and could not be stored, with the end of the batch that they came
// from; mu is held. Until then a repeat is given the same, and the rows are not sent again.
func (r *runner) answerAgain(l *lane, replies []reply, finish []BatchResult) {
	if len(replies) == 0 {
		return
	}
	time.AfterFunc(answerWaits.Delay(replies[0].tries), func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		if r.ctx.Err() != nil {
			return
		}
		rest := resting{lasts: true}
		for _, a := range replies {
			if !a.isOwed() {
				continue
			}
			if a.comesTo == comesToEnd {
				rest.claimed.add(a.entry)
			}
			rest.replies = append(rest.replies, a)
		}
		if len(rest.replies) > 0 { // else the batch may be gone
			r.answer(l, rest, Changes{Finish: finish})
		}
	})
}
