package job

import (
	"context"
	"fmt"
	"strconv"
	"time"
)

// Bounds of schedules.
const (
	MaxSchedules   = 10_000
	scheduleBatch  = 100 // that are looked at together
	maxScheduleTag = 200 // bytes of a name
)

// Statements of schedules.
const (
	putSchedule = `INSERT INTO job_schedule (name, kind, tenant, cadence, payload, next_at) VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (name) DO UPDATE SET kind = excluded.kind, tenant = excluded.tenant, cadence = excluded.cadence, payload = excluded.payload,
next_at = CASE WHEN job_schedule.cadence = excluded.cadence THEN job_schedule.next_at ELSE excluded.next_at END`

	countSchedules = `SELECT COUNT(*) FROM job_schedule WHERE name <> $1`

	dropSchedule = `DELETE FROM job_schedule WHERE name = $1`

	dueSchedules = `SELECT name, kind, tenant, cadence, payload, next_at FROM job_schedule WHERE next_at <= $1 ORDER BY next_at LIMIT $2`

	moveSchedule = `UPDATE job_schedule SET next_at = $1 WHERE name = $2 AND next_at = $3`

	listSchedules = `SELECT name, kind, tenant, cadence, next_at FROM job_schedule
WHERE ($1 = '' OR tenant = $1) AND name > $2 ORDER BY name LIMIT $3`
)

// Schedule enqueues a job in every slot of a cadence: one, whatever instances there are. Slots that passed while none ran are made
// up for by one job.
type Schedule struct {
	Name    string // of its own among all tenants
	Kind    string
	Tenant  string
	Cadence string // as ParseCadence reads it
	Payload []byte // JSON
	Next    time.Time
}

// Schedule stores a schedule, in place of the one of its name. With the same cadence the next slot stays. Next is not read.
// Errors: ErrCadence, ErrUnknown, ErrInvalid, ErrFull (MaxSchedules).
func (e *Engine) Schedule(ctx context.Context, s Schedule) error {
	return e.opts.Database.Write(ctx, func(ctx context.Context, tx Tx) error { return e.ScheduleIn(ctx, tx, s) })
}

// ScheduleIn is Schedule with a caller's transaction.
func (e *Engine) ScheduleIn(ctx context.Context, tx Tx, s Schedule) error {
	cadence, err := ParseCadence(s.Cadence)
	if err != nil {
		return err
	}
	switch {
	case e.handlers[s.Kind] == nil:
		return fmt.Errorf("%w: %q", ErrUnknown, s.Kind)
	case s.Name == "", len(s.Name) > maxScheduleTag, len(s.Tenant) > MaxKeyBytes, len(s.Payload) == 0, len(s.Payload) > MaxPayloadBytes:
		return ErrInvalid
	}
	var others int
	if _, err := one(ctx, tx, countSchedules, []any{s.Name}, &others); err != nil {
		return err
	}
	if others >= MaxSchedules {
		return ErrFull
	}
	sealed := e.opts.Keyring.Seal(sealPayload, s.Payload)
	_, err = tx.Exec(ctx, putSchedule, s.Name, s.Kind, s.Tenant, s.Cadence, sealed, cadence.Next(time.Now()).UnixMilli())
	return err
}

// Unschedule deletes a schedule; jobs that it has enqueued stay. A name that is not there is no error.
func (e *Engine) Unschedule(ctx context.Context, name string) error {
	return e.opts.Database.Write(ctx, func(ctx context.Context, tx Tx) error {
		_, err := tx.Exec(ctx, dropSchedule, name)
		return err
	})
}

// Schedules lists schedules by name, those after a name, MaxList at most. They come without their payloads.
func (e *Engine) Schedules(ctx context.Context, tenant, after string) (found []Schedule, err error) {
	err = e.opts.Database.Read(ctx, func(ctx context.Context, tx Tx) error {
		return each(ctx, tx, listSchedules, []any{tenant, after, MaxList}, func(scan func(...any) error) error {
			var s Schedule
			var next int64
			err := scan(&s.Name, &s.Kind, &s.Tenant, &s.Cadence, &next)
			s.Next = time.UnixMilli(next)
			found = append(found, s)
			return err
		})
	})
	return found, err
}

// dueSchedule is a schedule whose slot has come.
type dueSchedule struct {
	name, kind, tenant, cadence string
	payload                     []byte // sealed
	slot                        int64
}

// tick enqueues the jobs of the slots that have come.
func (e *Engine) tick(ctx context.Context) error {
	now := time.Now()
	var due []dueSchedule
	err := e.opts.Database.Read(ctx, func(ctx context.Context, tx Tx) error {
		return each(ctx, tx, dueSchedules, []any{now.UnixMilli(), scheduleBatch}, func(scan func(...any) error) error {
			var d dueSchedule
			err := scan(&d.name, &d.kind, &d.tenant, &d.cadence, &d.payload, &d.slot)
			due = append(due, d)
			return err
		})
	})
	for i := 0; err == nil && i < len(due); i++ {
		err = e.fire(ctx, due[i], now)
	}
	return err
}

// fire moves one schedule to its next slot and enqueues the job of this one: both or none, and only one instance does.
func (e *Engine) fire(ctx context.Context, d dueSchedule, now time.Time) error {
	if e.handlers[d.kind] == nil {
		return nil // of a newer version, whose instances see to it
	}
	cadence, err := ParseCadence(d.cadence)
	if err != nil {
		return err
	}
	payload, err := e.opts.Keyring.Open(sealPayload, d.payload)
	if err != nil {
		return fmt.Errorf("schedule %s: %w", d.name, err)
	}
	return e.opts.Database.Write(ctx, func(ctx context.Context, tx Tx) error {
		moved, err := tx.Exec(ctx, moveSchedule, cadence.Next(now).UnixMilli(), d.name, d.slot)
		if err != nil || moved == 0 {
			return err
		}
		_, err = e.Enqueue(ctx, tx, Job{
			Kind: d.kind, Tenant: d.tenant, Payload: payload, Unique: "schedule " + d.name + " " + strconv.FormatInt(d.slot, 10),
		})
		return err
	})
}
