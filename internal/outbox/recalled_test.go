package outbox_test

import (
	"testing"
	"testing/synctest"
	"time"
)

// TestDelivered_of_a_partly_written_answer_that_may_be_recalled: the answer is final, so the same rows sent again are new rows, and
// nothing waits in the store.
func TestDelivered_of_a_partly_written_answer_that_may_be_recalled(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := setup(t)
		h.base.faults = during(2, 2, unreachableCall())
		sub := creation("a", titles("行", 1500)...)
		ticket := h.submit(t, sub)
		wait(t, ticket)
		recall := ticket.Recallable()
		ticket.Delivered()
		elapse(time.Second)
		if _, open, _ := h.store.counts(); open != 0 {
			t.Errorf("%d entries wait in the store", open)
		}
		again := h.submit(t, sub)
		if wait(t, again); again.Replay {
			t.Error("the same rows after a delivered answer are taken for a repeat")
		}
		recall() // another entry has the key by now: nothing happens
		if n := len(h.base.column("tblExample", "标题")); n != 2500 {
			t.Errorf("%d rows", n)
		}
	})
}
