package outbox_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/rowgate/rowgate/internal/feishu"
	"github.com/rowgate/rowgate/internal/outbox"
)

// TestPendingIsLookedAt: the race detector sees no change of a batch that was deferred, or given up for now, and is sent again, while
// its lane is loaded.
func TestPendingIsLookedAt(t *testing.T) {
	t.Parallel()
	for name, op := range map[string]outbox.Op{"update": outbox.OpUpdate, "create": outbox.OpCreate} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				h := setup(t)
				h.base.ungot, h.base.unread = &feishu.Error{Class: feishu.ClassOpen}, &feishu.Error{Class: feishu.ClassOpen}
				h.base.faults = func(n int, _ write) fault {
					<-time.After(time.Second)
					if n == 1 {
						return fault{before: &feishu.Error{Class: feishu.ClassUnreachable}}
					}
					return fault{after: interrupted()}
				}
				sub := creation("caller", "one")
				sub.Op, sub.Keep = op, true
				if op == outbox.OpUpdate {
					sub.Rows[0].RecordID = "recExample"
				}
				h.submit(t, printed(sub))
				for range 600 {
					elapse(100 * time.Millisecond) // fake clock
					h.Learn()
				}
			})
		})
	}
}
