package outbox_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rowgate/rowgate/internal/feishu"
	"github.com/rowgate/rowgate/internal/outbox"
)

// slowToForget is a store whose first forgetting waits.
type slowToForget struct {
	outbox.Store

	entered chan struct{} // closed as it begins to wait
	release chan struct{} // nil: it has waited
}

func (s *slowToForget) Apply(ctx context.Context, c *outbox.Changes) error {
	if release := s.release; len(c.Forget) > 0 && release != nil {
		s.release = nil // only the journal's goroutine comes here
		close(s.entered)
		<-release
	}
	return s.Store.Apply(ctx, c)
}

// TestUndone_is_answered_by_who_has_the_lane: Feishu refuses a call, and its owner loses the lane before the store has forgotten the
// entry. The next owner finds the entry and writes its row, so nobody may be told that nothing was written: a caller who repeats
// would have the row twice.
func TestUndone_is_answered_by_who_has_the_lane(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h, owner := setupOnly(t), outbox.NewLocalOwner()
		release := make(chan struct{})
		slow := &slowToForget{Store: h.store, entered: make(chan struct{}), release: release}
		h.base.faults = func(n int, _ write) fault {
			if n == 1 {
				return fault{before: &feishu.Error{Class: feishu.ClassAccess, Code: 91403}}
			}
			return fault{}
		}
		start := func(store outbox.Store, owner outbox.Owner) *fixture {
			one := &fixture{base: h.base, store: h.store, ring: h.ring}
			one.open(t, func(o *outbox.Options) { o.Store, o.Owner = store, owner })
			return one
		}
		shy := &shyOwner{LocalOwner: owner}
		former := start(slow, shy)
		start(h.store, owner)
		sub := keyed("key", creation("caller", "once"))
		ticket := former.submit(t, sub)
		<-slow.entered
		shy.shy.Store(true) // it would win the lane back, now and then
		for _, lane := range owner.Lanes() {
			owner.Revoke(lane)
		}
		elapse(time.Minute)
		repeat := former.submit(t, sub)
		elapse(time.Minute)
		close(release)

		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		for name, ticket := range map[string]*outbox.Ticket{"the caller": ticket, "the repeat": repeat} {
			if r, err := ticket.Wait(ctx); err != nil || tally(r)[outbox.Created] != 1 {
				t.Errorf("%s got %+v, %v: want the answer of who has the lane", name, r, err)
			}
		}
		if titles := h.base.column("tblExample", "标题"); len(titles) != 1 {
			t.Errorf("rows %v, want one", titles)
		}
	})
}
