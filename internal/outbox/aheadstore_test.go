package outbox_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/rowgate/rowgate/internal/outbox"
)

// blindStore is a store that does not give rows while it is blind. It counts the tries.
type blindStore struct {
	outbox.Store

	mu    sync.Mutex
	blind bool
	tries int
}

const maxBlindTries = 100 // more is a loop without a wait

func (s *blindStore) Find(ctx context.Context, by outbox.Lookup) (outbox.Entry, bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if by.Payload && s.blind {
		if s.tries++; s.tries > maxBlindTries {
			s.blind = false
		}
		return outbox.Entry{}, false, errors.New("the disk fails")
	}
	return s.Store.Find(ctx, by)
}

// TestAhead_beside_rows_that_cannot_be_read: those who came later have their rows in the store, which does not give them for a while.
// The lane asks again after a wait, and nothing is lost.
func TestAhead_beside_rows_that_cannot_be_read(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := setupOnly(t)
		s := &blindStore{Store: h.store}
		h.open(t, func(o *outbox.Options) { o.Store = s })
		h.base.gate = make(chan struct{})
		h.submit(t, imported("批", 3_000))
		synctest.Wait()
		late := imported("后", 10)
		late.Keep = true
		h.submit(t, late)
		if h.Far() != 1 {
			t.Fatalf("%d entries are in the store alone, not the one that came late", h.Far())
		}
		s.mu.Lock()
		s.blind = true
		s.mu.Unlock()
		close(h.base.gate)
		elapse(feishuIsBack) // fake clock
		s.mu.Lock()
		if s.tries > 10 {
			t.Errorf("the store was asked %d times in %v", s.tries, feishuIsBack)
		}
		s.blind = false
		s.mu.Unlock()
		elapse(feishuIsBack) // fake clock
		h.expectRows(t, 4, 3_010)
	})
}
