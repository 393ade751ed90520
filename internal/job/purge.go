package job

import (
	"context"
	"math"
	"slices"
	"time"
)

// What is kept of jobs that have ended.
const (
	Retention      = 7 * 24 * time.Hour
	MaxEnded       = 200_000   // jobs, in all
	MaxEndedBytes  = 256 << 20 // of their payloads: those of dead and cancelled jobs
	MaxEndedTenant = 50_000    // jobs of one tenant
	purgeBatch     = 500       // that are deleted together
)

// retention is the first kind: the hourly purge of what has ended.
var (
	retention         = Kind[struct{}]{Name: "jobs_retention", Options: KindOptions{Timeout: MaxTimeout}}
	retentionSchedule = Schedule{Name: "jobs_retention", Kind: "jobs_retention", Cadence: "every 1h", Payload: []byte("{}")}
)

// Statements of the purge: each deletes the oldest first, purgeBatch at most.
const (
	purgeOld = `DELETE FROM job WHERE seq IN (SELECT seq FROM job WHERE state = $1 AND ended_at < $2 ORDER BY ended_at LIMIT $3)`

	purgeOldest = `DELETE FROM job WHERE seq IN (SELECT seq FROM job WHERE state = $1 ORDER BY ended_at LIMIT $2)`

	purgeTenant = `DELETE FROM job WHERE seq IN (SELECT seq FROM job WHERE tenant = $1 AND state <> 'waiting' ORDER BY seq LIMIT $2)`

	fullTenants = `SELECT tenant, COUNT(*) FROM job WHERE state <> 'waiting' AND tenant <> '' GROUP BY tenant HAVING COUNT(*) > $1 LIMIT $2`
)

// endedStates in the order in which they are given up where there are too many.
var endedStates = []State{Finished, Cancelled, DeadState}

// purge deletes what was kept for long enough, and what is beyond the bounds.
func (e *Engine) purge(ctx context.Context, _ Run, _ struct{}) Outcome {
	if err := e.PurgeNow(ctx); err != nil {
		return Retry("purge_failed")
	}
	return Done()
}

// purgeOld deletes what is older than the retention.
func (e *Engine) purgeOld(ctx context.Context) error {
	before := time.Now().Add(-e.opts.Bounds.Retention).UnixMilli()
	for _, state := range endedStates {
		if err := e.purgeMany(ctx, math.MaxInt, purgeOld, string(state), before); err != nil {
			return err
		}
	}
	return nil
}

// purgeTenants deletes the oldest of tenants that have more than their part.
func (e *Engine) purgeTenants(ctx context.Context) error {
	over := make(map[string]int)
	err := e.opts.Database.Read(ctx, func(ctx context.Context, tx Tx) error {
		return each(ctx, tx, fullTenants, []any{e.opts.Bounds.Tenant, purgeBatch}, func(scan func(...any) error) error {
			var tenant string
			var n int
			err := scan(&tenant, &n)
			over[tenant] = n - e.opts.Bounds.Tenant
			return err
		})
	})
	for tenant, n := range over {
		if err != nil {
			break
		}
		err = e.purgeMany(ctx, n, purgeTenant, tenant)
	}
	return err
}

// purgeOldest deletes what is beyond the bounds of all tenants together.
func (e *Engine) purgeOldest(ctx context.Context) error {
	rows, bytes := make(map[State]int), make(map[State]int)
	var allRows, allBytes int
	err := e.opts.Database.Read(ctx, func(ctx context.Context, tx Tx) error {
		for _, state := range endedStates {
			var n, size int
			if _, err := one(ctx, tx, sumOfState, []any{string(state)}, &n, &size); err != nil {
				return err
			}
			rows[state], bytes[state], allRows, allBytes = n, size, allRows+n, allBytes+size
		}
		return nil
	})
	for _, state := range endedStates {
		if err != nil || rows[state] == 0 {
			continue
		}
		n := min(rows[state], max(0, allRows-e.opts.Bounds.Ended))
		if over := allBytes - e.opts.Bounds.EndedBytes; over > 0 && bytes[state] > 0 {
			size := max(1, bytes[state]/rows[state])
			n = max(n, min(rows[state], (over+size-1)/size)) // as many as make up for it on the average; the next hour sees the rest
		}
		err = e.purgeMany(ctx, n, purgeOldest, string(state))
		allRows, allBytes = allRows-n, allBytes-n*(bytes[state]/rows[state])
	}
	return err
}

// purgeMany runs a statement whose last argument is a limit until it has deleted n jobs or finds no more.
func (e *Engine) purgeMany(ctx context.Context, n int, statement string, args ...any) error {
	for n > 0 {
		batch, deleted := min(n, purgeBatch), int64(0)
		err := e.opts.Database.Note(ctx, func(ctx context.Context, tx Tx) (err error) {
			deleted, err = tx.Exec(ctx, statement, append(slices.Clip(args), batch)...)
			return err
		})
		if err != nil || deleted < int64(batch) {
			return err
		}
		n -= batch
	}
	return nil
}

// PurgeNow is the hourly purge, at once.
func (e *Engine) PurgeNow(ctx context.Context) error {
	for _, do := range []func(context.Context) error{e.purgeOld, e.purgeTenants, e.purgeOldest} {
		if err := do(ctx); err != nil {
			return err
		}
	}
	return nil
}
