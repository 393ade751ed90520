package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/rowgate/rowgate/internal/backoff"
	"github.com/rowgate/rowgate/internal/outbox"
)

// How the others are watched.
const (
	pollEvery  = 300 * time.Millisecond // whether they hold their locks
	sweepEvery = 5 * time.Second        // for open entries whose lanes nobody runs
	deadPolls  = 2                      // an instance whose lock is free at so many polls in a row is dead
	trustAfter = 3 * time.Second        // locks are believed once this instance has held its own for so long: after a restart of
	// the server all have to take theirs again
	forgetAfter = "1 minute" // the rows of the dead
)

const (
	// pollOthers tells of each other instance whether its time is over, and whether its lock is free although it says it has it.
	pollOthers = `SELECT number, until <= clock_timestamp(), CASE WHEN locked THEN pg_try_advisory_xact_lock_shared(number) ELSE false END
FROM rowgate.instance WHERE number <> $1`

	// declareDead ends the time of an instance; its leases end with it, and it learns that by its next sign of life.
	declareDead = `UPDATE rowgate.instance SET until = clock_timestamp() WHERE number = $1 AND locked AND until > clock_timestamp()`

	// findOrphans finds the lanes with open entries that nobody has who is alive, and those that instance $1 has.
	findOrphans = `SELECT open.lane, coalesce(lease.holder = $1, false)
FROM (SELECT DISTINCT lane FROM rowgate.entry WHERE done_at IS NULL) AS open
LEFT JOIN rowgate.lease ON lease.lane = open.lane
LEFT JOIN rowgate.instance ON instance.number = lease.holder AND instance.until > clock_timestamp()
WHERE instance.number IS NULL OR lease.holder = $1`

	forgetDead = `WITH dead AS (DELETE FROM rowgate.instance WHERE until < clock_timestamp() - $1::interval RETURNING number)
UPDATE rowgate.lease SET holder = NULL WHERE holder IN (SELECT number FROM dead)`
)

// watch looks after the other instances until ctx ends, and after the lanes of those that are dead.
func (o *Owner) watch(ctx context.Context) {
	free := make(map[int64]int) // polls in a row at which the lock of an instance was free
	dead := make(map[int64]bool)
	swept := time.Now()
	for backoff.Wait(ctx, pollEvery) == nil {
		o.cool()
		fresh, err := o.poll(ctx, free, dead)
		if err == nil && (fresh || time.Since(swept) > sweepEvery) {
			swept = time.Now()
			err = o.sweep(ctx)
		}
		if err != nil {
			clear(free) // a server that is away says nothing of the others
		}
	}
}

// poll asks for the other instances; fresh reports whether one of them has died since the last time.
func (o *Owner) poll(ctx context.Context, free map[int64]int, dead map[int64]bool) (fresh bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, renewEvery)
	defer cancel()
	o.mu.Lock()
	number, hears := o.number, o.hears
	trusts := hears && time.Since(o.heardFrom) > trustAfter
	o.mu.Unlock()
	rows, err := o.store.pool.Query(ctx, pollOthers, number)
	if err != nil {
		return false, err
	}
	seen := make(map[int64]bool)
	var suspects []int64
	var other int64
	var over, unlocked bool
	_, err = pgx.ForEachRow(rows, []any{&other, &over, &unlocked}, func() error {
		seen[other] = true
		switch {
		case over:
			fresh = fresh || !dead[other]
			dead[other] = true
		case unlocked && trusts:
			if free[other]++; free[other] >= deadPolls {
				suspects = append(suspects, other)
			}
		default:
			delete(free, other)
		}
		return nil
	})
	if err != nil {
		return false, err
	}
	for id := range dead {
		if !seen[id] {
			delete(dead, id)
		}
	}
	for id := range free {
		if !seen[id] {
			delete(free, id)
		}
	}
	for _, id := range suspects {
		declared, err := o.store.pool.Exec(ctx, declareDead, id)
		if err != nil {
			return fresh, err
		}
		fresh = fresh || declared.RowsAffected() > 0
		dead[id] = true
		delete(free, id)
	}
	o.mu.Lock()
	o.alone = len(seen) == 0
	o.mu.Unlock()
	if !hears && number != 0 && len(seen) > 0 {
		return fresh, o.askWanted(ctx, number)
	}
	return fresh, nil
}

// askWanted passes on that others want lanes of this instance, or have stored something of them.
func (o *Owner) askWanted(ctx context.Context, number int64) error {
	rows, err := o.store.pool.Query(ctx, takeWanted, number)
	if err != nil {
		return err
	}
	lanes, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return err
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, lane := range lanes {
		o.heard(outbox.Note{Lane: lane, Kind: outbox.NoteStored})
	}
	return nil
}

// sweep has the outbox look at lanes with open entries that nobody runs, and at its own: whoever stored an entry may have died before
// it said so.
func (o *Owner) sweep(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, renewEvery)
	defer cancel()
	o.mu.Lock()
	number := o.number
	o.mu.Unlock()
	rows, err := o.store.pool.Query(ctx, findOrphans, number)
	if err != nil {
		return err
	}
	var lane string
	var own bool
	found := make(map[string]bool)
	_, err = pgx.ForEachRow(rows, []any{&lane, &own}, func() error {
		found[lane] = own
		return nil
	})
	if err != nil {
		return err
	}
	o.mu.Lock()
	for lane, own := range found {
		kind := outbox.NoteFree
		if own && o.leases[lane] != nil {
			kind = outbox.NoteStored
		}
		o.heard(outbox.Note{Lane: lane, Kind: kind})
	}
	o.mu.Unlock()
	_, err = o.store.pool.Exec(ctx, forgetDead, forgetAfter)
	return err
}

// orphans are the lanes with open entries that nobody has who is alive.
func (o *Owner) orphans(ctx context.Context, number int64) ([]string, error) {
	rows, err := o.store.pool.Query(ctx, findOrphans, number)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (lane string, err error) { return lane, row.Scan(&lane, nil) })
}
