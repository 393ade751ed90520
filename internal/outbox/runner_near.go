package outbox

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"time"

	"github.com/rowgate/rowgate/internal/problem"
)

// How much of a lane is near: a stored entry behind that is read from the store when its turn comes.
const (
	nearRows  = 2_000
	nearBytes = 2 * MaxBatchBytes
)

// errGone says that the store does not have a waiting entry any more.
var errGone = errors.New("a waiting entry is not in the store")

// keepNear keeps the rows of a waiting entry that is stored now in memory if its turn is near and there is room, and sheds them else. mu
// is held.
func (r *runner) keepNear(e *entry) {
	r.letGo(e)
	ahead := usage{}
	if u := r.load["lane "+e.lane]; u != nil {
		ahead = *u
	}
	behindFar := false
	if l := r.lanes[e.lane]; l != nil && l.callers[e.turn] != nil {
		queue := l.callers[e.turn].queue
		at := slices.Index(queue, e)
		behindFar = at > 0 && queue[at-1].far
	}
	if behindFar || ahead.rows-e.size >= nearRows || ahead.bytes-e.bytes >= nearBytes || !r.near.take(e) {
		r.shed(e)
	}
}

// bring reads the rows of the entries that are next in the lane from the store, as far as there is room for them in memory. Where
// there is none for those whose turn it is, others that are in memory, or have room, go before them; without any the lane starves.
// It reports whether rows were read: others may be next by then. mu is held; it is let go meanwhile. The error is the store's.
func (r *runner) bring(ctx context.Context, l *lane) (brought bool, err error) {
	var list []*entry
	passed := make(map[turn]bool) // queues of which an entry has no room: none goes before it
	for _, e := range l.next() {
		switch {
		case !e.far || passed[e.turn]:
		case r.near.take(e):
			list = append(list, e)
		default:
			passed[e.turn] = true
		}
	}
	if first := l.ring[0].callers[0].queue[0]; first.far && first.pool == nil {
		e := l.promote(func(e *entry) bool { return !e.far || e.pool != nil || r.near.take(e) })
		switch {
		case e == nil:
			return r.evict(l), nil
		case e.far && !slices.Contains(list, e):
			list = append(list, e)
		}
	}
	if len(list) == 0 {
		return false, nil
	}
	r.mu.Unlock()
	read := make([]*entry, len(list))
	for i, e := range list {
		if read[i], err = r.readStored(ctx, e.id, e.bytes); err != nil && !errors.Is(err, errGone) {
			break
		}
	}
	r.mu.Lock()
	for i, e := range list {
		switch {
		case r.entries[e.id] != e || e.state != EntryQueued || !e.far: // it went elsewhere meanwhile
			r.letGo(e)
		case read[i] != nil:
			e.regain(read[i])
		case err == nil || errors.Is(err, errGone):
			r.giveUp(l, e)
		default:
			r.letGo(e)
		}
	}
	if errors.Is(err, errGone) {
		err = nil
	}
	return true, err
}

// next are the entries that the next call of the lane may take rows of: as many as fill it, one of each queue in turn. mu is held.
func (l *lane) next() []*entry {
	g := l.ring[0].callers[0].queue[0].group
	var queues [][]*entry
	for _, t := range l.ring {
		for _, c := range t.callers {
			queues = append(queues, c.queue)
		}
	}
	var list []*entry
	rows, bytes := 0, 0
	for len(queues) > 0 {
		deeper := queues[:0]
		for _, queue := range queues {
			e := queue[0]
			if e.group != g {
				continue
			}
			if rows >= maxRows(g.op) || bytes >= MaxBatchBytes {
				return list
			}
			list = append(list, e)
			rows += e.waits()
			bytes += e.bytes
			if len(queue) > 1 {
				deeper = append(deeper, queue[1:])
			}
		}
		queues = deeper
	}
	return list
}

// promote gives the first turn to the first queue whose head may be taken, and returns that; nil if there is none. mu is held.
func (l *lane) promote(may func(*entry) bool) *entry {
	for i, t := range l.ring {
		for j, c := range t.callers {
			if e := c.queue[0]; may(e) {
				t.callers = slices.Insert(slices.Delete(t.callers, j, j+1), 0, c)
				l.ring = slices.Insert(slices.Delete(l.ring, i, i+1), 0, t)
				return e
			}
		}
	}
	return nil
}

// evict drops the rows of stored entries of the lane that wait behind one that there is no room for. It reports whether there were
// any. mu is held.
func (r *runner) evict(l *lane) bool {
	evicted := false
	for _, c := range l.callers {
		behind := false
		for _, e := range c.queue {
			if behind && !e.far && e.pool == r.near {
				r.shed(e)
				evicted = evicted || e.far
			}
			behind = behind || e.far
		}
	}
	return evicted
}

// readStored reads an entry that waits from the store, with so many bytes of rows. errGone: it is not there, or is done.
func (r *runner) readStored(ctx context.Context, id string, bytes int) (*entry, error) {
	room := r.opts.Sealing.Hold()
	defer room.Release()
	if err := room.Grow(ctx, 2*int64(bytes)); err != nil { // sealed here, and in the store's own memory
		return nil, err
	}
	known, found, err := r.opts.Store.Find(ctx, Lookup{ID: id, Payload: true})
	if err != nil {
		return nil, err
	}
	if !found || !known.DoneAt.IsZero() {
		return nil, errGone
	}
	e, err := r.reopen(&known)
	if err != nil {
		r.opts.Logger.ErrorContext(ctx, "stored entry cannot be opened", slog.String("job", id), slog.Any("error", err))
		return nil, errGone
	}
	return e, nil
}

// giveUp drops an entry that the store does not have any more. mu is held.
func (r *runner) giveUp(l *lane, e *entry) {
	r.opts.Logger.Error("waiting entry is gone from the store", slog.String("job", e.id))
	l.remove(e)
	r.transition(e, EntrySettle)
	r.transition(e, EntryRelease)
	r.remove(l, e)
	e.round.end(nil, problem.From(errGone))
	r.checkIdle()
}

// starve has the lane wait until there is room in memory. mu is held.
func (r *runner) starve(l *lane) {
	l.starved = true
	r.hungry[l] = true
}

// feed has the lanes go on that wait for room in memory. mu is held.
func (r *runner) feed() {
	for l := range r.hungry {
		delete(r.hungry, l)
		l.starved = false
		r.wake(l)
	}
}

// retryLater has the lane wait for a while after the store failed to give what is next. mu is held.
func (r *runner) retryLater(l *lane, err error) {
	r.opts.Logger.Error("outbox cannot read what waits in a lane", slog.Any("error", err))
	r.starve(l)
	time.AfterFunc(deferFor, func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.feed()
	})
}
