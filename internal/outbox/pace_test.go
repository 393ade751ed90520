package outbox_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/rowgate/rowgate/internal/outbox"
)

// slow has every write take d; a test's bubble lets that pass.
func slow(d time.Duration) func(int, write) fault {
	return func(int, write) fault {
		elapse(d)
		return fault{}
	}
}

// job is where a job stands.
func (h *fixture) job(t *testing.T, id string) *outbox.Job {
	t.Helper()
	job, err := h.Job(t.Context(), id, "digest of cli_example")
	if err != nil {
		t.Fatal(err)
	}
	return job
}

// job is a submission whose job id is handed out.
func asJob(sub outbox.Submission) outbox.Submission {
	sub.Keep = true
	return sub
}

func near(got, want time.Duration) bool { return got > want-want/10 && got < want+want/10 }

// TestJobProgress: a job tells of its rows, errors and batches, and when it will be done at the lane's own pace.
func TestJobProgress(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := setup(t)
		h.base.faults = slow(time.Second)
		rows := append([]string{"bad"}, titles("行", 4999)...)
		first := h.submit(t, asJob(creation("a", rows...)))
		synctest.Wait()
		if job := h.job(t, first.JobID); job.ETA != 0 || job.Batches != 0 {
			t.Errorf("before the first call is over: %+v", job)
		}
		elapse(4500 * time.Millisecond) // the first batch is refused and sent again without the bad row
		job := h.job(t, first.JobID)
		if job.State != outbox.StateRunning || job.Errors != 1 || job.Batches == 0 || job.RowsDone < 1000 || job.RowsTotal != 5000 {
			t.Errorf("%+v", job)
		}
		if job.ETA <= 0 {
			t.Errorf("the pace is known: %v", job.ETA)
		}
		result := wait(t, first)
		done := h.job(t, first.JobID)
		if done.ETA != 0 || done.Errors != 1 || done.Batches < 5 || done.Batches != result.Batches || done.RowsDone != 5000 {
			t.Errorf("%+v", done)
		}
	})
}

func TestJobETA(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := setup(t)
		h.base.faults = slow(time.Second)
		first := h.submit(t, asJob(creation("a", titles("行", 10_000)...)))
		elapse(4500 * time.Millisecond)
		if job := h.job(t, first.JobID); !near(job.ETA, 6*time.Second) {
			t.Errorf("alone: %v", job.ETA)
		}
		later := h.submit(t, asJob(creation("a", titles("后", 1000)...)))
		if job := h.job(t, later.JobID); !near(job.ETA, 6*time.Second) { // 5 s for those in front, of which 1000 are in a call, and 1 s
			t.Errorf("behind another of the same caller: %v", job.ETA)
		}
		h.submit(t, asJob(creation("b", titles("他", 2000)...)))
		if job := h.job(t, first.JobID); !near(job.ETA, 8*time.Second) {
			t.Errorf("beside another caller, who has less: %v", job.ETA)
		}
		wait(t, first)
		elapse(time.Hour)
		h.base.faults = slow(10 * time.Second)
		anew := h.submit(t, asJob(creation("a", titles("新", 1500)...)))
		elapse(time.Second)
		if job := h.job(t, anew.JobID); job.ETA != 0 {
			t.Errorf("at a pace of an hour ago: %v", job.ETA)
		}
	})
}

// TestJobBatchesAfterRestart: what was written before a restart counts.
func TestJobBatchesAfterRestart(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := setup(t)
		h.base.faults = slow(time.Second)
		ticket := h.submit(t, asJob(creation("a", titles("行", 3000)...)))
		elapse(2500 * time.Millisecond)
		kill(h.Outbox)
		h.open(t)
		elapse(time.Minute)
		if job := h.job(t, ticket.JobID); job.Batches != 3 || job.State != outbox.StateDone {
			t.Errorf("%+v", job)
		}
	})
}
