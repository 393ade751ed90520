package outbox

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"time"

	"github.com/rowgate/rowgate/internal/backoff"
	"github.com/rowgate/rowgate/internal/problem"
)

// lookEvery is how often the store is asked for what another instance does, beside the notes.
const (
	lookEvery = time.Second
	lookPause = 5 * time.Millisecond // between two looks, however many notes come
)

// handOver stores an admitted entry for the instance that runs its lane, and follows it there.
func (r *runner) handOver(e *entry) error {
	if err := r.insert(e, nil); err != nil {
		return notTaken(err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.transition(e, EntryHandOver)
	r.shed(e)
	close(e.admitted)
	r.watch(e.lane)
	r.owner.Notify(Note{Lane: e.lane, Kind: NoteStored})
	return nil
}

// leave follows an entry whose lane was lost; mu is held. One that was answered is parked at the new owner, and waits for its repeat
// there: all that may come of it here is that its answer is delivered.
func (r *runner) leave(e *entry) {
	if e.round.ended {
		r.transition(e, EntryPark)
		r.drop(e)
		r.watch(e.lane) // its lane may have been lost, and given back by the next owner, while its answer was on its way
		return
	}
	lane := e.lane
	var claimed claims
	if claimed.add(e); len(claimed.entries) == 0 {
		r.abandon(e)
		r.watch(lane)
		return
	}
	r.journal.add(&request{changes: Changes{Insert: claimed.inserts}, then: func(err error) {
		r.owner.Notify(Note{Lane: lane, Kind: NoteStored})
		r.mu.Lock()
		defer r.mu.Unlock()
		claimed.settle(err)
		switch {
		case e.state != EntryElsewhere:
		case err != nil:
			r.dismiss(e, notTaken(err))
		default:
			r.abandon(e)
			r.watch(lane)
		}
	}}, true)
}

// abandon drops the rows of an entry that another instance runs: they are in the store, and so is what became of them. Those of an entry
// that is on its way there stay. mu is held.
func (r *runner) abandon(e *entry) {
	e.out, e.unknown = 0, make(map[*batch]int) // of batches that this instance does not see through
	r.shed(e)
}

// dismiss tells who waits for an entry that runs elsewhere that there will be no answer here; mu is held.
func (r *runner) dismiss(e *entry, why *problem.Error) {
	r.transition(e, EntryRelease)
	r.drop(e)
	e.round.end(nil, why)
	r.checkIdle()
}

// follow implements lanes.
func (r *runner) follow(ctx context.Context, stored *Entry) (*entry, error) {
	r.mu.Lock()
	other := r.entries[stored.ID]
	r.mu.Unlock()
	var e *entry
	if other == nil {
		var err error
		switch e, err = r.readStored(ctx, stored.ID, stored.Bytes); {
		case errors.Is(err, errGone):
			return nil, err
		case err != nil:
			return nil, notStored(err)
		}
		e.shed()
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if other := r.entries[stored.ID]; other != nil {
		r.repeat(other)
		return other, nil
	}
	if e == nil { // answered meanwhile
		return nil, errGone
	}
	if r.phase != phaseRunning {
		return nil, draining()
	}
	e.repeated = true
	r.transition(e, EntryHandOver)
	r.hold(e)
	r.watch(e.lane)
	return e, nil
}

// noted takes a note of another instance, or of this one.
func (r *runner) noted(note Note) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.phase != phaseRunning {
		return
	}
	l, watcher := r.lanes[note.Lane], r.watchers[note.Lane]
	switch note.Kind {
	case NoteStored:
		if l != nil {
			l.reload = true
			r.wake(l)
		}
	case NoteAnswered:
		if watcher != nil {
			signal(watcher)
		}
	case NoteFree:
		if l == nil {
			r.watch(note.Lane)
		}
	}
}

// watch sees to it that a lane of another instance is looked after, at once and from time to time; mu is held.
func (r *runner) watch(lane string) {
	if watcher := r.watchers[lane]; watcher != nil {
		signal(watcher)
		return
	}
	if r.ctx.Err() != nil {
		return
	}
	wake := make(chan struct{}, 1)
	r.watchers[lane] = wake
	r.work.Go(func() {
		for {
			again, err := r.look(r.ctx, lane)
			if !again {
				return
			}
			if backoff.Wait(r.ctx, lookPause) != nil {
				continue
			}
			hurry := wake
			if err != nil { // the store fails: not at once again, whatever is noted
				hurry = nil
			}
			timer := time.NewTimer(lookEvery)
			select {
			case <-hurry:
			case <-timer.C:
			case <-r.ctx.Done():
			}
			timer.Stop()
		}
	})
}

// follows reports whether an entry of the lane is awaited from the store.
func (r *runner) follows(lane string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.watchers[lane] != nil || len(r.elsewhere(lane)) > 0
}

// elsewhere are the entries of a lane that another instance runs; mu is held.
func (r *runner) elsewhere(lane string) []*entry {
	var list []*entry
	for _, e := range r.entries {
		if e.lane == lane && e.state == EntryElsewhere {
			list = append(list, e)
		}
	}
	return list
}

// look takes the lane over if nobody has it, and else asks the store for the answers of its entries. again is false if nothing of
// the lane is awaited any more, or the outbox ends: that ends the watcher. The error is the store's.
func (r *runner) look(ctx context.Context, lane string) (again bool, err error) {
	l, err := r.acquire(ctx, lane)
	mine, owned := err == nil, errors.Is(err, ErrOwned)
	if mine {
		r.reload(l)
		r.unpin(l)
	}
	r.mu.Lock()
	waiting := r.elsewhere(lane)
	if ctx.Err() != nil || len(waiting) == 0 && (mine || owned) {
		delete(r.watchers, lane)
		r.mu.Unlock()
		return false, nil
	}
	r.mu.Unlock()
	if !mine && !owned {
		return true, err
	}
	if owned {
		r.owner.Notify(Note{Lane: lane, Kind: NoteStored}) // a note may have been lost
	}
	loaded, err := r.loadLane(ctx, []string{lane})
	if err != nil {
		r.opts.Logger.WarnContext(ctx, "outbox cannot look for answers of another instance", slog.Any("error", err))
		return true, err
	}
	open := make(map[string]bool, len(loaded.raw))
	for i := range loaded.raw {
		open[loaded.raw[i].ID] = true
	}
	parked, err := r.parkedIn(ctx, loaded, waiting)
	if err != nil {
		return true, err
	}
	for _, e := range waiting {
		if open[e.id] {
			r.lookAtOpen(e, parked[e.id])
		} else {
			r.lookForAnswer(ctx, e)
		}
	}
	return true, nil
}

// parkedIn returns, by id, those of the awaited entries that are parked, as the store has them.
func (r *runner) parkedIn(ctx context.Context, loaded *stored, waiting []*entry) (map[string]*entry, error) {
	marked := make(map[string]bool)
	for i := range loaded.batches {
		if b := &loaded.batches[i]; b.Seq == markSeq && b.Result == nil {
			marked[b.Entries[0]] = true
		}
	}
	awaited := slices.DeleteFunc(slices.Clone(waiting), func(e *entry) bool { return !marked[e.id] })
	if len(awaited) == 0 {
		return nil, nil
	}
	named := make(map[string]bool)
	for i := range loaded.batches {
		for _, id := range loaded.batches[i].Entries {
			named[id] = true
		}
	}
	if err := r.openAll(ctx, loaded, func(e *Entry) bool { return named[e.ID] }); err != nil {
		return nil, err
	}
	r.rebuild(loaded, func(e *entry) *entry { return e })
	for _, b := range loaded.resend {
		for _, e := range b.entries() {
			e.unknown[b] = b.count(e)
		}
	}
	parked := make(map[string]*entry)
	for _, e := range loaded.entries {
		if marked[e.id] {
			parked[e.id] = e
		}
	}
	return parked, nil
}

// lookAtOpen gives the answer of an awaited entry if it is parked, or has its owner go on with it if it was repeated here. parked is
// the entry as the store has it, nil if it is being worked on.
func (r *runner) lookAtOpen(e, parked *entry) {
	r.mu.Lock()
	defer r.mu.Unlock()
	repeated := e.repeated
	e.repeated = false
	switch {
	case e.state != EntryElsewhere || parked == nil:
	case repeated:
		r.journal.add(&request{
			changes: Changes{Finish: []BatchResult{r.markEnd(parked.mark, "")}},
			then:    func(error) { r.owner.Notify(Note{Lane: e.lane, Kind: NoteStored}) },
		}, true)
	default:
		r.transition(e, EntryPark)
		e.mark, e.unknown = parked.mark, parked.unknown // what Delivered asks for
		r.drop(e)
		e.round.end(parked.result(), nil)
		r.checkIdle()
	}
}

// lookForAnswer gives the answer of an awaited entry that is done by now.
func (r *runner) lookForAnswer(ctx context.Context, e *entry) {
	known, found, err := r.opts.Store.Find(ctx, Lookup{ID: e.id})
	if err != nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case e.payload != nil && e.journaled: // its own insert is on its way
	case e.state != EntryElsewhere, found && known.DoneAt.IsZero(): // stored after the lane was loaded
	case !found: // its answer was given to another caller and forgotten
		r.dismiss(e, inFlight())
	default:
		result, err := r.journal.openAnswer(known.Result)
		if err != nil {
			r.dismiss(e, inFlight())
			return
		}
		r.transition(e, EntryAnswer)
		r.drop(e)
		r.releaseDelivered(e)
		r.metrics.rows(e, result)
		e.round.end(result, nil)
		r.checkIdle()
	}
}
