package outbox_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/rowgate/rowgate/internal/outbox"
)

// TestStart_tells_the_owner_of_a_lane_what_lies_in_it: an instance stores a job for a lane of another, its note is lost, and it ends.
// The next start finds the job and that its lane is owned.
func TestStart_tells_the_owner_of_a_lane_what_lies_in_it(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newCrew(t)
		c.base.gate, c.base.entered = make(chan struct{}), make(chan struct{}, 8)
		c.submit(t, creation("a", "一"))
		<-c.base.entered
		third := &fixture{base: c.base, store: c.store, ring: c.ring}
		third.open(t, func(o *outbox.Options) { o.Owner = muteOwner{c.owner} })
		job := creation("b", "二")
		job.Keep = true
		third.submit(t, job)
		kill(third.Outbox)
		third.open(t, func(o *outbox.Options) { o.Owner = c.owner })
		synctest.Wait()
		close(c.base.gate)
		elapse(time.Minute)
		c.expectRows(t, "一", "二")
	})
}

// muteOwner is an owner whose notes are lost.
type muteOwner struct{ *outbox.LocalOwner }

func (muteOwner) Notify(outbox.Note) {}
