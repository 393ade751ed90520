package outbox_test

import (
	"fmt"
	"testing"
	"testing/synctest"

	"github.com/rowgate/rowgate/internal/outbox"
)

// corrections is an import of n updates; the last one says "late" of the record that the one at first says "early" of.
func corrections(h *fixture, n, first int) outbox.Submission {
	sub := imported("批", n)
	sub.Op, sub.Keep = outbox.OpUpdate, true
	h.base.mu.Lock()
	defer h.base.mu.Unlock()
	for i := range sub.Rows {
		id := fmt.Sprintf("rec%d", i)
		if i == n-1 {
			id = fmt.Sprintf("rec%d", first)
		} else {
			h.base.tables["tblExample"] = append(h.base.tables["tblExample"], fakeRow{id: id})
		}
		sub.Rows[i].RecordID = id
		sub.Rows[i].Fields = row(fmt.Sprint("title", i), "")
	}
	sub.Rows[first].Fields, sub.Rows[n-1].Fields = row("early", ""), row("late", "")
	return sub
}

// TestAhead_does_not_outlast_the_one_before: a batch is refused while the next one is ready, and the process dies. What was refused is
// sent anew after that, and must not undo what the next batch says of the same record.
func TestAhead_does_not_outlast_the_one_before(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := setupOnly(t)
		sub := corrections(h, 2_000, 5)
		sub.Rows[900].Fields = row("title900", "bad")
		m := &mortal{Store: h.store, fakeBase: h.base, left: 1_000_000}
		h.base.faults = func(n int, _ write) fault {
			if n == 2 { // half of what was refused
				m.mu.Lock()
				m.left = 0
				m.mu.Unlock()
				return fault{before: interrupted()}
			}
			return fault{}
		}
		h.open(t, func(o *outbox.Options) { o.Store, o.Writer, o.Reader = m, m, m })
		h.submit(t, printed(sub))
		elapse(feishuIsBack) // fake clock
		kill(h.Outbox)
		h.open(t)
		wait(t, h.submit(t, printed(sub)))
		if got := h.base.column("tblExample", "标题")[5]; got != "late" {
			t.Errorf("the record says %q, not what the last row says", got)
		}
	})
}
