package main

import (
	"context"
	"errors"
	"fmt"
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
	cuts     int // of its power, between them
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
	refused  refusals
	kills    int
	cuts     int
	switched int // times that what Feishu does with client tokens was changed
	forgot   int // times that it forgot all client tokens
	struck   int // calls that Feishu disturbed
}

// runFaults checks from outside that rows are written exactly once while calls fail, Feishu forgets client tokens, the service is killed
// and its power is cut.
func runFaults(ctx context.Context, b *bench, r *report) error {
	plan := faultPlan{
		requests: pick(b, 100_000, 10_000), callers: 96, targets: 8, kills: pick(b, 20, 3), cuts: pick(b, 24, 6),
		latency: 20 * time.Millisecond,
	}
	if b.Requests > 0 {
		plan.requests = b.Requests
	}
	if b.Rowgate != "" {
		plan.cuts = 0
		_, _ = fmt.Fprintln(b.progress, "  the power is cut of the service as built into this program alone")
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
	r.tell("power cuts of the service, at a sync", "", float64(f.cuts))
	if power := f.environment.power; power != nil {
		r.tell("writes to its disk that they undid", "", float64(power.undone))
	}
	r.tell("changes of what Feishu does with client tokens", "", float64(f.switched))
	r.tell("times that it forgot all of them", "", float64(f.forgot))
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
	for _, code := range f.refused.codes() {
		r.tell("answers "+code+" ("+explained[code]+")", "", float64(f.refused.count(code)))
	}
	r.must("answers with a code that no fault explains", "", 0, float64(f.refused.unexplained()))
	r.must("requests answered with a client error", "", 0, float64(f.rejected.Load()))
	r.must("repeats of an answered request that got another answer", "", 0, float64(f.changed.Load()))
	r.tell("whole run", "s", time.Since(began).Seconds())
	return nil
}

// faults lets callers write while calls are cut and refused, client tokens are forgotten, the service is killed and its power is cut, and
// checks what they were told.
func (b *bench) faults(ctx context.Context, plan faultPlan) (_ *faultRun, _ *history.Report, err error) {
	options := sandbox.Options{Write: sandbox.Latency{PerCall: plan.latency}, Seed: 1}
	s, err := b.open(ctx, environmentOptions{targets: plan.targets, sandbox: options, power: plan.cuts > 0})
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
	var troubles sync.WaitGroup
	var ended, switched error
	troubles.Go(func() {
		if ended = f.endRepeatedly(ctx); ended != nil {
			cancel() // without a service the callers would never end
		}
	})
	troubles.Go(func() { switched = f.switchTokens(ctx) })
	_, err = closedLoop(ctx, plan.callers, plan.requests, func(ctx context.Context, i int) error {
		defer f.done.Add(1)
		return f.request(ctx, i)
	})
	close(f.progress)
	troubles.Wait()
	if err := errors.Join(err, ended, switched); err != nil {
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
		{Action: sandbox.ActionRevoke, Every: 200}, // never twice in a row: a new token that is refused too is 401 bad_app_credentials
	} {
		fault.Endpoint = writes
		if _, err := f.environment.feishu.AddFault(fault); err != nil {
			return err
		}
	}
	return nil
}

// settle waits until nothing is in progress: it stops the service as a deployment does, and the next start finishes what is left.
func (f *faultRun) settle(ctx context.Context) error {
	for _, fault := range f.environment.feishu.Faults() {
		f.struck += fault.Struck
	}
	f.environment.feishu.ClearFaults()
	if err := f.tokens(sandbox.ClientTokenForget); err != nil {
		return err
	}
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
