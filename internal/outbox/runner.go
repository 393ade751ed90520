package outbox

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
)

// runner runs the lanes that this instance owns: it composes, sends and settles. It learns of an entry from accept in the same
// process, or from the store.
type runner struct {
	*core

	find  *finder
	owner Owner

	ctx    context.Context //nolint:containedctx // the life of the lanes, between Start and Stop
	cancel context.CancelFunc
	work   sync.WaitGroup // lanes, watchers and the janitor
	deaf   func()         // ends listening

	// Outbox.mu guards what follows.
	lanes     map[string]*lane
	acquiring map[string]chan struct{} // closed when the attempt to acquire the lane is over
	hungry    map[*lane]bool           // that wait for room in memory
	watchers  map[string]chan struct{} // of lanes that others own: a value makes the watcher look at once
}

func newRunner(c *core) *runner {
	r := &runner{
		core: c, find: &finder{opts: &c.opts, proofs: newProofs()}, owner: c.opts.Owner, deaf: func() {},
		lanes: make(map[string]*lane), acquiring: make(map[string]chan struct{}), watchers: make(map[string]chan struct{}),
		hungry: make(map[*lane]bool),
	}
	c.freed, c.stored = r.feed, r.keepNear
	r.ctx, r.cancel = context.WithCancel(context.Background())
	return r
}

// open goes on with stored entries in the lanes that nobody owns yet; stored are without payloads. ctx bounds the loading.
func (r *runner) open(ctx context.Context, stored []Entry) error {
	r.deaf = r.owner.Listen(r.noted)
	names := make(map[string][]string) // by lane: the names under which its entries are stored; more than one after a change of keys
	tried := make(map[string]bool)     // stored names whose lane is known
	for i := range stored {
		name := stored[i].Lane
		if tried[name] {
			continue
		}
		e, err := r.readStored(ctx, stored[i].ID, stored[i].Bytes) // all entries under a name are of one lane: the first that can be opened tells
		switch {
		case err == nil:
			names[e.lane] = append(names[e.lane], name)
			tried[name] = true
		case !errors.Is(err, errGone):
			return err
		}
	}
	for i := range stored { // of which no entry can be opened
		if name := stored[i].Lane; !tried[name] {
			names[name], tried[name] = append(names[name], name), true
		}
	}
	for lane, storedAs := range names {
		l, err := r.acquire(ctx, lane, storedAs...)
		if errors.Is(err, ErrOwned) {
			r.owner.Notify(Note{Lane: lane, Kind: NoteStored}) // nobody waits for these entries here: their owner has to know of them
			continue
		}
		if err != nil {
			return err
		}
		r.unpin(l)
	}
	r.work.Go(func() { r.janitor(r.ctx) })
	return r.journal.apply(Changes{}) // what was answered before is answered again by now
}

// stop ends the lanes at once and gives them back, after what they have for the store is stored.
func (r *runner) stop() {
	r.cancel()
	r.work.Wait()
	r.journal.stop()
	r.deaf()
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, l := range r.lanes {
		l.lease.Release(l.entries > 0)
	}
}

