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

// gateKey names one limiter: what is counted, and for whom.
type gateKey struct{ quota, digest string }

// gate paces one app's calls of one endpoint (or of endpoints counted together).
type gate struct {
	limits []*rate.Limiter
	slot   chan struct{} // holds the place of the one call in flight; nil for any number

	mu    sync.Mutex
	until time.Time // no call before: Feishu said so
}

func (c *Client) newGateCache(size int) *otter.Cache[gateKey, *gate] {
	return otter.Must(&otter.Options[gateKey, *gate]{
		MaximumSize:      size,
		ExpiryCalculator: otter.ExpiryAccessing[gateKey, *gate](idleAfter),
		Executor:         c.background.Go,
	})
}

func (c *Client) gate(s session, api *feishu.API) *gate {
	g, _ := c.gates.ComputeIfAbsent(gateKey{api.LimitKey(), s.digest}, func() (*gate, bool) { return newGate(api), false })
	return g
}

func newGate(api *feishu.API) *gate {
	g := &gate{}
	if api.PerSecond > 0 {
		g.limits = append(g.limits, newLimiter(api.PerSecond, time.Second))
	}
	if api.PerMinute > 0 {
		g.limits = append(g.limits, newLimiter(api.PerMinute, time.Minute))
	}
	if api.Serial {
		g.slot = make(chan struct{}, 1)
	}
	return g
}

// newLimiter lets at most calls through in any window: a burst and an even flow that add up to it.
func newLimiter(calls int, window time.Duration) *rate.Limiter {
	burst := max(1, calls/burstShare)
	even := max(1, calls-burst)
	return rate.NewLimiter(rate.Limit(float64(even)/window.Seconds()), burst)
}

// enter waits until a call may be sent; leave must be called when it has been. A wait that would outlast ctx is refused
// at once with ClassRate and the time it would have taken.
func (g *gate) enter(ctx context.Context, api *feishu.API) (leave func(), refused *feishu.Error) {
	leave = func() {}
	if g.slot != nil {
		select {
		case g.slot <- struct{}{}:
			leave = func() { <-g.slot }
		case <-ctx.Done():
			return nil, api.NewError(feishu.ClassRate, "no turn in time", ctx.Err())
		}
	}
	if wait, err := g.wait(ctx); err != nil {
		leave()
		refused = api.NewError(feishu.ClassRate, "no turn in time", err)
		refused.RetryAfter = wait
		return nil, refused
	}
	return leave, nil
}

// wait returns when the call has its turn, or the time that is missing and why it cannot be waited for. A pause that
// begins while a call waits makes it queue again, so that the end of a pause releases no crowd.
func (g *gate) wait(ctx context.Context) (missing time.Duration, err error) {
	for {
		if d := g.paused(); d > 0 {
			if err := sleep(ctx, d); err != nil {
				return d, err
			}
			continue
		}
		for _, limit := range g.limits {
			turn := limit.Reserve()
			if d := turn.Delay(); d > 0 {
				if err := sleep(ctx, d); err != nil {
					turn.Cancel()
					return d, err
				}
			}
		}
		if g.paused() <= 0 {
			return 0, ctx.Err()
		}
	}
}

// pause keeps every call back for d from now; a longer pause that runs already stays.
func (g *gate) pause(d time.Duration) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if until := time.Now().Add(d); until.After(g.until) {
		g.until = until
	}
}

func (g *gate) paused() time.Duration {
	g.mu.Lock()
	defer g.mu.Unlock()
	return time.Until(g.until)
}

// sleep waits for d. It fails at once if ctx, or maxWait for a ctx without a deadline, ends before that.
func sleep(ctx context.Context, d time.Duration) error {
	if _, ok := ctx.Deadline(); !ok && d > maxWait {
		return context.DeadlineExceeded
	}
	return backoff.Wait(ctx, d)
}
