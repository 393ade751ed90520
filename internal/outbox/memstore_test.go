package outbox_test

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/rowgate/rowgate/internal/outbox"
)

// memStore is a Store in memory. It outlives the outbox that writes to it, as a file outlives a process.
type memStore struct {
	mu     sync.Mutex
	held   contents
	fences outbox.Fences
	fail   func(*outbox.Changes) error // refuses a change; nil refuses none
}

// contents is what a memStore holds; a change is made to a copy that takes its place when all went well.
type contents struct {
	order   []string // entry ids by creation
	entries map[string]outbox.Entry
	batches []outbox.Batch
	needs   map[string][]string // by batch id: entries that are not done
}

func newMemStore() *memStore {
	return &memStore{held: contents{entries: make(map[string]outbox.Entry), needs: make(map[string][]string)}}
}

var errRefused = errors.New("refused")

func (s *memStore) Apply(ctx context.Context, c *outbox.Changes) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := s.fences.Check(c.Fences); err != nil {
		return err
	}
	if s.fail != nil {
		if err := s.fail(c); err != nil {
			return err
		}
	}
	next := contents{
		order: slices.Clone(s.held.order), entries: maps.Clone(s.held.entries),
		batches: slices.Clone(s.held.batches), needs: maps.Clone(s.held.needs),
	}
	if err := next.apply(c); err != nil {
		return err
	}
	s.held = next
	return nil
}

func (h *contents) apply(c *outbox.Changes) error {
	for _, e := range c.Insert {
		if _, there := h.entries[e.ID]; there {
			return errRefused
		}
		if _, there := h.live(e.Tenant, e.Key); there {
			return outbox.ErrDuplicate
		}
		h.entries[e.ID] = e
		h.order = append(h.order, e.ID)
	}
	for _, b := range c.Start {
		if len(b.Entries) == 0 || h.batch(b.ID) >= 0 {
			return errRefused
		}
		for _, id := range b.Entries {
			if e, there := h.entries[id]; !there || !e.DoneAt.IsZero() {
				return errRefused
			}
		}
		h.needs[b.ID] = slices.Clone(b.Entries)
		h.batches = append(h.batches, b)
	}
	for _, f := range c.Finish {
		at := h.batch(f.ID)
		if at < 0 {
			return errRefused
		}
		h.batches[at].Result = f.Result
	}
	for _, d := range c.Done {
		e, there := h.entries[d.ID]
		if !there {
			return errRefused
		}
		e.Result, e.DoneAt, e.Payload = d.Result, d.DoneAt, nil
		h.entries[d.ID] = e
		h.dropNeeds(d.ID)
	}
	for _, id := range c.Delivered {
		h.change(id, func(e *outbox.Entry) { e.Delivered = true })
	}
	for _, id := range c.Recalled {
		if e, ok := h.entries[id]; ok {
			if other, taken := h.live(e.Tenant, e.Key); !taken || other.ID == id {
				h.change(id, func(e *outbox.Entry) { e.Delivered = false })
			}
		}
	}
	for _, id := range c.Keep {
		h.change(id, func(e *outbox.Entry) { e.Keep = true })
	}
	for _, id := range c.Forget {
		h.forget(id)
	}
	return nil
}

func (h *contents) change(id string, f func(*outbox.Entry)) {
	if e, there := h.entries[id]; there {
		f(&e)
		h.entries[id] = e
	}
}

func (h *contents) forget(id string) {
	delete(h.entries, id)
	h.order = slices.DeleteFunc(h.order, func(other string) bool { return other == id })
	h.dropNeeds(id)
}

// dropNeeds deletes the batches that only entry id needed.
func (h *contents) dropNeeds(id string) {
	h.batches = slices.DeleteFunc(h.batches, func(b outbox.Batch) bool {
		h.needs[b.ID] = slices.DeleteFunc(slices.Clone(h.needs[b.ID]), func(other string) bool { return other == id })
		return len(h.needs[b.ID]) == 0
	})
}

func (h *contents) live(tenant, key string) (outbox.Entry, bool) {
	for _, e := range h.entries {
		if key != "" && e.Tenant == tenant && e.Key == key && (!e.Derived || !e.Delivered || e.DoneAt.IsZero()) {
			return e, true
		}
	}
	return outbox.Entry{}, false
}

func (h *contents) batch(id string) int {
	return slices.IndexFunc(h.batches, func(b outbox.Batch) bool { return b.ID == id })
}

func (s *memStore) Load(_ context.Context, lane string) (entries []outbox.Entry, batches []outbox.Batch, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, id := range s.held.order {
		if e := s.held.entries[id]; e.DoneAt.IsZero() && (lane == "" || lane == e.Lane) {
			e.Payload = nil
			entries = append(entries, e)
		}
	}
	for _, b := range s.held.batches {
		b.Entries = s.held.needs[b.ID]
		if lane == "" || lane == b.Lane {
			batches = append(batches, b)
		}
	}
	slices.SortStableFunc(entries, func(a, b outbox.Entry) int { return cmp.Compare(a.Lane, b.Lane) })
	slices.SortStableFunc(batches, func(a, b outbox.Batch) int { return cmp.Or(cmp.Compare(a.Lane, b.Lane), cmp.Compare(a.Seq, b.Seq)) })
	return entries, batches, nil
}

func (s *memStore) Find(_ context.Context, by outbox.Lookup) (entry outbox.Entry, found bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if by.Key != "" {
		entry, found = s.held.live(by.Tenant, by.Key)
	} else {
		entry, found = s.held.entries[by.ID]
	}
	if !by.Payload {
		entry.Payload = nil
	}
	return entry, found, nil
}

func (s *memStore) Expire(_ context.Context, before time.Time, share outbox.Kept) (kept outbox.Kept, crowding []string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	byTenant := make(map[string]outbox.Kept)
	for id, e := range s.held.entries {
		if !e.DoneAt.IsZero() && e.DoneAt.Before(before) {
			s.held.forget(id)
			continue
		}
		size := int64(len(e.Payload) + len(e.Result))
		kept.Entries++
		kept.Bytes += size
		of := byTenant[e.Tenant]
		byTenant[e.Tenant] = outbox.Kept{Entries: of.Entries + 1, Bytes: of.Bytes + size}
	}
	for tenant, of := range byTenant {
		if of.Entries > share.Entries || of.Bytes > share.Bytes {
			crowding = append(crowding, tenant)
		}
	}
	slices.Sort(crowding)
	return kept, crowding, nil
}

// counts returns how many entries and batches are there, and how many of the entries are not done.
func (s *memStore) counts() (entries, open, batches int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, e := range s.held.entries {
		if e.DoneAt.IsZero() {
			open++
		}
	}
	return len(s.held.entries), open, len(s.held.batches)
}

// size is the bytes of the payloads, which a store on disk does not have in memory.
func (s *memStore) size() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for _, e := range s.held.entries {
		n += len(e.Payload)
	}
	return int64(n)
}

// apart gives copies of what a memStore holds, as a store on disk does.
type apart struct{ *memStore }

func (s apart) Find(ctx context.Context, by outbox.Lookup) (outbox.Entry, bool, error) {
	entry, found, err := s.memStore.Find(ctx, by)
	entry.Payload = slices.Clone(entry.Payload)
	return entry, found, err
}
