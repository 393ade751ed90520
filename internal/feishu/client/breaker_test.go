package client

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/rowgate/rowgate/internal/feishu"
	"github.com/rowgate/rowgate/internal/problem"
)

// fail makes calls until a breaker refuses one, which it returns.
func fail(t *testing.T, c *Client, table feishu.TableRef, most int) *feishu.Error {
	t.Helper()
	for range most {
		if e := asFeishu(t, write(t.Context(), c, table)); e.Class == feishu.ClassOpen {
			return e
		}
	}
	t.Fatalf("no breaker opened in %d failing calls", most)
	return nil
}

func TestBreaker(t *testing.T) {
	t.Parallel()
	serverError := func(sent) answer { return refusal(1255001) }
	t.Run("opens_for_the_credential_alone_when_feishu_fails_its_calls", func(t *testing.T) {
		t.Parallel()
		bubble(t, func(t *testing.T, c *Client, up *upstream) {
			up.on(serverError)
			e := fail(t, c, tableA, breakerConsecutive+1)
			if e.RetryAfter <= 0 || e.RetryAfter > breakerOpenFor {
				t.Errorf("retry after %v", e.RetryAfter)
			}
			if got := len(up.received(false)); got != breakerConsecutive {
				t.Errorf("%d calls were sent, want %d", got, breakerConsecutive)
			}
			up.on(nil)
			if err := write(t.Context(), c, tableB); err != nil {
				t.Error("another credential is refused:", err)
			}
			p := problem.From(e)
			if p.Code != problem.UpstreamUnavailable || p.Outcome != problem.NotWritten || p.RetryAfter != e.RetryAfter {
				t.Errorf("the caller sees %s, %s, %v", p.Code, p.Outcome, p.RetryAfter)
			}
		})
	})
	for name, down := range map[string]answer{
		"no_connection":     {err: errors.New("dial tcp: connection refused"), noConnect: true},
		"a_gateways_page":   gatewayDown(),
		"a_page_with_a_200": {kind: "text/html", body: "<html>"},
		"a_redirect":        {status: 302, kind: "text/html", body: ""},
	} {
		t.Run("opens_for_the_host_on_"+name, func(t *testing.T) {
			t.Parallel()
			bubble(t, func(t *testing.T, c *Client, up *upstream) {
				_ = write(t.Context(), c, tableB) // a token for both, so that only the calls themselves fail
				_ = write(t.Context(), c, tableA)
				up.on(func(sent) answer { return down })
				for range breakerWindow / breakerBucket { // the two successes leave the window
					time.Sleep(breakerBucket + time.Millisecond) // fake clock
				}
				_ = fail(t, c, tableA, breakerConsecutive+1)
				if e := asFeishu(t, write(t.Context(), c, tableB)); e.Class != feishu.ClassOpen {
					t.Fatalf("another credential got %v", e)
				}
			})
		})
	}
	t.Run("opens_on_time_outs_one_after_another", func(t *testing.T) {
		t.Parallel()
		bubble(t, func(t *testing.T, c *Client, up *upstream) {
			_ = write(t.Context(), c, tableA)
			up.on(func(sent) answer { return answer{after: time.Hour, body: okBody} })
			for range breakerConsecutive {
				if e := asFeishu(t, write(t.Context(), c, tableA)); e.Class != feishu.ClassInterrupted || !e.OutcomeUnknown() {
					t.Fatal(e)
				}
			}
			_ = fail(t, c, tableA, 1)
		})
	})
	t.Run("opens_when_callers_wait_in_vain_for_longer_than_patience", func(t *testing.T) {
		t.Parallel()
		bubble(t, func(t *testing.T, c *Client, up *upstream) {
			_ = write(t.Context(), c, tableA)
			up.on(func(sent) answer { return answer{after: time.Hour, body: okBody} })
			for range breakerConsecutive {
				ctx, cancel := context.WithTimeout(t.Context(), patience)
				_ = write(ctx, c, tableA)
				cancel()
			}
			_ = fail(t, c, tableA, 1)
		})
	})
	t.Run("opens_when_half_of_many_calls_fail", func(t *testing.T) {
		t.Parallel()
		bubble(t, func(t *testing.T, c *Client, up *upstream) {
			n := 0
			up.on(func(s sent) answer {
				if n++; n%2 == 0 {
					return answer{body: okBody}
				}
				return serverError(s)
			})
			open := 0
			for range 2 * breakerSample {
				if e, ok := errors.AsType[*feishu.Error](write(t.Context(), c, tableA)); ok && e.Class == feishu.ClassOpen {
					open++
				}
			}
			if open == 0 || n > breakerSample+1 {
				t.Fatalf("%d refused after %d calls", open, n)
			}
		})
	})
	t.Run("notices_recovery_within_10_seconds", func(t *testing.T) {
		t.Parallel()
		for name, down := range map[string]answer{"app": refusal(1255001), "host": gatewayDown()} {
			bubble(t, func(t *testing.T, c *Client, up *upstream) {
				up.on(func(sent) answer { return down })
				_ = fail(t, c, tableA, breakerConsecutive+1)
				time.Sleep(time.Minute) // fake clock
				_ = write(t.Context(), c, tableA)
				up.on(nil)
				back := time.Now()
				for write(t.Context(), c, tableA) != nil {
					if time.Since(back) > 10*time.Second {
						t.Fatal(name, "is still refused after", time.Since(back))
					}
					time.Sleep(100 * time.Millisecond) // fake clock
				}
			})
		}
	})
	t.Run("sends_few_calls_while_feishu_is_down", func(t *testing.T) {
		t.Parallel()
		for name, down := range map[string]answer{"app": refusal(1255001), "host": gatewayDown()} {
			bubble(t, func(t *testing.T, c *Client, up *upstream) {
				up.on(func(sent) answer { return down })
				up.onAuth(func(sent) answer { return down })
				const accepted = 100
				for range accepted {
					ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
					_ = read(ctx, c, tableA)
					cancel()
					time.Sleep(50 * time.Millisecond) // fake clock
				}
				if sent := len(up.received(false)) + len(up.received(true)); float64(sent) > 1.2*accepted {
					t.Errorf("%s down: %d upstream calls for %d accepted ones", name, sent, accepted)
				}
			})
		}
	})
	t.Run("refuses_without_waiting_for_the_limiter", func(t *testing.T) {
		t.Parallel()
		bubble(t, func(t *testing.T, c *Client, up *upstream) {
			up.on(serverError)
			_ = fail(t, c, tableA, breakerConsecutive+1)
			start := time.Now()
			for range 500 {
				_ = write(t.Context(), c, tableA)
			}
			if took := time.Since(start); took != 0 {
				t.Fatalf("500 refusals took %v", took)
			}
		})
	})
	t.Run("lets_a_slow_probe_keep_nobody_waiting", func(t *testing.T) {
		t.Parallel()
		bubble(t, func(t *testing.T, c *Client, up *upstream) {
			up.on(func(sent) answer { return gatewayDown() })
			_ = fail(t, c, tableA, breakerConsecutive+1)
			up.on(func(s sent) answer {
				if s.path == tableURL+"/records/batch_delete" {
					return answer{after: 20 * time.Second, body: okBody}
				}
				return answer{body: okBody}
			})
			time.Sleep(breakerOpenFor + time.Millisecond) // fake clock
			slow := make(chan error)
			go func() { slow <- write(t.Context(), c, tableA) }()
			synctest.Wait()
			if e := asFeishu(t, write(t.Context(), c, tableB)); e.Class != feishu.ClassOpen {
				t.Fatal("the probe's place is not taken:", e)
			}
			time.Sleep(slotTime + time.Millisecond) // fake clock
			if err := write(t.Context(), c, tableB); err != nil {
				t.Error("after the slot's time:", err)
			}
			if err := <-slow; err != nil {
				t.Error("the slow call itself:", err)
			}
		})
	})
	t.Run("changes_are_counted", func(t *testing.T) {
		t.Parallel()
		bubble(t, func(t *testing.T, c *Client, up *upstream) {
			up.on(serverError)
			_ = fail(t, c, tableA, breakerConsecutive+1)
			if got := testutil.ToFloat64(c.metrics.breakers.WithLabelValues("app", "open")); got != 1 {
				t.Fatalf("counted %v", got)
			}
		})
	})
}

