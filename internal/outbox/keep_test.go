package outbox_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rowgate/rowgate/internal/feishu"
	"github.com/rowgate/rowgate/internal/outbox"
	"github.com/rowgate/rowgate/internal/problem"
)

// keepLater calls Keep on a goroutine of its own.
func keepLater(ticket *outbox.Ticket) <-chan error {
	kept := make(chan error, 1)
	go func() { kept <- ticket.Keep() }()
	return kept
}

// TestKeep_returns_once_the_job_is_stored: a job id may be handed out once the store has the entry and the note that it is a job.
func TestKeep_returns_once_the_job_is_stored(t *testing.T) {
	t.Parallel()

	t.Run("also_if_its_first_batch_could_not_be_stored", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			h := setupOnly(t)
			store, gated := setupGated(h)
			h.open(t, gated)
			first := store.next(starts)
			ticket := h.submit(t, creation("a", "一"))
			<-first.arrived
			kept := keepLater(ticket)
			synctest.Wait()
			second := store.next(inserts)
			first.pass <- errRefused
			synctest.Wait()
			select {
			case err := <-kept:
				if _, found := h.stored(ticket.JobID); err == nil && !found {
					t.Error("Keep returned, and the store does not have the entry")
				}
			default:
			}
			second.pass <- nil
			synctest.Wait()
			if r := wait(t, ticket); tally(r)[outbox.Failed] != 1 {
				t.Errorf("%+v", r)
			}
			if job, err := h.Job(t.Context(), ticket.JobID, "digest of cli_example"); err != nil || job.State != outbox.StateFailed {
				t.Errorf("the job is %+v, %v", job, err)
			}
		})
	})

	t.Run("also_for_the_second_who_asks", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			h := setupOnly(t)
			store, gated := setupGated(h)
			h.open(t, gated)
			h.base.entered, h.base.gate = make(chan struct{}, 1), make(chan struct{})
			ticket := h.submit(t, creation("a", "一"))
			<-h.base.entered
			hold := store.next(keeps)
			first := keepLater(ticket)
			<-hold.arrived
			second := keepLater(ticket)
			synctest.Wait()
			again := store.next(keeps)
			again.pass <- errRefused
			hold.pass <- errRefused
			for _, kept := range []<-chan error{first, second} {
				if err := <-kept; err == nil {
					t.Error("Keep returned without the store's word")
				}
			}
			close(h.base.gate)
			wait(t, ticket)
		})
	})
}

// TestKeep_of_what_is_undone: nothing was written, and the store is forgetting the entry, or never had it. A job id handed out now
// would be of a job that nobody finds, or, worse, of one that the next start runs after its caller was told that it is not written.
func TestKeep_of_what_is_undone(t *testing.T) {
	t.Parallel()
	for name, sub := range map[string]outbox.Submission{
		"that_is_stored": creation("a", "一"), "that_was_never_stored": upsert("a", [2]string{"一", "x"}),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				h := setupOnly(t)
				denied := &feishu.Error{Class: feishu.ClassAccess, Code: 91403}
				h.base.unread = denied
				h.base.faults = func(int, write) fault { return fault{before: denied} }
				store, gated := setupGated(h)
				h.open(t, gated)
				hold := store.next(forgets)
				ticket := h.submit(t, sub)
				<-hold.arrived
				kept := keepLater(ticket)
				synctest.Wait()
				hold.pass <- nil
				if err := <-kept; !errors.Is(err, outbox.ErrAnswered) {
					t.Errorf("Keep answered %v, want ErrAnswered", err)
				}
				if r := wait(t, ticket); tally(r)[outbox.Failed] != 1 {
					t.Errorf("%+v", r)
				}
				elapse(time.Minute)
				if n, _, _ := h.store.counts(); n != 0 {
					t.Errorf("%d entries are left in the store", n)
				}
			})
		})
	}
}

// TestKeep_that_fails_does_not_say_not_written: the write goes on.
func TestKeep_that_fails_does_not_say_not_written(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := setupOnly(t)
		store, gated := setupGated(h)
		h.open(t, gated)
		h.base.entered, h.base.gate = make(chan struct{}, 1), make(chan struct{})
		ticket := h.submit(t, creation("a", "一"))
		<-h.base.entered
		store.next(keeps).pass <- errRefused
		if p := problem.From(ticket.Keep()); p.Outcome != problem.OutcomeUnknown {
			t.Errorf("%v, outcome %q, want unknown", p, p.Outcome)
		}
		close(h.base.gate)
		if r := wait(t, ticket); tally(r)[outbox.Created] != 1 {
			t.Errorf("%+v", r)
		}
	})
}
