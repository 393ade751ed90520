package outbox

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/rowgate/rowgate/internal/secret"
)

// Bounds of one transaction of the store.
const (
	maxMerged = 512                  // requests
	lazyFor   = 2 * time.Millisecond // a request that nobody waits for waits this long for company
)

// request is one caller's changes and what to do once they are stored or have failed.
type request struct {
	changes Changes
	frees   []string    // keys that the changes free: an insert of one of them must not share their transaction
	then    func(error) // runs on the writer's goroutine and must not wait; nil if nobody cares
}

// journal is the one way to the store: one goroutine writes, and merges what waits into one transaction, in order. What it
// stores is sealed.
type journal struct {
	// These never change.
	store Store
	ring  *secret.Keyring
	log   *slog.Logger
	wake  chan struct{} // something waits
	hurry chan struct{} // somebody waits for it
	quit  chan struct{}
	ended chan struct{}

	mu     sync.Mutex // guards what follows
	queue  []*request
	urgent bool
	closed bool
}

var errStopped = errors.New("the outbox has stopped")

func newJournal(opts *Options) *journal {
	return &journal{
		store: opts.Store, ring: opts.Keyring, log: opts.Logger,
		wake: make(chan struct{}, 1), hurry: make(chan struct{}, 1), quit: make(chan struct{}), ended: make(chan struct{}),
	}
}

// apply stores changes and waits for it.
func (j *journal) apply(changes Changes) error { return <-j.begin(changes) }

// begin queues changes and returns where it will be said how that went.
func (j *journal) begin(changes Changes) <-chan error {
	stored := make(chan error, 1)
	j.add(&request{changes: changes, then: func(err error) { stored <- err }}, true)
	return stored
}

// add queues r behind all that was added before. A request that is not urgent may wait for lazyFor.
func (j *journal) add(r *request, urgent bool) {
	j.mu.Lock()
	if j.closed {
		j.mu.Unlock()
		go j.tell([]*request{r}, errStopped)
		return
	}
	j.queue = append(j.queue, r)
	j.urgent = j.urgent || urgent
	j.mu.Unlock()
	signal(j.wake)
	if urgent {
		signal(j.hurry)
	}
}

func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// run writes until stop, and then what is left.
func (j *journal) run() {
	defer close(j.ended)
	for {
		select {
		case <-j.wake:
			j.linger()
		case <-j.quit:
			j.flushAll()
			for !j.close() {
				j.flushAll()
			}
			return
		}
		j.flushAll()
	}
}

// stop flushes the queue and returns when all is stored. What is added after it fails.
func (j *journal) stop() {
	close(j.quit)
	<-j.ended
}

// close refuses what comes; false if something came before it.
func (j *journal) close() bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.closed = len(j.queue) == 0
	return j.closed
}

func (j *journal) linger() {
	j.mu.Lock()
	urgent := j.urgent
	j.mu.Unlock()
	if urgent {
		return
	}
	timer := time.NewTimer(lazyFor)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-j.hurry:
	case <-j.quit:
	}
}

func (j *journal) flushAll() {
	for more := true; more; {
		more = j.flush()
	}
}

// flush writes the first requests of the queue in one transaction; false if there were none.
func (j *journal) flush() bool {
	j.mu.Lock()
	n := mergeable(j.queue)
	group := j.queue[:n:n]
	j.queue = j.queue[n:]
	j.urgent = j.urgent && len(j.queue) > 0
	j.mu.Unlock()
	if n == 0 {
		return false
	}
	defer clear(group) // the queue's array outlives what is stored
	err := j.write(merge(group))
	if err == nil || n == 1 {
		j.tell(group, err)
		return true
	}
	for _, r := range group { // one of them is at fault: only that one may fail
		j.tell([]*request{r}, j.write(&r.changes))
	}
	return true
}

func (j *journal) write(changes *Changes) error {
	if changes.empty() && len(changes.Fences) == 0 {
		return nil
	}
	return j.store.Apply(context.Background(), changes)
}

func (j *journal) tell(group []*request, err error) {
	for _, r := range group {
		if r.then != nil {
			r.then(err)
		} else if err != nil {
			j.log.Error("outbox store refused a change", slog.Any("error", err))
		}
	}
}

// mergeable counts the requests at the head of queue whose merging changes nothing: the store applies deletions last, so
// an insert of a key that a request before it frees begins a transaction of its own.
func mergeable(queue []*request) int {
	var freed map[string]bool
	for n, r := range queue {
		if n == maxMerged {
			return n
		}
		for i := range r.changes.Insert {
			if freed[r.changes.Insert[i].Key] {
				return n
			}
		}
		for _, key := range r.frees {
			if freed == nil {
				freed = make(map[string]bool)
			}
			freed[key] = true
		}
	}
	return len(queue)
}

func merge(group []*request) *Changes {
	if len(group) == 1 {
		return &group[0].changes
	}
	all := &Changes{Volatile: true}
	for _, r := range group {
		c := &r.changes
		all.Insert = append(all.Insert, c.Insert...)
		all.Start = append(all.Start, c.Start...)
		all.Finish = append(all.Finish, c.Finish...)
		all.Done = append(all.Done, c.Done...)
		all.Delivered = append(all.Delivered, c.Delivered...)
		all.Recalled = append(all.Recalled, c.Recalled...)
		all.Keep = append(all.Keep, c.Keep...)
		all.Forget = append(all.Forget, c.Forget...)
		all.Fences = append(all.Fences, c.Fences...)
		all.Volatile = all.Volatile && (c.Volatile || c.empty())
	}
	return all
}

// empty reports whether nothing is to be changed. The fences of an empty change still have to reach the store.
func (c *Changes) empty() bool {
	return len(c.Insert)+len(c.Start)+len(c.Finish)+len(c.Done)+len(c.Delivered)+len(c.Recalled)+len(c.Keep)+len(c.Forget) == 0
}
