package outbox_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/rowgate/rowgate/internal/outbox"
)

// TestLeave_waits_for_its_insert: a lane is lost with an entry that was never stored. While it is on its way to the store, the answers
// of the lane are looked for, and the entry is not there yet: it is not taken for one that somebody else has forgotten.
func TestLeave_waits_for_its_insert(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newCrew(t)
		c.base.gate, c.base.entered = make(chan struct{}), make(chan struct{}, 8)
		sent := c.submit(t, creation("a", "一"))
		<-c.base.entered
		waiting := c.submit(t, creation("b", "二"))
		hold := c.slow.next(inserts)
		c.depose()
		<-hold.arrived
		elapse(5 * time.Second)
		close(c.base.gate)
		hold.pass <- nil
		for name, ticket := range map[string]*outbox.Ticket{"sent": sent, "waiting": waiting} {
			if r, err := waitFor(t, ticket); err != nil || tally(r)[outbox.Created] != 1 {
				t.Errorf("%s: %+v, %v", name, r, err)
			}
		}
		c.expectRows(t, "一", "二")
	})
}
