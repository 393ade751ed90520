package console

import (
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rowgate/rowgate/internal/secret"
)

func TestSessions(t *testing.T) {
	t.Parallel()
	t.Run("end after 12 hours", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			all := newSessions()
			token := all.begin(secret.New("a"), "a", Sample{})
			time.Sleep(SessionFor - time.Second) // fake clock
			if all.find(token) == nil {
				t.Error("ended too early")
			}
			time.Sleep(time.Second) // fake clock
			if all.find(token) != nil {
				t.Error("did not end")
			}
		})
	})
	t.Run("are bounded, and the oldest makes room", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			all := newSessions()
			first := all.begin(secret.New("a"), "a", Sample{})
			time.Sleep(time.Second) // fake clock
			second := all.begin(secret.New("a"), "a", Sample{})
			for n := range MaxSessions - 1 {
				time.Sleep(time.Millisecond) // fake clock
				all.begin(secret.New("a"), strconv.Itoa(n), Sample{})
			}
			if len(all.open) != MaxSessions || all.find(first) != nil || all.find(second) == nil {
				t.Errorf("%d sessions, first there: %t, second: %t", len(all.open), all.find(first) != nil, all.find(second) != nil)
			}
		})
	})
	t.Run("a one-time sign-in is used once, and within an hour", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			all := newSessions()
			token := all.once(secret.New("a"), Sample{Link: "x"})
			if one, ok := all.take(token); !ok || one.sample.Link != "x" {
				t.Error("refused the first use")
			}
			if _, ok := all.take(token); ok {
				t.Error("took it twice")
			}
			late := all.once(secret.New("a"), Sample{})
			time.Sleep(OneTimeFor) // fake clock
			if _, ok := all.take(late); ok {
				t.Error("took it after its time")
			}
			for range 3 * maxOneTimes {
				all.once(secret.New("a"), Sample{})
			}
			if len(all.oneTimes) > maxOneTimes {
				t.Errorf("%d one-time sign-ins", len(all.oneTimes))
			}
		})
	})
}

func TestConnections(t *testing.T) {
	t.Parallel()
	one := &session{}
	for i := range 3 * maxConnections {
		one.keep(connection{Link: strconv.Itoa(i), AppID: "cli_example", Name: "x"})
	}
	if got := len(one.known()); got != maxConnections {
		t.Errorf("%d connections are kept", got)
	}
	last := one.current()
	one.keep(connection{Link: last.Link, AppID: "cli_example", Name: "x"})
	if got := one.known(); len(got) != maxConnections || got[0].Link != last.Link || got[1].Link == last.Link {
		t.Error("the same table is kept twice")
	}
	if !one.choose(one.known()[2].ID) || one.choose("none") {
		t.Error("choose")
	}
}

// The sign-ins of one passphrase end its own oldest session, and nobody else's.
func TestSessionsOfOne(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newSessions()
		other := s.begin(secret.New("b"), "other", Sample{})
		first := s.begin(secret.New("a"), "one", Sample{})
		for range maxOfOne {
			time.Sleep(time.Millisecond) // fake clock
			s.begin(secret.New("a"), "one", Sample{})
		}
		if s.find(other) == nil || s.find(first) != nil || len(s.open) != maxOfOne+1 {
			t.Errorf("other %t, first %t, %d sessions", s.find(other) != nil, s.find(first) != nil, len(s.open))
		}
	})
}
