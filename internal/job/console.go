package job

import (
	"context"
	"fmt"
	"time"
)

// Statements of a console.
const (
	infoColumns = `SELECT job.id, job.kind, job.tenant, job.state, COALESCE(job_lane.held_until, 0), job.tries, job.code,
job.created_at, job.due_at, job.ended_at FROM job LEFT JOIN job_lane ON job_lane.name = job.lane AND job.state = 'waiting'`

	getJob = infoColumns + ` WHERE job.id = $1`

	listJobs = infoColumns + ` WHERE ($1 = '' OR job.kind = $1) AND ($2 = '' OR job.tenant = $2) AND ($3 = '' OR job.state = $3)
AND ($4 = '' OR job.seq < (SELECT seq FROM job AS last WHERE last.id = $4)) ORDER BY job.seq DESC LIMIT $5`

	laneOfJob = `SELECT job.lane, job.kind, job.state, COALESCE(job_lane.held_until, 0) FROM job
LEFT JOIN job_lane ON job_lane.name = job.lane WHERE job.id = $1`

	cancelJob = `UPDATE job SET state = 'cancelled', ended_at = $1, slot = CASE WHEN brief = 1 THEN '' ELSE slot END
WHERE id = $2 AND state = 'waiting'`

	retryJob = `UPDATE job SET state = 'waiting', tries = 0, failing_since = 0, ended_at = 0, due_at = $1
WHERE id = $2 AND state IN ('waiting', 'dead', 'cancelled')`

	discardJob = `DELETE FROM job WHERE id = $1 AND state <> 'waiting'`
)

// List returns jobs, the youngest first.
func (e *Engine) List(ctx context.Context, f Filter) (infos []Info, err error) {
	limit := f.Limit
	if limit <= 0 || limit > MaxList {
		limit = MaxList
	}
	err = e.opts.Database.Read(ctx, func(ctx context.Context, tx Tx) error {
		args := []any{f.Kind, f.Tenant, string(f.State), f.Before, limit}
		return each(ctx, tx, listJobs, args, func(scan func(...any) error) error {
			info, err := scanInfo(scan)
			infos = append(infos, info)
			return err
		})
	})
	if err != nil {
		return nil, fmt.Errorf("list jobs: %w", err)
	}
	return infos, nil
}

// Get returns one job; ErrNoJob.
func (e *Engine) Get(ctx context.Context, id string) (info Info, err error) {
	found := false
	err = e.opts.Database.Read(ctx, func(ctx context.Context, tx Tx) error {
		return each(ctx, tx, getJob, []any{id}, func(scan func(...any) error) (err error) {
			info, err = scanInfo(scan)
			found = true
			return err
		})
	})
	if err == nil && !found {
		err = ErrNoJob
	}
	return info, err
}

func scanInfo(scan func(...any) error) (Info, error) {
	var info Info
	var state string
	var held, created, due, ended int64
	err := scan(&info.ID, &info.Kind, &info.Tenant, &state, &held, &info.Tries, &info.Code, &created, &due, &ended)
	info.State, info.Created, info.Due = State(state), time.UnixMilli(created), time.UnixMilli(due)
	if ended > 0 {
		info.Ended = time.UnixMilli(ended)
	}
	info.Working = info.State == Waiting && held > time.Now().UnixMilli()
	return info, err
}

// Retry has a job that is dead or cancelled, or that waits for its next try, tried now, with all its tries before it. Errors:
// ErrNoJob; ErrState if it is done or being worked on.
func (e *Engine) Retry(ctx context.Context, id string) error {
	return e.act(ctx, id, func(ctx context.Context, tx Tx, at place) (bool, error) {
		if at.state == Waiting && at.held {
			return false, nil
		}
		n, err := tx.Exec(ctx, retryJob, time.Now().UnixMilli(), id)
		return n > 0, err
	})
}

// Cancel ends a job that waits. A handler that is at it is told to stop, and nothing that it answers counts. Errors: ErrNoJob;
// ErrState if the job has ended.
func (e *Engine) Cancel(ctx context.Context, id string) error {
	err := e.act(ctx, id, func(ctx context.Context, tx Tx, _ place) (bool, error) {
		n, err := tx.Exec(ctx, cancelJob, time.Now().UnixMilli(), id)
		return n > 0, err
	})
	if err != nil {
		return err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if stop := e.busy[id]; stop != nil {
		stop()
	}
	return nil
}

// Discard deletes a job that has ended. Errors: ErrNoJob; ErrState while it waits.
func (e *Engine) Discard(ctx context.Context, id string) error {
	return e.opts.Database.Write(ctx, func(ctx context.Context, tx Tx) error {
		if _, err := placeOf(ctx, tx, id); err != nil {
			return err
		}
		n, err := tx.Exec(ctx, discardJob, id)
		if err == nil && n == 0 {
			err = ErrState
		}
		return err
	})
}

// place is where a job stands.
type place struct {
	lane  Lane
	state State
	held  bool // somebody works on the lane
}

func placeOf(ctx context.Context, tx Tx, id string) (place, error) {
	var p place
	var state string
	var held int64
	found, err := one(ctx, tx, laneOfJob, []any{id}, &p.lane.Name, &p.lane.Kind, &state, &held)
	if err == nil && !found {
		err = ErrNoJob
	}
	p.state, p.held = State(state), held > time.Now().UnixMilli()
	return p, err
}

// act changes a job and wakes its lane, which fences off whoever is at work on it.
func (e *Engine) act(ctx context.Context, id string, change func(context.Context, Tx, place) (bool, error)) error {
	return e.opts.Database.Write(ctx, func(ctx context.Context, tx Tx) error {
		at, err := placeOf(ctx, tx, id)
		if err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, touchLane, at.lane.Name); err != nil { // locks it
			return err
		}
		changed, err := change(ctx, tx, at)
		if err != nil {
			return err
		}
		if !changed {
			return ErrState
		}
		return e.give(ctx, tx, wakeLane, []Lane{at.lane})
	})
}
