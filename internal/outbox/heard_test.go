package outbox_test

import (
	"testing"
	"testing/synctest"

	"github.com/rowgate/rowgate/internal/feishu"
)

// TestHeard: what an answer 202 says of Feishu is its last refusal of a call that is repeated, and nothing once that is settled.
func TestHeard(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := setupOnly(t)
		h.base.faults = func(n int, _ write) fault {
			if n == 1 {
				return fault{before: &feishu.Error{Class: feishu.ClassConflict, Code: 1254291, Msg: "Write conflict", LogID: "log1"}}
			}
			return fault{}
		}
		h.open(t)
		ticket := h.submit(t, creation("caller", "a"))
		if said := ticket.Heard(); said != nil {
			t.Errorf("before the first call: %+v", said)
		}
		synctest.Wait() // the call was refused, and is repeated after a while
		if said := ticket.Heard(); said == nil || said.Code != 1254291 || said.LogID != "log1" {
			t.Errorf("while the call is repeated: %+v", said)
		}
		wait(t, ticket)
		if said := ticket.Heard(); said != nil {
			t.Errorf("after the call went through: %+v", said)
		}
	})
}
