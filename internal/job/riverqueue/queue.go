// Package riverqueue is the queue of the background engine on River, for SQLite and for PostgreSQL. River's jobs are tickets: their
// arguments name a lane and nothing else, and they never end in an error of River's, so that its tables hold nothing of a payload.
package riverqueue

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver"
	"github.com/riverqueue/river/rivermigrate"

	"github.com/rowgate/rowgate/internal/job"
)

// How River is run.
const (
	sharedWorkers = 32                     // of the kinds without workers of their own
	fetchCooldown = 10 * time.Millisecond  // least time between two fetches of a pool: at most workers ÷ this are begun a second
	fetchPoll     = 500 * time.Millisecond // a look without a notification
	keepTickets   = 10 * time.Minute       // that are used up; jobs are kept by the engine
	maxAttempts   = 32_000                 // of a ticket: the engine counts tries itself, and River's column is 16 bits wide
	cancelFor     = 10 * time.Second       // for handlers whose contexts have ended
)

// Options of a queue.
type Options struct {
	Logger *slog.Logger
	// Instance names this process among those of the database, 100 bytes at most; a random text if empty. No two processes may share it,
	// one after the other included.
	Instance string
	// PollOnly does without LISTEN, which a pooler in transaction mode does not pass on.
	PollOnly bool
}

// ticket is all that River knows of a lane.
type ticket struct {
	kind string
	Lane string `json:"lane"`
}

// Kind implements river.JobArgs.
func (t ticket) Kind() string { return t.kind }

// queue is a job.Queue and a job.Keeper on one of River's drivers.
type queue[D riverdriver.Driver[T], T any] struct {
	driver   D
	options  Options
	instance string
	unwrap   func(job.Tx) (T, error)
	keep     keeper
	schema   string // of River's tables; "" where the database has none

	client *river.Client[T]
	pools  map[string]string // kind → River's queue
}

// Queue is what Open returns.
type Queue interface {
	job.Queue
	job.Keeper
}

func open[D riverdriver.Driver[T], T any](
	ctx context.Context, driver D, o Options, schema string, keep keeper, unwrap func(job.Tx) (T, error),
) (*queue[D, T], error) {
	o.Logger = quiet(o.Logger)
	migrator, err := rivermigrate.New(driver, &rivermigrate.Config{Logger: o.Logger, Schema: schema})
	if err != nil {
		return nil, fmt.Errorf("tables of the queue: %w", err)
	}
	if _, err := migrator.Migrate(ctx, rivermigrate.DirectionUp, nil); err != nil {
		return nil, fmt.Errorf("tables of the queue: %w", err)
	}
	q := &queue[D, T]{
		driver: driver, options: o, instance: cmp.Or(o.Instance, rand.Text()), unwrap: unwrap, keep: keep, schema: schema,
		pools: make(map[string]string),
	}
	// Until Start there is a client that inserts only.
	q.client, err = river.NewClient(driver, &river.Config{Logger: o.Logger, ID: q.instance, Schema: schema, MaxAttempts: maxAttempts})
	return q, err
}

// Add implements job.Queue.
func (q *queue[D, T]) Add(ctx context.Context, tx job.Tx, lanes []job.Lane) ([]int64, error) {
	own, err := q.unwrap(tx)
	if err != nil {
		return nil, err
	}
	many := make([]river.InsertManyParams, len(lanes))
	for i, lane := range lanes {
		many[i] = river.InsertManyParams{
			Args:       ticket{kind: lane.Kind, Lane: lane.Name},
			InsertOpts: &river.InsertOpts{Queue: q.pools[lane.Kind]},
		}
		if lane.Due.After(time.Now()) {
			many[i].InsertOpts.ScheduledAt = lane.Due
		}
	}
	inserted, err := q.client.InsertManyTx(ctx, own, many)
	if err != nil {
		return nil, err
	}
	if len(inserted) != len(lanes) {
		return nil, errors.New("the queue took fewer tickets than it was given")
	}
	tickets := make([]int64, len(lanes))
	for i := range inserted {
		tickets[i] = inserted[i].Job.ID
	}
	return tickets, nil
}

// Instance implements job.Keeper.
func (q *queue[D, T]) Instance() string { return q.instance }

// Sweep implements job.Keeper.
func (q *queue[D, T]) Sweep(ctx context.Context, tx job.Tx, instance string) (swept []int64, err error) {
	statement, args := q.keep.sweepAll, []any(nil)
	if instance != "" {
		statement, args = q.keep.sweep, []any{instance}
	}
	rows, err := tx.Query(ctx, statement, args...)
	if err != nil {
		return nil, err
	}
	for rows.Next() {
		var id int64
		if err := rows.Scan(&id); err != nil {
			return nil, errors.Join(err, rows.Close())
		}
		swept = append(swept, id)
	}
	return swept, errors.Join(rows.Err(), rows.Close())
}

// Lost implements job.Keeper.
func (q *queue[D, T]) Lost(ctx context.Context, tx job.Tx, limit int) (lost []job.Lane, err error) {
	rows, err := tx.Query(ctx, lostLanes, limit)
	if err != nil {
		return nil, err
	}
	for rows.Next() {
		var lane job.Lane
		if err := rows.Scan(&lane.Name, &lane.Kind, &lane.Ticket); err != nil {
			return nil, errors.Join(err, rows.Close())
		}
		lost = append(lost, lane)
	}
	return lost, errors.Join(rows.Err(), rows.Close())
}

// lostLanes finds lanes whose ticket River has no more, or has ended.
const lostLanes = `SELECT name, kind, ticket FROM job_lane WHERE NOT EXISTS (SELECT 1 FROM river_job WHERE river_job.id = job_lane.ticket
AND river_job.state NOT IN ('completed', 'cancelled', 'discarded')) ORDER BY name LIMIT $1`

// keeper holds the statements that the two databases write differently. Each returns the ids of the tickets that it freed.
type keeper struct {
	sweepAll string
	sweep    string // $1: an instance
}
