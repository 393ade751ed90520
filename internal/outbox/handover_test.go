package outbox_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rowgate/rowgate/internal/feishu"
	"github.com/rowgate/rowgate/internal/outbox"
)

// slowStore holds the first start of a batch back until it is let go, as a slow disk does.
type slowStore struct {
	outbox.Store

	once    sync.Once
	hold    chan struct{}
	arrived chan struct{} // closed when that start is decided
	err     error         // what it came to
}

func (s *slowStore) Apply(ctx context.Context, c *outbox.Changes) error {
	held := false
	if len(c.Start) > 0 {
		s.once.Do(func() { held = true })
	}
	if !held {
		return s.Store.Apply(ctx, c)
	}
	defer close(s.arrived)
	<-s.hold
	s.err = s.Store.Apply(ctx, c)
	return s.err
}

// nextStore is the store of the next owner: once that has read the lane, the start that was held back arrives.
type nextStore struct {
	outbox.Store

	once sync.Once
	slow *slowStore
}

func (s *nextStore) Load(ctx context.Context, lane string) ([]outbox.Entry, []outbox.Batch, error) {
	entries, batches, err := s.Store.Load(ctx, lane)
	if lane != "" {
		s.once.Do(func() {
			close(s.slow.hold)
			<-s.slow.arrived
		})
	}
	return entries, batches, err
}

// TestHandOver_while_a_batch_is_on_its_way_to_the_store quotes doc.go: the store refuses the changes of an older lease. A lane is
// lost while its owner stores a batch, and the next owner has read what is stored before that batch arrives. Were it taken, the
// rows would stand in two batches, and whoever runs the lane next would send both.
func TestHandOver_while_a_batch_is_on_its_way_to_the_store(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := setupOnly(t)
		owner := outbox.NewLocalOwner()
		slow := &slowStore{Store: h.store, hold: make(chan struct{}), arrived: make(chan struct{})}
		h.base.faults = func(n int, _ write) fault {
			if n == 1 {
				return fault{after: interrupted()}
			}
			return fault{}
		}
		open := func(store outbox.Store, owner outbox.Owner) *outbox.Outbox {
			o := must[*outbox.Outbox](t)(outbox.New(outbox.Options{
				Store: store, Writer: h.base, Reader: h.base, Keyring: h.ring, Owner: owner, Digest: func(app feishu.App) string { return app.ID },
			}))
			if err := o.Start(t.Context()); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { kill(o) })
			return o
		}
		shy := &shyOwner{LocalOwner: owner}
		first, _ := open(slow, shy), open(&nextStore{Store: h.store, slow: slow}, owner)
		sub := creation("caller", "a")
		sub.Keep = true
		if _, err := first.Submit(t.Context(), sub); err != nil {
			t.Fatal(err)
		}
		revoke := func() {
			for _, lane := range owner.Lanes() {
				owner.Revoke(lane)
			}
			synctest.Wait()
		}
		synctest.Wait()
		shy.shy.Store(true) // it would win the lane back, now and then, and wait for the start that is held back
		revoke()            // the second outbox runs the lane: its call is carried out, and the answer is lost
		if !errors.Is(slow.err, outbox.ErrFenced) {
			t.Errorf("the batch of the older lease: %v, want ErrFenced", slow.err)
		}
		revoke()
		elapse(time.Minute)
		if rows := h.base.column("tblExample", "标题"); !slices.Equal(rows, []string{"a"}) {
			t.Errorf("rows %q, want one", rows)
		}
	})
}
