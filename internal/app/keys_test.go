package app

import (
	"errors"
	"testing"
	"time"
)

func TestKeyState(t *testing.T) {
	t.Parallel()
	start := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	step := func(t *testing.T, s keyState, at time.Duration, ids ...string) keyState {
		t.Helper()
		out, err := s.next(ids, start.Add(at))
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	refused := func(t *testing.T, s keyState, at time.Duration, ids ...string) {
		t.Helper()
		if _, err := s.next(ids, start.Add(at)); err == nil {
			t.Errorf("%v after %v was accepted", ids, at)
		} else if _, ok := errors.AsType[*KeyError](err); !ok {
			t.Errorf("got %v", err)
		}
	}
	anew := func(s keyState) keyState {
		for i := range s.Retired {
			s.Retired[i].Anew = true
		}
		return s
	}
	old := step(t, keyState{}, 0, "old")
	t.Run("a retired key may go after 25 h and not before", func(t *testing.T) {
		t.Parallel()
		both := anew(step(t, old, 0, "new", "old"))
		if want := start.Add(25 * time.Hour); !both.waits().Equal(want) {
			t.Errorf("until %v, want %v", both.waits(), want)
		}
		refused(t, both, RetiredKeyFor-time.Second, "new")
		if gone := step(t, both, RetiredKeyFor, "new"); gone.First != "new" || len(gone.Retired) != 0 {
			t.Errorf("got %+v", gone)
		}
	})
	t.Run("and not before all that it sealed is sealed anew", func(t *testing.T) {
		t.Parallel()
		refused(t, step(t, old, 0, "new", "old"), 2*RetiredKeyFor, "new")
	})
	t.Run("a restart does not move the time", func(t *testing.T) {
		t.Parallel()
		both := step(t, old, 0, "new", "old")
		if again := step(t, both, time.Hour, "new", "old"); !again.waits().Equal(both.waits()) {
			t.Errorf("moved to %v", again.waits())
		}
	})
	t.Run("a key in front without the old one behind it is refused", func(t *testing.T) {
		t.Parallel()
		refused(t, old, 0, "new")
	})
	t.Run("a new key behind changes nothing", func(t *testing.T) {
		t.Parallel()
		if got := step(t, old, 0, "old", "new"); got.First != "old" || len(got.Retired) != 0 {
			t.Errorf("got %+v", got)
		}
	})
	t.Run("a rotation can be taken back", func(t *testing.T) {
		t.Parallel()
		back := step(t, step(t, old, 0, "new", "old"), time.Hour, "old", "new")
		if back.First != "old" || len(back.Retired) != 1 || back.Retired[0].ID != "new" {
			t.Errorf("got %+v", back)
		}
	})
}
