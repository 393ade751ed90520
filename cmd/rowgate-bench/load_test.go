package main

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rowgate/rowgate/cmd/rowgate-bench/internal/history"
)

func TestClosedLoop(t *testing.T) {
	t.Parallel()

	t.Run("takes_each_request_once_with_so_many_callers_at_a_time", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			const callers, requests = 5, 20
			var mu sync.Mutex
			var taken []int
			var running, most atomic.Int64
			began := time.Now()
			l, err := closedLoop(t.Context(), callers, requests, func(ctx context.Context, i int) error {
				most.Store(max(most.Load(), running.Add(1)))
				defer running.Add(-1)
				wait(ctx, time.Second)
				mu.Lock()
				defer mu.Unlock()
				taken = append(taken, i)
				return nil
			})
			slices.Sort(taken)
			if err != nil || len(slices.Compact(taken)) != requests || most.Load() != callers {
				t.Errorf("%v: %v, %d at a time", err, taken, most.Load())
			}
			if l.count() != requests || time.Since(began) != requests/callers*time.Second {
				t.Errorf("%v times in %s", l.count(), time.Since(began))
			}
		})
	})

	t.Run("returns_the_first_error_and_counts_no_time_for_it", func(t *testing.T) {
		t.Parallel()
		wrong := errors.New("wrong")
		l, err := closedLoop(t.Context(), 1, 3, func(_ context.Context, i int) error {
			if i == 1 {
				return wrong
			}
			return nil
		})
		if !errors.Is(err, wrong) || l.count() != 2 {
			t.Errorf("%v, %v times", err, l.count())
		}
	})
}

func TestOpenLoop(t *testing.T) {
	t.Parallel()

	t.Run("starts_requests_when_they_are_due_whatever_became_of_the_others", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			var started atomic.Int64
			began := time.Now()
			l, err := openLoop(t.Context(), 100*time.Millisecond, time.Second, func(ctx context.Context, i int) error {
				started.Add(1)
				if late := time.Since(began) - time.Duration(i)*100*time.Millisecond; late != 0 {
					t.Errorf("request %d starts %s late", i, late)
				}
				wait(ctx, 10*time.Second)
				return nil
			})
			if err != nil || started.Load() != 10 || l.count() != 10 {
				t.Errorf("%v: %d started", err, started.Load())
			}
		})
	})

	t.Run("counts_what_was_refused_neither_as_answered_nor_as_failed", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			refuseOdd := func(_ context.Context, i int) error {
				if i%2 == 1 {
					return errRefused
				}
				return nil
			}
			open, err := openLoop(t.Context(), 100*time.Millisecond, time.Second, refuseOdd)
			if err != nil || open.count() != 5 {
				t.Errorf("open loop: %v, %v answered, want 5", err, open.count())
			}
			closed, err := closedLoop(t.Context(), 2, 10, refuseOdd)
			if err != nil || closed.count() != 5 {
				t.Errorf("closed loop: %v, %v answered, want 5", err, closed.count())
			}
		})
	})

	t.Run("lets_all_see_a_stall_who_were_due_during_it", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			began := time.Now()
			const stall = time.Second
			l, err := openLoop(t.Context(), 100*time.Millisecond, stall, func(ctx context.Context, _ int) error {
				wait(ctx, time.Until(began.Add(stall)))
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			// The first waits a second, the last a tenth; a closed loop would have seen one long time and nine short ones.
			if p50 := l.ms(50); p50 < 490 || p50 > 510 {
				t.Errorf("p50 is %v ms", p50)
			}
		})
	})
}

func TestWait(t *testing.T) {
	t.Parallel()
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if wait(ended, time.Hour) || wait(ended, 0) || !wait(t.Context(), 0) {
		t.Error("it does not tell an ended context from a pause that passed")
	}
}

func TestResults(t *testing.T) {
	t.Parallel()
	written, unknown, not := history.Result{
		Status:   history.Written,
		RecordID: "rec1",
	}, history.Result{}, history.Result{
		Status: history.NotWritten,
	}
	for name, one := range map[string]struct {
		got  reply
		want []history.Result
	}{
		"reads_a_receipt": {reply{status: 200, RecordIDs: []string{"rec1", ""}}, []history.Result{written, not}},
		"leaves_rows_open_where_some_is_unknown": {
			reply{status: 200, RecordIDs: []string{"rec1", ""}, Unknown: 1},
			[]history.Result{written, unknown},
		},
		"believes_a_refusal_that_says_so": {reply{status: 503, Outcome: "not_written"}, []history.Result{not, not}},
		"leaves_all_open_otherwise":       {reply{status: 504, Outcome: "unknown"}, []history.Result{unknown, unknown}},
		"leaves_a_job_open":               {reply{status: 202, JobID: "job_1"}, []history.Result{unknown, unknown}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := results(one.got, 2); !slices.Equal(got, one.want) {
				t.Errorf("%+v, want %+v", got, one.want)
			}
		})
	}
}

func TestTail(t *testing.T) {
	t.Parallel()
	var end tail
	for range 3 {
		if _, err := end.Write([]byte(strings.Repeat("x", stderrKept))); err != nil {
			t.Fatal(err)
		}
	}
	_, _ = end.Write([]byte("last"))
	if got := end.String(); len(got) != stderrKept || !strings.HasSuffix(got, "last") {
		t.Errorf("%d bytes are kept, the end is %q", len(got), got[len(got)-4:])
	}
}
