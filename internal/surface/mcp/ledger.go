package mcp

import (
	"container/list"
	"context"
	"sync"
	"time"

	"github.com/rowgate/rowgate/internal/request"
)

// Bounds of what is remembered of calls.
const (
	// recallFor is how long after its answer a call may still be cancelled (docs/contract.md §3, "Idempotency").
	recallFor = 10 * time.Minute
	// MaxAnswered bounds the answered calls that are remembered; the oldest is forgotten first.
	MaxAnswered = 10_000
	// maxAnsweredPerClient bounds those of one client.
	maxAnsweredPerClient = 1_000
	// noteWait bounds how long a call waits for the same call before it, whose answer is being written, to be noted as delivered.
	noteWait = 2 * time.Second
)

// client names who calls: a digest of credential, address and session. Over standard input and output there is one.
type client [32]byte

// entry is one call in the ledger.
type entry struct {
	client client
	id     string   // JSON-RPC id as it was sent; "" if it is not known
	same   [32]byte // tool and arguments
	call   *request.Call

	writing bool          // the answer is being written
	noted   chan struct{} // closed once it is known whether the answer was delivered
	ended   time.Time     // zero while the call is in flight
}

// ledger remembers the calls in flight and, for recallFor, those that were answered, so that a client can say that it did not take
// an answer. It is safe for concurrent use. Nothing of arguments or answers is kept.
type ledger struct {
	mu       sync.Mutex
	flying   map[*entry]bool
	answered *list.List            // of *entry, by ended
	byClient map[client]*list.List // of *list.Element in answered, by ended
}

func newLedger() *ledger {
	return &ledger{flying: map[*entry]bool{}, answered: list.New(), byClient: map[client]*list.List{}}
}

// begin notes a call. If the same call of the same client has its answer being written, it first waits for that to be noted: the
// client may have read the answer before the server knows that it was delivered.
func (l *ledger) begin(ctx context.Context, e *entry) {
	e.noted = make(chan struct{})
	for {
		before := l.enter(e)
		if before == nil {
			return
		}
		if !wait(ctx, before) {
			l.mu.Lock()
			l.flying[e] = true
			l.mu.Unlock()
			return
		}
	}
}

// enter notes e as in flight, or returns the channel of the call that e waits for.
func (l *ledger) enter(e *entry) <-chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	for other := range l.flying {
		if other.writing && other.client == e.client && other.same == e.same {
			return other.noted
		}
	}
	l.flying[e] = true
	return nil
}

func wait(ctx context.Context, noted <-chan struct{}) bool {
	timer := time.NewTimer(noteWait)
	defer timer.Stop()
	select {
	case <-noted:
		return true
	case <-timer.C:
	case <-ctx.Done():
	}
	return false
}

// write notes that the answer of e goes out now.
func (l *ledger) write(e *entry) {
	l.mu.Lock()
	defer l.mu.Unlock()
	e.writing = true
}

// end notes that e is answered, delivered or not; keep says that it may still be cancelled.
func (l *ledger) end(e *entry, keep bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.flying[e] {
		return
	}
	delete(l.flying, e)
	close(e.noted)
	now := time.Now()
	l.forget(now.Add(-recallFor))
	if !keep || e.id == "" {
		return
	}
	e.ended = now
	if own := l.byClient[e.client]; own != nil && own.Len() >= maxAnsweredPerClient {
		if oldest, ok := own.Front().Value.(*list.Element); ok {
			l.drop(oldest)
		}
	} else if l.answered.Len() >= MaxAnswered {
		l.drop(l.answered.Front())
	}
	own := l.byClient[e.client]
	if own == nil {
		own = list.New()
		l.byClient[e.client] = own
	}
	own.PushBack(l.answered.PushBack(e))
}

// forget drops what ended before the instant; mu is held.
func (l *ledger) forget(before time.Time) {
	for oldest := l.answered.Front(); oldest != nil && entryOf(oldest).ended.Before(before); oldest = l.answered.Front() {
		l.drop(oldest)
	}
}

// drop forgets an answered call, which is the oldest of its client; mu is held.
func (l *ledger) drop(element *list.Element) {
	e := entryOf(element)
	own := l.byClient[e.client]
	own.Remove(own.Front())
	if own.Len() == 0 {
		delete(l.byClient, e.client)
	}
	l.answered.Remove(element)
}

func entryOf(element *list.Element) *entry {
	e, _ := element.Value.(*entry)
	return e
}

// cancel makes the answer of the call with that id undelivered: of the one in flight, else of the latest that was answered within
// recallFor. It returns once that is noted.
func (l *ledger) cancel(from client, id string) {
	if e := l.find(from, id); e != nil {
		e.call.Recall()
	}
}

func (l *ledger) find(from client, id string) *entry {
	l.mu.Lock()
	defer l.mu.Unlock()
	for e := range l.flying {
		if e.client == from && e.id == id {
			return e
		}
	}
	l.forget(time.Now().Add(-recallFor))
	own := l.byClient[from]
	if own == nil {
		return nil
	}
	for element := own.Back(); element != nil; element = element.Prev() {
		if answered, ok := element.Value.(*list.Element); ok && entryOf(answered).id == id {
			return entryOf(answered)
		}
	}
	return nil
}
