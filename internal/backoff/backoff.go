// Package backoff says how long to wait before a repeat, and waits.
package backoff

import (
	"context"
	"math/rand/v2"
	"time"
)

// Policy is how waits grow from one attempt to the next. Each is random up to a bound that doubles (full jitter), so that
// callers who failed together do not come back together.
type Policy struct {
	Base  time.Duration // bound of the first wait, > 0
	Cap   time.Duration // largest bound
	Least time.Duration // comes on top of each wait; 0: none
	Half  bool          // a wait is at least half of its bound (equal jitter)
}

// Delay returns the wait after an attempt has failed, counted from 1: less than Least and the bound together.
func (p Policy) Delay(attempt int) time.Duration {
	bound := min(p.Base, p.Cap)
	for range attempt - 1 {
		if bound > p.Cap/2 {
			bound = p.Cap
			break
		}
		bound *= 2
	}
	if p.Half {
		return p.Least + bound - bound/2 + below(bound/2)
	}
	return p.Least + below(bound)
}

// below returns a random duration that is less than bound; 0 if there is none.
func below(bound time.Duration) time.Duration {
	if bound <= 0 {
		return 0
	}
	return rand.N(bound)
}

// Wait returns nil after d. It returns the error of ctx when that ends first, and context.DeadlineExceeded at once when the
// deadline of ctx leaves no time after d.
func Wait(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) <= d {
		return context.DeadlineExceeded
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
