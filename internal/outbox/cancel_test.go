package outbox_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rowgate/rowgate/internal/outbox"
	"github.com/rowgate/rowgate/internal/problem"
)

const ownTenant = "digest of cli_example"

// cancelled cancels a job and fails the test if that is refused.
func (h *fixture) cancelled(t *testing.T, id string) *outbox.Job {
	t.Helper()
	job, err := h.Cancel(t.Context(), id, ownTenant)
	if err != nil {
		t.Fatalf("Cancel: %v", err)
	}
	return job
}

// expectCancelled checks that a cancelled job tells the truth: so many rows are written, all others failed.
func (h *fixture) expectCancelled(t *testing.T, job *outbox.Job, written int) {
	t.Helper()
	if job.State != outbox.StateCancelled || job.Result == nil {
		t.Fatalf("%+v", job)
	}
	counts := tally(job.Result)
	if counts[outbox.Created] != written || counts[outbox.Failed] != job.RowsTotal-written || job.RowsDone != job.RowsTotal {
		t.Errorf("%v of %d, want %d written", counts, job.RowsTotal, written)
	}
	if job.Result.Err == nil || job.Result.Err.Code != problem.WrongState {
		t.Errorf("%v", job.Result.Err)
	}
}

func TestCancel(t *testing.T) {
	t.Parallel()
	for name, story := range map[string]func(t *testing.T, h *fixture){
		"drops_what_is_not_sent_and_sees_the_call_under_way_through": func(t *testing.T, h *fixture) {
			ticket := h.submit(t, asJob(creation("a", titles("行", 5000)...)))
			elapse(1500 * time.Millisecond)
			h.expectCancelled(t, h.cancelled(t, ticket.JobID), 2000)
			h.expectCancelled(t, h.job(t, ticket.JobID), 2000)
			h.expectCancelled(t, h.cancelled(t, ticket.JobID), 2000) // again
			if n := len(h.base.column("tblExample", "标题")); n != 2000 {
				t.Errorf("%d rows", n)
			}
			if r := h.write(t, creation("a", "后")); tally(r)[outbox.Created] != 1 {
				t.Errorf("the lane goes on: %+v", r)
			}
		},
		"drops_all_of_one_that_waits": func(t *testing.T, h *fixture) {
			first := h.submit(t, asJob(creation("a", titles("行", 3000)...)))
			second := h.submit(t, asJob(keyed("k", creation("a", titles("后", 1200)...))))
			third := h.submit(t, asJob(creation("a", "末")))
			elapse(500 * time.Millisecond)
			h.expectCancelled(t, h.cancelled(t, second.JobID), 0)
			if tally(wait(t, first))[outbox.Created] != 3000 || tally(wait(t, third))[outbox.Created] != 1 {
				t.Error("others are touched")
			}
			again := h.submit(t, asJob(keyed("k", creation("a", titles("后", 1200)...))))
			if again.JobID != second.JobID || !again.Replay {
				t.Error("the same key begins a cancelled job anew")
			}
		},
		"drops_one_whose_rows_are_in_the_store_alone": func(t *testing.T, h *fixture) {
			h.submit(t, asJob(creation("a", titles("行", 3000)...)))
			far := h.submit(t, asJob(creation("a", titles("远", 1500)...)))
			if h.Far() == 0 {
				t.Error("no entry is far")
			}
			h.expectCancelled(t, h.cancelled(t, far.JobID), 0)
		},
		"leaves_out_the_batch_that_was_made_ready": func(t *testing.T, h *fixture) {
			sub := asJob(creation("a", titles("行", 5000)...))
			sub.Import = "import"
			ticket := h.submit(t, sub)
			elapse(1500 * time.Millisecond)
			h.expectCancelled(t, h.cancelled(t, ticket.JobID), 2000)
		},
		"gives_back_what_stands_when_nobody_waits_for_longer": func(t *testing.T, h *fixture) {
			ticket := h.submit(t, asJob(creation("a", titles("行", 2000)...)))
			elapse(100 * time.Millisecond)
			ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
			defer cancel()
			job, err := h.Cancel(ctx, ticket.JobID, ownTenant)
			if err != nil || job.State != outbox.StateRunning {
				t.Errorf("%+v %v", job, err)
			}
			wait(t, ticket)
			h.expectCancelled(t, h.job(t, ticket.JobID), 1000)
		},
		"finds_out_what_became_of_a_call_whose_answer_was_lost": func(t *testing.T, h *fixture) {
			h.base.faults = func(n int, _ write) fault {
				elapse(time.Second)
				if n == 1 {
					return fault{after: interrupted()}
				}
				return fault{}
			}
			ticket := h.submit(t, asJob(creation("a", titles("行", 3000)...)))
			elapse(500 * time.Millisecond)
			h.expectCancelled(t, h.cancelled(t, ticket.JobID), 1000)
		},
		"comes_too_late_for_a_job_that_is_done_or_in_its_last_call": func(t *testing.T, h *fixture) {
			ticket := h.submit(t, asJob(creation("a", "一")))
			elapse(500 * time.Millisecond)
			for range 2 {
				if _, err := h.Cancel(t.Context(), ticket.JobID, ownTenant); code(err) != problem.WrongState {
					t.Errorf("%v", err)
				}
			}
			if job := h.job(t, ticket.JobID); job.State != outbox.StateDone {
				t.Errorf("%+v", job)
			}
		},
		"is_for_the_tenant_and_for_jobs_alone": func(t *testing.T, h *fixture) {
			ticket := h.submit(t, asJob(creation("a", "一")))
			plain := h.submit(t, creation("a", "二"))
			for id, tenant := range map[string]string{ticket.JobID: "digest of cli_other", plain.JobID: ownTenant, "job_none": ownTenant} {
				if _, err := h.Cancel(t.Context(), id, tenant); code(err) != problem.JobNotFound {
					t.Errorf("%v", err)
				}
			}
			if tally(wait(t, ticket))[outbox.Created] != 1 {
				t.Error("another tenant's wish was obeyed")
			}
		},
		"is_refused_when_it_cannot_be_stored": func(t *testing.T, h *fixture) {
			ticket := h.submit(t, asJob(creation("a", titles("行", 2000)...)))
			elapse(100 * time.Millisecond)
			h.store.mu.Lock()
			h.store.fail = func(c *outbox.Changes) error {
				if len(c.Start) > 0 && c.Start[0].Seq == 0 {
					return errRefused
				}
				return nil
			}
			h.store.mu.Unlock()
			if _, err := h.Cancel(t.Context(), ticket.JobID, ownTenant); code(err) != problem.Overloaded {
				t.Errorf("%v", err)
			}
			if tally(wait(t, ticket))[outbox.Created] != 2000 {
				t.Error("rows are dropped all the same")
			}
		},
		"holds_after_a_restart": func(t *testing.T, h *fixture) {
			ticket := h.submit(t, asJob(creation("a", titles("行", 5000)...)))
			waiting := h.submit(t, asJob(creation("a", titles("后", 10)...)))
			elapse(1500 * time.Millisecond)
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			if _, err := h.Cancel(ctx, ticket.JobID, ownTenant); err != nil {
				t.Fatal(err)
			}
			h.cancelled(t, waiting.JobID)
			kill(h.Outbox)
			h.open(t)
			elapse(time.Minute)
			h.expectCancelled(t, h.job(t, ticket.JobID), 2000)
			h.expectCancelled(t, h.job(t, waiting.JobID), 0)
		},
		"of_an_upsert_drops_what_is_not_sent": func(t *testing.T, h *fixture) {
			var rows [][2]string
			for _, title := range titles("行", 2500) {
				rows = append(rows, [2]string{title, "x"})
			}
			ticket := h.submit(t, asJob(upsert("a", rows...)))
			elapse(500 * time.Millisecond)
			h.expectCancelled(t, h.cancelled(t, ticket.JobID), len(h.base.column("tblExample", "标题")))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				h := setup(t)
				h.base.faults = slow(time.Second)
				story(t, h)
			})
		})
	}
}

