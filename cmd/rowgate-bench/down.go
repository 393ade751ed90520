package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/rowgate/rowgate/internal/sandbox"
)

const (
	downTargets = 20
	downEvery   = 20 * time.Millisecond // between two requests
	probeEvery  = 3 * time.Second       // the breaker lets one call through each time that this is over
	backEvery   = 50 * time.Millisecond // between two requests once Feishu is back
	backMost    = 60 * time.Second      // without a success after that the scenario fails
)

// runDown makes Feishu unavailable in two ways and then available again.
func runDown(ctx context.Context, b *bench, r *report) error {
	for _, way := range []struct {
		name  string
		fault sandbox.Fault
	}{
		{"gateway errors", sandbox.Fault{Action: sandbox.ActionHTML, Status: http.StatusBadGateway}},
		{"cut connections", sandbox.Fault{Action: sandbox.ActionCut}},
	} {
		if err := downBy(ctx, b, r, way.name, way.fault); err != nil {
			return err
		}
	}
	return nil
}

func downBy(ctx context.Context, b *bench, r *report, name string, fault sandbox.Fault) error {
	s, err := b.open(ctx, environmentOptions{targets: downTargets})
	if err != nil {
		return err
	}
	defer func() { _ = s.close() }()
	if err := s.warm(ctx); err != nil {
		return err
	}
	if _, err := s.feishu.AddFault(fault); err != nil {
		return err
	}
	w := &recorder{environment: s}
	refusals := newLatencies()
	var accepted, refused atomic.Int64
	during := pick(b, 20*time.Second, 8*time.Second)
	open := time.Now().Add(during / 2) // by then the breakers have opened and who waited for a verdict has it
	send := func(ctx context.Context, i int) (reply, error) {
		id := fmt.Sprint("d", i)
		started := time.Now()
		got, answered, err := w.attempt(ctx, id, s.write(i, id), id)
		if err == nil && !answered {
			err = errors.New("the service does not answer")
		}
		// A row that was not sent to Feishu is certainly not written; the outcome of one that was sent is unknown.
		if got.status == http.StatusServiceUnavailable && got.Outcome == "not_written" {
			refused.Add(1)
			if started.After(open) {
				refusals.add(time.Since(started))
			}
		} else {
			accepted.Add(1)
		}
		return got, err
	}
	// Requests whose outcome is unknown go on for a while after the last one was sent: what Feishu is asked for them alone, with nobody
	// else calling, is probes of the breaker, one for each time that it is open. They are a figure of their own.
	sent := make(chan int, 1)
	time.AfterFunc(during, func() { sent <- s.feishu.CallCount("", "") })
	_, err = openLoop(ctx, downEvery, during, func(ctx context.Context, i int) error {
		_, err := send(ctx, i)
		return err
	})
	if err != nil {
		return err
	}
	calls := <-sent
	after := time.Since(open.Add(during / 2))
	probes := s.feishu.CallCount("", "") - calls
	r.tell("requests, "+name, "", float64(accepted.Load()+refused.Load()))
	r.tell("accepted, "+name, "", float64(accepted.Load()))
	r.atMost("calls to Feishu an accepted request, "+name, "calls", 1.2, float64(calls)/float64(max(1, accepted.Load())))
	r.atMost("probes of a Feishu that nobody else calls, "+name, "calls", 1+after.Seconds()/probeEvery.Seconds(), float64(probes))
	r.atMost("refusal once open, p50, "+name, "ms", 5, refusals.ms(50))
	r.atMost("refusal once open, p99, "+name, "ms", 5, refusals.ms(99))
	if err := recovery(ctx, r, name, s.feishu, send); err != nil {
		return err
	}
	found, err := w.check(s.warmMarks())
	if err != nil {
		return err
	}
	r.must("rows doubled, lost or from nobody, "+name, "", 0, float64(found.Broken()))
	return nil
}

// recovery makes Feishu available again and waits until a write to every target succeeds.
func recovery(ctx context.Context, r *report, name string, feishu *sandbox.Sandbox, send func(context.Context, int) (reply, error)) error {
	feishu.ClearFaults()
	ctx, cancel := context.WithTimeout(ctx, backMost)
	defer cancel()
	back, err := closedLoop(ctx, downTargets, downTargets, func(ctx context.Context, target int) error {
		for i := target + downTargets*1_000_000; ; i += downTargets { // numbers that no request has had
			got, err := send(ctx, i)
			if err != nil || got.status == http.StatusOK {
				return err
			}
			if !wait(ctx, backEvery) {
				return errors.New("the service does not recover")
			}
		}
	})
	if err != nil {
		return err
	}
	r.atMost("first app written to after Feishu is back, "+name, "s", 10, back.ms(0)/1e3)
	r.atMost("last app written to after Feishu is back, "+name, "s", 10, back.ms(100)/1e3)
	return nil
}
