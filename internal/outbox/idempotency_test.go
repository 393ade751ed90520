package outbox_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rowgate/rowgate/internal/feishu"
	"github.com/rowgate/rowgate/internal/outbox"
	"github.com/rowgate/rowgate/internal/problem"
)

func keyed(key string, sub outbox.Submission) outbox.Submission {
	sub.IdempotencyKey = key
	return sub
}

func TestIdempotencyKey(t *testing.T) {
	t.Parallel()

	t.Run("gives_the_first_answer_again", func(t *testing.T) {
		t.Parallel()
		h := setup(t)
		first := h.submit(t, keyed("k", creation("a", "一")))
		want := wait(t, first)
		first.Delivered()
		again := h.submit(t, keyed("k", creation("a", "一")))
		if r := wait(t, again); !again.Replay || again.JobID != first.JobID || !sameRow(r.Rows[0], want.Rows[0]) || len(h.base.calls()) != 1 {
			t.Errorf("replay %v, %+v, %d calls", again.Replay, r, len(h.base.calls()))
		}
	})

	t.Run("refuses_another_body_whether_the_first_is_in_flight_or_done", func(t *testing.T) {
		t.Parallel()
		h := setup(t)
		h.base.gate = make(chan struct{})
		first := h.submit(t, keyed("k", creation("a", "一")))
		for range 2 {
			if _, err := h.Submit(t.Context(), keyed("k", creation("a", "二"))); code(err) != problem.IdempotencyConflict {
				t.Errorf("got %v", err)
			}
			if first != nil {
				close(h.base.gate)
				wait(t, first)
				first = nil
			}
		}
	})

	t.Run("belongs_to_one_tenant", func(t *testing.T) {
		t.Parallel()
		h := setup(t)
		h.write(t, keyed("k", creation("a", "一")))
		other := creation("a", "二")
		other.Table.App.ID = "cli_other"
		if ticket := h.submit(t, keyed("k", printed(other))); ticket.Replay {
			t.Error("another tenant's key was replayed")
		}
	})

	t.Run("shares_the_answer_of_the_one_in_flight", func(t *testing.T) {
		t.Parallel()
		h := setup(t)
		h.base.gate = make(chan struct{})
		first := h.submit(t, keyed("k", creation("a", "一")))
		second := h.submit(t, keyed("k", creation("a", "一")))
		close(h.base.gate)
		if one, two := wait(t, first), wait(t, second); !sameRow(one.Rows[0], two.Rows[0]) || !second.Replay || first.Replay {
			t.Errorf("%+v %+v", one, two)
		}
		if n := len(h.base.calls()); n != 1 {
			t.Errorf("%d calls", n)
		}
	})

	t.Run("24_repeats_at_once_write_one_row", func(t *testing.T) {
		t.Parallel()
		h := setup(t)
		done := make(chan error)
		for range 24 {
			go func() {
				ticket, err := h.Submit(t.Context(), keyed("k", creation("a", "一")))
				if err == nil {
					_, err = waitFor(t, ticket)
				}
				done <- err
			}()
		}
		for range 24 {
			if err := <-done; err != nil {
				t.Error(err)
			}
		}
		if n := len(h.base.column("tblExample", "标题")); n != 1 {
			t.Errorf("%d rows", n)
		}
	})

	t.Run("is_free_again_when_nothing_was_written", func(t *testing.T) {
		t.Parallel()
		h := setup(t)
		bad := creation("a", "bad")
		h.write(t, keyed("k", bad))
		ticket := h.submit(t, keyed("k", bad))
		if wait(t, ticket); ticket.Replay || len(h.base.calls()) != 2 {
			t.Errorf("replay %v, %d calls", ticket.Replay, len(h.base.calls()))
		}
		if err := h.Stop(t.Context()); err != nil {
			t.Fatal(err)
		}
		if entries, _, _ := h.store.counts(); entries != 0 {
			t.Errorf("%d entries kept", entries)
		}
	})

	t.Run("is_found_after_a_restart_and_forgotten_after_a_day", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			h := setup(t)
			h.write(t, keyed("k", creation("a", "一")))
			kill(h.Outbox)
			h.open(t)
			if ticket := h.submit(t, keyed("k", creation("a", "一"))); !ticket.Replay {
				t.Error("not found after a restart")
			}
			elapse(outbox.KeepFor - time.Minute)
			if ticket := h.submit(t, keyed("k", creation("a", "一"))); !ticket.Replay {
				t.Error("not found within a day")
			}
			elapse(2 * time.Hour)
			if ticket := h.submit(t, keyed("k", creation("a", "一"))); ticket.Replay {
				t.Error("found after a day")
			}
		})
	})
}

