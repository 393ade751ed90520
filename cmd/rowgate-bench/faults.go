package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rowgate/rowgate/cmd/rowgate-bench/internal/history"
	"github.com/rowgate/rowgate/internal/sandbox"
)

// faultPlan is the size of a run with faults.
type faultPlan struct {
	requests int
	callers  int // at a time
	targets  int
	kills    int // of the service, evenly over the requests
	latency  time.Duration
}

const (
	repeatAfter = 100 * time.Millisecond // as workflow tools do by default
	hangUpMost  = 60 * time.Millisecond  // callers that give up on an answer do so before this
	quietFor    = 2 * time.Second        // without a call to Feishu: nothing is in progress
	settleMost  = 5 * time.Minute        // for work in progress to end
	manyRows    = 3                      // rows of each tenth request; the others have one
)

// tries is how often callers send a request at most: the default of a workflow tool, and the most that was observed.
var tries = [...]int{4, 24}

// faultRun is one run of the scenario.
type faultRun struct {
	recorder

	plan     faultPlan
	done     atomic.Int64  // requests that their callers have finished
	progress chan struct{} // closed when all callers have finished
	restart  restart

	gaveUp   atomic.Int64 // requests whose callers used up their tries
	rejected atomic.Int64 // requests that were answered with a client error
	changed  atomic.Int64 // repeats of answered requests that were no replays
	kills    int
	struck   int // calls that Feishu disturbed
}

// runFaults checks from outside that rows are written exactly once while calls fail and the service is killed.
func runFaults(ctx context.Context, b *bench, r *report) error {
	plan := faultPlan{requests: pick(b, 100_000, 10_000), callers: 96, targets: 8, kills: pick(b, 20, 5), latency: 20 * time.Millisecond}
	if b.Requests > 0 {
		plan.requests = b.Requests
	}
	began := time.Now()
	f, found, err := b.faults(ctx, plan)
	if err != nil {
		return err
	}
	r.tell("requests", "", float64(found.Requests))
	r.tell("sent, repeats included", "", float64(found.Attempts))
	r.tell("of them without an answer", "", float64(found.Unanswered))
	r.tell("kill -9 of the service", "", float64(f.kills))
	r.tell("calls to Feishu that were disturbed", "", float64(f.struck))
	r.tell("rows acknowledged", "rows", float64(found.Acknowledged))
	r.tell("rows of which callers know that they are not there", "rows", float64(found.NotWritten))
	r.tell("rows of which callers do not know", "rows", float64(found.Open))
	r.tell("rows in the tables", "rows", float64(found.Landed))
	for _, kind := range history.Kinds() {
		r.must("violations: "+string(kind), "", 0, float64(found.Counts[kind]))
	}
	for _, v := range found.Violations {
		_, _ = fmt.Fprintln(b.progress, " ", v)
	}
	r.must("requests answered with a client error", "", 0, float64(f.rejected.Load()))
	r.must("repeats of an answered request that got another answer", "", 0, float64(f.changed.Load()))
	r.tell("whole run", "s", time.Since(began).Seconds())
	return nil
}

