package main

import (
	"context"
	"encoding/json"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/rowgate/rowgate/internal/sandbox"
)

// Sizes of the group of callers that shares one call.
const (
	hiddenCallers = 200
	hiddenRows    = 5  // a caller
	hiddenEvery   = 60 // callers 60, 120 and 180 have a bad row each
	hiddenBad     = 3
)

// runHidden puts rows that only Feishu can refuse, links to records that do not exist, among the rows of many callers that share one
// call.
func runHidden(ctx context.Context, b *bench, r *report) error {
	latency := pick(b, 300*time.Millisecond, 150*time.Millisecond)
	s, err := b.open(ctx, environmentOptions{sandbox: sandbox.Options{Write: sandbox.Latency{PerCall: latency}}})
	if err != nil {
		return err
	}
	defer func() { _ = s.close() }()
	if err := s.warm(ctx); err != nil {
		return err
	}
	var guilty, innocent atomic.Int64
	// One call more occupies the base while the others arrive, so that they leave together.
	_, err = closedLoop(ctx, hiddenCallers+1, hiddenCallers+1, func(ctx context.Context, i int) error {
		if i == 0 {
			return s.caller.mustWrite(ctx, s.write(0, "first"))
		}
		if !wait(ctx, latency/5) {
			return ctx.Err()
		}
		body, err := hiddenBody(i)
		if err != nil {
			return err
		}
		one := s.write(0)
		one.query, one.body = "on_error=skip", body
		got, err := s.caller.write(ctx, one)
		if err != nil {
			return err
		}
		switch {
		case isBad(i) && len(got.Errors) == 1 && got.Errors[0].Index == hiddenRows-1 && got.Created == hiddenRows-1:
			guilty.Add(1)
		case !isBad(i) && got.OK && got.Created == hiddenRows:
			innocent.Add(1)
		}
		return nil
	})
	if err != nil {
		return err
	}
	calls, _ := s.calls()
	largest := 0
	for _, one := range s.feishu.Journal() {
		largest = max(largest, one.Rows)
	}
	r.tell("rows of the largest call", "rows", float64(largest))
	r.must("rows written of 1,000", "rows", hiddenCallers*hiddenRows-hiddenBad, float64(s.landed()-2)) // without the first and the warm row
	r.must("callers that got the error of their own row, and the rest written", "callers", hiddenBad, float64(guilty.Load()))
	r.must("callers that noticed nothing", "callers", hiddenCallers-hiddenBad, float64(innocent.Load()))
	r.mustAtMost("write calls, the first one included", "calls", 40, float64(calls))
	return nil
}

func isBad(i int) bool { return i%hiddenEvery == 0 }

// hiddenBody is the request of the i-th caller.
func hiddenBody(i int) ([]byte, error) {
	rows := make([]map[string]any, hiddenRows)
	for n := range rows {
		rows[n] = map[string]any{columnMark: fmt.Sprintf("h%d-%d", i, n), columnCount: n}
	}
	if isBad(i) {
		rows[hiddenRows-1][columnLink] = fmt.Sprintf("recNotThere%03d", i)
	}
	return json.Marshal(map[string]any{"records": rows})
}
