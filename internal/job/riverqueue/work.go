package riverqueue

import (
	"context"
	"fmt"
	"time"

	"github.com/riverqueue/river"

	"github.com/rowgate/rowgate/internal/job"
)

// Start implements job.Queue.
func (q *queue[D, T]) Start(ctx context.Context, kinds []job.Pool, work func(context.Context, job.Claimed) job.Verdict) error {
	workers := river.NewWorkers()
	queues := map[string]river.QueueConfig{river.QueueDefault: {MaxWorkers: sharedWorkers}}
	for _, pool := range kinds {
		river.AddWorkerArgs(workers, ticket{kind: pool.Kind}, &worker[D, T]{work: work, unwrap: q.unwrap}) // panics for a kind that is there
		if pool.Workers > 0 {
			queues[pool.Kind] = river.QueueConfig{MaxWorkers: pool.Workers}
			q.pools[pool.Kind] = pool.Kind
		}
	}
	client, err := river.NewClient(q.driver, &river.Config{
		ID: q.instance, Schema: q.schema, Logger: q.options.Logger, Workers: workers, Queues: queues, MaxAttempts: maxAttempts,
		JobTimeout: job.JobTimeout, RescueStuckJobsAfter: job.RescueAfter, RetryPolicy: retryPolicy{},
		FetchCooldown: fetchCooldown, FetchPollInterval: fetchPoll, FetchOnlyKnownKinds: true, PollOnly: q.options.PollOnly,
		CompletedJobRetentionPeriod: keepTickets, CancelledJobRetentionPeriod: keepTickets, DiscardedJobRetentionPeriod: keepTickets,
	})
	if err != nil {
		return fmt.Errorf("queue: %w", err)
	}
	q.client = client
	if err := client.Start(context.WithoutCancel(ctx)); err != nil {
		return fmt.Errorf("queue: %w", err)
	}
	return nil
}

// Stop implements job.Queue.
func (q *queue[D, T]) Stop(ctx context.Context) error {
	if err := q.client.Stop(ctx); err == nil {
		return nil
	}
	cancelling, cancel := context.WithTimeout(context.WithoutCancel(ctx), cancelFor)
	defer cancel()
	if err := q.client.StopAndCancel(cancelling); err != nil {
		return fmt.Errorf("queue: jobs are still at work: %w", err)
	}
	return nil
}

// worker hands River's jobs of one kind to the engine.
type worker[D driverOf[T], T any] struct {
	river.WorkerDefaults[ticket]
	work   func(context.Context, job.Claimed) job.Verdict
	unwrap func(job.Tx) (T, error)
}

// Work implements river.Worker. It never returns an error but a snooze, which River stores nothing of.
func (w *worker[D, T]) Work(ctx context.Context, given *river.Job[ticket]) error {
	verdict := w.work(ctx, job.Claimed{
		Ticket: given.ID, Lane: given.Args.Lane, Kind: given.Kind,
		End: func(ending context.Context, tx job.Tx) error {
			own, err := w.unwrap(tx)
			if err != nil {
				return err
			}
			_, err = river.JobCompleteTx[D](ending, own, given)
			return err
		},
	})
	if verdict.Ended {
		return nil
	}
	return river.JobSnooze(max(0, verdict.After))
}

// retryPolicy is for tickets that River itself failed on: a row that cannot be read, a worker that never answered.
type retryPolicy struct{}

// NextRetry implements river.ClientRetryPolicy.
func (retryPolicy) NextRetry(*riverJobRow) time.Time { return time.Now().Add(troubleIn) }

// troubleIn is when such a ticket is handed out again.
const troubleIn = 5 * time.Second
