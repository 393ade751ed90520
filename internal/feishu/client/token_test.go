package client

import (
	"context"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rowgate/rowgate/internal/feishu"
	"github.com/rowgate/rowgate/internal/problem"
	"github.com/rowgate/rowgate/internal/secret"
)

// bubble runs f with a client in fake time.
func bubble(t *testing.T, f func(t *testing.T, c *Client, up *upstream), change ...func(*Options)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		c, up := setup(t, change...)
		f(t, c, up)
	})
}

func TestToken(t *testing.T) {
	t.Parallel()
	t.Run("is_fetched_once_for_any_number_of_callers", func(t *testing.T) {
		t.Parallel()
		bubble(t, func(t *testing.T, c *Client, up *upstream) {
			up.onAuth(func(sent) answer {
				return answer{after: time.Second, body: `{"code":0,"tenant_access_token":"t-1","expire":7200}`}
			})
			var wg sync.WaitGroup
			for range 200 {
				wg.Go(func() {
					if got, _, err := c.Token(t.Context(), appA); err != nil || got.Reveal() != "t-1" {
						t.Errorf("got %q, %v", got.Reveal(), err)
					}
				})
			}
			wg.Wait()
			if got := len(up.received(true)); got != 1 {
				t.Fatalf("%d fetches, want 1", got)
			}
		})
	})
	t.Run("survives_the_caller_that_began_the_fetch", func(t *testing.T) {
		t.Parallel()
		bubble(t, func(t *testing.T, c *Client, up *upstream) {
			up.onAuth(func(sent) answer {
				return answer{after: time.Second, body: `{"code":0,"tenant_access_token":"t-1","expire":7200}`}
			})
			impatient, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
			defer cancel()
			var wg sync.WaitGroup
			wg.Go(func() {
				if _, _, err := c.Token(impatient, appA); err == nil {
					t.Error("the impatient caller got a token")
				}
			})
			synctest.Wait()
			if _, _, err := c.Token(t.Context(), appA); err != nil {
				t.Error("the patient caller got", err)
			}
			wg.Wait()
		})
	})
	t.Run("is_renewed_in_the_background_below_29_minutes", func(t *testing.T) {
		t.Parallel()
		bubble(t, func(t *testing.T, c *Client, up *upstream) {
			use := func(after time.Duration, want string) {
				t.Helper()
				time.Sleep(after) // fake clock
				got, _, err := c.Token(t.Context(), appA)
				if err != nil || got.Reveal() != want {
					t.Fatalf("got %q, %v, want %s", got.Reveal(), err, want)
				}
				synctest.Wait()
			}
			use(0, "t-1")
			use(90*time.Minute, "t-1") // 30 minutes left: Feishu would give the same token again
			if got := len(up.received(true)); got != 1 {
				t.Fatalf("%d fetches with 30 minutes left, want 1", got)
			}
			use(time.Minute+time.Second, "t-1") // the old one at once, the new one in the background
			use(0, "t-2")
		})
	})
	t.Run("is_never_used_with_less_than_5_minutes_left", func(t *testing.T) {
		t.Parallel()
		bubble(t, func(t *testing.T, c *Client, up *upstream) {
			if err := write(t.Context(), c, tableA); err != nil {
				t.Fatal(err)
			}
			time.Sleep(2*time.Hour - dropBelow + time.Second) // fake clock
			if err := write(t.Context(), c, tableA); err != nil {
				t.Fatal(err)
			}
			if calls := up.received(false); calls[1].token != "t-2" {
				t.Fatalf("sent with %s", calls[1].token)
			}
		})
	})
	t.Run("outlives_a_failed_renewal_and_is_renewed_half_a_minute_later", func(t *testing.T) {
		t.Parallel()
		bubble(t, func(t *testing.T, c *Client, up *upstream) {
			_ = write(t.Context(), c, tableA)
			up.onAuth(func(sent) answer { return refusal(10014) })
			time.Sleep(92 * time.Minute) // fake clock
			for range 10 {
				if err := write(t.Context(), c, tableA); err != nil {
					t.Fatal(err)
				}
				synctest.Wait()
			}
			if got := len(up.received(true)); got != 2 {
				t.Fatalf("%d fetches, want 2: the failed renewal must not be repeated at once", got)
			}
			up.onAuth(nil)
			time.Sleep(renewRetry + time.Second) // fake clock
			_ = write(t.Context(), c, tableA)
			synctest.Wait()
			_ = write(t.Context(), c, tableA)
			if calls := up.received(false); calls[len(calls)-1].token != "t-2" {
				t.Fatalf("sent with %s after the renewal", calls[len(calls)-1].token)
			}
		})
	})
	t.Run("that_lives_seconds_is_not_fetched_at_each_call", func(t *testing.T) {
		t.Parallel()
		bubble(t, func(t *testing.T, c *Client, up *upstream) {
			up.expire = 20 * time.Second
			for range 10 {
				_ = write(t.Context(), c, tableA)
			}
			if got := len(up.received(true)); got != 1 {
				t.Fatalf("%d fetches, want 1", got)
			}
		})
	})
}

