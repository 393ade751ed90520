package main

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

const (
	shortest       = 1                            // µs: the histogram's resolution
	longest        = int64(5 * time.Minute / 1e3) // µs: longer ones count as this
	digits         = 3
	maxOutstanding = 20_000 // requests of an open loop under way; past it the loop gives up
)

// errRefused is the error of a request that the service refused unseen: a loop counts it neither as answered nor as failed.
var errRefused = errors.New("the service has too many requests")

// latencies is a histogram of times. It is safe for concurrent use.
type latencies struct {
	mu   sync.Mutex
	hist *hdrhistogram.Histogram
}

func newLatencies() *latencies { return &latencies{hist: hdrhistogram.New(shortest, longest, digits)} }

func (l *latencies) add(d time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	_ = l.hist.RecordValue(min(max(d.Microseconds(), shortest), longest)) // within the range it cannot fail
}

// ms returns a percentile in milliseconds.
func (l *latencies) ms(percentile float64) float64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return float64(l.hist.ValueAtPercentile(percentile)) / 1e3
}

func (l *latencies) count() float64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return float64(l.hist.TotalCount())
}

// closedLoop lets callers work side by side, each with one request at a time, until n requests are taken or ctx ends: what callers
// do who wait for their answers. do gets the number of the request, from 0. It returns the times of those that
// succeeded, and the first error.
func closedLoop(ctx context.Context, callers, n int, do func(ctx context.Context, i int) error) (*latencies, error) {
	l := newLatencies()
	var next atomic.Int64
	var failed onceError
	var all sync.WaitGroup
	for range callers {
		all.Go(func() {
			for ctx.Err() == nil {
				i := int(next.Add(1)) - 1
				if i >= n {
					return
				}
				began := time.Now()
				if err := do(ctx, i); err != nil {
					failed.set(err)
					continue
				}
				l.add(time.Since(began))
			}
		})
	}
	all.Wait()
	return l, failed.get()
}

// openLoop starts a request every interval, whether or not earlier ones were answered, for so long: what callers do who know
// nothing of each other. A time counts from the instant at which the request was due, so that a stall is seen by all that should have
// been sent during it (no coordinated omission).
func openLoop(ctx context.Context, every, during time.Duration, do func(ctx context.Context, i int) error) (*latencies, error) {
	l := newLatencies()
	var failed onceError
	var all sync.WaitGroup
	var outstanding atomic.Int64
	began := time.Now()
	for i := 0; time.Duration(i)*every < during && ctx.Err() == nil; i++ {
		due := began.Add(time.Duration(i) * every)
		if !wait(ctx, time.Until(due)) {
			break
		}
		if outstanding.Load() >= maxOutstanding {
			failed.set(errors.New("the open loop has too many requests under way"))
			break
		}
		outstanding.Add(1)
		all.Go(func() {
			defer outstanding.Add(-1)
			if err := do(ctx, i); err != nil {
				failed.set(err)
				return
			}
			l.add(time.Since(due))
		})
	}
	all.Wait()
	return l, failed.get()
}

// wait lets d pass; false if ctx ended first.
func wait(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return ctx.Err() == nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// onceError keeps the first error. It is safe for concurrent use.
type onceError struct {
	mu    sync.Mutex
	first error
}

// set keeps err, if it is a failure.
func (o *onceError) set(err error) {
	if errors.Is(err, errRefused) {
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.first == nil {
		o.first = err
	}
}

func (o *onceError) get() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.first
}
