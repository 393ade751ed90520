package main

import (
	"context"
	"fmt"
	"time"

	"github.com/rowgate/rowgate/internal/sandbox"
)

// coalesceCallers is how many callers write one row each at once.
const coalesceCallers = 200

// runCoalesce lets many callers write one row each into one base at once: through the service, and each by itself with retries.
func runCoalesce(ctx context.Context, b *bench, r *report) error {
	latency := pick(b, 300*time.Millisecond, 60*time.Millisecond)
	s, err := b.open(ctx, environmentOptions{sandbox: sandbox.Options{Write: sandbox.Latency{PerCall: latency}}})
	if err != nil {
		return err
	}
	defer func() { _ = s.close() }()
	if err := s.warm(ctx); err != nil {
		return err
	}
	rounds := pick(b, 5, 3)
	var slowest time.Duration
	var mostCalls, conflicts int64
	for round := range rounds {
		s.feishu.ResetCalls()
		began := time.Now()
		_, err := closedLoop(ctx, coalesceCallers, coalesceCallers, func(ctx context.Context, i int) error {
			return s.caller.mustWrite(ctx, s.write(0, fmt.Sprintf("a%d-%d", round, i)))
		})
		if err != nil {
			return err
		}
		slowest = max(slowest, time.Since(began))
		writes, refused := s.calls()
		mostCalls, conflicts = max(mostCalls, writes), conflicts+refused
	}

	alone, err := newDirect(ctx, s, s.feishuURL)
	if err != nil {
		return err
	}
	s.feishu.ResetCalls()
	// Feishu advises to wait half a second and more after a conflict; both bounds shrink with the latency, so that the ratio holds.
	patience := jitter{base: latency * 5 / 3, most: latency * 25}
	began := time.Now()
	_, err = closedLoop(ctx, coalesceCallers, coalesceCallers, func(ctx context.Context, i int) error {
		return alone.writeWithRetries(ctx, s.targets[0], fmt.Sprint("b", i), patience)
	})
	if err != nil {
		return err
	}
	baseline := time.Since(began)
	calls, _ := s.calls()

	r.mustAtMost(fmt.Sprintf("write calls for %d callers, worst of %d rounds", coalesceCallers, rounds), "calls", 3, float64(mostCalls))
	r.must("write conflicts (1254291)", "", 0, float64(conflicts))
	r.must("rows written", "rows", float64(coalesceCallers*(rounds+1)+1), float64(s.landed()))
	r.tell("slowest round", "ms", ms(slowest))
	r.tell("one call a row with jittered retry", "ms", ms(baseline))
	r.tell("its calls", "calls", float64(calls))
	r.atLeast("times as fast, slowest round", "×", 100, float64(baseline)/float64(slowest))
	return coalesceShared(ctx, b, r, latency)
}

// coalesceShared lets as many callers write into two tables of one base by two apps: no call can hold rows of two of the four.
func coalesceShared(ctx context.Context, b *bench, r *report, latency time.Duration) error {
	s, err := b.open(ctx, environmentOptions{oneBase: true, sandbox: sandbox.Options{Write: sandbox.Latency{PerCall: latency}}})
	if err != nil {
		return err
	}
	defer func() { _ = s.close() }()
	if err := s.warm(ctx); err != nil {
		return err
	}
	rounds := pick(b, 5, 3)
	var mostCalls, conflicts int64
	for round := range rounds {
		s.feishu.ResetCalls()
		_, err := closedLoop(ctx, coalesceCallers, coalesceCallers, func(ctx context.Context, i int) error {
			return s.caller.mustWrite(ctx, s.write(i, fmt.Sprintf("a%d-%d", round, i)))
		})
		if err != nil {
			return err
		}
		writes, refused := s.calls()
		mostCalls, conflicts = max(mostCalls, writes), conflicts+refused
	}
	const where = ", 2 tables and 2 apps of one base"
	name := fmt.Sprintf("write calls for %d callers%s, worst of %d rounds", coalesceCallers, where, rounds)
	r.mustAtMost(name, "calls", 9, float64(mostCalls))
	r.must("write conflicts (1254291)"+where, "", 0, float64(conflicts))
	r.must("rows written"+where, "rows", float64(coalesceCallers*rounds+len(s.targets)), float64(s.landed()))
	return nil
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1e3 }
