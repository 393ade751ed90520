package outbox_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/rowgate/rowgate/internal/feishu"
	"github.com/rowgate/rowgate/internal/outbox"
	"github.com/rowgate/rowgate/internal/problem"
)

// TestForget_that_fails_does_not_say_not_written: the store keeps an entry of which nothing was written, so the next start runs it.
func TestForget_that_fails_does_not_say_not_written(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := setupOnly(t)
		store, gated := setupGated(h)
		h.open(t, gated)
		h.base.faults = during(1, 1, &feishu.Error{Class: feishu.ClassAccess, Code: 91403})
		store.next(forgets).pass <- errRefused
		ticket := h.submit(t, creation("a", "一"))
		r, err := waitFor(t, ticket)
		kill(h.Outbox)
		h.open(t)
		elapse(time.Minute)
		if n := len(h.base.column("tblExample", "标题")); n != 1 {
			t.Errorf("%d rows", n)
		}
		if err != nil || tally(r)[outbox.Unknown] != 1 || r.Err == nil || r.Err.Code != problem.UnknownOutcome {
			t.Errorf("the caller was told %+v, %v, and the row was written", r, err)
		}
	})
}
