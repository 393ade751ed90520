package outbox_test

import (
	"context"
	"errors"
	"slices"
	"sync"

	"github.com/rowgate/rowgate/internal/outbox"
)

// gatedStore is a store of which one change at a time can be held back, as a slow disk does, or refused.
type gatedStore struct {
	outbox.Store

	mu   sync.Mutex
	gate *gate
}

// gate holds one change back.
type gate struct {
	when    func(*outbox.Changes) bool
	late    bool          // the change is stored before it is held back
	arrived chan struct{} // closed as the change comes
	pass    chan error    // lets it go; an error refuses it
}

// next arms the store: the next change that when picks waits at the gate.
func (s *gatedStore) next(when func(*outbox.Changes) bool) *gate {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.gate = &gate{when: when, arrived: make(chan struct{}), pass: make(chan error, 1)}
	return s.gate
}

func (s *gatedStore) Apply(ctx context.Context, c *outbox.Changes) error {
	s.mu.Lock()
	g := s.gate
	if g != nil && !g.when(c) {
		g = nil
	}
	if g != nil {
		s.gate = nil
	}
	s.mu.Unlock()
	if g == nil {
		return s.Store.Apply(ctx, c)
	}
	if g.late {
		err := s.Store.Apply(ctx, c)
		close(g.arrived)
		return errors.Join(err, <-g.pass)
	}
	close(g.arrived)
	if err := <-g.pass; err != nil {
		return err
	}
	return s.Store.Apply(ctx, c)
}

func starts(c *outbox.Changes) bool  { return len(c.Start) > 0 }
func inserts(c *outbox.Changes) bool { return len(c.Insert) > 0 }
func forgets(c *outbox.Changes) bool { return len(c.Forget) > 0 }
func keeps(c *outbox.Changes) bool   { return len(c.Keep) > 0 }

// parks reports whether a change notes that an entry is parked.
func parks(c *outbox.Changes) bool {
	return slices.ContainsFunc(c.Start, func(b outbox.Batch) bool { return b.Seq == 0 })
}

// setupGated is setup over a store with a gate.
func setupGated(h *fixture, change ...func(*outbox.Options)) (*gatedStore, func(*outbox.Options)) {
	s := &gatedStore{Store: h.store}
	return s, func(o *outbox.Options) {
		o.Store = s
		for _, f := range change {
			f(o)
		}
	}
}

// stored returns the stored entry of a job.
func (h *fixture) stored(id string) (entry outbox.Entry, found bool) {
	entry, found, _ = h.store.Find(context.Background(), outbox.Lookup{ID: id})
	return entry, found
}
