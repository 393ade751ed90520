package job

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"time"
)

// Times of the upkeep.
const (
	tickEvery    = time.Second      // schedules
	beatEvery    = 2 * time.Second  // heartbeats, and a look at those of the others
	measureEvery = 15 * time.Second // what waits
	repairEvery  = time.Minute      // lanes without a ticket
	// DeadAfter is for how long an instance has no heartbeat that is taken for dead.
	DeadAfter = 10 * time.Second

	lostBatch = 500 // lanes that get a new ticket together
)

// Statements of the upkeep. Heartbeats go by the clock of the database, and are only kept on PostgreSQL.
const (
	databaseNow = `CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)`

	beat = `INSERT INTO job_instance (name, seen_at) VALUES ($1, ` + databaseNow + `)
ON CONFLICT (name) DO UPDATE SET seen_at = excluded.seen_at`

	bury = `DELETE FROM job_instance WHERE name <> $1 AND seen_at < ` + databaseNow + ` - $2 RETURNING name`

	forgetInstance = `DELETE FROM job_instance WHERE name = $1`

	freeLane = `UPDATE job_lane SET held_until = 0 WHERE ticket = $1`
)

// keepUp does what has to be done from time to time, until ctx ends.
func (e *Engine) keepUp(ctx context.Context) {
	type chore struct {
		name  string
		every time.Duration
		do    func(context.Context) error
		next  time.Time
	}
	now := time.Now()
	chores := []chore{
		{"schedules", tickEvery, e.tick, now},
		{"measure", measureEvery, e.measure, now.Add(measureEvery)},
		{"lost tickets", repairEvery, e.replaceLost, now},
	}
	if e.opts.Database.Several() {
		chores = append(chores, chore{"heartbeat", beatEvery, e.beat, now})
	}
	ticker := time.NewTicker(tickEvery)
	defer ticker.Stop()
	for {
		now := time.Now()
		for i := range chores {
			if now.Before(chores[i].next) {
				continue
			}
			chores[i].next = now.Add(chores[i].every)
			if err := chores[i].do(ctx); err != nil && ctx.Err() == nil {
				e.opts.Logger.ErrorContext(ctx, "upkeep of the jobs failed", slog.String("chore", chores[i].name), slog.Any("error", err))
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// beat shows that this instance is alive, and frees what dead ones had in hand.
func (e *Engine) beat(ctx context.Context) error {
	var dead []string
	err := e.opts.Database.Write(ctx, func(ctx context.Context, tx Tx) error {
		dead = dead[:0]
		if _, err := tx.Exec(ctx, beat, e.opts.Keeper.Instance()); err != nil {
			return err
		}
		return each(ctx, tx, bury, []any{e.opts.Keeper.Instance(), DeadAfter.Milliseconds()}, func(scan func(...any) error) error {
			var name string
			err := scan(&name)
			dead = append(dead, name)
			return err
		})
	})
	for i := 0; err == nil && i < len(dead); i++ {
		err = e.Bury(ctx, dead[i])
	}
	return err
}

// Bury gives the tickets of a dead instance back to the queue. Whoever learns of a death earlier than its heartbeats show calls it;
// that an instance which was only paused comes back does no harm, since its runs are over.
func (e *Engine) Bury(ctx context.Context, instance string) error {
	if instance == "" || instance == e.opts.Keeper.Instance() {
		return nil
	}
	return e.sweep(ctx, instance)
}

func (e *Engine) sweep(ctx context.Context, instance string) error {
	var swept []int64
	err := e.opts.Database.Write(ctx, func(ctx context.Context, tx Tx) (err error) {
		if swept, err = e.opts.Keeper.Sweep(ctx, tx, instance); err != nil {
			return err
		}
		for _, ticket := range swept {
			if _, err := tx.Exec(ctx, freeLane, ticket); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil && len(swept) > 0 {
		e.metrics.swept.Add(float64(len(swept)))
		e.opts.Logger.InfoContext(ctx, "jobs of a dead process are free again", slog.Int("jobs", len(swept)),
			slog.String("instance", strings.ToLower(instance)))
	}
	return err
}

// leave says that this instance works no more.
func (e *Engine) leave(ctx context.Context) error {
	return e.opts.Database.Note(ctx, func(ctx context.Context, tx Tx) error {
		_, err := tx.Exec(ctx, forgetInstance, e.opts.Keeper.Instance())
		return err
	})
}

// replaceLost gives new tickets to lanes whose ticket is gone.
func (e *Engine) replaceLost(ctx context.Context) error {
	for {
		var lost []Lane
		err := e.opts.Database.Read(ctx, func(ctx context.Context, tx Tx) (err error) {
			lost, err = e.opts.Keeper.Lost(ctx, tx, lostBatch)
			return err
		})
		if err != nil || len(lost) == 0 {
			return err
		}
		err = e.opts.Database.Write(ctx, func(ctx context.Context, tx Tx) error {
			for _, lane := range lost {
				n, err := tx.Exec(ctx, loseTicket, lane.Name, lane.Ticket)
				if err != nil {
					return err
				}
				if n == 0 { // another instance was first
					continue
				}
				if err := e.give(ctx, tx, wakeLane, []Lane{lane}); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil || len(lost) < lostBatch {
			return errors.Join(err, ctx.Err())
		}
	}
}

// loseTicket locks a lane that still has the ticket.
const loseTicket = `UPDATE job_lane SET ticket = 0 WHERE name = $1 AND ticket = $2`
