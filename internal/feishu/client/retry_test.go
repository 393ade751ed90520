package client

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

func TestRetry(t *testing.T) {
	t.Parallel()
	cut := answer{err: errors.New("read: connection reset by peer")}
	refused := answer{err: errors.New("dial tcp: connection refused"), noConnect: true}
	for name, test := range map[string]struct {
		answer answer
		want   int // calls of one read
	}{
		"repeats_feishus_own_fault":             {refusal(1255001), maxAttempts},
		"repeats_a_time_out_of_feishu":          {answer{status: 504, body: `{"code":1255040}`}, maxAttempts},
		"repeats_a_conflict":                    {refusal(1254291), maxAttempts},
		"repeats_a_cut_connection":              {cut, maxAttempts},
		"repeats_what_was_never_sent":           {refused, maxAttempts},
		"repeats_a_gateways_page":               {gatewayDown(), maxAttempts},
		"does_not_repeat_bad_data":              {refusal(1254064), 1},
		"does_not_repeat_a_missing_right":       {refusal(91403), 1},
		"does_not_repeat_a_missing_record":      {refusal(1254043), 1},
		"does_not_repeat_an_exhausted_quota":    {answer{status: 429, body: `{"code":99991403}`}, 1},
		"does_not_repeat_an_unknown_refusal":    {answer{status: 400, body: `{"code":123}`}, 1},
		"does_not_repeat_a_gateways_refusal":    {answer{status: 403, kind: "text/html", body: "<html>"}, 1},
		"repeats_an_unlisted_code_with_a_5xx":   {answer{status: 500, body: `{"code":123}`}, maxAttempts},
		"does_not_repeat_a_success_of_any_kind": {answer{body: okBody}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			bubble(t, func(t *testing.T, c *Client, up *upstream) {
				up.on(func(sent) answer { return test.answer })
				_ = read(t.Context(), c, tableA)
				if got := len(up.received(false)); got != test.want {
					t.Errorf("a read was sent %d times, want %d", got, test.want)
				}
				before := len(up.received(false))
				_ = write(t.Context(), c, tableA)
				if got := len(up.received(false)) - before; got != 1 {
					t.Errorf("a write was sent %d times, want 1", got)
				}
			})
		})
	}
	t.Run("succeeds_when_feishu_recovers", func(t *testing.T) {
		t.Parallel()
		bubble(t, func(t *testing.T, c *Client, up *upstream) {
			n := 0
			up.on(func(sent) answer {
				if n++; n < maxAttempts {
					return refusal(1255001)
				}
				return answer{body: okBody}
			})
			if err := read(t.Context(), c, tableA); err != nil {
				t.Fatal(err)
			}
		})
	})
	t.Run("is_within_a_fifth_of_the_calls", func(t *testing.T) {
		t.Parallel()
		b := newBudget()
		for b.spend() { // what a fresh client has saved up
		}
		repeats := 0
		for range 1000 {
			b.earn(nil)
			if b.spend() {
				repeats++
			}
		}
		if repeats < 190 || repeats > 200 {
			t.Fatalf("%d repeats for 1,000 calls, want 200", repeats)
		}
	})
	t.Run("saves_up_no_more_than_its_bound", func(t *testing.T) {
		t.Parallel()
		c, _ := setup(t)
		for range 1000 {
			c.hostOf(appA).budget.earn(nil)
		}
		repeats := 0
		for c.AllowRetry(appA) {
			repeats++
		}
		if repeats != budgetMax {
			t.Fatalf("%d repeats, want %d", repeats, budgetMax)
		}
	})
	t.Run("never_waits_past_the_deadline", func(t *testing.T) {
		t.Parallel()
		bubble(t, func(t *testing.T, c *Client, up *upstream) {
			_ = write(t.Context(), c, tableA)
			up.on(func(sent) answer { return refusal(1254291) })
			ctx, cancel := context.WithTimeout(t.Context(), afterConflict.Least)
			defer cancel()
			start := time.Now()
			if e := asFeishu(t, read(ctx, c, tableA)); e.Code != 1254291 || time.Since(start) != 0 {
				t.Fatalf("got %v after %v", e, time.Since(start))
			}
		})
	})
	for name, c := range map[string]struct {
		code  int
		least time.Duration
	}{
		"waits_up_to_a_bound_that_doubles":     {1255001, 0},
		"waits_longer_where_writes_conflicted": {1254291, afterConflict.Least},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			bubble(t, func(t *testing.T, client *Client, up *upstream) {
				_ = write(t.Context(), client, tableA)
				up.on(func(sent) answer { return refusal(c.code) })
				start := time.Now()
				_ = read(t.Context(), client, tableA)
				least := (maxAttempts - 1) * c.least
				if took := time.Since(start); took < least || took >= least+3*afterFailure.Base {
					t.Errorf("%d attempts took %v, want %v and less than %v more", maxAttempts, took, least, 3*afterFailure.Base)
				}
			})
		})
	}
	t.Run("ends_with_its_caller", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			time.AfterFunc(time.Second, cancel)
			start := time.Now()
			if err := sleep(ctx, 30*time.Second); !errors.Is(err, context.Canceled) || time.Since(start) != time.Second {
				t.Fatalf("got %v after %v", err, time.Since(start))
			}
		})
	})
}
