package job

import (
	"context"
	"errors"
	"log/slog"
	"time"
)

// Times of a worker.
const (
	turnFor   = 10 * time.Second // of one lane, before the ticket goes to the end of the queue
	settleFor = 10 * time.Second // for storing an outcome, whatever has become of the handler's context
	troubleIn = 2 * time.Second  // until a ticket is handed out again that could not be worked on
)

// errFenced: another worker has the lane by now.
var errFenced = errors.New("the lane is another's")

// Statements of a worker.
const (
	claimLane = `UPDATE job_lane SET run = run + 1, held_until = $1 WHERE name = $2 AND ticket = $3 AND held_until < $4 RETURNING run`
	heldUntil = `SELECT held_until FROM job_lane WHERE name = $1 AND ticket = $2`
	holdLane  = `UPDATE job_lane SET held_until = $1, run = run + 1 WHERE name = $2 AND run = $3`
	closeLane = `DELETE FROM job_lane WHERE name = $1 AND run = $2`

	headOfLane = `SELECT seq, id, tenant, tries, payload, created_at, due_at, failing_since FROM job
WHERE lane = $1 AND state = 'waiting' ORDER BY seq LIMIT 1`
)

// head is the first job of a lane.
type head struct {
	seq                 int64
	id, tenant          string
	tries               int
	payload             []byte // sealed
	created, due, since int64
}

// claim is a lane in this worker's hands.
type claim struct {
	Claimed
	run  int64
	next *head // nil: nothing waits
}

// work is what a queue's worker does with a ticket.
func (e *Engine) work(ctx context.Context, given Claimed) Verdict {
	began := time.Now()
	c, verdict, err := e.claim(ctx, given)
	for err == nil && c != nil {
		if wait := time.Until(time.UnixMilli(c.next.due)); wait > 0 {
			verdict, err = e.release(ctx, c, wait)
			break
		}
		outcome := e.handle(ctx, c)
		c, verdict, err = e.settle(ctx, c, outcome, time.Since(began) < turnFor && ctx.Err() == nil)
	}
	switch {
	case errors.Is(err, errFenced):
		e.metrics.fenced.Inc()
		return Verdict{After: troubleIn}
	case err != nil:
		if ctx.Err() == nil {
			e.opts.Logger.ErrorContext(ctx, "a job could not be worked on", slog.String("kind", given.Kind), slog.Any("error", err))
		}
		return Verdict{After: troubleIn}
	}
	return verdict
}

// claim takes a lane. The claim is nil if there is nothing to do, and the verdict says what becomes of the ticket.
func (e *Engine) claim(ctx context.Context, given Claimed) (c *claim, verdict Verdict, err error) {
	err = e.opts.Database.Note(ctx, func(ctx context.Context, tx Tx) error {
		now := time.Now()
		next := &claim{Claimed: given}
		got, err := one(ctx, tx, claimLane,
			[]any{now.Add(holdFor).UnixMilli(), given.Lane, given.Ticket, now.UnixMilli()}, &next.run)
		if err != nil {
			return err
		}
		if !got {
			var until int64
			held, err := one(ctx, tx, heldUntil, []any{given.Lane, given.Ticket}, &until)
			verdict = Verdict{Ended: !held, After: max(leastWait, time.UnixMilli(until).Sub(now))}
			if err == nil && !held {
				err = given.End(ctx, tx)
			}
			return err
		}
		if next.next, err = headOf(ctx, tx, given.Lane); err != nil {
			return err
		}
		if next.next == nil {
			verdict = Verdict{Ended: true}
			return next.close(ctx, tx)
		}
		c = next
		return nil
	})
	return c, verdict, err
}

// close ends a lane that has no more jobs; the caller has its row locked.
func (c *claim) close(ctx context.Context, tx Tx) error {
	if _, err := tx.Exec(ctx, closeLane, c.Lane, c.run); err != nil {
		return err
	}
	return c.End(ctx, tx)
}

// release lets a lane go whose first job is not due yet.
func (e *Engine) release(ctx context.Context, c *claim, wait time.Duration) (Verdict, error) {
	err := e.opts.Database.Note(ctx, func(ctx context.Context, tx Tx) error {
		_, err := tx.Exec(ctx, holdLane, 0, c.Lane, c.run)
		return err
	})
	return Verdict{After: wait}, err
}

func headOf(ctx context.Context, tx Tx, lane string) (*head, error) {
	var h head
	found, err := one(ctx, tx, headOfLane, []any{lane},
		&h.seq, &h.id, &h.tenant, &h.tries, &h.payload, &h.created, &h.due, &h.since)
	if !found {
		return nil, err
	}
	return &h, err
}

// handle has the first job of a lane done.
func (e *Engine) handle(ctx context.Context, c *claim) (outcome Outcome) {
	h, j := e.handlers[c.Kind], c.next
	if time.Since(time.UnixMilli(j.created)) > MaxAge {
		return Dead("expired")
	}
	payload, err := e.opts.Keyring.Open(sealPayload, j.payload)
	if err != nil {
		return Retry("payload_sealed") // the key may come back
	}
	run := Run{ID: j.id, Kind: c.Kind, Tenant: j.tenant, Try: j.tries + 1, Created: time.UnixMilli(j.created)}
	if j.since > 0 {
		run.Since = time.UnixMilli(j.since)
	}
	trying, cancel := context.WithTimeout(ctx, h.options.Timeout)
	defer cancel()
	e.enter(j.id, cancel)
	defer e.exit(j.id)
	began := time.Now()
	e.metrics.waited.WithLabelValues(c.Kind).Observe(began.Sub(time.UnixMilli(j.due)).Seconds())
	defer func() {
		if recover() != nil { // what was thrown may hold content
			e.opts.Logger.ErrorContext(ctx, "the handler of a job panicked", slog.String("kind", c.Kind), slog.String("job", j.id))
			outcome = Retry("panic")
		}
		e.metrics.worked.WithLabelValues(c.Kind).Observe(time.Since(began).Seconds())
		outcome = outcome.checked()
		if ctx.Err() != nil && (outcome.ends == endsRetry || outcome.ends == endsRetryAfter) {
			outcome.ends, outcome.after, outcome.code = endsSnooze, 0, "" // the service stops: no fault of the job
		}
	}()
	return h.handle(trying, run, payload)
}

// enter notes that a handler is at a job, so that Cancel reaches it.
func (e *Engine) enter(id string, cancel context.CancelFunc) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.busy[id] = cancel
}

func (e *Engine) exit(id string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.busy, id)
}
