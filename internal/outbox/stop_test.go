package outbox_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/rowgate/rowgate/internal/feishu"
	"github.com/rowgate/rowgate/internal/outbox"
	"github.com/rowgate/rowgate/internal/outbox/sqlite"
	"github.com/rowgate/rowgate/internal/problem"
	"github.com/rowgate/rowgate/internal/sandbox"
)

func TestStop(t *testing.T) {
	t.Parallel()

	t.Run("drains_what_waits_and_takes_nothing_new", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			h := setup(t)
			first, release := h.hold(t)
			second := h.submit(t, creation("b", "二"))
			stopped := make(chan error, 1)
			go func() { stopped <- h.Stop(context.Background()) }()
			synctest.Wait()
			if _, err := h.Submit(t.Context(), creation("c", "三")); code(err) != problem.Draining {
				t.Errorf("got %v", err)
			}
			release()
			if err := <-stopped; err != nil {
				t.Error(err)
			}
			if tally(wait(t, first))[outbox.Created] != 1 || tally(wait(t, second))[outbox.Created] != 1 {
				t.Error("not drained")
			}
		})
	})

	t.Run("gives_up_after_the_drain_time_and_the_next_start_goes_on", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			h := setup(t)
			first, _ := h.hold(t)
			kept := creation("b", "二")
			kept.Keep = true
			stored := h.submit(t, kept)
			unstored := h.submit(t, creation("c", "三"))
			start := time.Now()
			if err := h.Stop(t.Context()); err != nil {
				t.Fatal(err)
			}
			if took := time.Since(start); took != outbox.DrainFor {
				t.Errorf("took %v", took)
			}
			for ticket, outcome := range map[*outbox.Ticket]problem.Outcome{
				first: problem.OutcomeUnknown, stored: problem.OutcomeUnknown,
				unstored: "",
			} {
				_, err := waitFor(t, ticket)
				if p := problem.From(err); p.Code != problem.Draining || p.Outcome != outcome {
					t.Errorf("%v, outcome %q", err, p.Outcome)
				}
			}
			h.base.gate, h.base.entered = nil, nil
			h.open(t)
			synctest.Wait()
			elapse(time.Minute)
			if got := h.base.column("tblExample", "标题"); len(got) != 2 || got[0] != "first" || got[1] != "二" {
				t.Errorf("after the next start: %v", got)
			}
		})
	})

	t.Run("a_caller_s_client_token_goes_with_one_call_also_after_a_restart", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			h := setup(t)
			h.base.entered, h.base.gate = make(chan struct{}, 1), make(chan struct{})
			sub := creation("a", titles("行", 2000)...)
			sub.Write.ClientToken = "1f0c6a52-5b5e-4a51-9a0f-2f6d3c1b8e77"
			h.submit(t, printed(sub))
			<-h.base.entered
			kill(h.Outbox)
			h.base.entered, h.base.gate = nil, nil
			h.open(t)
			elapse(time.Minute)
			if n := len(h.base.column("tblExample", "标题")); n != 2000 {
				t.Errorf("%d of 2000 rows", n)
			}
		})
	})

	t.Run("may_be_called_twice_and_before_a_start", func(t *testing.T) {
		t.Parallel()
		h := setup(t)
		for range 2 {
			if err := h.Stop(t.Context()); err != nil {
				t.Error(err)
			}
		}
		if _, err := h.Submit(t.Context(), creation("a", "一")); code(err) != problem.Draining {
			t.Errorf("got %v", err)
		}
		o, err := outbox.New(
			outbox.Options{Store: h.store, Writer: h.base, Reader: h.base, Keyring: h.ring, Digest: func(feishu.App) string { return "" }},
		)
		if err != nil {
			t.Fatal(err)
		}
		if err := o.Stop(t.Context()); err != nil {
			t.Error(err)
		}
	})

	t.Run("an_outbox_without_its_needs_is_refused", func(t *testing.T) {
		t.Parallel()
		if _, err := outbox.New(outbox.Options{}); err == nil {
			t.Error("no error")
		}
	})
}

// unreachable is a base that cannot be read before an instant.
type unreachable struct {
	*fakeBase
	until time.Time
}

