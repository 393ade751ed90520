package app

import (
	"errors"
	"testing"
	"time"

	"github.com/rowgate/rowgate/internal/outbox/postgres"
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

func TestSealing(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	state, err := keyState{First: "old"}.next([]string{"new", "old"}, now)
	if err != nil {
		t.Fatal(err)
	}
	state.Retired[0].Anew = true
	if _, changed := state.sealing("new", now); changed {
		t.Error("the first key is noted as in use")
	}
	// An instance that still seals by the old key says so a day later: the key has to stay for 25 h from then, and to be replaced again.
	later := now.Add(24 * time.Hour)
	still, changed := state.sealing("old", later)
	if want := later.Add(RetiredKeyFor); !changed || len(still.Retired) != 1 || !still.Retired[0].Until.Equal(want) || still.Retired[0].Anew {
		t.Errorf("%+v, %t", still, changed)
	}
	if _, err := still.next([]string{"new"}, now.Add(26*time.Hour)); err == nil {
		t.Error("the old key may go while an instance seals by it")
	}
}

func TestFitting(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		ids, other []string
		fits       bool
	}{
		"the same keys":                   {[]string{"a"}, []string{"a"}, true},
		"the first step of a rotation":    {[]string{"a", "b"}, []string{"a"}, true},
		"the second step of a rotation":   {[]string{"b", "a"}, []string{"a", "b"}, true},
		"both steps at once":              {[]string{"b", "a"}, []string{"a"}, false},
		"a key that goes too early":       {[]string{"b"}, []string{"a", "b"}, false},
		"a key that goes when all seal b": {[]string{"b"}, []string{"b", "a"}, true},
	} {
		err := fitting(test.ids, []postgres.Instance{{Name: "other", Keys: test.other}})
		if (err == nil) != test.fits {
			t.Errorf("%s: %v", name, err)
		}
	}
}