// faults lets callers write while calls are cut and refused and the service is killed, and checks what they were told.
func (b *bench) faults(ctx context.Context, plan faultPlan) (_ *faultRun, _ *history.Report, err error) {
	options := sandbox.Options{Write: sandbox.Latency{PerCall: plan.latency}, Seed: 1}
	s, err := b.open(ctx, environmentOptions{targets: plan.targets, sandbox: options})
	if err != nil {
		return nil, nil, err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	if err := s.warm(ctx); err != nil {
		return nil, nil, err
	}
	f := &faultRun{recorder: recorder{environment: s}, plan: plan, progress: make(chan struct{})}
	if err := f.addFaults(); err != nil {
		return nil, nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var killing sync.WaitGroup
	var killed error
	killing.Go(func() {
		if killed = f.killRepeatedly(ctx); killed != nil {
			cancel() // without a service the callers would never end
		}
	})
	_, err = closedLoop(ctx, plan.callers, plan.requests, func(ctx context.Context, i int) error {
		defer f.done.Add(1)
		return f.request(ctx, i)
	})
	close(f.progress)
	killing.Wait()
	if err := errors.Join(err, killed); err != nil {
		return nil, nil, err
	}
	if err := f.settle(ctx); err != nil {
		return nil, nil, err
	}
	found, err := f.check(s.warmMarks())
	return f, found, err
}

// addFaults makes one write in fourteen fail at Feishu, in every way that leaves the outcome unknown and in some that do not.
func (f *faultRun) addFaults() error {
	const writes = "record.batch_*"
	for _, fault := range []sandbox.Fault{
		{Action: sandbox.ActionCut, When: sandbox.BeforeCommit, Rate: 0.015},
		{Action: sandbox.ActionCut, When: sandbox.AfterCommit, Rate: 0.015},
		{Action: sandbox.ActionError, Code: 1255040, When: sandbox.AfterCommit, Rate: 0.01}, // 504
		{Action: sandbox.ActionError, Code: 1255040, When: sandbox.BeforeCommit, Rate: 0.01},
		{Action: sandbox.ActionHTML, When: sandbox.AfterCommit, Rate: 0.005},
		{Action: sandbox.ActionInvalidJSON, When: sandbox.AfterCommit, Rate: 0.005},
		{Action: sandbox.ActionError, Code: 1254291, Rate: 0.005},
		{Action: sandbox.ActionRevoke, Rate: 0.005},
	} {
		fault.Endpoint = writes
		if _, err := f.environment.feishu.AddFault(fault); err != nil {
			return err
		}
	}
	return nil
}

// killRepeatedly kills the service after each share of the requests and starts it again on the same database.
func (f *faultRun) killRepeatedly(ctx context.Context) error {
	ticker := time.NewTicker(5 * time.Millisecond)
	defer ticker.Stop()
	for n := 1; n <= f.plan.kills; {
		select {
		case <-f.progress:
			return nil
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
		if f.done.Load() < int64(n*f.plan.requests/(f.plan.kills+1)) {
			continue
		}
		f.restart.begin()
		f.environment.service.kill()
		_, err := f.environment.service.start(ctx)
		f.restart.end()
		if err != nil {
			return fmt.Errorf("restart %d: %w", n, err)
		}
		f.kills++
		n++
	}
	return nil
}

// restart tells callers when the service is down for a restart. It is safe for concurrent use.
type restart struct {
	mu   sync.Mutex
	over chan struct{} // closed at the end of the restart; nil while the service runs
}

func (r *restart) begin() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.over = make(chan struct{})
}

func (r *restart) end() {
	r.mu.Lock()
	defer r.mu.Unlock()
	close(r.over)
	r.over = nil
}

// wait returns once the service runs, or with the error of ctx.
func (r *restart) wait(ctx context.Context) error {
	r.mu.Lock()
	over := r.over
	r.mu.Unlock()
	if over == nil {
		return nil
	}
	select {
	case <-over:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// request sends the i-th request until it is answered or its tries are used up. Half of the requests have an idempotency key, half are
// tried up to 24 times, some callers hang up before the answer, some repeat a request that was answered. A request begins while the
// service runs: a restart affects the requests in progress, and a slow restart does not use up the tries of all others.
func (f *faultRun) request(ctx context.Context, i int) error {
	if err := f.restart.wait(ctx); err != nil {
		return err
	}
	keyed, most := i%2 == 0, tries[i/2%2]
	id := fmt.Sprint("req", i)
	marks := []string{id}
	if i%10 == 0 {
		for n := 1; n < manyRows; n++ {
			marks = append(marks, fmt.Sprintf("%s-%d", id, n))
		}
	}
	one := f.environment.write(i, marks...)
	if keyed {
		one.key = id
	}
	for try := range most {
		if try > 0 && !wait(ctx, repeatAfter) {
			return ctx.Err()
		}
		attempting, hangUp := ctx, context.CancelFunc(func() {})
		// A caller may hang up while the answer is on its way; only a key distinguishes the repeat from a new row.
		if keyed && i%6 == 0 && try == 0 {
			attempting, hangUp = context.WithTimeout(ctx, rand.N(hangUpMost))
		}
		got, answered, err := f.attempt(attempting, id, one, marks...)
		hangUp()
		switch {
		case err != nil:
			return err
		case !answered, got.Retryable, got.status == http.StatusTooManyRequests, got.status >= http.StatusInternalServerError:
			continue // this includes in_flight, the 409 while the first request is being stored
		case got.status >= http.StatusBadRequest:
			f.rejected.Add(1)
			return nil // refused for good: its row must not be in the table
		}
		if keyed && i%8 == 0 && got.status == http.StatusOK {
			return f.askAgain(ctx, id, one, marks, got)
		}
		return nil
	}
	f.gaveUp.Add(1)
	return nil
}

// askAgain repeats an answered request and checks that the answer is the same.
func (f *faultRun) askAgain(ctx context.Context, id string, one call, marks []string, first reply) error {
	got, answered, err := f.attempt(ctx, id, one, marks...)
	if err != nil || !answered || got.status >= http.StatusInternalServerError {
		return err
	}
	if got.status != http.StatusOK || got.Created != first.Created || got.Unknown != first.Unknown {
		f.changed.Add(1)
	}
	return nil
}

// settle waits until nothing is in progress: it stops the service as a deployment does, and the next start finishes what is left.
func (f *faultRun) settle(ctx context.Context) error {
	for _, fault := range f.environment.feishu.Faults() {
		f.struck += fault.Struck
	}
	f.environment.feishu.ClearFaults()
	if err := f.environment.service.stop(); err != nil {
		return err
	}
	if _, err := f.environment.service.start(ctx); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, settleMost)
	defer cancel()
	before, since := int64(-1), time.Now()
	for time.Since(since) < quietFor {
		if now, _ := f.environment.calls(); now != before {
			before, since = now, time.Now()
		}
		if !wait(ctx, quietFor/20) {
			return errors.New("the service still calls Feishu after the time to settle")
		}
	}
	return f.environment.service.stop()
}
