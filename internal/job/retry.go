package job

import (
	"math/rand/v2"
	"time"
)

// MaxRetryAfter is the longest wait that a handler can ask for.
const MaxRetryAfter = 24 * time.Hour

// Policy says when a job that failed is tried again, and when it is dead.
type Policy struct {
	Waits []time.Duration // after the first failure, the second, …; the last one goes on if For is not over
	// Jitter is how much of a wait is random: 1 is anything up to the wait (full jitter), 0.2 is 20 % more or less.
	Jitter float64
	// For is how long a job is tried at least after its first failure, however many tries that takes. 0: the waits are all there are.
	For time.Duration
}

// DefaultPolicy tries for a day: nine times at least, about fifteen as a rule.
var DefaultPolicy = Policy{
	Waits: []time.Duration{
		10 * time.Second, 30 * time.Second, 2 * time.Minute, 10 * time.Minute, 30 * time.Minute, time.Hour, 2 * time.Hour, 4 * time.Hour,
	},
	Jitter: 1,
	For:    24 * time.Hour,
}

// leastWait keeps a job whose jitter came out as nothing from being tried in a tight circle.
const leastWait = time.Second

// next returns the wait after so many failures, the first of which was so long ago; dead if there is to be no other try.
func (p Policy) next(failures int, since time.Duration) (wait time.Duration, dead bool) {
	if failures > len(p.Waits) && since >= p.For {
		return 0, true
	}
	bound := p.Waits[min(failures, len(p.Waits))-1]
	if p.Jitter >= 1 {
		wait = time.Duration(rand.Int64N(int64(bound) + 1))
	} else {
		wait = time.Duration(float64(bound) * (1 - p.Jitter + 2*p.Jitter*rand.Float64()))
	}
	if left := p.For - since; failures >= len(p.Waits) && left > 0 {
		wait = min(wait, left) // the last try is when the time is over, not before it
	}
	return max(wait, leastWait), false
}
