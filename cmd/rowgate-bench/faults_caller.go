package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
)

// request sends the i-th request until it is answered or its tries are used up. Half of the requests have an idempotency key, half are
// tried up to 24 times, some callers hang up before the answer, some repeat a request that was answered. A request begins while the
// service runs: a restart affects the requests in progress, and a slow restart does not use up the tries of all others.
func (f *faultRun) request(ctx context.Context, i int) error {
	if err := f.restart.wait(ctx); err != nil {
		return err
	}
	keyed, most := i%2 == 0, tries[i/2%2]
	id := fmt.Sprint("req", i)
	marks := []string{id}
	if i%10 == 0 {
		for n := 1; n < manyRows; n++ {
			marks = append(marks, fmt.Sprintf("%s-%d", id, n))
		}
	}
	one := f.environment.write(i, marks...)
	if keyed {
		one.key = id
	}
	for try := range most {
		if try > 0 && !wait(ctx, repeatAfter) {
			return ctx.Err()
		}
		attempting, hangUp := ctx, context.CancelFunc(func() {})
		// A caller may hang up while the answer is on its way; only a key distinguishes the repeat from a new row.
		if keyed && i%6 == 0 && try == 0 {
			attempting, hangUp = context.WithTimeout(ctx, rand.N(hangUpMost))
		}
		got, answered, err := f.attempt(attempting, id, one, marks...)
		hangUp()
		if answered {
			f.refused.add(&got)
		}
		switch {
		case err != nil:
			return err
		case !answered, got.Retryable, got.status == http.StatusTooManyRequests, got.status >= http.StatusInternalServerError:
			continue // this includes in_flight, the 409 while the first request is being stored
		case got.status >= http.StatusBadRequest:
			f.rejected.Add(1)
			return nil // refused for good: its row must not be in the table
		}
		if keyed && i%8 == 0 && got.status == http.StatusOK {
			return f.askAgain(ctx, id, one, marks, got)
		}
		return nil
	}
	f.gaveUp.Add(1)
	return nil
}

// askAgain repeats an answered request and checks that the answer is the same.
func (f *faultRun) askAgain(ctx context.Context, id string, one call, marks []string, first reply) error {
	got, answered, err := f.attempt(ctx, id, one, marks...)
	if err != nil || !answered || got.status >= http.StatusInternalServerError {
		return err
	}
	if got.status != http.StatusOK || got.Created != first.Created || got.Unknown != first.Unknown {
		f.changed.Add(1)
	}
	return nil
}
