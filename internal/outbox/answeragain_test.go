package outbox_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/rowgate/rowgate/internal/outbox"
)

func ends(c *outbox.Changes) bool { return len(c.Done) > 0 }

// TestAnswer_that_the_store_fails_is_stored_again: a job whose rows are written is not left as one that waits because the store failed
// for a moment, and its rows are not sent again.
func TestAnswer_that_the_store_fails_is_stored_again(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := setupOnly(t)
		store, gated := setupGated(h)
		h.open(t, gated)
		store.next(ends).pass <- errRefused
		sub := keyed("k", creation("a", "一"))
		sub.Keep = true
		ticket := h.submit(t, sub)
		if r := wait(t, ticket); tally(r)[outbox.Created] != 1 {
			t.Errorf("%+v", r)
		}
		for name, wait := range map[string]time.Duration{"at once": 0, "later": time.Minute} {
			elapse(wait)
			if job, err := h.Job(t.Context(), ticket.JobID, "digest of cli_example"); err != nil || job.State != outbox.StateDone {
				t.Errorf("%s the job is %+v, %v", name, job, err)
			}
			if again := h.submit(t, sub); !again.Replay {
				t.Errorf("%s a repeat is a new write", name)
			}
		}
		if _, open, _ := h.store.counts(); open != 0 || len(h.base.calls()) != 1 {
			t.Errorf("%d entries are open, after %d calls", open, len(h.base.calls()))
		}
	})
}

// TestAnswer_that_the_store_fails_and_whose_lane_is_lost: the next owner, here the same instance, has seen the entry being answered by
// the time that the store refuses its answer. Somebody has to run it.
func TestAnswer_that_the_store_fails_and_whose_lane_is_lost(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := &pair{fixture: setupOnly(t), owner: outbox.NewLocalOwner()}
		store, gated := setupGated(p.fixture, p.share)
		p.open(t, gated)
		store.next(ends).pass <- errRefused
		job := creation("a", "一")
		job.Keep = true
		ticket := p.submit(t, job)
		wait(t, ticket)
		p.lose()
		elapse(time.Minute)
		if got, err := p.Job(t.Context(), ticket.JobID, "digest of cli_example"); err != nil || got.State != outbox.StateDone {
			t.Errorf("the job is %+v, %v", got, err)
		}
		if rows := p.base.column("tblExample", "标题"); len(rows) != 1 {
			t.Errorf("rows %q", rows)
		}
	})
}

// TestPark_that_the_store_fails_is_stored_again: a restart does not write what the caller was told is not written.
func TestPark_that_the_store_fails_is_stored_again(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := setupOnly(t)
		store, gated := setupGated(h)
		h.open(t, gated)
		h.base.faults = during(2, 2, unreachableCall())
		store.next(parks).pass <- errRefused
		h.write(t, creation("a", titles("行", 1500)...))
		elapse(time.Minute)
		kill(h.Outbox)
		h.open(t)
		elapse(time.Minute)
		if n := len(h.base.column("tblExample", "标题")); n != 1000 {
			t.Errorf("%d rows, want the 1000 that were written at first", n)
		}
	})
}

// TestForget_that_fails_is_tried_again: what was not written does not wait for the next start to be written after all.
func TestForget_that_fails_is_tried_again(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := setupOnly(t)
		store, gated := setupGated(h)
		h.open(t, gated)
		store.next(forgets).pass <- errRefused
		h.write(t, creation("a", "bad"))
		elapse(time.Minute)
		if n, _, _ := h.store.counts(); n != 0 {
			t.Errorf("%d entries are in the store", n)
		}
	})
}
