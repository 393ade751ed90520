package client

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rowgate/rowgate/internal/feishu"
)

func TestLimiter(t *testing.T) {
	t.Parallel()
	t.Run("keeps_every_window_within_the_documented_rate", func(t *testing.T) {
		t.Parallel()
		for _, api := range []*feishu.API{
			feishu.APIBatchCreate, feishu.APISearch, feishu.APICreateField, feishu.APIUploadAll,
			feishu.APIGetNode,
		} {
			synctest.Test(t, func(t *testing.T) {
				calls, window := api.PerSecond, time.Second
				if calls == 0 {
					calls, window = api.PerMinute, time.Minute
				}
				limiter := newLimiter(&feishu.API{PerSecond: api.PerSecond, PerMinute: api.PerMinute})
				var turns []time.Time
				for range 3 * calls {
					if _, err := limiter.enter(t.Context(), api); err != nil {
						t.Fatal(err)
					}
					turns = append(turns, time.Now())
				}
				for i := range len(turns) - calls {
					if got := turns[i+calls].Sub(turns[i]); got < window {
						t.Fatalf("%s: %d calls within %v", api.Name, calls+1, got)
					}
				}
			})
		}
	})
	t.Run("uses_all_of_the_documented_rate_and_paces_nothing_below_it", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			limiter, start := newLimiter(feishu.APIBatchCreate), time.Now()
			for n := range 10 * feishu.APIBatchCreate.PerSecond { // a lone caller without think time
				if _, err := limiter.enter(t.Context(), feishu.APIBatchCreate); err != nil {
					t.Fatal(err)
				}
				want := time.Duration(n/feishu.APIBatchCreate.PerSecond) * time.Second
				if got := time.Since(start); got != want {
					t.Fatalf("call %d had its turn after %v, want %v", n, got, want)
				}
			}
		})
	})
	t.Run("keeps_the_turn_of_a_caller_that_cannot_wait_for_others", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			limiter := newLimiter(feishu.APISearch)
			for range feishu.APISearch.PerSecond {
				_, _ = limiter.enter(t.Context(), feishu.APISearch)
			}
			short, cancel := context.WithTimeout(t.Context(), time.Second/2)
			defer cancel()
			if _, err := limiter.enter(short, feishu.APISearch); err == nil || err.RetryAfter != time.Second {
				t.Fatalf("got %v", err)
			}
			start := time.Now()
			for range feishu.APISearch.PerSecond {
				_, _ = limiter.enter(t.Context(), feishu.APISearch)
			}
			if got := time.Since(start); got != time.Second {
				t.Fatalf("the next %d calls took %v, want a second", feishu.APISearch.PerSecond, got)
			}
		})
	})
	t.Run("counts_each_app_for_itself", func(t *testing.T) {
		t.Parallel()
		bubble(t, func(t *testing.T, c *Client, _ *upstream) {
			for range feishu.APIBatchCreate.PerSecond {
				_ = write(t.Context(), c, tableA)
			}
			start := time.Now()
			if err := write(t.Context(), c, tableB); err != nil || time.Since(start) != 0 {
				t.Fatalf("another app waited %v, %v", time.Since(start), err)
			}
		})
	})
	t.Run("refuses_at_once_what_would_outlast_the_deadline", func(t *testing.T) {
		t.Parallel()
		bubble(t, func(t *testing.T, c *Client, up *upstream) {
			_ = write(t.Context(), c, tableA)
			up.on(func(sent) answer {
				return answer{status: 429, body: `{"code":99991400}`, header: http.Header{"X-Ogw-Ratelimit-Reset": {"52"}}}
			})
			_ = write(t.Context(), c, tableA)
			up.on(nil)
			ctx, cancel := context.WithTimeout(t.Context(), 25*time.Second)
			defer cancel()
			start := time.Now()
			e := asFeishu(t, write(ctx, c, tableA))
			if e.Class != feishu.ClassRate || e.RetryAfter != 52*time.Second || time.Since(start) != 0 {
				t.Fatalf("got %v, retry after %v, in %v", e, e.RetryAfter, time.Since(start))
			}
			if got := len(up.received(false)); got != 2 {
				t.Fatalf("%d calls were sent, want 2", got)
			}
		})
	})
	t.Run("refuses_a_wait_without_a_deadline_above_its_bound", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			limiter := newLimiter(feishu.APISearch)
			limiter.pause(maxWait + time.Second)
			if _, err := limiter.enter(t.Context(), feishu.APISearch); err == nil || err.Class != feishu.ClassRate {
				t.Fatalf("got %v", err)
			}
		})
	})
}

