package main

import (
	"context"
	"slices"
	"time"
)

// runIdle measures a service that has not been called.
func runIdle(ctx context.Context, b *bench, r *report) error {
	s, err := b.open(ctx, environmentOptions{})
	if err != nil {
		return err
	}
	defer func() { _ = s.close() }()
	starts := pick(b, 11, 5)
	var times []time.Duration
	for range starts { // on an existing database, as after a deployment
		if err := s.service.stop(); err != nil {
			return err
		}
		took, err := s.service.start(ctx)
		if err != nil {
			return err
		}
		times = append(times, took)
	}
	if !wait(ctx, pick(b, 10*time.Second, 3*time.Second)) {
		return ctx.Err()
	}
	now, peak := s.service.memory()
	slices.Sort(times)
	r.atMost("RSS", "MB", 40, megabytes(now))
	r.tell("RSS at most", "MB", megabytes(peak))
	r.atMost("from exec to /readyz 200, median", "ms", 300, ms(times[len(times)/2]))
	r.tell("from exec to /readyz 200, slowest", "ms", ms(times[len(times)-1]))
	return nil
}