func TestDerivedKey(t *testing.T) {
	t.Parallel()

	t.Run("two_honest_identical_writes_are_two_rows", func(t *testing.T) {
		t.Parallel()
		h := setup(t)
		for range 3 {
			ticket := h.submit(t, creation("a", "一"))
			wait(t, ticket)
			if ticket.Replay {
				t.Error("taken for a repeat")
			}
			ticket.Delivered()
		}
		if n := len(h.base.column("tblExample", "标题")); n != 3 {
			t.Errorf("%d rows", n)
		}
	})

	t.Run("a_repeat_of_an_answer_that_was_not_delivered_is_a_retry", func(t *testing.T) {
		t.Parallel()
		h := setup(t)
		first := wait(t, h.submit(t, creation("a", "一")))
		again := h.submit(t, creation("a", "一"))
		if r := wait(t, again); !again.Replay || !sameRow(r.Rows[0], first.Rows[0]) {
			t.Errorf("replay %v, %+v", again.Replay, r)
		}
		again.Delivered()
		if third := h.submit(t, creation("a", "一")); third.Replay {
			t.Error("still a retry after delivery")
		}
	})

	t.Run("a_repeat_in_flight_joins", func(t *testing.T) {
		t.Parallel()
		h := setup(t)
		h.base.gate = make(chan struct{})
		h.submit(t, creation("a", "一"))
		second := h.submit(t, creation("a", "一"))
		close(h.base.gate)
		if wait(t, second); !second.Replay || len(h.base.calls()) != 1 {
			t.Errorf("replay %v, %d calls", second.Replay, len(h.base.calls()))
		}
	})

	t.Run("a_repeat_that_joined_is_a_retry_until_its_own_answer_has_arrived", func(t *testing.T) {
		t.Parallel()
		h := setup(t)
		h.base.gate = make(chan struct{})
		h.submit(t, creation("a", "一")).Delivered() // a 202
		joined := h.submit(t, creation("a", "一"))
		close(h.base.gate)
		wait(t, joined)
		again := h.submit(t, creation("a", "一"))
		if wait(t, again); !again.Replay || len(h.base.calls()) != 1 {
			t.Errorf("replay %v, %d calls", again.Replay, len(h.base.calls()))
		}
	})

	t.Run("an_answer_that_is_delivered_while_it_is_looked_up_is_not_given_again", func(t *testing.T) {
		t.Parallel()
		store := &turning{memStore: newMemStore()}
		h := setup(t, func(o *outbox.Options) { o.Store = store })
		sub := creation("a", "一")
		sub.Keep = true
		first := h.submit(t, sub)
		wait(t, first)
		store.afterKey = func() {
			first.Delivered()
			for {
				if e, _, _ := store.memStore.Find(t.Context(), outbox.Lookup{ID: first.JobID}); e.Delivered {
					return
				}
			}
		}
		again := h.submit(t, creation("a", "一"))
		if wait(t, again); again.Replay {
			t.Error("an honest second write was taken for a repeat")
		}
	})

	t.Run("leaves_nothing_in_the_store_once_delivered", func(t *testing.T) {
		t.Parallel()
		h := setup(t)
		for range 5 {
			ticket := h.submit(t, creation("a", "一"))
			wait(t, ticket)
			ticket.Delivered()
		}
		if err := h.Stop(t.Context()); err != nil {
			t.Fatal(err)
		}
		if entries, _, batches := h.store.counts(); entries != 0 || batches != 0 {
			t.Errorf("%d entries, %d batches", entries, batches)
		}
	})

	t.Run("a_repeat_of_a_partly_written_answer_that_was_delivered_is_a_new_write", func(t *testing.T) {
		t.Parallel()
		h := setup(t)
		h.base.faults = func(n int, _ write) fault {
			if n == 2 {
				return fault{before: &feishu.Error{Class: feishu.ClassUnreachable}}
			}
			return fault{}
		}
		sub := creation("a", titles("行", 1500)...)
		first := h.submit(t, sub)
		if r := wait(t, first); tally(r)[outbox.Created] != 1000 {
			t.Fatalf("%v", tally(r))
		}
		first.Delivered() // as a 200 with failed rows
		if again := h.submit(t, sub); again.Replay || tally(wait(t, again))[outbox.Created] != 1500 {
			t.Errorf("replay %v, %v", again.Replay, tally(wait(t, again)))
		}
	})

	t.Run("a_repeat_of_a_partly_written_import_writes_only_the_rest", func(t *testing.T) {
		t.Parallel()
		h := setup(t)
		h.base.faults = func(n int, _ write) fault {
			if n == 2 {
				return fault{before: &feishu.Error{Class: feishu.ClassUnreachable}}
			}
			return fault{}
		}
		sub := creation("a", titles("行", 2500)...)
		r := h.write(t, sub)
		if tally(r)[outbox.Created] != 1000 || tally(r)[outbox.Failed] != 1500 || r.Err.Code != problem.UpstreamUnavailable {
			t.Fatalf("%v %v", tally(r), r.Err)
		}
		kill(h.Outbox) // a restart does not write what the caller was told is not written
		h.open(t)
		if n := len(h.base.calls()); n != 2 {
			t.Errorf("%d calls after the restart", n)
		}
		again := h.submit(t, sub)
		if r := wait(t, again); !again.Replay || tally(r)[outbox.Created] != 2500 || r.Err != nil {
			t.Errorf("replay %v, %v, %v", again.Replay, tally(r), r.Err)
		}
		if n := len(h.base.column("tblExample", "标题")); n != 2500 {
			t.Errorf("%d rows", n)
		}
	})
}

