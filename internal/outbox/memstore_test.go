package outbox_test

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/rowgate/rowgate/internal/outbox"
)

// memStore is a Store in memory. It outlives the outbox that writes to it, as a file outlives a process.
type memStore struct {
	mu      sync.Mutex
	order   []string
	entries map[string]*outbox.Entry
	batches []*outbox.Batch
	applies int
	fail    func(*outbox.Changes) error // refuses a change; nil refuses none
}

func newMemStore() *memStore { return &memStore{entries: make(map[string]*outbox.Entry)} }

var errNotThere = errors.New("not there")

func (s *memStore) Apply(_ context.Context, c *outbox.Changes) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.applies++
	if s.fail != nil {
		if err := s.fail(c); err != nil {
			return err
		}
	}
	if err := s.check(c); err != nil {
		return err
	}
	for i := range c.Insert {
		e := c.Insert[i]
		s.entries[e.ID] = &e
		s.order = append(s.order, e.ID)
	}
	for i := range c.Start {
		b := c.Start[i]
		s.batches = append(s.batches, &b)
	}
	for _, f := range c.Finish {
		s.batch(f.ID).Result = f.Result
	}
	for _, d := range c.Done {
		e := s.entries[d.ID]
		e.Result, e.DoneAt, e.Payload = d.Result, d.DoneAt, nil
	}
	for _, id := range c.Delivered {
		if e := s.entries[id]; e != nil {
			e.Delivered = true
		}
	}
	for _, id := range c.Keep {
		if e := s.entries[id]; e != nil {
			e.Keep = true
		}
	}
	for _, id := range c.Forget {
		s.remove(id)
	}
	s.batches = slices.DeleteFunc(s.batches, func(b *outbox.Batch) bool {
		return !slices.ContainsFunc(b.Entries, func(id string) bool { e := s.entries[id]; return e != nil && e.DoneAt.IsZero() })
	})
	return nil
}

// check refuses changes as a whole before any is made.
func (s *memStore) check(c *outbox.Changes) error {
	inserted, started := make(map[string]bool), make(map[string]bool)
	for i := range c.Insert {
		if e := s.live(c.Insert[i].Tenant, c.Insert[i].Key); e != nil {
			return outbox.ErrDuplicate
		}
		inserted[c.Insert[i].ID] = true
	}
	for i := range c.Start {
		for _, id := range c.Start[i].Entries {
			if s.entries[id] == nil && !inserted[id] {
				return errNotThere
			}
		}
		started[c.Start[i].ID] = true
	}
	for _, f := range c.Finish {
		if s.batch(f.ID) == nil && !started[f.ID] {
			return errNotThere
		}
	}
	for _, d := range c.Done {
		if s.entries[d.ID] == nil && !inserted[d.ID] {
			return errNotThere
		}
	}
	return nil
}

func (s *memStore) live(tenant, key string) *outbox.Entry {
	for _, e := range s.entries {
		if key != "" && e.Tenant == tenant && e.Key == key && !(e.Derived && e.Delivered && !e.DoneAt.IsZero()) {
			return e
		}
	}
	return nil
}

func (s *memStore) batch(id string) *outbox.Batch {
	for _, b := range s.batches {
		if b.ID == id {
			return b
		}
	}
	return nil
}

func (s *memStore) remove(id string) {
	delete(s.entries, id)
	s.order = slices.DeleteFunc(s.order, func(other string) bool { return other == id })
}

func (s *memStore) Load(context.Context) ([]outbox.Entry, []outbox.Batch, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var entries []outbox.Entry
	for _, id := range s.order {
		if e := s.entries[id]; e.DoneAt.IsZero() {
			entries = append(entries, *e)
		}
	}
	slices.SortStableFunc(entries, func(a, b outbox.Entry) int { return cmp.Compare(a.Lane, b.Lane) })
	batches := make([]outbox.Batch, len(s.batches))
	for i, b := range s.batches {
		batches[i] = *b
	}
	slices.SortStableFunc(batches, func(a, b outbox.Batch) int { return cmp.Or(cmp.Compare(a.Lane, b.Lane), cmp.Compare(a.Seq, b.Seq)) })
	return entries, batches, nil
}

func (s *memStore) Find(_ context.Context, by outbox.Lookup) (outbox.Entry, bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.entries[by.ID]
	if by.Key != "" {
		e = s.live(by.Tenant, by.Key)
	}
	if e == nil {
		return outbox.Entry{}, false, nil
	}
	return *e, true, nil
}

func (s *memStore) Expire(_ context.Context, before time.Time) (outbox.Kept, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var kept outbox.Kept
	for id, e := range s.entries {
		if !e.DoneAt.IsZero() && e.DoneAt.Before(before) {
			s.remove(id)
			continue
		}
		kept.Entries++
		kept.Bytes += int64(len(e.Payload) + len(e.Result))
	}
	return kept, nil
}

// counts returns how many entries are there, and how many of them are not done.
func (s *memStore) counts() (entries, open int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, e := range s.entries {
		if e.DoneAt.IsZero() {
			open++
		}
	}
	return len(s.entries), open
}
