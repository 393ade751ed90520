package outbox

import (
	"context"
	"errors"
	"log/slog"
	"slices"
)

// stored is what a store holds of a lane that is not done, and what rebuild made of it.
type stored struct {
	raw     []Entry // without payloads
	batches []Batch
	opened  map[string]*entry // by id; without their rows, those of which nothing was sent

	entries []*entry
	resend  []*batch        // of unknown outcome, by seq
	final   map[*entry]bool // parked, and the answer was delivered by another instance
	seq     int64           // of the newest batch
	known   [][]string      // records that batches have made
}

// loadLane loads what is stored of a lane under any of the names.
func (r *runner) loadLane(ctx context.Context, names []string) (*stored, error) {
	s := &stored{final: make(map[*entry]bool), opened: make(map[string]*entry)}
	for _, name := range names {
		entries, batches, err := r.opts.Store.Load(ctx, name)
		if err != nil {
			return nil, err
		}
		s.raw, s.batches = append(s.raw, entries...), append(s.batches, batches...)
	}
	return s, nil
}

// openAll opens the entries that want names and that this instance does not run yet, one after another. The rows stay in memory of
// those alone that batches name: the others are read again when their turn comes.
func (r *runner) openAll(ctx context.Context, s *stored, want func(*Entry) bool) error {
	named := make(map[string]bool)
	for i := range s.batches {
		for _, id := range s.batches[i].Entries {
			named[id] = true
		}
	}
	for i := range s.raw {
		known := &s.raw[i]
		r.mu.Lock()
		e := r.entries[known.ID]
		mine := e != nil && e.state != EntryElsewhere
		r.mu.Unlock()
		if mine || !want(known) {
			continue
		}
		e, err := r.readStored(ctx, known.ID, known.Bytes)
		if errors.Is(err, errGone) {
			continue
		}
		if err != nil {
			return err
		}
		if !named[known.ID] {
			e.shed()
		}
		s.opened[known.ID] = e
	}
	return nil
}

// reload takes over what other instances have stored of a lane that this one runs.
func (r *runner) reload(l *lane) {
	r.mu.Lock()
	l.loads++
	r.mu.Unlock()
	loaded, err := r.loadLane(l.lease.Context(), []string{l.id})
	if err == nil {
		err = r.openAll(l.lease.Context(), loaded, func(*Entry) bool { return true })
	}
	r.mu.Lock()
	var rest resting
	if err == nil && r.lanes[l.id] == l {
		rest = r.resume(l, loaded)
	}
	if l.loads--; l.loads == 0 {
		clear(l.ended)
	}
	r.mu.Unlock()
	if err != nil {
		r.opts.Logger.Error("outbox cannot load a lane", slog.Any("error", err))
	}
	r.answer(l, rest, Changes{})
	if err == nil {
		for _, id := range r.cancels(loaded) {
			r.callOffHere(l.lease.Context(), l.id, id)
		}
	}
}

// resume takes over the stored entries that this instance does not run yet: batches whose outcome is unknown go first and as
// they were, and the rest of the rows wait again. It returns the entries that are at rest already. mu is held.
func (r *runner) resume(l *lane, s *stored) resting {
	s.raw = slices.DeleteFunc(s.raw, func(known Entry) bool {
		e := r.entries[known.ID]
		if e != nil && e.state != EntryElsewhere {
			r.update(e, s.batches)
		}
		return e != nil && e.state != EntryElsewhere || r.gone[known.ID] || l.ended[known.ID]
	})
	if r.leaveTangled(s) {
		r.reloadSoon(l)
	}
	r.rebuild(s, func(e *entry) *entry {
		awaited := r.entries[e.id]
		if awaited == nil {
			return e
		}
		r.letGo(awaited)
		awaited.adopt(e)
		awaited.loaded, awaited.keep, awaited.kept = true, awaited.keep || e.keep, awaited.kept || e.kept
		if !awaited.far {
			r.near.add(awaited)
		}
		return awaited
	})
	l.seq = max(l.seq, s.seq)
	for _, b := range s.resend {
		r.transitionBatch(b, BatchQueue)
		l.again(b)
	}
	for _, ids := range s.known {
		l.learn(ids)
	}
	var rest resting
	for _, e := range s.entries {
		if e.state == EntryNew {
			r.hold(e)
		}
		r.transition(e, EntryTakeOver)
		l.entries++
		r.takeOver(l, s, e)
		rest.add(r.settle(l, []*entry{e}))
	}
	r.wake(l)
	if len(s.entries) > 0 {
		r.opts.Logger.Info("outbox resumes", slog.Int("entries", len(s.entries)), slog.Int("unknown_batches", len(s.resend)))
	}
	return rest
}

// takeOver finds out which rows of a rebuilt entry are in batches, and queues the others. mu is held.
func (r *runner) takeOver(l *lane, s *stored, e *entry) {
	held := make(map[int]bool)
	for _, b := range s.resend {
		b.positions(e, held)
	}
	e.out = len(held)
	e.todo = slices.DeleteFunc(e.todo, func(pos int) bool { return held[pos] || e.rows[pos].Status != "" })
	if e.out > 0 {
		r.transition(e, EntryRun)
	}
	if s.final[e] && e.out == 0 {
		e.failTodo()
	}
	if e.repeated && e.mark != "" {
		if !e.cancelled {
			e.stop = nil
		}
		r.unmark(l, e)
	}
	e.repeated = false
	if e.mark == "" && e.stop == nil && e.waits() > 0 {
		l.push(e)
	}
}

// update goes on with a parked entry that was repeated at another instance, or ends one whose answer was delivered there.
// mu is held.
func (r *runner) update(e *entry, batches []Batch) {
	if e.state != EntryParked {
		return
	}
	at := slices.IndexFunc(batches, func(b Batch) bool { return b.ID == e.mark })
	if at < 0 || batches[at].Result == nil {
		return
	}
	var end ending
	if err := r.journal.openJSON(sealResult, batches[at].Result, &end); err != nil {
		return
	}
	if end.Status != Failed {
		e.delivered = false
		r.repeat(e)
		return
	}
	e.delivered = true
	if len(e.unknown) == 0 {
		r.finalize(e)
	}
}

// rebuild makes entries and batches of what is opened, and changes nothing else. awaited returns the entry that is to be used
// for a rebuilt one: another if somebody waits for it already.
func (r *runner) rebuild(s *stored, awaited func(*entry) *entry) {
	byID := make(map[string]*entry, len(s.raw))
	for i := range s.raw {
		e := s.opened[s.raw[i].ID]
		if e == nil {
			continue
		}
		e = awaited(e)
		byID[e.id] = e
		s.entries = append(s.entries, e)
	}
	slices.SortStableFunc(s.batches, func(a, b Batch) int { return int(a.Seq - b.Seq) })
	for i := range s.batches {
		r.rebuildBatch(s, byID, &s.batches[i])
	}
}
