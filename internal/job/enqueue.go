package job

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"time"
)

// What the keyring is used for.
const (
	sealPayload = "job payload"
	namePurpose = "job name"
	nameBytes   = 16 // of the digest of a key or a slot
)

// Statements of Enqueue.
const (
	insertJob = `INSERT INTO job
(id, lane, kind, tenant, slot, brief, state, tries, code, bytes, payload, created_at, due_at, failing_since, ended_at)
VALUES ($1, $2, $3, $4, $5, $6, 'waiting', 0, '', $7, $8, $9, $10, 0, 0)
ON CONFLICT (kind, slot) WHERE slot <> '' DO NOTHING`

	idOfSlot = `SELECT id FROM job WHERE kind = $1 AND slot = $2`

	touchLane = `UPDATE job_lane SET dirty = dirty + 1 WHERE name = $1`

	// openLane leaves a lane as it is that somebody opened at the same time; the ticket is void then.
	openLane = `INSERT INTO job_lane (name, kind, ticket, run, dirty, held_until) VALUES ($1, $2, $3, 0, 0, 0)
ON CONFLICT (name) DO UPDATE SET dirty = job_lane.dirty + 1`

	// wakeLane gives a lane another ticket, and fences off whoever works on it.
	wakeLane = `INSERT INTO job_lane (name, kind, ticket, run, dirty, held_until) VALUES ($1, $2, $3, 0, 0, 0)
ON CONFLICT (name) DO UPDATE SET ticket = excluded.ticket, run = job_lane.run + 1, dirty = job_lane.dirty + 1, held_until = 0`
)

// Enqueue stores jobs with tx: they are there if and only if that is committed. It returns a receipt for each, in order. Errors:
// ErrFull, ErrTooLarge, ErrUnknown, ErrInvalid, or what the database says; after an error tx must be rolled back.
//
// It locks the lanes of keys in the order of the jobs. Two transactions that enqueue for the same keys in different orders can block
// one another on PostgreSQL, which ends one of them with an error.
func (e *Engine) Enqueue(ctx context.Context, tx Tx, jobs ...Job) ([]Receipt, error) {
	receipts := make([]Receipt, len(jobs))
	var opened []Lane
	isOpen := make(map[string]bool)
	for i := range jobs {
		row, err := e.row(&jobs[i])
		if err != nil {
			return nil, err
		}
		if row.ordered && !isOpen[row.lane] {
			touched, err := tx.Exec(ctx, touchLane, row.lane)
			if err != nil {
				return nil, fmt.Errorf("enqueue: %w", err)
			}
			isOpen[row.lane] = touched > 0
		}
		if receipts[i], err = row.insert(ctx, tx); err != nil {
			return nil, fmt.Errorf("enqueue: %w", err)
		}
		if receipts[i].New && !isOpen[row.lane] {
			isOpen[row.lane] = true
			opened = append(opened, Lane{Name: row.lane, Kind: row.kind, Due: row.due})
		}
	}
	return receipts, e.give(ctx, tx, openLane, opened)
}

// Add is Enqueue in a transaction of its own.
func (e *Engine) Add(ctx context.Context, jobs ...Job) (receipts []Receipt, err error) {
	err = e.opts.Database.Write(ctx, func(ctx context.Context, tx Tx) error {
		receipts, err = e.Enqueue(ctx, tx, jobs...)
		return err
	})
	return receipts, err
}

// give puts tickets for lanes into the queue and notes them by the statement.
func (e *Engine) give(ctx context.Context, tx Tx, statement string, lanes []Lane) error {
	if len(lanes) == 0 {
		return nil
	}
	tickets, err := e.opts.Queue.Add(ctx, tx, lanes)
	if err != nil {
		return fmt.Errorf("enqueue: %w", err)
	}
	for i, lane := range lanes {
		if _, err := tx.Exec(ctx, statement, lane.Name, lane.Kind, tickets[i]); err != nil {
			return fmt.Errorf("enqueue: %w", err)
		}
	}
	return nil
}

// row is a job as it is stored.
type row struct {
	id, lane, kind, tenant, slot string
	ordered                      bool
	brief                        int
	payload                      []byte
	created, due                 time.Time
}

// row checks a job and seals its payload.
func (e *Engine) row(j *Job) (row, error) {
	now := time.Now()
	switch {
	case e.handlers[j.Kind] == nil:
		return row{}, fmt.Errorf("%w: %q", ErrUnknown, j.Kind)
	case len(j.Payload) > MaxPayloadBytes:
		return row{}, ErrTooLarge
	case len(j.Payload) == 0, len(j.Key) > MaxKeyBytes, len(j.Unique) > MaxKeyBytes, len(j.Tenant) > MaxKeyBytes,
		j.Due.After(now.Add(MaxAhead)):
		return row{}, ErrInvalid
	}
	r := row{
		id: rand.Text(), kind: j.Kind, tenant: j.Tenant, ordered: j.Key != "",
		payload: e.opts.Keyring.Seal(sealPayload, j.Payload), created: now, due: now,
	}
	if j.Due.After(now) {
		r.due = j.Due
	}
	if j.Brief {
		r.brief = 1
	}
	r.lane = r.id
	if r.ordered {
		r.lane = e.name("key", j.Kind, j.Key)
	}
	if j.Unique != "" {
		r.slot = e.name("slot", j.Kind, j.Unique)
	}
	if !e.admit(len(r.payload)) {
		return row{}, ErrFull
	}
	return r, nil
}

// name is a digest of a caller's text: keys may be names of people.
func (e *Engine) name(what, kind, text string) string {
	sum := e.opts.Keyring.MAC(namePurpose, what, kind, text)
	return hex.EncodeToString(sum[:nameBytes])
}

func (r *row) insert(ctx context.Context, tx Tx) (Receipt, error) {
	inserted, err := tx.Exec(ctx, insertJob, r.id, r.lane, r.kind, r.tenant, r.slot, r.brief, len(r.payload), r.payload,
		r.created.UnixMilli(), r.due.UnixMilli())
	if err != nil || inserted > 0 {
		return Receipt{ID: r.id, New: true}, err
	}
	var id string
	_, err = one(ctx, tx, idOfSlot, []any{r.kind, r.slot}, &id)
	return Receipt{ID: id}, err
}
