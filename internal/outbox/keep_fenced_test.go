package outbox_test

import (
	"testing"
	"testing/synctest"

	"github.com/rowgate/rowgate/internal/outbox"
)

// TestKeep_whose_entry_is_stored_when_its_batch_is_refused: the lane was lost without its owner's knowing. The store takes the entry,
// which a job id was asked for, and refuses the batch behind it. Whoever waits gets the answer of the next owner: the entry is stored,
// so nobody may be told that it is not. Many rounds, since it is a matter of which goroutine is first.
func TestKeep_whose_entry_is_stored_when_its_batch_is_refused(t *testing.T) {
	t.Parallel()
	for range 400 {
		synctest.Test(t, func(t *testing.T) {
			p := &pair{fixture: setupOnly(t), owner: outbox.NewLocalOwner()}
			store, gated := setupGated(p.fixture, p.share)
			p.open(t, gated)
			p.base.gate, p.base.entered = make(chan struct{}), make(chan struct{}, 8)
			first := p.submit(t, creation("a", "一"))
			<-p.base.entered
			second := p.submit(t, creation("b", "二"))
			hold := store.next(keeps)
			one := keepLater(first) // holds the journal up
			<-hold.arrived
			two := keepLater(second)
			synctest.Wait()
			close(p.base.gate)
			synctest.Wait() // the first is answered, the second begun: both wait in the journal
			p.usurp()
			hold.pass <- nil
			for _, kept := range []<-chan error{one, two} {
				if err := <-kept; err != nil {
					t.Errorf("Keep: %v", err)
				}
			}
			for _, ticket := range []*outbox.Ticket{first, second} {
				if r, err := waitFor(t, ticket); err != nil || tally(r)[outbox.Created] != 1 {
					t.Errorf("%+v, %v", r, err)
				}
			}
			if rows := p.base.column("tblExample", "标题"); len(rows) != 2 {
				t.Errorf("rows %q", rows)
			}
		})
	}
}