func TestRateLimitPause(t *testing.T) {
	t.Parallel()
	limited := func(header http.Header) func(sent) answer {
		return func(sent) answer {
			return answer{status: 429, body: `{"code":99991400,"msg":"request trigger frequency limit"}`, header: header}
		}
	}
	t.Run("ends_within_50_ms_of_the_reset_that_feishu_names", func(t *testing.T) {
		t.Parallel()
		bubble(t, func(t *testing.T, c *Client, up *upstream) {
			up.on(limited(http.Header{"X-Ogw-Ratelimit-Reset": {"7"}, "Retry-After": {"1"}}))
			e := asFeishu(t, write(t.Context(), c, tableA))
			limitedAt := time.Now()
			if e.Class != feishu.ClassRate || e.RetryAfter != 7*time.Second {
				t.Fatalf("got %v, retry after %v", e, e.RetryAfter)
			}
			up.on(nil)
			var wg sync.WaitGroup
			for range 5 {
				wg.Go(func() { _ = write(t.Context(), c, tableA) })
			}
			wg.Wait()
			calls := up.received(false)
			if len(calls) != 6 {
				t.Fatalf("%d calls, want 6: a write is not repeated by the client", len(calls))
			}
			if late := calls[1].at.Sub(limitedAt) - 7*time.Second; late < 0 || late > 50*time.Millisecond {
				t.Fatalf("the next call came %v after the reset", late)
			}
		})
	})
	t.Run("that_no_rate_explains_is_ended_by_one_probe_that_succeeds", func(t *testing.T) {
		t.Parallel()
		bubble(t, func(t *testing.T, c *Client, up *upstream) {
			up.on(limited(http.Header{"X-Ogw-Ratelimit-Reset": {"99999999"}}))
			begin := time.Now()
			if e := asFeishu(t, write(t.Context(), c, tableA)); e.RetryAfter != maxPause {
				t.Fatalf("retry after %v", e.RetryAfter)
			}
			// The first probe is refused again: one call only goes out at each.
			var wg sync.WaitGroup
			waiting, end := context.WithTimeout(t.Context(), maxPause)
			defer end()
			for range 5 {
				wg.Go(func() { _ = write(waiting, c, tableA) })
			}
			time.Sleep(probeEvery + time.Second) // fake clock
			if got := len(up.received(false)); got != 2 {
				t.Fatalf("%d calls were sent, want the first and one probe", got)
			}
			up.on(nil)
			wg.Wait()
			if got := len(up.received(false)); got != 6 || time.Since(begin) > 3*probeEvery { // those that wait look again at the next
				t.Fatalf("%d calls were sent in %v, want 6 in %v", got, time.Since(begin), 3*probeEvery)
			}
			short, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			if err := write(short, c, tableA); err != nil {
				t.Fatalf("after the pause: %v", err)
			}
		})
	})
	t.Run("releases_no_crowd", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			limiter := newLimiter(feishu.APISearch)
			var mu sync.Mutex
			var turns []time.Time
			var wg sync.WaitGroup
			for range 60 {
				wg.Go(func() {
					if _, err := limiter.enter(t.Context(), feishu.APISearch); err != nil {
						t.Error(err)
					}
					mu.Lock()
					defer mu.Unlock()
					turns = append(turns, time.Now())
				})
			}
			time.Sleep(time.Second) // fake clock
			limiter.pause(10 * time.Second)
			end := time.Now().Add(10 * time.Second)
			wg.Wait()
			after := 0
			for _, turn := range turns {
				if d := turn.Sub(end); d >= 0 && d < time.Second {
					after++
				}
			}
			if after == 0 || after > feishu.APISearch.PerSecond {
				t.Fatalf("%d calls in the first second after the pause, want 1 to %d", after, feishu.APISearch.PerSecond)
			}
		})
	})
	t.Run("lets_a_read_go_on_by_itself", func(t *testing.T) {
		t.Parallel()
		bubble(t, func(t *testing.T, c *Client, up *upstream) {
			first := true
			up.on(func(s sent) answer {
				if first {
					first = false
					return limited(http.Header{"X-Ogw-Ratelimit-Reset": {"2"}})(s)
				}
				return answer{body: okBody}
			})
			start := time.Now()
			if err := read(t.Context(), c, tableA); err != nil {
				t.Fatal(err)
			}
			if took := time.Since(start); took < 2*time.Second || took > 2050*time.Millisecond {
				t.Fatalf("took %v", took)
			}
		})
	})
	for name, test := range map[string]struct {
		header http.Header
		want   time.Duration
	}{
		"falls_back_to_retry_after":         {http.Header{"Retry-After": {"3"}}, 3 * time.Second},
		"is_a_second_when_no_time_is_named": {nil, defaultPause},
		"is_bounded":                        {http.Header{"X-Ogw-Ratelimit-Reset": {"1e300"}}, maxPause},
		"ignores_what_is_no_number":         {http.Header{"X-Ogw-Ratelimit-Reset": {"NaN"}, "Retry-After": {"-1"}}, defaultPause},
		"takes_fractions":                   {http.Header{"X-Ogw-Ratelimit-Reset": {"0.5"}}, 500 * time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := resetAfter(test.header); got != test.want {
				t.Fatalf("got %v, want %v", got, test.want)
			}
		})
	}
}

func TestUploadsAreSerialAndShareOneRate(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, c *Client, up *upstream) {
		const latency = 300 * time.Millisecond // longer than the pace of 5 calls a second
		up.on(func(sent) answer { return answer{after: latency, body: okBody} })
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				if _, err := c.UploadAll(t.Context(), appA, Media{Name: "a", Size: 1}, strings.NewReader("a")); err != nil {
					t.Error(err)
				}
			})
			wg.Go(func() {
				if _, err := c.UploadFinish(t.Context(), appA, Upload{ID: "u"}); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		calls := up.received(false)
		for i := range calls[1:] {
			if gap := calls[i+1].at.Sub(calls[i].at); gap < latency {
				t.Fatalf("upload %d began %v after the one before it, which took %v", i+1, gap, latency)
			}
		}
	})
}