func (u *unreachable) Search(ctx context.Context, table feishu.TableRef, req feishu.SearchRequest) (feishu.Page, error) {
	if time.Now().Before(u.until) {
		return feishu.Page{}, &feishu.Error{Class: feishu.ClassUnreachable}
	}
	return u.fakeBase.Search(ctx, table, req)
}

func TestOutage(t *testing.T) {
	t.Parallel()
	breaker := &feishu.Error{Class: feishu.ClassOpen}

	t.Run("refuses_others_at_once_while_rows_that_were_sent_wait_for_their_outcome", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			h := setup(t)
			start := time.Now()
			h.base.faults = func(n int, _ write) fault {
				switch {
				case n == 1:
					return fault{after: interrupted()}
				case time.Since(start) < 10*time.Second:
					return fault{before: breaker}
				}
				return fault{}
			}
			first := h.submit(t, creation("a", "一"))
			elapse(2 * time.Second)
			before := time.Now()
			r := h.write(t, creation("b", "二"))
			if took := time.Since(before); took > 5*time.Millisecond || r.Err == nil || r.Err.Code != problem.UpstreamUnavailable {
				t.Errorf("%v after %v", r.Err, took)
			}
			if r := wait(t, first); tally(r)[outbox.Created] != 1 {
				t.Errorf("%+v", r)
			}
			if took := time.Since(start); took > 15*time.Second {
				t.Errorf("found out after %v", took)
			}
		})
	})

	t.Run("a_job_outlasts_it_and_a_waiting_caller_s_write_does_not", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			h := setup(t)
			start := time.Now()
			h.base.faults = func(int, write) fault {
				if time.Since(start) < 5*time.Minute {
					return fault{before: breaker}
				}
				return fault{}
			}
			sub := creation("a", "一")
			sub.Keep = true
			job := h.submit(t, sub)
			if r := h.write(t, creation("a", "二")); r.Err == nil {
				t.Errorf("%+v", r)
			}
			if r := wait(t, job); tally(r)[outbox.Created] != 1 {
				t.Errorf("%+v", r)
			}
		})
	})

	t.Run("a_write_whose_caller_was_given_a_job_id_outlasts_it_too", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			h := setup(t)
			start := time.Now()
			h.base.faults = func(int, write) fault {
				switch since := time.Since(start); {
				case since == 0:
					return fault{before: &feishu.Error{Class: feishu.ClassRate, Code: 99991400, RetryAfter: 30 * time.Second}}
				case since < 5*time.Minute:
					return fault{before: breaker}
				}
				return fault{}
			}
			ticket := h.submit(t, creation("a", "一"))
			elapse(25 * time.Second)
			if err := ticket.Keep(); err != nil {
				t.Fatal(err)
			}
			if r := wait(t, ticket); tally(r)[outbox.Created] != 1 {
				t.Errorf("%+v", r)
			}
		})
	})

	t.Run("an_upsert_job_outlasts_a_lookup_that_cannot_be_made_and_fails_when_it_lasts_too_long", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			h := setupOnly(t)
			for _, outage := range []struct {
				lasts time.Duration
				ends  outbox.RowStatus
			}{{5 * time.Minute, outbox.Created}, {time.Hour, outbox.Failed}} {
				start := time.Now()
				h.open(t, func(o *outbox.Options) {
					o.Reader = &unreachable{fakeBase: h.base, until: start.Add(outage.lasts)}
				})
				sub := upsert("a", [2]string{outage.lasts.String(), "x"})
				if r := h.write(t, sub); r.Err == nil || r.Err.Code != problem.UpstreamUnavailable {
					t.Errorf("a waiting caller is told %+v", r)
				}
				sub.Keep = true
				if r := h.write(t, sub); tally(r)[outage.ends] != 1 || time.Since(start) > 11*time.Minute {
					t.Errorf("%v: %+v after %v", outage.lasts, r, time.Since(start))
				}
				kill(h.Outbox)
			}
		})
	})

	t.Run("a_job_fails_when_it_lasts_too_long", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			h := setup(t)
			h.base.faults = func(int, write) fault { return fault{before: breaker} }
			sub := creation("a", "一")
			sub.Keep = true
			start := time.Now()
			job := h.submit(t, sub)
			if r := wait(t, job); tally(r)[outbox.Failed] != 1 || r.Err.Code != problem.UpstreamUnavailable || time.Since(start) > 11*time.Minute {
				t.Errorf("%+v after %v", r, time.Since(start))
			}
		})
	})

	t.Run("repeats_an_unanswered_call_only_within_the_budget_and_takes_it_up_again_later", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			allowed := 1
			h := setup(t, func(o *outbox.Options) {
				o.AllowRetry = func(feishu.App) bool { allowed--; return allowed >= 0 }
			})
			down := true
			h.base.unread = interrupted()
			h.base.faults = func(int, write) fault {
				if down {
					return fault{after: interrupted()}
				}
				return fault{}
			}
			r := h.write(t, creation("a", "一"))
			if tally(r)[outbox.Unknown] != 1 || r.Err == nil || r.Err.Code != problem.UnknownOutcome {
				t.Errorf("%+v", r)
			}
			if n := len(h.base.calls()); n != 2 {
				t.Errorf("%d calls, want the first and the one repeat that the budget allows", n)
			}
			down, h.base.unread = false, nil
			if r := h.write(t, creation("a", "一")); tally(r)[outbox.Created] != 1 {
				t.Errorf("the repeated request found %+v", r)
			}
			if got := h.base.column("tblExample", "标题"); len(got) != 1 {
				t.Errorf("the row is there %d times", len(got))
			}
		})
	})

	t.Run("costs_few_calls_when_nothing_can_be_reached", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			s := newSite(t, sandbox.Options{})
			s.fault(t, sandbox.Fault{Endpoint: "*", Action: sandbox.ActionHTML, Status: 503})
			const accepted = 200
			before := len(s.sb.Journal())
			for i := range accepted {
				ticket, err := s.Submit(t.Context(), s.videos(outbox.OpCreate, i))
				if err != nil {
					t.Fatal(err)
				}
				r := wait(t, ticket)
				if r.Err == nil {
					t.Fatalf("%+v", r)
				}
			}
			if calls := len(s.sb.Journal()) - before; calls > accepted*12/10 {
				t.Errorf("%d calls for %d writes", calls, accepted)
			}
		})
	})
}

