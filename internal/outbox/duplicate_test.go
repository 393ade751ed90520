package outbox_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/rowgate/rowgate/internal/outbox"
	"github.com/rowgate/rowgate/internal/problem"
)

// TestSameKeyAtTwoInstances: the owner of the lane has taken a write on that is not stored yet, and another instance stores the same
// one. The store takes one of them: who waits for the other hears that it is in flight, not that nothing is written, and the writes
// that share its batch are written.
func TestSameKeyAtTwoInstances(t *testing.T) {
	t.Parallel()
	for name, job := range map[string]bool{"that_waits_in_a_batch": false, "that_is_a_job": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				c := newCrew(t)
				c.base.gate, c.base.entered = make(chan struct{}), make(chan struct{}, 8)
				c.submit(t, creation("z", "零"))
				<-c.base.entered
				sub := keyed("k", creation("a", "一"))
				sub.Keep = job
				answers := make(chan error, 1)
				hold := c.slow.next(inserts)
				ask := func() {
					ticket, err := c.Submit(t.Context(), sub)
					if err == nil {
						_, err = waitFor(t, ticket)
					}
					answers <- err
				}
				go ask()
				synctest.Wait()
				other := c.submit(t, creation("b", "二"))
				again := c.second.submit(t, sub) // stored, for the first to run
				close(c.base.gate)
				synctest.Wait()
				hold.pass <- nil
				if err := <-answers; code(err) != problem.InFlight {
					t.Errorf("who asked the owner is told %v, want in_flight", err)
				}
				for name, ticket := range map[string]*outbox.Ticket{"the other instance": again, "another write": other} {
					if r, err := waitFor(t, ticket); err != nil || tally(r)[outbox.Created] != 1 {
						t.Errorf("%s: %+v, %v", name, r, err)
					}
				}
				elapse(time.Minute)
				rows := c.base.column("tblExample", "标题")
				if len(rows) != 3 {
					t.Errorf("rows %q, want three", rows)
				}
			})
		})
	}
}