// turning is a store in which something happens after an entry was found by its key.
type turning struct {
	*memStore
	afterKey func()
}

func (s *turning) Find(ctx context.Context, by outbox.Lookup) (outbox.Entry, bool, error) {
	e, found, err := s.memStore.Find(ctx, by)
	if after := s.afterKey; by.Key != "" && after != nil {
		s.afterKey = nil
		after()
	}
	return e, found, err
}

func TestJob(t *testing.T) {
	t.Parallel()
	const tenant = "digest of cli_example"

	t.Run("is_queued_running_and_done", func(t *testing.T) {
		t.Parallel()
		h := setup(t)
		h.base.entered, h.base.gate = make(chan struct{}), make(chan struct{})
		sub := creation("a", titles("行", 1500)...)
		sub.Keep = true
		ticket := h.submit(t, sub)
		later := creation("a", "后")
		later.Keep = true
		waiting := h.submit(t, later)
		<-h.base.entered
		h.expectJob(t, waiting.JobID, outbox.Job{State: outbox.StateQueued, RowsTotal: 1})
		h.expectJob(t, ticket.JobID, outbox.Job{State: outbox.StateRunning, RowsTotal: 1500})
		h.base.gate <- struct{}{}
		<-h.base.entered
		h.expectJob(t, ticket.JobID, outbox.Job{State: outbox.StateRunning, RowsDone: 1000, RowsTotal: 1500, Batches: 1})
		h.base.entered = nil
		close(h.base.gate)
		want := wait(t, ticket)
		job, err := h.Job(t.Context(), ticket.JobID, tenant)
		if err != nil || job.State != outbox.StateDone || len(job.Result.Rows) != len(want.Rows) || !sameRow(job.Result.Rows[7], want.Rows[7]) {
			t.Errorf("%+v %v", job, err)
		}
	})

	t.Run("is_not_there_for_another_tenant_nor_for_who_was_given_no_id", func(t *testing.T) {
		t.Parallel()
		h := setup(t)
		sub := creation("a", "一")
		sub.Keep = true
		kept := h.submit(t, sub)
		wait(t, kept)
		unkept := h.submit(t, creation("a", "二"))
		wait(t, unkept)
		for _, c := range []struct{ id, tenant string }{{kept.JobID, "digest of cli_other"}, {unkept.JobID, tenant}, {"job_none", tenant}} {
			if _, err := h.Job(t.Context(), c.id, c.tenant); code(err) != problem.JobNotFound {
				t.Errorf("%v: %v", c, err)
			}
		}
	})

	t.Run("is_failed_when_nothing_was_written", func(t *testing.T) {
		t.Parallel()
		h := setup(t)
		sub := creation("a", "bad")
		sub.Keep = true
		ticket := h.submit(t, sub)
		wait(t, ticket)
		if job, err := h.Job(t.Context(), ticket.JobID, tenant); err != nil || job.State != outbox.StateFailed {
			t.Errorf("%+v %v", job, err)
		}
	})

	t.Run("is_none_when_the_answer_came_first_and_is_not_kept", func(t *testing.T) {
		t.Parallel()
		h := setup(t)
		failed := h.submit(t, creation("a", "bad"))
		wait(t, failed)
		delivered := h.submit(t, creation("a", "一"))
		wait(t, delivered)
		delivered.Delivered()
		for name, ticket := range map[string]*outbox.Ticket{"failed": failed, "delivered": delivered} {
			if err := ticket.Keep(); !errors.Is(err, outbox.ErrAnswered) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if err := h.Stop(t.Context()); err != nil {
			t.Fatal(err)
		}
		if entries, _, _ := h.store.counts(); entries != 0 {
			t.Errorf("%d entries are left", entries)
		}
	})

	t.Run("can_be_asked_for_after_all_when_the_wait_was_too_long", func(t *testing.T) {
		t.Parallel()
		h := setup(t)
		h.base.entered, h.base.gate = make(chan struct{}, 1), make(chan struct{})
		ticket := h.submit(t, creation("a", "一"))
		<-h.base.entered
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := ticket.Wait(ctx); err == nil {
			t.Error("no error from a wait that was cut short")
		}
		if err := ticket.Keep(); err != nil {
			t.Fatal(err)
		}
		ticket.Delivered() // the 202
		close(h.base.gate)
		wait(t, ticket)
		if job, err := h.Job(t.Context(), ticket.JobID, tenant); err != nil || job.State != outbox.StateDone {
			t.Errorf("%+v %v", job, err)
		}
		if again := h.submit(t, creation("a", "一")); again.Replay {
			t.Error("an identical write after a delivered 202 that is done is a new write")
		}
	})
}

func (h *fixture) expectJob(t *testing.T, id string, want outbox.Job) {
	t.Helper()
	job, err := h.Job(t.Context(), id, "digest of cli_example")
	if err != nil {
		t.Fatal(err)
	}
	want.ID = id
	job.ETA = 0 // that of a machine that may be busy
	if *job != want {
		t.Errorf("got %+v, want %+v", *job, want)
	}
}
