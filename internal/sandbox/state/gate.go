package state

import (
	"sync"
	"time"
)

// Gate is "one write at a time" over a table or a base.
type Gate struct {
	mu    sync.Mutex
	busy  bool
	until time.Time     // a finished write still excludes others until then
	free  chan struct{} // closed when the running write ends; only while busy
}

// Enter takes the gate; it returns false at once when a write is running, or, with queue, waits for it (false only when done closes).
func (g *Gate) Enter(queue bool, done <-chan struct{}) bool {
	for {
		g.mu.Lock()
		wait := time.Until(g.until)
		if !g.busy && wait <= 0 {
			g.busy, g.free = true, make(chan struct{})
			g.mu.Unlock()
			return true
		}
		free := g.free
		if !g.busy {
			free = nil
		}
		g.mu.Unlock()
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

func (g *Gate) Leave(window time.Duration) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.busy = false
	if window > 0 {
		g.until = time.Now().Add(window)
	}
	close(g.free)
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
