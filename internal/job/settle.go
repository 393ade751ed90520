package job

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/rowgate/rowgate/internal/backoff"
)

// Statements of an outcome. Each finds a job that still waits: another one was cancelled meanwhile.
const (
	endJob = `UPDATE job SET state = $1, code = $2, tries = $3, ended_at = $4, slot = CASE WHEN brief = 1 THEN '' ELSE slot END
WHERE seq = $5 AND state = 'waiting'`

	emptyJob = `UPDATE job SET payload = $1, bytes = 0 WHERE seq = $2`

	keepPayload = `UPDATE job SET payload = $1, bytes = $2 WHERE seq = $3 AND state = 'waiting'`

	deferJob = `UPDATE job SET tries = $1, code = $2, failing_since = $3, due_at = $4 WHERE seq = $5 AND state = 'waiting'`
)

// settleAgain is how long to wait before an outcome is stored again that could not be.
var settleAgain = backoff.Policy{Base: 500 * time.Millisecond, Cap: 2 * time.Second, Half: true}

// fate is what an outcome comes to.
type fate struct {
	state State // Waiting: again at due
	code  string
	tries int
	since int64
	due   time.Time
}

// fateOf applies the retry table.
func (h *Handler) fateOf(o Outcome, j *head, now time.Time) fate {
	f := fate{state: Waiting, code: o.code, tries: j.tries, since: j.since, due: now.Add(o.after)}
	switch o.ends {
	case endsDone:
		f.state = Finished
	case endsDead:
		f.state, f.tries = DeadState, j.tries+1
	case endsSnooze:
	case endsRetry, endsRetryAfter:
		f.tries++
		if f.since == 0 {
			f.since = now.UnixMilli()
		}
		wait, dead := h.options.Retry.next(f.tries, now.Sub(time.UnixMilli(f.since)))
		switch {
		case dead:
			f.state = DeadState
		case o.ends == endsRetry:
			f.due = now.Add(wait)
		}
	}
	return f
}

// settle stores an outcome, if the lane is still this claim's. It returns the claim with the next job if there is one that this worker
// goes on with, and the verdict of the ticket otherwise.
func (e *Engine) settle(ctx context.Context, c *claim, o Outcome, goOn bool) (*claim, Verdict, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), settleFor)
	defer cancel()
	s, err := e.store(ctx, c, o, goOn)
	// The handler may have done something elsewhere: a database that is away for a moment is no reason to do it again. If the commit
	// was made and its answer lost, the run has moved on and the repeat is fenced off.
	for n := 1; err != nil && !s.effectFailed && !errors.Is(err, errFenced); n++ {
		if backoff.Wait(ctx, settleAgain.Delay(n)) != nil {
			break
		}
		s, err = e.store(ctx, c, o, goOn)
	}
	if s.effectFailed {
		e.opts.Logger.ErrorContext(ctx, "the effect of a job could not be stored", slog.String("kind", c.Kind), slog.Any("error", err))
		s, err = e.store(ctx, c, Retry("effect_failed"), goOn)
	}
	if err != nil {
		return nil, Verdict{}, err
	}
	e.metrics.settle(c.Kind, s.fate)
	if s.fate.state != Waiting {
		e.done(len(c.next.payload))
	}
	if s.fate.state == DeadState {
		e.opts.Logger.WarnContext(ctx, "a job is dead", slog.String("kind", c.Kind), slog.String("job", c.next.id),
			slog.String("code", s.fate.code), slog.Int("tries", s.fate.tries))
	}
	return s.next, s.verdict, nil
}

// settled is what store did.
type settled struct {
	fate         fate
	next         *claim
	verdict      Verdict
	effectFailed bool
}

func (e *Engine) store(ctx context.Context, c *claim, o Outcome, goOn bool) (s settled, err error) {
	now := time.Now()
	s.fate = e.handlers[c.Kind].fateOf(o, c.next, now)
	err = e.opts.Database.Write(ctx, func(ctx context.Context, tx Tx) error {
		hold := int64(0)
		if s.fate.state != Waiting && goOn {
			hold = now.Add(holdFor).UnixMilli()
		}
		held, err := tx.Exec(ctx, holdLane, hold, c.Lane, c.run)
		if err != nil {
			return err
		}
		if held == 0 {
			return errFenced
		}
		counts, err := e.apply(ctx, tx, c.next.seq, s.fate, o)
		if err != nil {
			return err
		}
		if counts && o.effect != nil {
			if err := o.effect(ctx, tx); err != nil {
				s.effectFailed = true
				return fmt.Errorf("effect: %w", err)
			}
		}
		if s.fate.state == Waiting {
			s.verdict = Verdict{After: s.fate.due.Sub(now)}
			return nil
		}
		next, err := headOf(ctx, tx, c.Lane)
		switch {
		case err != nil:
			return err
		case next == nil:
			s.verdict = Verdict{Ended: true}
			return (&claim{Claimed: c.Claimed, run: c.run + 1}).close(ctx, tx)
		case goOn:
			s.next = &claim{Claimed: c.Claimed, run: c.run + 1, next: next}
		}
		return nil
	})
	return s, err
}

// apply changes the row of the job; it reports whether it was still waiting.
func (e *Engine) apply(ctx context.Context, tx Tx, seq int64, f fate, o Outcome) (bool, error) {
	if o.keep != nil {
		sealed := e.opts.Keyring.Seal(sealPayload, o.keep)
		if _, err := tx.Exec(ctx, keepPayload, sealed, len(sealed), seq); err != nil {
			return false, err
		}
	}
	if f.state == Waiting {
		n, err := tx.Exec(ctx, deferJob, f.tries, f.code, f.since, f.due.UnixMilli(), seq)
		return n > 0, err
	}
	n, err := tx.Exec(ctx, endJob, string(f.state), f.code, f.tries, time.Now().UnixMilli(), seq)
	if err == nil && n > 0 && f.state == Finished { // what is done is not done again: a dead one may be
		_, err = tx.Exec(ctx, emptyJob, []byte{}, seq)
	}
	return n > 0, err
}
