package outbox_test

import (
	"context"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rowgate/rowgate/internal/outbox"
)

// pickyOwner is an owner whose outbox does not get some lanes.
type pickyOwner struct {
	*outbox.LocalOwner

	mu     sync.Mutex
	denied []string
}

func (o *pickyOwner) Acquire(ctx context.Context, lane string) (outbox.Lease, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if slices.Contains(o.denied, lane) {
		return nil, outbox.ErrOwned
	}
	return o.LocalOwner.Acquire(ctx, lane)
}

// TestRows_of_a_lane_that_was_lost_take_no_room: two instances that have each other's lanes would wait for room for ever, each for what
// the other is to do.
func TestRows_of_a_lane_that_was_lost_take_no_room(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := &pair{fixture: setupOnly(t), owner: outbox.NewLocalOwner()}
		picky := &pickyOwner{LocalOwner: p.owner}
		little := func(o *outbox.Options) { o.Memory.Waiting, o.Memory.Near = outbox.DefaultMemory.Waiting, 1 }
		p.open(t, little, func(o *outbox.Options) { o.Owner = picky })
		p.base.faults = func(_ int, w write) fault {
			if w.table == "tblExample" {
				return fault{before: unreachableCall()}
			}
			return fault{}
		}
		down := creation("a", "一")
		down.Keep = true
		p.submit(t, down)
		elapse(time.Second) // fake clock
		if _, near := p.Held(); near == 0 {
			t.Fatal("the rows of a deferred job are not in memory")
		}
		picky.mu.Lock()
		picky.denied = p.owner.Lanes()
		picky.mu.Unlock()
		p.lose()
		synctest.Wait()
		if _, near := p.Held(); near != 0 {
			t.Errorf("%d bytes of rows are in memory that another instance is to write", near)
		}
		other := creation("a", "二")
		other.Keep, other.Table.AppToken, other.Table.TableID = true, "bascnOther", "tblOther"
		p.submit(t, printed(other))
		elapse(time.Second) // fake clock
		if rows := p.base.column("tblOther", "标题"); len(rows) != 1 {
			t.Errorf("the job of another lane has written %d rows, not 1", len(rows))
		}
	})
}
