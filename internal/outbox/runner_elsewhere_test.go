package outbox

import (
	"context"
	"log/slog"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/rowgate/rowgate/internal/secret"
)

// found is a store that finds every entry, and none is done.
type found struct{ Store }

func (found) Find(context.Context, Lookup) (Entry, bool, error) { return Entry{}, true, nil }

// TestLookForAnswer_of_an_entry_that_was_stored_a_moment_ago: an awaited entry was not among those that were loaded, and is there, not
// done, when it is looked up: it was stored in between. The next look takes it over; who waits for it is not sent away.
func TestLookForAnswer_of_an_entry_that_was_stored_a_moment_ago(t *testing.T) {
	t.Parallel()
	ring, err := secret.NewKeyring(make([]byte, secret.KeyBytes))
	if err != nil {
		t.Fatal(err)
	}
	c := newCore(Options{
		Store: found{}, Keyring: ring, Owner: NewLocalOwner(), Logger: slog.New(slog.DiscardHandler), Metrics: prometheus.NewRegistry(),
	})
	r := newRunner(c)
	e := queued("e", "caller", 1, false, "table")
	e.state, e.journaled, e.round = EntryElsewhere, true, newRound()
	c.hold(e)
	r.lookForAnswer(t.Context(), e)
	if e.state != EntryElsewhere || e.round.ended {
		t.Errorf("it is %v, answered %v: %v", e.state, e.round.ended, e.round.err)
	}
}
