package client

import (
	"context"
	"sync"
	"time"

	"github.com/rowgate/rowgate/internal/backoff"
	"github.com/rowgate/rowgate/internal/feishu"
)

// Bounds of the repeats.
const (
	maxAttempts = 3 // of one read, the first included

	budgetShare = 0.2 // repeats allowed for each call that Feishu answered
	budgetMax   = 2   // repeats that can be saved up; also what a fresh client has: a Feishu that is down gets no more
)

var (
	afterFailure  = backoff.Policy{Base: 200 * time.Millisecond, Cap: 2 * time.Second}
	afterConflict = backoff.Policy{Base: 200 * time.Millisecond, Cap: 2 * time.Second, Least: 500 * time.Millisecond} // as Feishu advises
)

// budget bounds the repeats of all calls to a host to a share of the calls that it answers, so that repeats do not add load to
// a failing Feishu: while it answers no call, each call is sent once. It is safe for concurrent use.
type budget struct {
	mu     sync.Mutex
	saved  float64
	earned float64
}

func newBudget() *budget { return &budget{saved: budgetMax, earned: budgetShare} }

// earn is called with the end of each call; err is nil for a success.
func (b *budget) earn(err *feishu.Error) {
	if err != nil && err.Code == 0 {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.saved = min(b.saved+b.earned, budgetMax)
}

// spend takes one repeat; false if none is left.
func (b *budget) spend() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.saved < 1 {
		return false
	}
	b.saved--
	return true
}

// AllowRetry takes one repeat from the budget that all calls to the app's host share: 20 % of the calls. Whoever repeats
// a write calls it first and gives up, or waits, when it returns false.
func (c *Client) AllowRetry(app feishu.App) bool { return c.hostOf(app).budget.spend() }

// again decides whether a read is repeated after err, and waits; false if the class forbids it, the attempts or the
// budget are used up, or ctx ends first.
func (c *Client) again(ctx context.Context, h *host, err *feishu.Error, attempt int) bool {
	if attempt >= maxAttempts || err.Aborted || err.Class == feishu.ClassOpen || !err.Repeatable() {
		return false
	}
	policy := afterFailure
	if err.Class == feishu.ClassConflict {
		policy = afterConflict
	}
	return h.budget.spend() && backoff.Wait(ctx, policy.Delay(attempt)) == nil
}
