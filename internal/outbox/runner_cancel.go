package outbox

import (
	"context"
	"errors"
	"log/slog"
)

// opCancel is the operation of a stored note that an entry is cancelled. Unlike other batches it is no call; it has ended from the start.
const opCancel Op = "cancel"

// cancelJob implements jobs. The note is stored first: whoever runs the entry, now or after a restart, sends nothing more of it.
func (r *runner) cancelJob(ctx context.Context, id string) error {
	lane, err := r.laneOf(ctx, id)
	if err != nil || lane == "" {
		return err
	}
	note := Batch{
		ID: newID("bat_"), Lane: lane, Seq: markSeq, Entries: []string{id},
		Plan: r.journal.sealJSON(sealPlan, plan{Op: opCancel, Parts: []Part{{Entry: id}}}),
	}
	if err := r.journal.apply(Changes{Start: []Batch{note}, Finish: []BatchResult{r.markEnd(note.ID, "")}}); err != nil {
		known, found, findErr := r.opts.Store.Find(ctx, Lookup{ID: id})
		if findErr == nil && (!found || !known.DoneAt.IsZero()) {
			return nil // it ended meanwhile, so that the store refused the note
		}
		return err
	}
	r.callOff(ctx, lane, id)
	return nil
}

// laneOf is the lane of an entry; "" if the entry is done, is not there, or is cancelled already.
func (r *runner) laneOf(ctx context.Context, id string) (string, error) {
	r.mu.Lock()
	e := r.entries[id]
	if e != nil {
		defer r.mu.Unlock()
		if e.cancelled {
			return "", nil
		}
		return e.lane, nil
	}
	r.mu.Unlock()
	known, found, err := r.opts.Store.Find(ctx, Lookup{ID: id})
	if err != nil || !found || !known.DoneAt.IsZero() {
		return "", err
	}
	e, err = r.readStored(ctx, id, known.Bytes)
	if errors.Is(err, errGone) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	return e.lane, nil
}

// callOff drops what is not sent of an entry of which the store has the note that it is cancelled. Where another instance runs it,
// that one is told.
func (r *runner) callOff(ctx context.Context, lane, id string) {
	if r.callOffHere(ctx, lane, id) {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.owner.Notify(Note{Lane: lane, Kind: NoteStored})
	r.watch(lane) // and looked after, if nobody runs it
}

// callOffHere is callOff for an entry that this instance runs; false if it does not.
func (r *runner) callOffHere(ctx context.Context, lane, id string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	e := r.entries[id]
	if e != nil && e.state == EntryQueued && e.far && e.rows == nil {
		r.mu.Unlock()
		read, err := r.readStored(ctx, e.id, e.bytes)
		r.mu.Lock()
		switch {
		case r.entries[id] != e || !e.far: // brought, or gone, meanwhile
		case err == nil:
			e.regain(read)
		default:
			r.opts.Logger.ErrorContext(ctx, "a cancelled entry cannot be read", slog.String("job", id), slog.Any("error", err))
			if l := r.lanes[lane]; l != nil {
				r.reloadSoon(l) // finds the note again
			}
			return true
		}
	}
	l := r.lanes[lane]
	if l == nil || e == nil || r.entries[id] != e || e.state == EntryElsewhere {
		return false
	}
	r.answer(l, r.dropOpen(l, e), Changes{})
	return true
}

// dropOpen drops the rows of e that are not sent; what is under way is seen through. mu is held.
func (r *runner) dropOpen(l *lane, e *entry) (rest resting) {
	if e.cancelled {
		return rest
	}
	switch e.state {
	case EntryQueued, EntryRunning, EntryDeferred, EntryParked:
	case EntryNew, EntryAdmitting, EntryElsewhere, EntrySettling, EntryParking, EntryDone, EntryReleased: // ended, or not begun here
		return rest
	}
	r.transition(e, EntryCancel)
	e.cancel()
	l.remove(e)
	switch {
	case e.state == EntryParked && len(e.unknown) > 0: // answered; the janitor finds out about the rest
		e.failTodo()
		return rest
	case e.state == EntryParked:
		e.failTodo()
		r.transition(e, EntrySettle)
		rest.finish(l, e)
		return rest
	case e.state == EntryDeferred && e.out == 0:
		r.transition(e, EntryResume)
	}
	return r.settle(l, []*entry{e})
}

// cancel notes that nothing more of e is to be sent.
func (e *entry) cancel() { e.cancelled, e.stop = true, cancelled() }

// cancels are the ids of those loaded entries of which a note says that they are cancelled.
func (r *runner) cancels(s *stored) []string {
	var ids []string
	for i := range s.batches {
		b := &s.batches[i]
		var p plan
		if b.Seq == markSeq && b.Result != nil && r.journal.openJSON(sealPlan, b.Plan, &p) == nil && p.Op == opCancel {
			ids = append(ids, p.Parts[0].Entry)
		}
	}
	return ids
}
