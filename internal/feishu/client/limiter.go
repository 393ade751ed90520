package client

import (
	"context"
	"sync"
	"time"

	"github.com/maypok86/otter/v2"
	"github.com/rowgate/rowgate/internal/backoff"
	"github.com/rowgate/rowgate/internal/feishu"
)

const (
	// limitersPerApp is how many endpoints an app uses at once on average; it bounds the limiters kept.
	limitersPerApp = 4
	// maxWait bounds the wait for a limiter when the caller's context has no deadline.
	maxWait = time.Minute
)

// limiterKey names one limiter: what is counted, and for whom.
type limiterKey struct{ quota, digest string }

// limiter counts one app's calls of one endpoint (or of endpoints counted together). It holds a call back only where it would be one
// more than the documented rate in some window; up to the rate, calls go out at once.
type limiter struct {
	slot chan struct{} // has one element per call in flight, at most one; nil for no limit

	mu      sync.Mutex
	windows []*window
	until   time.Time // no call before this time, by a rate-limit answer of Feishu's
}

func (c *Client) newLimiterCache(size int) *otter.Cache[limiterKey, *limiter] {
	return otter.Must(&otter.Options[limiterKey, *limiter]{
		MaximumSize:      size,
		ExpiryCalculator: otter.ExpiryAccessing[limiterKey, *limiter](idleAfter),
		Executor:         c.background.Go,
	})
}

func (c *Client) limiter(s session, api *feishu.API) *limiter {
	l, _ := c.limiters.ComputeIfAbsent(limiterKey{api.LimitKey(), s.digest}, func() (*limiter, bool) { return newLimiter(api), false })
	return l
}

func newLimiter(api *feishu.API) *limiter {
	l := &limiter{}
	if api.PerSecond > 0 {
		l.windows = append(l.windows, newWindow(api.PerSecond, time.Second))
	}
	if api.PerMinute > 0 {
		l.windows = append(l.windows, newWindow(api.PerMinute, time.Minute))
	}
	if api.Serial {
		l.slot = make(chan struct{}, 1)
	}
	return l
}

// enter waits until a call may be sent; leave must be called when it has been. A wait that would outlast ctx is refused
// at once with ClassRate and the time it would have taken.
func (l *limiter) enter(ctx context.Context, api *feishu.API) (leave func(), refused *feishu.Error) {
	leave = func() {}
	if l.slot != nil {
		select {
		case l.slot <- struct{}{}:
			leave = func() { <-l.slot }
		case <-ctx.Done():
			return nil, api.NewError(feishu.ClassRate, "the rate limit leaves no call in time", ctx.Err())
		}
	}
	if wait, err := l.wait(ctx); err != nil {
		leave()
		refused = api.NewError(feishu.ClassRate, "the rate limit leaves no call in time", err)
		refused.RetryAfter = wait
		return nil, refused
	}
	return leave, nil
}

// wait returns when the call has its turn, or the time that is missing and why it cannot be waited for. A pause that
// begins while a call waits makes it queue again, so that the end of a pause releases no crowd.
func (l *limiter) wait(ctx context.Context) (missing time.Duration, err error) {
	for {
		if d := l.paused(); d > 0 {
			if err := sleep(ctx, d); err != nil {
				return d, err
			}
			continue
		}
		d, ok := l.reserve(ctx)
		if !ok {
			return d, context.DeadlineExceeded
		}
		if err := sleep(ctx, d); err != nil {
			return d, err
		}
		if l.paused() <= 0 {
			return 0, ctx.Err()
		}
	}
}

// reserve takes the next turn that every window has room for, in the order of its callers, and returns the time until then. A turn
// that ctx, or maxWait for a ctx without a deadline, does not reach is not taken.
func (l *limiter) reserve(ctx context.Context) (wait time.Duration, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	turn := now
	for _, w := range l.windows {
		turn = w.earliest(turn)
	}
	wait = turn.Sub(now)
	deadline, limited := ctx.Deadline()
	if limited && turn.After(deadline) || !limited && wait > maxWait {
		return wait, false
	}
	for _, w := range l.windows {
		w.add(turn)
	}
	return wait, true
}

// pause keeps every call back for d from now; a longer pause that runs already stays.
func (l *limiter) pause(d time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if until := time.Now().Add(d); until.After(l.until) {
		l.until = until
	}
}

func (l *limiter) paused() time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	return time.Until(l.until)
}

// sleep waits for d. It fails at once if ctx, or maxWait for a ctx without a deadline, ends before that.
func sleep(ctx context.Context, d time.Duration) error {
	if _, ok := ctx.Deadline(); !ok && d > maxWait {
		return context.DeadlineExceeded
	}
	return backoff.Wait(ctx, d)
}
