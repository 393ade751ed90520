package outbox

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"
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

// storeWriter is the one goroutine that writes to the store: it merges what waits into one transaction, in order.
type storeWriter struct {
	store  Store
	log    *slog.Logger
	wake   chan struct{} // something waits
	hurry  chan struct{} // somebody waits for it
	quit   chan struct{}
	ended  chan struct{}
	mu     sync.Mutex
	queue  []*request
	urgent bool
	closed bool
}

var errStopped = errors.New("the outbox has stopped")

func newStoreWriter(store Store, log *slog.Logger) *storeWriter {
	return &storeWriter{
		store: store, log: log,
		wake: make(chan struct{}, 1), hurry: make(chan struct{}, 1), quit: make(chan struct{}), ended: make(chan struct{}),
	}
}

// apply stores changes and waits for it.
func (w *storeWriter) apply(changes Changes) error { return <-w.begin(changes) }

// begin queues changes and returns where it will be said how that went.
func (w *storeWriter) begin(changes Changes) <-chan error {
	stored := make(chan error, 1)
	w.add(&request{changes: changes, then: func(err error) { stored <- err }}, true)
	return stored
}

// add queues r behind all that was added before. A request that is not urgent may wait for lazyFor.
func (w *storeWriter) add(r *request, urgent bool) {
	w.mu.Lock()
	if w.closed {
		w.mu.Unlock()
		go w.tell([]*request{r}, errStopped)
		return
	}
	w.queue = append(w.queue, r)
	w.urgent = w.urgent || urgent
	w.mu.Unlock()
	signal(w.wake)
	if urgent {
		signal(w.hurry)
	}
}

func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// run writes until stop, and then what is left.
func (w *storeWriter) run() {
	defer close(w.ended)
	for {
		select {
		case <-w.wake:
			w.linger()
		case <-w.quit:
			w.flushAll()
			for !w.close() {
				w.flushAll()
			}
			return
		}
		w.flushAll()
	}
}

// stop flushes the queue and returns when all is stored. What is added after it fails.
func (w *storeWriter) stop() {
	close(w.quit)
	<-w.ended
}

// close refuses what comes; false if something came before it.
func (w *storeWriter) close() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.closed = len(w.queue) == 0
	return w.closed
}

func (w *storeWriter) linger() {
	w.mu.Lock()
	urgent := w.urgent
	w.mu.Unlock()
	if urgent {
		return
	}
	timer := time.NewTimer(lazyFor)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-w.hurry:
	case <-w.quit:
	}
}

func (w *storeWriter) flushAll() {
	for more := true; more; {
		more = w.flush()
	}
}

// flush writes the first requests of the queue in one transaction; false if there were none.
func (w *storeWriter) flush() bool {
	w.mu.Lock()
	n := mergeable(w.queue)
	group := w.queue[:n:n]
	w.queue = w.queue[n:]
	w.urgent = w.urgent && len(w.queue) > 0
	w.mu.Unlock()
	if n == 0 {
		return false
	}
	err := w.write(merge(group))
	if err == nil || n == 1 {
		w.tell(group, err)
		return true
	}
	for _, r := range group { // one of them is at fault: only that one may fail
		w.tell([]*request{r}, w.write(&r.changes))
	}
	return true
}

func (w *storeWriter) write(changes *Changes) error {
	return w.store.Apply(context.Background(), changes)
}

func (w *storeWriter) tell(group []*request, err error) {
	for _, r := range group {
		if r.then != nil {
			r.then(err)
		} else if err != nil {
			w.log.Error("outbox store refused a change", slog.Any("error", err))
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
	all := &Changes{}
	for _, r := range group {
		c := &r.changes
		all.Insert = append(all.Insert, c.Insert...)
		all.Start = append(all.Start, c.Start...)
		all.Finish = append(all.Finish, c.Finish...)
		all.Done = append(all.Done, c.Done...)
		all.Delivered = append(all.Delivered, c.Delivered...)
		all.Keep = append(all.Keep, c.Keep...)
		all.Forget = append(all.Forget, c.Forget...)
	}
	return all
}
