package attachment

import "sync"

// shares bounds how much of a resource all owners together, and each of them, hold at once. It is safe for concurrent use.
type shares struct {
	each, all int64

	mu    sync.Mutex
	held  int64
	owned map[string]int64 // only owners that hold something
}

func newShares(each, all int64) *shares {
	return &shares{each: each, all: all, owned: map[string]int64{}}
}

// take gives owner n more; false, and nothing is taken, if that is over a bound.
func (s *shares) take(owner string, n int64) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.owned[owner]+n > s.each || s.held+n > s.all {
		return false
	}
	s.owned[owner] += n
	s.held += n
	return true
}

// give takes n back from owner.
func (s *shares) give(owner string, n int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.held -= n
	if s.owned[owner] -= n; s.owned[owner] <= 0 {
		delete(s.owned, owner)
	}
}