func TestNoBreakerOpens(t *testing.T) {
	t.Parallel()
	for _, code := range []int{91403, 1254041, 1254064} {
		c, up := setup(t, func(o *Options) { o.MaxApps = 16 })
		c.limiter(c.session(appA), feishu.APIBatchDelete).limits = nil // the pace is not what is tested
		up.on(func(s sent) answer {
			if s.path == tableURL+"/records/batch_delete" {
				return refusal(code)
			}
			return answer{body: okBody}
		})
		for range 1000 {
			if e := asFeishu(t, write(t.Context(), c, tableA)); e.Code != code {
				t.Fatalf("%d: got %v", code, e)
			}
		}
		if err := write(t.Context(), c, tableB); err != nil {
			t.Errorf("after 1,000 × %d another tenant got %v", code, err)
		}
	}
	t.Run("by_any_code_that_is_not_feishus_own_fault", func(t *testing.T) {
		t.Parallel()
		for code, row := range feishu.Codes() {
			e := &feishu.Error{Code: code, Class: row.Class, HTTPStatus: 400}
			if bad := errors.Is(appVerdict(e), errBad); bad != (row.Class == feishu.ClassServer) || errors.Is(hostVerdict(e), errBad) {
				t.Errorf("%d: app %v, host %v", code, appVerdict(e), hostVerdict(e))
			}
		}
	})
	t.Run("by_wrong_secrets", func(t *testing.T) {
		t.Parallel()
		c, up := setup(t)
		up.onAuth(func(sent) answer { return refusal(10014) })
		for range 1000 {
			_ = write(t.Context(), c, tableA)
		}
		up.onAuth(nil)
		if err := write(t.Context(), c, tableB); err != nil {
			t.Error(err)
		}
	})
	t.Run("by_callers_that_give_up", func(t *testing.T) {
		t.Parallel()
		bubble(t, func(t *testing.T, c *Client, up *upstream) {
			_ = write(t.Context(), c, tableA)
			up.on(func(sent) answer { return answer{after: time.Second, body: okBody} })
			for range 50 {
				ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
				e := asFeishu(t, write(ctx, c, tableA))
				cancel()
				if e.Class != feishu.ClassInterrupted || !e.OutcomeUnknown() {
					t.Fatal(e)
				}
			}
			if err := write(t.Context(), c, tableA); err != nil {
				t.Fatal(err)
			}
		})
	})
	t.Run("by_rate_limits", func(t *testing.T) {
		t.Parallel()
		bubble(t, func(t *testing.T, c *Client, up *upstream) {
			up.on(func(sent) answer { return answer{status: 429, body: `{"code":99991400}`} })
			for range 50 {
				if e := asFeishu(t, write(t.Context(), c, tableA)); e.Class != feishu.ClassRate {
					t.Fatal(e)
				}
			}
		})
	})
}
