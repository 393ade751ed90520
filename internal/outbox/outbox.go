package outbox

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/rowgate/rowgate/internal/feishu"
)

// Outbox is the one write path. Make it with New, Start it before the first Submit, Stop it at the end. It is safe for
// concurrent use. Several outboxes may share a store if they share an Owner.
type Outbox struct {
	core     *core
	accept   *acceptor
	runner   *runner
	stopOnce sync.Once
	stopped  chan struct{}
}

// New returns an outbox that accepts nothing before Start.
func New(opts Options) (*Outbox, error) {
	opts, err := opts.withDefaults()
	if err != nil {
		return nil, err
	}
	c := newCore(opts)
	r := newRunner(c)
	c.metrics = newMetrics(c, r)
	accept := &acceptor{core: c, lanes: r, jobs: r, reading: make(chan struct{}, 1)}
	return &Outbox{core: c, accept: accept, runner: r, stopped: make(chan struct{})}, nil
}

// Start loads what an earlier run left unfinished, goes on with it in the background, and accepts submissions. ctx
// bounds the loading. It may be called once.
func (o *Outbox) Start(ctx context.Context) error {
	if err := o.core.expire(ctx); err != nil {
		return err
	}
	entries, _, err := o.core.opts.Store.Load(ctx, "")
	if err != nil {
		return err
	}
	go o.core.journal.run()
	o.core.mu.Lock()
	o.core.phase = phaseRunning
	o.core.mu.Unlock()
	return o.runner.open(ctx, entries)
}

// Stop refuses new submissions, waits until the lanes are empty, but no longer than the drain time or ctx allow, and then ends.
// What is left stays in the store for the next start or for another instance; who waits for it is told so. It returns ctx's
// error if that cut it short. It may be called any number of times; each call returns after the first has ended.
func (o *Outbox) Stop(ctx context.Context) error {
	var err error
	o.stopOnce.Do(func() {
		defer close(o.stopped)
		o.core.mu.Lock()
		started := o.core.phase != phaseNew
		o.core.phase = phaseDraining
		o.core.checkIdle()
		o.core.mu.Unlock()
		if !started {
			o.runner.cancel()
			return
		}
		timer := time.NewTimer(o.core.opts.Drain)
		defer timer.Stop()
		select {
		case <-o.core.idle:
		case <-timer.C:
		case <-ctx.Done():
			err = ctx.Err()
		}
		o.runner.stop()
		o.dismiss()
	})
	<-o.stopped
	return err
}

// dismiss tells all who still wait that the outbox ends.
func (o *Outbox) dismiss() {
	o.core.mu.Lock()
	defer o.core.mu.Unlock()
	left := 0
	for _, e := range o.core.entries {
		if e.round.ended {
			continue
		}
		left++
		if e.journaled {
			e.round.end(nil, drainingUnfinished())
		} else {
			e.round.end(nil, draining())
		}
	}
	o.core.opts.Logger.Info("outbox stopped", slog.Int("unfinished", left))
}

// Submit takes a write on. It returns once the submission has a place in its lane, or joins the earlier one that it
// repeats; with Keep it is stored by then. The error is a *problem.Error (overloaded, draining, idempotency_conflict,
// in_flight) or ctx's.
func (o *Outbox) Submit(ctx context.Context, sub Submission) (*Ticket, error) {
	return o.accept.submit(ctx, sub)
}

// Replay finds the earlier submission with this idempotency key before its rows are looked at again: an answer that was given
// stays the answer, even if the table has changed since. found is false if there is none; nothing is taken on either way.
// The error is a *problem.Error (draining, idempotency_conflict, in_flight) or ctx's.
func (o *Outbox) Replay(
	ctx context.Context, table feishu.TableRef, key string, fingerprint [32]byte,
) (ticket *Ticket, found bool, err error) {
	return o.accept.replay(ctx, table, key, fingerprint)
}

// Job returns where the job stands. It is job_not_found for an unknown or expired one and for one of another tenant.
func (o *Outbox) Job(ctx context.Context, jobID, tenant string) (*Job, error) {
	return o.accept.job(ctx, jobID, tenant)
}

// Cancel drops what is not sent yet of a job, and returns where it stands once the calls under way are seen through, or ctx ends: it is
// cancelled then, or still running. A job that is cancelled already is returned as it is. The store knows of it when Cancel returns. The
// error is job_not_found as Job's, wrong_state for a job that is done, or says that the store failed.
func (o *Outbox) Cancel(ctx context.Context, jobID, tenant string) (*Job, error) {
	return o.accept.cancel(ctx, jobID, tenant)
}

// Match tells what an upsert would do, row by row, without doing it: created, updated, unchanged or failed. Record ids are
// given where a record is there already. The error is a *problem.Error.
func (o *Outbox) Match(ctx context.Context, sub Submission) ([]RowResult, error) {
	return o.runner.preview(ctx, sub)
}
