package client

import (
	"context"
	"sync"
	"time"

	"github.com/maypok86/otter/v2"
	"golang.org/x/time/rate"

	"github.com/rowgate/rowgate/internal/backoff"
	"github.com/rowgate/rowgate/internal/feishu"
)

const (
	// limitersPerApp is how many endpoints an app uses at once on average; it bounds the limiters kept.
	limitersPerApp = 4
	// burstShare is the part of a rate that may be used at once: one in burstShare. The rest flows evenly, so that no
	// window of Feishu's ever holds more calls than the documented rate.
	burstShare = 5
	// maxWait bounds the wait for a limiter when the caller's context has no deadline.
	maxWait = time.Minute
)

// limiterKey names one limiter: what is counted, and for whom.
type limiterKey struct{ quota, digest string }

// limiter paces one app's calls of one endpoint (or of endpoints counted together).
type limiter struct {
	limits []*rate.Limiter
	slot   chan struct{} // has one element per call in flight, at most one; nil for no limit

	mu    sync.Mutex
	until time.Time // no call before this time, by a rate-limit answer of Feishu's
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
		l.limits = append(l.limits, newRate(api.PerSecond, time.Second))
	}
	if api.PerMinute > 0 {
		l.limits = append(l.limits, newRate(api.PerMinute, time.Minute))
	}
	if api.Serial {
		l.slot = make(chan struct{}, 1)
	}
	return l
}

// newRate lets at most calls through in any window: a burst and an even flow that add up to it.
func newRate(calls int, window time.Duration) *rate.Limiter {
	burst := max(1, calls/burstShare)
	even := max(1, calls-burst)
	return rate.NewLimiter(rate.Limit(float64(even)/window.Seconds()), burst)
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
		for _, limit := range l.limits {
			turn := limit.Reserve()
			if d := turn.Delay(); d > 0 {
				if err := sleep(ctx, d); err != nil {
					turn.Cancel()
					return d, err
				}
			}
		}
		if l.paused() <= 0 {
			return 0, ctx.Err()
		}
	}
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
