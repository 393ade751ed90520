package outbox

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// recorder is a store that notes each transaction and refuses those that forget "poison".
type recorder struct {
	Store

	mu      sync.Mutex
	applied []*Changes
	gate    chan struct{}
}

var errPoison = errors.New("poison")

func (r *recorder) Apply(_ context.Context, c *Changes) error {
	if r.gate != nil {
		<-r.gate
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if slices.Contains(c.Forget, "poison") {
		return errPoison
	}
	r.applied = append(r.applied, c)
	return nil
}

func TestJournal(t *testing.T) {
	t.Parallel()
	within := func(t *testing.T, test func(t *testing.T, r *recorder, w *journal)) {
		t.Helper()
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			r := &recorder{}
			w := newJournal(&Options{Store: r, Logger: slog.New(slog.DiscardHandler)})
			go w.run()
			test(t, r, w)
		})
	}

	t.Run("merges_what_waits_into_one_transaction", func(t *testing.T) {
		within(t, func(t *testing.T, r *recorder, w *journal) {
			r.gate = make(chan struct{})
			var all sync.WaitGroup
			for range 100 {
				all.Go(func() {
					if err := w.apply(Changes{Keep: []string{"x"}}); err != nil {
						t.Error(err)
					}
				})
			}
			synctest.Wait()
			close(r.gate)
			all.Wait()
			w.stop()
			if len(r.applied) > 2 {
				t.Errorf("%d transactions", len(r.applied))
			}
		})
	})

	t.Run("lets_only_the_change_at_fault_fail", func(t *testing.T) {
		within(t, func(t *testing.T, r *recorder, w *journal) {
			var got [3]error
			for i, id := range []string{"a", "poison", "c"} {
				w.add(&request{changes: Changes{Forget: []string{id}}, then: func(err error) { got[i] = err }}, false)
			}
			w.stop()
			if got[0] != nil || !errors.Is(got[1], errPoison) || got[2] != nil {
				t.Errorf("%v", got)
			}
		})
	})

	t.Run("inserts_a_key_after_the_transaction_that_frees_it", func(t *testing.T) {
		within(t, func(t *testing.T, r *recorder, w *journal) {
			w.add(&request{changes: Changes{Forget: []string{"old"}}, frees: []string{"k"}}, false)
			w.add(&request{changes: Changes{Insert: []Entry{{ID: "other", Key: "other"}}}}, false)
			w.add(&request{changes: Changes{Insert: []Entry{{ID: "new", Key: "k"}}}}, false)
			w.stop()
			if len(r.applied) != 2 || len(r.applied[0].Insert) != 1 || r.applied[1].Insert[0].ID != "new" {
				t.Errorf("%d transactions", len(r.applied))
			}
		})
	})

	t.Run("lets_what_nobody_waits_for_wait_for_company", func(t *testing.T) {
		within(t, func(t *testing.T, r *recorder, w *journal) {
			start := time.Now()
			done := make(chan time.Duration, 1)
			w.add(&request{changes: Changes{Keep: []string{"x"}}, then: func(error) { done <- time.Since(start) }}, false)
			if took := <-done; took != lazyFor {
				t.Errorf("stored after %v", took)
			}
			w.stop()
		})
	})

	t.Run("refuses_what_comes_after_the_end", func(t *testing.T) {
		within(t, func(t *testing.T, _ *recorder, w *journal) {
			w.stop()
			if err := w.apply(Changes{}); !errors.Is(err, errStopped) {
				t.Errorf("got %v", err)
			}
		})
	})

	t.Run("puts_a_bounded_number_of_requests_into_one_transaction", func(t *testing.T) {
		t.Parallel()
		if n := mergeable(make([]*request, 0)); n != 0 {
			t.Errorf("%d of none", n)
		}
		queue := make([]*request, maxMerged+1)
		for i := range queue {
			queue[i] = &request{}
		}
		if n := mergeable(queue); n != maxMerged {
			t.Errorf("%d requests", n)
		}
	})
}

// TestJournal_volatile is a property of what is merged: one change that must last makes all of the transaction last.
func TestJournal_volatile(t *testing.T) {
	t.Parallel()
	lasts, passes := &request{changes: Changes{Keep: []string{"x"}}}, &request{changes: Changes{Delivered: []string{"x"}, Volatile: true}}
	empty := &request{}
	for _, c := range []struct {
		group []*request
		want  bool
	}{
		{[]*request{passes}, true},
		{[]*request{passes, passes}, true},
		{[]*request{passes, empty}, true},
		{[]*request{passes, lasts}, false},
		{[]*request{lasts, passes}, false},
	} {
		if got := merge(c.group).Volatile; got != c.want {
			t.Errorf("merged volatile is %t, want %t", got, c.want)
		}
	}
}
