package outbox

import (
	"errors"
	"log/slog"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/rowgate/rowgate/internal/problem"
	"github.com/rowgate/rowgate/internal/secret"
)

// atRest is an entry that came to rest with a batch of unknown outcome, and what is to be answered.
func atRest(t *testing.T) (r *runner, l *lane, e *entry, b *batch, rest resting) {
	t.Helper()
	ring, err := secret.NewKeyring(make([]byte, secret.KeyBytes))
	if err != nil {
		t.Fatal(err)
	}
	owner := NewLocalOwner()
	c := newCore(Options{
		Keyring: ring, Owner: owner, Logger: slog.New(slog.DiscardHandler), Metrics: prometheus.NewRegistry(),
	})
	r = newRunner(c)
	c.metrics = newMetrics(c, r)
	lease, err := owner.Acquire(t.Context(), "lane")
	if err != nil {
		t.Fatal(err)
	}
	l = newLane("lane", lease)
	r.lanes["lane"] = l
	e = queued("e", "caller", 1, false, "table")
	e.lane, e.state, e.journaled, e.todo = "lane", EntryRunning, true, nil
	e.round = newRound()
	b = &batch{id: "b", op: OpCreate, state: BatchUnknown, items: []item{{entry: e}}}
	e.unknown[b] = 1
	e.halt(unknownOutcome())
	c.hold(e)
	l.entries = 1
	return r, l, e, b, r.settle(l, []*entry{e})
}

// TestAnswer_says_what_was_known_when_its_entry_came_to_rest: between that and the storing of the answer, the batch is taken up again
// for another entry of it. Who waited is told that the outcome is unknown, not that nothing was written, and is not left waiting.
func TestAnswer_says_what_was_known_when_its_entry_came_to_rest(t *testing.T) {
	t.Parallel()
	for name, err := range map[string]error{"stored": nil, "of an older lease": ErrFenced} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, l, e, b, rest := atRest(t)
			waiting := e.round
			r.queueAgain(l, b)
			r.answer(l, rest, Changes{})
			for _, request := range r.journal.queue {
				request.then(err)
			}
			switch {
			case !waiting.ended:
				t.Fatal("who waited is left waiting")
			case errors.Is(err, ErrFenced):
				if waiting.err == nil || waiting.err.Code != problem.InFlight {
					t.Errorf("answered %+v, %v", waiting.result, waiting.err)
				}
			case waiting.result.Rows[0].Status != Unknown:
				t.Errorf("answered %+v", waiting.result)
			}
			if e.round.ended || e.state != EntryRunning || r.illegal > 0 {
				t.Errorf("the entry is %v, answered %v, %d illegal steps", e.state, e.round.ended, r.illegal)
			}
		})
	}
}