func TestStaleToken(t *testing.T) {
	t.Parallel()
	stale := func(s sent) answer {
		if s.token == "t-1" {
			return refusal(99991663)
		}
		return answer{body: okBody}
	}
	t.Run("heals_with_exactly_one_repeat", func(t *testing.T) {
		t.Parallel()
		c, up := setup(t)
		up.on(stale)
		if err := write(t.Context(), c, tableA); err != nil {
			t.Fatal(err)
		}
		if sent, fetched := len(up.received(false)), len(up.received(true)); sent != 2 || fetched != 2 {
			t.Fatalf("%d calls and %d fetches, want 2 and 2", sent, fetched)
		}
	})
	t.Run("is_dropped_once_by_many_callers", func(t *testing.T) {
		t.Parallel()
		bubble(t, func(t *testing.T, c *Client, up *upstream) {
			_ = write(t.Context(), c, tableA) // warm
			up.on(func(s sent) answer {
				a := stale(s)
				a.after = 100 * time.Millisecond
				return a
			})
			var wg sync.WaitGroup
			for range 10 { // the burst of the limiter
				wg.Go(func() {
					if err := write(t.Context(), c, tableA); err != nil {
						t.Error(err)
					}
				})
			}
			wg.Wait()
			if got := len(up.received(true)); got != 2 {
				t.Fatalf("%d fetches, want 2: a new token must not be dropped for an old one's refusal", got)
			}
		})
	})
	t.Run("is_not_repeated_twice", func(t *testing.T) {
		t.Parallel()
		for _, code := range []int{99991663, 99991664, 99991671, 99991677} {
			c, up := setup(t)
			up.on(func(sent) answer { return refusal(code) })
			e := asFeishu(t, read(t.Context(), c, tableA))
			if e.Class != feishu.ClassToken || len(up.received(false)) != 2 {
				t.Errorf("%d: class %v after %d calls, want token after 2", code, e.Class, len(up.received(false)))
			}
		}
	})
}

func TestWrongSecret(t *testing.T) {
	t.Parallel()
	wrong := feishu.App{Brand: feishu.BrandFeishu, ID: appA.ID, Secret: secret.New("wrong")}
	onlyRight := func(s sent) answer {
		if strings.Contains(s.body, appA.Secret.Reveal()) {
			return answer{body: `{"code":0,"tenant_access_token":"t-right","expire":7200}`}
		}
		return refusal(10014)
	}
	t.Run("fails_at_feishu_however_warm_the_right_one_is_and_writes_nothing", func(t *testing.T) {
		t.Parallel()
		c, up := setup(t)
		up.onAuth(onlyRight)
		if err := write(t.Context(), c, tableA); err != nil {
			t.Fatal(err)
		}
		err := write(t.Context(), c, feishu.TableRef{App: wrong, AppToken: tableA.AppToken, TableID: tableA.TableID})
		if p := problem.From(err); p.Code != problem.BadAppCredentials || p.Outcome != problem.NotWritten {
			t.Errorf("got %s, %s", p.Code, p.Outcome)
		}
		if sent, fetched := len(up.received(false)), len(up.received(true)); sent != 1 || fetched != 2 {
			t.Fatalf("%d calls and %d fetches, want 1 and 2", sent, fetched)
		}
	})
	t.Run("floods_feishu_with_one_fetch_in_three_seconds", func(t *testing.T) {
		t.Parallel()
		bubble(t, func(t *testing.T, c *Client, up *upstream) {
			up.onAuth(onlyRight)
			for range 1000 {
				_, _, err := c.Token(t.Context(), wrong)
				if e := asFeishu(t, err); e.Code != 10014 {
					t.Fatal(e)
				}
			}
			if got := len(up.received(true)); got != 1 {
				t.Fatalf("%d fetches, want 1", got)
			}
			up.onAuth(nil)                             // the app was enabled just now
			time.Sleep(refusalKept + time.Millisecond) // fake clock
			if _, _, err := c.Token(t.Context(), wrong); err != nil {
				t.Fatal("a credential that became right is still refused:", err)
			}
		})
	})
	t.Run("blocks_no_right_one", func(t *testing.T) {
		t.Parallel()
		c, up := setup(t)
		up.onAuth(onlyRight)
		for range 100 {
			_, _, _ = c.Token(t.Context(), wrong)
		}
		if _, _, err := c.Token(t.Context(), appA); err != nil {
			t.Fatal(err)
		}
	})
}

func TestTokenAnswerWithoutToken(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, c *Client, up *upstream) {
		up.onAuth(func(sent) answer { return answer{body: `{"code":0,"msg":"ok"}`} })
		_, _, err := c.Token(t.Context(), appA)
		if e := asFeishu(t, err); e.Class != feishu.ClassServer || len(up.received(true)) != maxAttempts {
			t.Fatalf("got %v after %d fetches", e, len(up.received(true)))
		}
	})
}
