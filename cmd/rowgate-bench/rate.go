package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"sync/atomic"
	"time"
)

// runRate sends one-row requests as fast as they are answered, with a Feishu that takes no time: first all into one base, where
// they merge, then over many apps and bases. Callers, Feishu and service share the machine.
func runRate(ctx context.Context, b *bench, r *report) error {
	for _, load := range []struct {
		name             string
		targets, callers int
		wanted           bool
	}{
		{"one base", 1, 512, true},
		{"64 apps and bases", 64, 512, false},
	} {
		if err := rateOf(ctx, b, r, load.name, load.targets, load.callers, load.wanted); err != nil {
			return err
		}
	}
	return nil
}

func rateOf(ctx context.Context, b *bench, r *report, name string, targets, callers int, wanted bool) error {
	s, err := b.open(ctx, environmentOptions{targets: targets})
	if err != nil {
		return err
	}
	defer func() { _ = s.close() }()
	if err := s.warm(ctx); err != nil {
		return err
	}
	var mark, acknowledged, refused atomic.Int64
	write := func(ctx context.Context, _ int) error {
		n := mark.Add(1)
		got, err := s.caller.write(ctx, s.write(int(n), fmt.Sprint("r", n)))
		switch {
		case err != nil:
			return err
		case got.isRefused():
			refused.Add(1)
			return errRefused
		}
		acknowledged.Add(1)
		return got.whole()
	}
	load := func(seconds int) (*latencies, error) {
		limited, cancel := context.WithTimeout(ctx, time.Duration(seconds)*time.Second)
		defer cancel()
		return closedLoop(limited, callers, math.MaxInt, func(context.Context, int) error { return write(ctx, 0) })
	}
	if _, err := load(1); err != nil { // connections and heap grow to their size
		return err
	}
	s.feishu.ResetCalls()
	began, before, others := time.Now(), s.service.cpu(), ownCPU()
	seconds := pick(b, 15, 5)
	profiled := s.profile(ctx, b, fmt.Sprintf("rate-%d", targets), seconds)
	l, err := load(seconds)
	if err := errors.Join(err, <-profiled); err != nil {
		return err
	}
	took := time.Since(began)
	spent, others := s.service.cpu()-before, ownCPU()-others
	calls, _ := s.calls()
	now, peak := s.service.memory()
	perSecond := l.count() / took.Seconds()
	if wanted {
		r.atLeast("requests a second, "+name, "/s", 8000, perSecond)
		r.atMost("service RSS at most, "+name, "MB", 150, megabytes(peak))
		r.atMost("processor time of the service a request, "+name, "ms", 0.15, ms(spent)/l.count())
	} else {
		r.tell("requests a second, "+name, "/s", perSecond)
		r.tell("service RSS at most, "+name, "MB", megabytes(peak))
		r.tell("processor time of the service a request, "+name, "ms", ms(spent)/l.count())
	}
	r.tell("service RSS at the end, "+name, "MB", megabytes(now))
	r.tell("latency with all callers waiting, p50, "+name, "ms", l.ms(50))
	r.tell("latency with all callers waiting, p99, "+name, "ms", l.ms(99))
	r.tell("rows a write call, "+name, "rows", l.count()/float64(calls))
	r.tell("processor time of callers and Feishu a request, "+name, "ms", ms(others)/l.count())
	// Where other work takes part of the machine, this is what would be left of the rate without it.
	r.tell("requests a second that the time of two whole cores is enough for, "+name, "/s", 2*l.count()/(spent+others).Seconds())

	// Half of what callers who wait can get: a load that the service must carry without a queue.
	every := time.Duration(2 * float64(time.Second) / perSecond)
	steady, err := openLoop(ctx, every, time.Duration(pick(b, 10, 3))*time.Second, write)
	if err != nil {
		return err
	}
	r.tell("latency at half that rate, open loop, p50, "+name, "ms", steady.ms(50))
	r.tell("latency at half that rate, open loop, p99, "+name, "ms", steady.ms(99))
	// An open loop does not wait for the service: where the machine stalls, more requests are under way than the service takes.
	r.atMost("requests refused because too many were under way, "+name, "", 0, float64(refused.Load()))
	r.must("rows in the tables for each one acknowledged, "+name, "", 1, float64(s.landed())/float64(acknowledged.Load()+int64(targets)))
	return nil
}
