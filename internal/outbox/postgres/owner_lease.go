package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/rowgate/rowgate/internal/outbox"
)

const (
	// takeLane takes a lane that nobody has who is alive. The answer also says whether entries of it are open.
	takeLane = `INSERT INTO rowgate.lease AS lease (lane, token, holder)
SELECT $1, 1, number FROM rowgate.instance WHERE number = $2 AND until > clock_timestamp()
ON CONFLICT (lane) DO UPDATE SET token = lease.token + 1, holder = excluded.holder, wanted = false
WHERE lease.holder IS NULL OR lease.holder = excluded.holder
	OR NOT EXISTS (SELECT 1 FROM rowgate.instance WHERE number = lease.holder AND until > clock_timestamp())
RETURNING token, EXISTS (SELECT 1 FROM rowgate.entry WHERE entry.lane = $1 AND done_at IS NULL)`

	// wantLane is for an owner that hears no notes.
	wantLane = `UPDATE rowgate.lease SET wanted = true WHERE lane = $1 AND NOT wanted AND holder IS NOT NULL AND holder <> $2
AND NOT EXISTS (SELECT 1 FROM rowgate.instance WHERE number = lease.holder AND locked)`

	isAlive = `SELECT EXISTS (SELECT 1 FROM rowgate.instance WHERE number = $1 AND until > clock_timestamp())`

	freeLane = `UPDATE rowgate.lease SET holder = NULL, wanted = false WHERE lane = $1 AND holder = $2 AND token = $3 RETURNING token`
)

// errDead is returned by Acquire while the others take this instance for dead.
var errDead = errors.New("the other instances take this one for dead")

// Acquire implements outbox.Owner.
func (o *Owner) Acquire(ctx context.Context, lane string) (outbox.Lease, error) {
	bounded, cancel := context.WithTimeout(ctx, acquireFor)
	defer cancel()
	number, err := o.registered(bounded)
	if err != nil {
		return nil, fmt.Errorf("acquire a lane: %w", err)
	}
	o.mu.Lock()
	one := o.leases[lane]
	switch {
	case one != nil && (one.active != nil || one.asked):
		o.mu.Unlock()
		return nil, outbox.ErrOwned
	case one != nil && o.number == number: // warm
		defer o.mu.Unlock()
		return o.begin(ctx, lane, one, one.left), nil
	}
	if time.Now().Before(o.taken[lane]) {
		o.mu.Unlock()
		return nil, outbox.ErrOwned
	}
	delete(o.taken, lane)
	one = &held{asked: true}
	o.leases[lane] = one
	o.mu.Unlock()
	token, left, err := o.take(bounded, number, lane)
	o.mu.Lock()
	defer o.mu.Unlock()
	one.asked = false
	if errors.Is(err, outbox.ErrOwned) {
		o.believe(lane)
	}
	switch {
	case o.leases[lane] != one: // given up meanwhile; what was taken ends with the old number
		return nil, errors.Join(errDead, err)
	case err != nil:
		delete(o.leases, lane)
		return nil, err
	}
	one.token = token
	return o.begin(ctx, lane, one, left), nil
}

// begin makes a lease of a lane that this instance has; mu is held.
func (o *Owner) begin(ctx context.Context, lane string, one *held, left bool) *lease {
	taken := &lease{owner: o, lane: lane, token: one.token, left: left}
	taken.ctx, taken.cancel = context.WithCancel(ctx)
	one.active, one.left = taken, false
	return taken
}

// believe remembers that another instance has the lane; mu is held.
func (o *Owner) believe(lane string) {
	if len(o.taken) >= maxTaken {
		clear(o.taken)
	}
	o.taken[lane] = time.Now().Add(takenFor)
}

// take asks the database for a lane. Where another instance has it that hears no notes, that one learns that somebody wants it.
func (o *Owner) take(ctx context.Context, number int64, lane string) (token int64, left bool, err error) {
	taken, alive := false, false
	err = o.store.read(ctx, func(ctx context.Context) error {
		var batch pgx.Batch
		batch.Queue(setSync, false)
		batch.Queue(takeLane, lane, number).Query(func(rows pgx.Rows) error {
			for rows.Next() {
				taken = true
				if err := rows.Scan(&token, &left); err != nil {
					return err
				}
			}
			return rows.Err()
		})
		batch.Queue(wantLane, lane, number)
		batch.Queue(isAlive, number).QueryRow(func(row pgx.Row) error { return row.Scan(&alive) })
		return o.store.pool.SendBatch(ctx, &batch).Close()
	})
	switch {
	case err != nil:
		return 0, false, fmt.Errorf("acquire a lane: %w", err)
	case taken:
		return token, left, nil
	case !alive:
		return 0, false, errDead
	}
	return 0, false, outbox.ErrOwned
}

func (l *lease) Token() int64             { return l.token }
func (l *lease) Left() bool               { return l.left }
func (l *lease) Context() context.Context { return l.ctx }

// Release implements outbox.Lease. A lane of which nothing is left stays with the instance for warmFor.
func (l *lease) Release(left bool) {
	o := l.owner
	o.mu.Lock()
	defer o.mu.Unlock()
	l.cancel()
	one := o.leases[l.lane]
	if one == nil || one.active != l {
		return
	}
	one.active, one.since = nil, time.Now()
	if left || o.closed || o.warm() > maxWarm {
		o.giveBack(l.lane, one, left)
	}
}

// warm counts the lanes that nobody of this instance runs; mu is held.
func (o *Owner) warm() (n int) {
	for _, one := range o.leases {
		if one.active == nil && !one.asked {
			n++
		}
	}
	return n
}
