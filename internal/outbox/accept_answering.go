package outbox

import (
	"sync"
	"time"
)

// AnswerWait bounds how long the same rows, sent again without a key, wait for the end of an answer that is on its way. It is
// ample for what is handed to a socket; a caller who reads slowly cannot hold others up for longer.
const AnswerWait = 2 * time.Second

// answering counts the answers of one derived key that are being written.
type answering struct {
	count   int
	settled chan struct{} // closed once none is
}

// Answering notes that an answer is about to be written. Until done is called, at most AnswerWait, the same rows sent again wait:
// whether they are a repeat or new rows is only known once the answer is delivered or is not. done may be called more than once.
func (t *Ticket) Answering() (done func()) {
	if !t.entry.derived {
		return func() {} // a key of the caller's own is a repeat in either case
	}
	a, key := t.acceptor, t.entry.key
	a.mu.Lock()
	defer a.mu.Unlock()
	answers := a.answers[key]
	if answers == nil {
		answers = &answering{settled: make(chan struct{})}
		a.answers[key] = answers
	}
	answers.count++
	settle := sync.OnceFunc(func() {
		a.mu.Lock()
		defer a.mu.Unlock()
		if answers.count--; answers.count == 0 {
			delete(a.answers, key)
			close(answers.settled)
		}
	})
	timer := time.AfterFunc(AnswerWait, settle)
	return func() {
		timer.Stop()
		settle()
	}
}
