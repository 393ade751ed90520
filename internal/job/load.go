package job

import (
	"context"
	"time"
)

// load is what waits and is kept, as counted at the last measurement, and what this instance has added since. Other instances are
// seen at the next one, so the bounds hold within what they add in between.
type load struct {
	waiting, waitingBytes int
	dead                  int
	oldest                time.Time // of what waits and is due; zero for none
}

// Statements of measure.
const (
	sumOfState = `SELECT COUNT(*), COALESCE(SUM(bytes), 0) FROM job WHERE state = $1`

	// Due jobs of lanes that nobody works on: what waits longest because there are too few workers.
	oldestDue = `SELECT COALESCE(MIN(due_at), 0) FROM job WHERE state = 'waiting' AND due_at <= $1`
)

// measure counts what waits.
func (e *Engine) measure(ctx context.Context) error {
	var now load
	err := e.opts.Database.Read(ctx, func(ctx context.Context, tx Tx) error {
		var bytes int
		if _, err := one(ctx, tx, sumOfState, []any{string(DeadState)}, &now.dead, &bytes); err != nil {
			return err
		}
		if _, err := one(ctx, tx, sumOfState, []any{string(Waiting)}, &now.waiting, &now.waitingBytes); err != nil {
			return err
		}
		var oldest int64
		_, err := one(ctx, tx, oldestDue, []any{time.Now().UnixMilli()}, &oldest)
		if oldest > 0 {
			now.oldest = time.UnixMilli(oldest)
		}
		return err
	})
	if err != nil {
		return err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.load = now
	return nil
}

// admit reports whether one more job may wait, and counts it. What is not stored in the end is taken out by the next measurement.
func (e *Engine) admit(bytes int) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.load.waiting >= e.opts.Bounds.Waiting || e.load.waitingBytes+bytes > e.opts.Bounds.WaitingBytes {
		return false
	}
	e.load.waiting++
	e.load.waitingBytes += bytes
	return true
}

// done counts a job that does not wait any more.
func (e *Engine) done(bytes int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.load.waiting = max(0, e.load.waiting-1)
	e.load.waitingBytes = max(0, e.load.waitingBytes-bytes)
}

// loaded is the load as last known.
func (e *Engine) loaded() load {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.load
}
