package outbox_test

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rowgate/rowgate/internal/feishu"
	"github.com/rowgate/rowgate/internal/outbox"
)

// crew is two outboxes over one store. The first may be kept from its lanes, and changes of its own held back.
type crew struct {
	*fixture

	owner  *outbox.LocalOwner
	shy    *shyOwner   // the first's
	slow   *gatedStore // the first's
	second *fixture
}

func newCrew(t *testing.T, change ...func(*outbox.Options)) *crew {
	t.Helper()
	owner := outbox.NewLocalOwner()
	c := &crew{fixture: setupOnly(t), owner: owner, shy: &shyOwner{LocalOwner: owner}}
	store, gated := setupGated(c.fixture, append(change, func(o *outbox.Options) { o.Owner = c.shy })...)
	c.slow = store
	c.open(t, gated)
	c.second = &fixture{base: c.base, store: c.store, ring: c.ring}
	c.second.open(t, append(change, func(o *outbox.Options) { o.Owner = owner })...)
	return c
}

// depose takes the first's lanes away, for good.
func (c *crew) depose() {
	c.shy.shy.Store(true)
	for _, lane := range c.owner.Lanes() {
		c.owner.Revoke(lane)
	}
}

func (c *crew) expectRows(t *testing.T, want ...string) {
	t.Helper()
	if rows := c.base.column("tblExample", "标题"); !slices.Equal(rows, want) {
		t.Errorf("rows %q, want %q", rows, want)
	}
}

// TestParked_with_a_lost_lane: the note that an entry is parked is stored, and before its owner hears of that, the lane is lost. The
// next owner finds out what became of the rows, and a repeat at the former one gets that answer.
func TestParked_with_a_lost_lane(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newCrew(t, once)
		c.base.faults = func(n int, _ write) fault {
			if n == 1 {
				return fault{after: interrupted()}
			}
			return fault{}
		}
		c.base.unread = interrupted()
		hold := c.slow.next(parks)
		hold.late = true
		sub := creation("a", "一")
		ticket := c.submit(t, sub)
		<-hold.arrived
		c.depose()
		synctest.Wait()
		hold.pass <- nil
		if r := wait(t, ticket); tally(r)[outbox.Unknown] != 1 {
			t.Errorf("%+v", r)
		}
		c.base.mu.Lock()
		c.base.unread = nil
		c.base.mu.Unlock()
		elapse(2 * time.Minute)
		again := c.submit(t, sub)
		if r := wait(t, again); !again.Replay || tally(r)[outbox.Created] != 1 {
			t.Errorf("replay %v, %+v", again.Replay, r)
		}
		c.expectRows(t, "一")
	})
}

// TestParked_and_delivered_after_its_lane_was_lost: the answer is final, whoever runs the lane, so the same rows again are new rows.
func TestParked_and_delivered_after_its_lane_was_lost(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newCrew(t)
		c.base.faults = during(2, 2, unreachableCall())
		sub := creation("a", titles("行", 1500)...)
		ticket := c.submit(t, sub)
		wait(t, ticket)
		c.depose()
		synctest.Wait()
		ticket.Delivered()
		elapse(time.Minute)
		if _, open, _ := c.store.counts(); open != 0 {
			t.Errorf("%d entries are open", open)
		}
		if again := c.second.submit(t, sub); again.Replay || tally(wait(t, again))[outbox.Created] != 1500 {
			t.Errorf("replay %v", again.Replay)
		}
	})
}

// TestAnswer_that_comes_after_its_lane_was_lost_and_won_back: the store fails an answer of the former lease. That says nothing of the
// entries of the present one.
func TestAnswer_that_comes_after_its_lane_was_lost_and_won_back(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newCrew(t, once)
		hold := c.slow.next(func(change *outbox.Changes) bool { return len(change.Done) > 0 })
		first := c.submit(t, creation("a", "一"))
		<-hold.arrived
		c.depose()
		elapse(time.Minute) // the second has answered for it
		c.shy.shy.Store(false)
		c.base.mu.Lock()
		c.base.faults = func(int, write) fault { return fault{before: &feishu.Error{Class: feishu.ClassInterrupted}} }
		c.base.unread = interrupted()
		c.base.mu.Unlock()
		sub := creation("b", "二")
		second := c.submit(t, sub) // its lane is the first's again
		synctest.Wait()
		hold.pass <- errRefused
		wait(t, first)
		if r := wait(t, second); tally(r)[outbox.Unknown] != 1 {
			t.Errorf("%+v", r)
		}
		c.base.mu.Lock()
		c.base.faults, c.base.unread = nil, nil
		c.base.mu.Unlock()
		if r := c.write(t, sub); tally(r)[outbox.Created] != 1 {
			t.Errorf("the repeat got %+v", r)
		}
		c.expectRows(t, "一", "二")
	})
}
