package outbox_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/rowgate/rowgate/internal/outbox"
)

// deafOwner is an owner whose notes are not heard.
type deafOwner struct{ *outbox.LocalOwner }

func (deafOwner) Listen(func(outbox.Note)) (stop func()) { return func() {} }

// TestSurrender_of_parked_entries_alone: nobody waits for what is parked, yet somebody has to run the lane: the janitor finds out what
// became of rows whose outcome is unknown.
func TestSurrender_of_parked_entries_alone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := &pair{fixture: setupOnly(t), owner: outbox.NewLocalOwner()}
		p.open(t, once, func(o *outbox.Options) { o.Owner = deafOwner{p.owner} })
		p.base.faults = during(1, 1, interrupted())
		job := creation("a", "一")
		job.Keep = true
		ticket := p.submit(t, job)
		wait(t, ticket)
		p.lose()
		elapse(5 * time.Minute)
		got, err := p.Job(t.Context(), ticket.JobID, "digest of cli_example")
		if err != nil || got.State != outbox.StateDone || tally(got.Result)[outbox.Created] != 1 {
			t.Errorf("the job is %+v, %v", got, err)
		}
	})
}

// TestJob_that_another_instance_handed_out: the owner of the lane loaded the entry before it was a job.
func TestJob_that_another_instance_handed_out(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := &pair{fixture: setupOnly(t), owner: outbox.NewLocalOwner()}
		p.open(t, p.share)
		second := p.other(t)
		p.base.entered, p.base.gate = make(chan struct{}, 10), make(chan struct{})
		p.submit(t, creation("z", "零"))
		<-p.base.entered
		ticket := second.submit(t, creation("a", titles("行", 1500)...))
		synctest.Wait()
		p.base.faults = during(3, 3, unreachableCall())
		p.base.gate <- struct{}{}
		<-p.base.entered // the owner runs it
		if err := ticket.Keep(); err != nil {
			t.Fatal(err)
		}
		close(p.base.gate)
		elapse(time.Minute)
		if job, err := p.Job(t.Context(), ticket.JobID, "digest of cli_example"); err != nil || job.State != outbox.StateDone {
			t.Errorf("the job is %+v, %v", job, err)
		}
	})
}
