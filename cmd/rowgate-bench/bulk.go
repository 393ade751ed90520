package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/rowgate/rowgate/internal/sandbox"
)

// Sizes of the bulk: requests of the most rows that one may have.
const (
	bulkRows    = 50_000
	requestRows = 10_000
	batchRows   = 1_000 // Feishu's most rows a call
)

// runBulk writes many rows into one table and compares with what one writer at a time can reach: a full batch every time that a call
// takes. That time is the one that Feishu itself needed, measured there.
func runBulk(ctx context.Context, b *bench, r *report) error {
	for _, latency := range pick(b, []time.Duration{100 * time.Millisecond, 500 * time.Millisecond}, []time.Duration{100 * time.Millisecond}) {
		if err := bulkAt(ctx, b, r, latency); err != nil {
			return err
		}
	}
	return nil
}

func bulkAt(ctx context.Context, b *bench, r *report, latency time.Duration) error {
	s, err := b.open(ctx, environmentOptions{sandbox: sandbox.Options{Write: sandbox.Latency{PerCall: latency}}})
	if err != nil {
		return err
	}
	defer func() { _ = s.close() }()
	if err := s.warm(ctx); err != nil {
		return err
	}
	bodies := make([]call, bulkRows/requestRows)
	for i := range bodies {
		marks := make([]string, requestRows)
		for n := range marks {
			marks[n] = fmt.Sprintf("r%d-%d", i, n)
		}
		bodies[i] = s.write(0, marks...)
		bodies[i].query = "timeout_ms=55000&return=none"
	}
	began := time.Now()
	_, err = closedLoop(ctx, len(bodies), len(bodies), func(ctx context.Context, i int) error {
		return s.caller.mustWrite(ctx, bodies[i])
	})
	if err != nil {
		return err
	}
	took := time.Since(began)
	calls, _ := s.calls()
	each, err := callTime(s)
	if err != nil {
		return err
	}
	at := fmt.Sprintf(", %d ms a call", latency.Milliseconds())
	least := float64(bulkRows / batchRows)
	r.must("rows written"+at, "rows", bulkRows+1, float64(s.landed()))
	r.mustAtMost("write calls, of the least number"+at, "×", 1.01, float64(calls)/least)
	r.atLeast("share of one full batch after the other"+at, "%", leastShare(latency), 100*least*each.Seconds()/took.Seconds())
	r.tell("rows a second"+at, "rows/s", bulkRows/took.Seconds())
	_, peak := s.service.memory()
	r.tell("service RSS at most"+at, "MB", megabytes(peak))
	return nil
}

// leastShare is the share wanted in percent: what is not Feishu's own time weighs more beside short calls.
func leastShare(latency time.Duration) float64 {
	if latency < 500*time.Millisecond {
		return 97
	}
	return 99
}

// callTime is how long Feishu took over a write, on average.
func callTime(s *environment) (time.Duration, error) {
	var sum time.Duration
	n := 0
	for _, one := range s.feishu.Journal() {
		if one.Committed {
			sum += one.Took
			n++
		}
	}
	if n == 0 {
		return 0, errors.New("no write was made")
	}
	return sum / time.Duration(n), nil
}

func megabytes(bytes float64) float64 { return bytes / (1 << 20) }
