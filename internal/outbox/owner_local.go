package outbox

import (
	"context"
	"sync"
)

// LocalOwner shares the lanes among the outboxes of one process.
type LocalOwner struct {
	mu        sync.Mutex
	token     int64
	held      map[string]*localLease
	left      map[string]bool // lanes without an owner that have entries that are not done
	listeners map[int]func(Note)
	next      int
}

// NewLocalOwner returns an owner of which nobody has a lane yet.
func NewLocalOwner() *LocalOwner {
	return &LocalOwner{held: make(map[string]*localLease), left: make(map[string]bool), listeners: make(map[int]func(Note))}
}

type localLease struct {
	owner  *LocalOwner
	lane   string
	token  int64
	left   bool
	ctx    context.Context //nolint:containedctx // the life of the lease
	cancel context.CancelFunc
}

// Acquire implements Owner.
func (o *LocalOwner) Acquire(ctx context.Context, lane string) (Lease, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.held[lane] != nil {
		return nil, ErrOwned
	}
	o.token++
	lease := &localLease{owner: o, lane: lane, token: o.token, left: o.left[lane]}
	lease.ctx, lease.cancel = context.WithCancel(ctx)
	delete(o.left, lane)
	o.held[lane] = lease
	return lease, nil
}

// Notify implements Owner.
func (o *LocalOwner) Notify(note Note) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.notify(note)
}

func (o *LocalOwner) notify(note Note) {
	for _, f := range o.listeners {
		go f(note)
	}
}

// Listen implements Owner.
func (o *LocalOwner) Listen(f func(Note)) (stop func()) {
	o.mu.Lock()
	defer o.mu.Unlock()
	id := o.next
	o.next++
	o.listeners[id] = f
	return func() {
		o.mu.Lock()
		defer o.mu.Unlock()
		delete(o.listeners, id)
	}
}

// Revoke takes a lane away from whoever has it, as the end of a lease's time does. The lane counts as one with entries left.
func (o *LocalOwner) Revoke(lane string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if lease := o.held[lane]; lease != nil {
		o.free(lease, true)
	}
}

// Lanes returns the lanes that somebody has.
func (o *LocalOwner) Lanes() []string {
	o.mu.Lock()
	defer o.mu.Unlock()
	lanes := make([]string, 0, len(o.held))
	for lane := range o.held {
		lanes = append(lanes, lane)
	}
	return lanes
}

func (o *LocalOwner) free(lease *localLease, left bool) {
	lease.cancel()
	delete(o.held, lease.lane)
	if left {
		o.left[lease.lane] = true
		o.notify(Note{Lane: lease.lane, Kind: NoteFree})
	}
}

func (l *localLease) Token() int64             { return l.token }
func (l *localLease) Left() bool               { return l.left }
func (l *localLease) Context() context.Context { return l.ctx }

func (l *localLease) Release(left bool) {
	l.owner.mu.Lock()
	defer l.owner.mu.Unlock()
	l.cancel()
	if l.owner.held[l.lane] == l {
		l.owner.free(l, left)
	}
}

// Fences remembers the newest fencing token of each lane, for stores that live in one process. The zero value is ready; its
// owner guards it.
type Fences struct{ newest, older map[string]int64 }

// maxFences bounds a generation of lanes that Fences remembers; there are two.
const maxFences = 10_000

// Check returns ErrFenced if one of the fences is older than the newest seen for its lane, and remembers them else.
func (f *Fences) Check(fences []Fence) error {
	for _, fence := range fences {
		if fence.Token < max(f.newest[fence.Lane], f.older[fence.Lane]) {
			return ErrFenced
		}
	}
	for _, fence := range fences {
		if len(f.newest) >= maxFences {
			f.older, f.newest = f.newest, nil
		}
		if f.newest == nil {
			f.newest = make(map[string]int64)
		}
		f.newest[fence.Lane] = max(f.newest[fence.Lane], fence.Token)
	}
	return nil
}