// TestCancelElsewhere: a job that another instance runs is cancelled there.
func TestCancelElsewhere(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := &pair{fixture: setupOnly(t), owner: outbox.NewLocalOwner()}
		p.open(t, p.share)
		second := p.other(t)
		p.base.faults = slow(time.Second)
		running := p.submit(t, asJob(creation("a", titles("行", 5000)...)))
		waiting := p.submit(t, asJob(creation("a", titles("后", 2000)...)))
		elapse(1500 * time.Millisecond)
		second.expectCancelled(t, second.cancelled(t, running.JobID), 2000)
		second.expectCancelled(t, second.cancelled(t, waiting.JobID), 1000) // in a call by the time that the first has ended
		p.expectCancelled(t, p.job(t, running.JobID), 2000)
	})
}

// TestCancelWhateverHappens: jobs are cancelled at any time while calls fail and the process dies. What a job then says of its rows is
// what the table has, and no job that was told to be cancelled writes on.
func TestCancelWhateverHappens(t *testing.T) {
	t.Parallel()
	for seed := range uint64(20) {
		synctest.Test(t, func(t *testing.T) {
			for _, p := range cancelHistory(t, seed) {
				t.Errorf("seed %d: %s", seed, p)
			}
		})
	}
}

func cancelHistory(t *testing.T, seed uint64) (problems []string) {
	h := setupOnly(t)
	dice, luck := rand.New(rand.NewPCG(seed, 1)), rand.New(rand.NewPCG(seed, 2)) // luck is for the lane's goroutine
	h.base.faults = func(int, write) fault {
		elapse(time.Duration(luck.IntN(1500)) * time.Millisecond)
		switch luck.IntN(12) {
		case 0:
			return fault{before: interrupted()}
		case 1:
			return fault{after: interrupted()}
		case 2:
			return fault{before: unreachableCall()}
		}
		return fault{}
	}
	ids := make(map[string]string) // title prefix → job
	h.open(t)
	for i := range 5 {
		prefix := fmt.Sprintf("%c-", 'A'+i)
		sub := creation([]string{"a", "b"}[i%2], titles(prefix, 1+dice.IntN(2500))...)
		sub.Atomic = dice.IntN(2) == 0
		ids[prefix] = h.submit(t, asJob(sub)).JobID
	}
	for range 3 {
		for _, id := range ids {
			if dice.IntN(3) == 0 {
				ctx, cancel := context.WithTimeout(t.Context(), time.Duration(dice.IntN(1000))*time.Millisecond)
				_, _ = h.Cancel(ctx, id, ownTenant)
				cancel()
			}
		}
		elapse(time.Duration(dice.IntN(2000)) * time.Millisecond)
		kill(h.Outbox)
		h.open(t)
	}
	elapse(time.Hour)
	times := make(map[string]int)
	for _, title := range h.base.column("tblExample", "标题") {
		times[title]++
	}
	for prefix, id := range ids {
		job := h.job(t, id)
		if job.Result == nil {
			problems = append(problems, fmt.Sprintf("%s has not ended: %+v", prefix, job))
			continue
		}
		for i, row := range job.Result.Rows {
			found := times[fmt.Sprintf("%s%d", prefix, i)]
			want := 0
			if row.Status == outbox.Created {
				want = 1
			}
			if found != want {
				problems = append(problems, fmt.Sprintf("%s%d is %s and %d times in the table", prefix, i, row.Status, found))
				break
			}
		}
	}
	return problems
}