// acquire returns the lane, pinned by the caller, or ErrOwned. A lane that comes from another owner is loaded from the store
// before anything of it is sent; one of storedAs always is, under these names as well. ctx bounds the wait.
func (r *runner) acquire(ctx context.Context, id string, storedAs ...string) (*lane, error) {
	for {
		r.mu.Lock()
		if l := r.lanes[id]; l != nil {
			l.entries++
			r.mu.Unlock()
			return l, nil
		}
		other := r.acquiring[id]
		if other == nil {
			break
		}
		r.mu.Unlock()
		select {
		case <-other:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	done := make(chan struct{})
	r.acquiring[id] = done
	r.mu.Unlock()
	defer func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		delete(r.acquiring, id)
		close(done)
	}()
	lease, err := r.owner.Acquire(r.ctx, id)
	if err != nil {
		return nil, err
	}
	l := newLane(id, lease)
	if (len(storedAs) > 0 || lease.Left() || r.follows(id)) && !slices.Contains(storedAs, id) {
		storedAs = append(slices.Clone(storedAs), id) // what an earlier run began of entries under other names is under this one
	}
	if len(storedAs) > 0 {
		if l, err = r.show(l); l == nil {
			return nil, err
		}
	}
	var loaded *stored
	if err == nil {
		loaded, err = r.loadLane(ctx, storedAs)
	}
	if err == nil {
		err = r.openAll(ctx, loaded, func(*Entry) bool { return true })
	}
	if err != nil {
		l.lease.Release(true)
		return nil, err
	}
	r.mu.Lock()
	if err := r.ctx.Err(); err != nil { // stop has released all lanes, or will do so without this one
		r.mu.Unlock()
		l.lease.Release(true)
		return nil, err
	}
	r.lanes[id] = l
	l.entries++
	rest := r.resume(l, loaded)
	l.unwatch = context.AfterFunc(l.lease.Context(), func() { r.lost(l) })
	r.mu.Unlock()
	r.answer(l, rest, Changes{})
	return l, nil
}

// show makes the store refuse what an earlier lease of the lane left on its way, at any instance, before the lane is read. It returns
// the lane under the lease that the store has seen; nil if that cannot be had. A store that has seen a newer lease is shown the next
// one, since tokens grow.
func (r *runner) show(l *lane) (*lane, error) {
	for {
		err := r.journal.apply(Changes{Fences: l.fences()})
		if !errors.Is(err, ErrFenced) {
			return l, err
		}
		l.lease.Release(true)
		lease, err := r.owner.Acquire(r.ctx, l.id)
		if err != nil {
			return nil, err
		}
		l = newLane(l.id, lease)
	}
}

// unpin undoes the pin of acquire.
func (r *runner) unpin(l *lane) {
	r.mu.Lock()
	defer r.mu.Unlock()
	l.entries--
	r.retire(l)
}

// retire gives a lane back that nothing belongs to; mu is held.
func (r *runner) retire(l *lane) {
	if l.entries > 0 || l.running || l.reload || r.lanes[l.id] != l {
		return
	}
	delete(r.lanes, l.id)
	if l.unwatch != nil {
		l.unwatch()
	}
	l.lease.Release(false)
}

// remove drops e from memory and its lane l, unless that was lost: another lease of the lane does not count e. mu is held.
func (r *runner) remove(l *lane, e *entry) {
	if !r.drop(e) {
		return
	}
	if r.lanes[l.id] == l {
		if l.loads > 0 {
			l.ended[e.id] = true
		}
		l.entries--
		r.retire(l)
	}
}

// place implements lanes. A job is stored under the lease of its lane, so that nobody else can run it before it is known who does.
func (r *runner) place(ctx context.Context, e *entry) error {
	for {
		l, err := r.acquire(ctx, e.lane)
		switch {
		case errors.Is(err, ErrOwned):
			return r.handOver(e)
		case r.ctx.Err() != nil:
			return draining()
		case err != nil && ctx.Err() != nil:
			return ctx.Err()
		case err != nil:
			return notStored(err)
		}
		if e.keep {
			if err := r.insert(e, l.fences()); err != nil {
				r.unpin(l)
				if errors.Is(err, ErrFenced) {
					l.lease.Release(true)
					continue
				}
				return notTaken(err)
			}
		}
		r.mu.Lock()
		switch {
		case r.lanes[e.lane] == l:
			r.transition(e, EntryQueue)
			l.push(e)
			if e.journaled {
				r.keepNear(e)
			}
			close(e.admitted)
			r.wake(l)
		case e.journaled: // the lane was lost meanwhile, and its new owner may run e by now
			r.transition(e, EntryHandOver)
			close(e.admitted)
			r.watch(e.lane)
			r.owner.Notify(Note{Lane: e.lane, Kind: NoteStored})
		default:
			r.mu.Unlock()
			continue
		}
		r.mu.Unlock()
		return nil
	}
}

// insert stores an entry.
func (r *runner) insert(e *entry, fences []Fence) error {
	var claimed claims
	r.mu.Lock()
	claimed.add(e)
	r.mu.Unlock()
	return <-r.begin(Changes{Fences: fences}, claimed)
}

// lost is called when a lease has ended: by its owner, by a fence, or with the outbox.
func (r *runner) lost(l *lane) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.ctx.Err() == nil && !l.running {
		r.surrender(l)
	}
}

// surrender ends a lane that another instance may run by now: its entries are stored, if they are not yet, and followed in the
// store. Those whose answers are on their way there come after, if the store refuses them. mu is held.
func (r *runner) surrender(l *lane) {
	if r.lanes[l.id] != l {
		return
	}
	delete(r.lanes, l.id)
	r.opts.Logger.Info("lane lost", slog.String("lane", l.id), slog.Int("entries", l.entries))
	for _, e := range r.entries {
		if e.lane != l.id {
			continue
		}
		switch e.state {
		case EntryQueued, EntryRunning, EntryDeferred, EntryParked:
			r.transition(e, EntryHandOver)
			r.leave(e)
		case EntryNew, EntryAdmitting, EntryElsewhere, EntrySettling, EntryParking, EntryDone, EntryReleased:
		}
	}
	if l.entries > 0 { // also for those that nobody waits for here: somebody has to run the lane
		r.watch(l.id)
	}
	r.checkIdle()
}
