package state

import (
	"sync"
	"time"
)

// WriteLane lets one write at a time into a table or a base. It is safe for concurrent use.
type WriteLane struct {
	mu    sync.Mutex
	busy  bool
	until time.Time     // a finished write still excludes others until then
	free  chan struct{} // closed when the running write ends; only while busy
}

// Enter takes the lane; it returns false at once when a write is running, or, with queue, waits for it (false only when done closes).
func (l *WriteLane) Enter(queue bool, done <-chan struct{}) bool {
	for {
		l.mu.Lock()
		wait := time.Until(l.until)
		if !l.busy && wait <= 0 {
			l.busy, l.free = true, make(chan struct{})
			l.mu.Unlock()
			return true
		}
		free := l.free
		if !l.busy {
			free = nil
		}
		l.mu.Unlock()
		if !queue {
			return false
		}
		if free != nil {
			select {
			case <-free:
			case <-done:
				return false
			}
			continue
		}
		if !Pause(wait, done) {
			return false
		}
	}
}

// Leave frees the lane; for window it still refuses others.
func (l *WriteLane) Leave(window time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.busy = false
	if window > 0 {
		l.until = time.Now().Add(window)
	}
	close(l.free)
}

// Pause waits for d; false when done closes first.
func Pause(d time.Duration, done <-chan struct{}) bool {
	if d <= 0 {
		return true
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-done:
		return false
	}
}
