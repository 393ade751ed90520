package client

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/rowgate/rowgate/internal/feishu"
)

// Bounds of the repeats.
const (
	maxAttempts   = 3                      // of one read, the first included
	backoffBase   = 200 * time.Millisecond // upper bound of the first wait, doubled for each further one
	conflictPause = 500 * time.Millisecond // least wait after a conflict, as Feishu advises

	budgetShare = 0.2 // repeats allowed for each call that Feishu answered
	budgetMax   = 2   // repeats that can be saved up; also what a fresh client has: a Feishu that is down gets no more
)

// budget bounds the repeats of all calls to a host to a share of the calls that it answers, so that a failing Feishu is not
// sent more: while it answers none, each call is sent once.
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
// a write asks it first and gives up, or waits, when it says no.
func (c *Client) AllowRetry(app feishu.App) bool { return c.hosts[brandOf(app)].budget.spend() }

// again decides whether a read is repeated after err, and waits; false if the class forbids it, the attempts or the
// budget are used up, or ctx ends first.
func (c *Client) again(ctx context.Context, h *host, err *feishu.Error, attempt int) bool {
	if attempt >= maxAttempts || err.Aborted || err.Class == feishu.ClassOpen || !err.Repeatable() {
		return false
	}
	return h.budget.spend() && sleep(ctx, backoff(err, attempt)) == nil
}

// backoff returns a random wait (full jitter) after the attempt that failed with err.
func backoff(err *feishu.Error, attempt int) time.Duration {
	wait := rand.N(backoffBase << (attempt - 1))
	if err.Class == feishu.ClassConflict {
		wait += conflictPause
	}
	return wait
}
