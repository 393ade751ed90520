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
	// LimitersPerApp is how many endpoints an app uses at once on average; it bounds the limiters kept.
	LimitersPerApp = 4
	// maxWait bounds the wait for a limiter when the caller's context has no deadline.
	maxWait = time.Minute
	// longPause is a pause that no rate explains: all are counted in a minute at most. It may be a mistake, so one call at a time asks.
	longPause = time.Minute
	// probeEvery is the time from the beginning of a long pause to its first probe, and from probe to probe.
	probeEvery = 30 * time.Second
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
	probeAt time.Time // from here on one call may go out in spite of until; zero for a pause that is not long
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

// enter waits until a call may be sent; leave must be called with its error when it has been. A wait that would outlast ctx is refused
// at once with ClassRate and the time it would have taken.
func (l *limiter) enter(ctx context.Context, api *feishu.API) (leave func(*feishu.Error), refused *feishu.Error) {
	free := func() {}
	if l.slot != nil {
		select {
		case l.slot <- struct{}{}:
			free = func() { <-l.slot }
		case <-ctx.Done():
			return nil, api.NewError(feishu.ClassRate, "the rate limit leaves no call in time", ctx.Err())
		}
	}
	probe, wait, err := l.wait(ctx)
	if err != nil {
		free()
		refused = api.NewError(feishu.ClassRate, "the rate limit leaves no call in time", err)
		refused.RetryAfter = wait
		return nil, refused
	}
	return func(err *feishu.Error) {
		free()
		if probe && (err == nil || err.Code != 0 && err.Class != feishu.ClassRate) { // Feishu took the call
			l.resume()
		}
	}, nil
}

// wait returns when the call has its turn, or the time that is missing and why it cannot be waited for. A pause that
// begins while a call waits makes it queue again, so that the end of a pause releases no crowd. The call may be the probe of a long pause.
func (l *limiter) wait(ctx context.Context) (probe bool, missing time.Duration, err error) {
	for {
		d, probe := l.held()
		if d > 0 {
			if _, limited := ctx.Deadline(); !limited && l.paused() > maxWait {
				return false, d, context.DeadlineExceeded
			}
			if err := sleep(ctx, d); err != nil {
				return false, d, err
			}
			continue
		}
		d, ok := l.reserve(ctx)
		if !ok {
			return false, d, context.DeadlineExceeded
		}
		if err := sleep(ctx, d); err != nil {
			return false, d, err
		}
		if probe || l.paused() <= 0 {
			return probe, 0, ctx.Err()
		}
	}
}

// held returns how long a pause still keeps a call back: to its end, or to the next probe of a long one. With no time left, the call is
// that probe if there is a pause.
func (l *limiter) held() (wait time.Duration, probe bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	switch {
	case !now.Before(l.until):
		return 0, false
	case l.probeAt.IsZero() || l.until.Before(l.probeAt):
		return l.until.Sub(now), false
	case now.Before(l.probeAt):
		return l.probeAt.Sub(now), false
	}
	l.probeAt = now.Add(probeEvery)
	return 0, true
}

// resume ends a pause.
func (l *limiter) resume() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.until, l.probeAt = time.Time{}, time.Time{}
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
	now := time.Now()
	until := now.Add(d)
	if !until.After(l.until) {
		return
	}
	l.until = until
	switch {
	case d <= longPause:
		l.probeAt = time.Time{}
	case l.probeAt.Before(now):
		l.probeAt = now.Add(probeEvery)
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
