package outbox_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/rowgate/rowgate/internal/secret"
)

// TestStart_after_a_change_of_keys: entries lie under the name that their lane had under the old key, batches of theirs that a run
// under the new key has begun under the new one. A start has to find both: rows of a batch that it does not see are sent again.
func TestStart_after_a_change_of_keys(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := setupOnly(t)
		old := make([]byte, secret.KeyBytes)
		h.base.gate, h.base.entered = make(chan struct{}), make(chan struct{}, 8)
		h.open(t)
		first := creation("a", "一")
		first.Keep = true
		h.submit(t, first)
		<-h.base.entered
		second := creation("a", "二")
		second.Keep = true
		h.submit(t, second) // waits behind the first
		kill(h.Outbox)

		fresh := append([]byte{1}, old[1:]...)
		h.ring = must[*secret.Keyring](t)(secret.NewKeyring(fresh, old))
		h.base.faults = func(int, write) fault { return fault{after: interrupted()} }
		h.base.forgetful = true // it is the look for the rows that has to find them
		close(h.base.gate)
		h.open(t)
		for range 2 {
			<-h.base.entered
		}
		synctest.Wait()
		kill(h.Outbox)
		h.base.faults = nil
		h.open(t)
		elapse(time.Minute)
		if rows := h.base.column("tblExample", "标题"); len(rows) != 2 {
			t.Errorf("rows %q, want each once", rows)
		}
		if _, open, _ := h.store.counts(); open != 0 {
			t.Errorf("%d entries are open", open)
		}
	})
}
