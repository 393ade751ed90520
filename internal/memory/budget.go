// Package memory divides the memory of the process: how much there is, what part each use may have, and a budget that holds a use to it.
package memory

import (
	"context"
	"sync"
)

// Budget bounds the bytes that its holders have in memory at the same time. One holder may go beyond the limit, so that what is larger
// than all of it, or has grown while others did, comes to its end: the bound is the limit and the largest hold. A nil Budget bounds
// nothing. It is safe for concurrent use.
type Budget struct {
	limit int64

	mu    sync.Mutex
	used  int64
	over  bool          // one holder is beyond the limit
	freed chan struct{} // closed when something was released; nil while nobody waits for that
}

// NewBudget returns a budget of so many bytes.
func NewBudget(limit int64) *Budget { return &Budget{limit: limit} }

// Hold returns a hold of nothing yet.
func (b *Budget) Hold() *Hold { return &Hold{budget: b} }

// Used returns the bytes that are held within the limit.
func (b *Budget) Used() int64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.used
}

// Hold is what one user has of a budget. It is used by one goroutine at a time.
type Hold struct {
	budget *Budget
	bytes  int64 // within the limit
	over   bool
}

// Grow adds n bytes, and waits for them until ctx ends, whose error it then returns.
func (h *Hold) Grow(ctx context.Context, n int64) error {
	b := h.budget
	if b == nil || h.over {
		return nil
	}
	for {
		b.mu.Lock()
		switch {
		case b.used+n <= b.limit:
			b.used += n
			h.bytes += n
			b.mu.Unlock()
			return nil
		case !b.over:
			b.over, h.over = true, true
			b.mu.Unlock()
			return nil
		}
		if b.freed == nil {
			b.freed = make(chan struct{})
		}
		freed := b.freed
		b.mu.Unlock()
		select {
		case <-freed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// Release gives everything back. It may be called more than once.
func (h *Hold) Release() {
	b := h.budget
	if b == nil || h.bytes == 0 && !h.over {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.used -= h.bytes
	if h.over {
		b.over = false
	}
	h.bytes, h.over = 0, false
	if b.freed != nil {
		close(b.freed)
		b.freed = nil
	}
}
