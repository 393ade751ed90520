package backoff

import (
	"context"
	"errors"
	"math"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"
)

func TestDelay(t *testing.T) {
	t.Parallel()

	for name, c := range map[string]struct {
		policy  Policy
		attempt int
		least   time.Duration // of the wait
		bound   time.Duration // the wait is less than this
	}{
		"is_random_up_to_the_base":            {Policy{Base: time.Second, Cap: time.Minute}, 1, 0, time.Second},
		"doubles_its_bound":                   {Policy{Base: time.Second, Cap: time.Minute}, 4, 0, 8 * time.Second},
		"stops_at_the_cap":                    {Policy{Base: time.Second, Cap: 5 * time.Second}, 4, 0, 5 * time.Second},
		"stops_at_a_cap_below_the_base":       {Policy{Base: time.Second, Cap: time.Millisecond}, 1, 0, time.Millisecond},
		"stays_at_the_cap_for_ever":           {Policy{Base: 1, Cap: math.MaxInt64}, math.MaxInt, 0, math.MaxInt64},
		"comes_on_top_of_the_least":           {Policy{Base: 1_000, Cap: 9_000, Least: 50_000}, 2, 50_000, 52_000},
		"is_half_of_its_bound_at_least":       {Policy{Base: time.Second, Cap: time.Minute, Half: true}, 2, time.Second, 2 * time.Second},
		"is_the_least_where_there_is_no_base": {Policy{Cap: time.Minute, Least: time.Second}, 3, time.Second, time.Second + 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			seen := make(map[time.Duration]bool)
			var sum float64
			const draws = 400
			for range draws {
				wait := c.policy.Delay(c.attempt)
				if wait < c.least || wait >= c.bound {
					t.Fatalf("waited %s, want between %s and %s", wait, c.least, c.bound)
				}
				seen[wait] = true
				sum += float64(wait - c.least)
			}
			width := float64(c.bound - c.least)
			if width > draws && len(seen) < draws/2 {
				t.Errorf("only %d different waits in %d", len(seen), draws)
			}
			// The mean of so many even draws is off by a tenth of the width in fewer than one of 10^10 runs.
			if mean := sum / draws / width; width > draws && (mean < 0.4 || mean > 0.6) {
				t.Errorf("the mean lies at %.2f between the least and the bound, want the middle", mean)
			}
		})
	}
	t.Run("never_leaves_its_bounds", func(t *testing.T) {
		t.Parallel()
		rapid.Check(t, func(t *rapid.T) {
			p := Policy{
				Base: time.Duration(rapid.Int64Range(1, int64(time.Hour)).Draw(t, "base")),
				Cap:  time.Duration(rapid.Int64Range(1, int64(time.Hour)).Draw(t, "cap")),
				Half: rapid.Bool().Draw(t, "half"),
			}
			attempt := rapid.IntRange(1, 100).Draw(t, "attempt")
			bound := time.Duration(min(float64(p.Cap), float64(p.Base)*math.Pow(2, float64(attempt-1))))
			wait := p.Delay(attempt)
			if wait < 0 || wait > bound || p.Half && wait < bound/2 {
				t.Fatalf("waited %s with the bound %s", wait, bound)
			}
		})
	})
}

func TestWait(t *testing.T) {
	t.Parallel()

	for name, c := range map[string]struct {
		wait     time.Duration
		deadline time.Duration // 0: none
		cancel   time.Duration // 0: never
		want     error
		took     time.Duration
	}{
		"lets_the_time_pass":                           {wait: time.Second, took: time.Second},
		"lets_the_time_pass_before_the_deadline":       {wait: time.Second, deadline: time.Second + 1, took: time.Second},
		"returns_at_once_when_there_is_nothing_to_do":  {},
		"fails_at_once_when_the_deadline_is_nearer":    {wait: time.Second, deadline: time.Second - 1, want: context.DeadlineExceeded},
		"fails_at_once_when_no_time_is_left_after_it":  {wait: time.Second, deadline: time.Second, want: context.DeadlineExceeded},
		"ends_with_its_caller":                         {wait: time.Minute, cancel: time.Second, want: context.Canceled, took: time.Second},
		"ends_with_a_caller_who_leaves_before_the_end": {wait: time.Minute, deadline: time.Hour, cancel: 1, want: context.Canceled, took: 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				if c.deadline > 0 {
					ctx, cancel = context.WithTimeout(ctx, c.deadline)
					defer cancel()
				}
				if c.cancel > 0 {
					time.AfterFunc(c.cancel, cancel)
				}
				start := time.Now()
				err := Wait(ctx, c.wait)
				if !errors.Is(err, c.want) || time.Since(start) != c.took {
					t.Errorf("%v after %s, want %v after %s", err, time.Since(start), c.want, c.took)
				}
			})
		})
	}
	t.Run("fails_with_a_caller_who_has_left", func(t *testing.T) {
		t.Parallel()
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := Wait(ctx, 0); !errors.Is(err, context.Canceled) {
			t.Errorf("err = %v", err)
		}
	})
}
