package main

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// endRepeatedly ends the service after each share of the requests, by kill -9 and by power cuts in turn, and starts it again on what
// is left of its database.
func (f *faultRun) endRepeatedly(ctx context.Context) error {
	ticker := time.NewTicker(5 * time.Millisecond)
	defer ticker.Stop()
	ends := f.plan.kills + f.plan.cuts
	for n := 1; n <= ends; {
		select {
		case <-f.progress:
			return nil
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
		if f.done.Load() < int64(n*f.plan.requests/(ends+1)) {
			continue
		}
		if err := f.end(ctx); err != nil {
			return fmt.Errorf("restart %d: %w", n, err)
		}
		n++
	}
	return nil
}

// end ends the service once and starts it again.
func (f *faultRun) end(ctx context.Context) error {
	s := f.environment
	f.restart.begin()
	defer f.restart.end()
	if f.kills < f.plan.kills && f.kills <= f.cuts || f.cuts == f.plan.cuts {
		s.service.kill()
		f.kills++
		if s.power != nil {
			if err := s.power.read(); err != nil {
				return err
			}
		}
	} else {
		all := outages()
		if err := s.power.cut(ctx, all[f.cuts%len(all)]); err != nil {
			return err
		}
		f.cuts++
	}
	_, err := s.service.start(ctx)
	return err
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