// TestCanary looks for a row's content and the app's secret wherever they must not be.
func TestCanary(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	path := filepath.Join(t.TempDir(), "outbox.db")
	store := must[*sqlite.Store](t)(sqlite.Open(t.Context(), path))
	defer func() { _ = store.Close() }()
	registry := prometheus.NewRegistry()
	h := setupOnly(t)
	h.base.faults = func(n int, _ write) fault {
		if n == 1 {
			return fault{before: &feishu.Error{Class: feishu.ClassConflict, Code: 1254291}}
		}
		return fault{}
	}
	h.open(t, func(o *outbox.Options) {
		o.Digest = func(app feishu.App) string { return fmt.Sprintf("%x", h.ring.MAC("test", app.ID)) }
		o.Store, o.Metrics, o.Logger = store, registry, slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	})
	for _, titles := range [][]string{{"canary-row", "canary-two"}, {"canary-row", "bad-canary"}} {
		sub := keyed("canary-key-"+titles[1], creation("canary-caller", titles...))
		sub.Memo = []byte("canary-memo")
		sub.Keep = true
		h.write(t, sub)
	}
	if err := h.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	var metrics bytes.Buffer
	families, err := registry.Gather()
	if err != nil || len(families) == 0 {
		t.Fatalf("%d metrics, %v", len(families), err)
	}
	for _, family := range families {
		metrics.WriteString(family.String())
	}
	places := map[string][]byte{"log": log.Bytes(), "metrics": metrics.Bytes()}
	for _, suffix := range []string{"", "-wal"} {
		data, err := os.ReadFile(path + suffix)
		if err == nil {
			places["database"+suffix] = data
		}
	}
	if len(places) < 3 || log.Len() == 0 {
		t.Fatalf("looked in %d places, %d bytes of log", len(places), log.Len())
	}
	for place, data := range places {
		for _, word := range []string{"canary", "example-secret", "bascnExample", "cli_example"} {
			if bytes.Contains(data, []byte(word)) {
				t.Errorf("%s holds %q", place, word)
			}
		}
	}
}
