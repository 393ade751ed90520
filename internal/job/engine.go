package job

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/rowgate/rowgate/internal/secret"
)

// stopFor is how long Stop lets handlers go on before it ends their contexts.
const stopFor = 10 * time.Second

// Options of an Engine; all are required but those that say otherwise.
type Options struct {
	Database Database
	Queue    Queue
	Keeper   Keeper
	Keyring  *secret.Keyring // with the database's own name key, so that keys and slots have the same names for ever
	Handlers []Handler
	Logger   *slog.Logger
	Metrics  prometheus.Registerer
	Bounds   Bounds // zero fields stand for the defaults
}

// Bounds of what is kept.
type Bounds struct {
	Waiting      int           // jobs that wait; MaxWaiting
	WaitingBytes int           // MaxWaitingBytes
	Ended        int           // jobs that have ended; MaxEnded
	EndedBytes   int           // of their payloads; MaxEndedBytes
	Tenant       int           // ended jobs of one tenant; MaxEndedTenant
	Retention    time.Duration // how long an ended job is kept; Retention
}

// Engine keeps jobs and has them done. Its methods are safe for concurrent use.
type Engine struct {
	opts     Options
	handlers map[string]*Handler
	metrics  *metrics

	mu   sync.Mutex
	load load
	busy map[string]context.CancelFunc // by id of the job that a handler is at

	behind sync.WaitGroup
	quit   context.CancelFunc // nil before Start
	stop   sync.Once
	ended  error // of Stop
}

// New makes an engine that is not started; Enqueue works before Start.
func New(o Options) (*Engine, error) {
	o.Bounds = o.Bounds.withDefaults()
	e := &Engine{opts: o, handlers: make(map[string]*Handler), busy: make(map[string]context.CancelFunc)}
	handlers := append([]Handler{retention.On(e.purge)}, o.Handlers...)
	for i := range handlers {
		h := &handlers[i]
		if err := h.check(); err != nil {
			return nil, err
		}
		if e.handlers[h.kind] != nil {
			return nil, fmt.Errorf("kind %s has two handlers", h.kind)
		}
		e.handlers[h.kind] = h
	}
	e.metrics = newMetrics(e)
	return e, nil
}

func (b Bounds) withDefaults() Bounds {
	return Bounds{
		Waiting: cmp.Or(b.Waiting, MaxWaiting), WaitingBytes: cmp.Or(b.WaitingBytes, MaxWaitingBytes),
		Ended: cmp.Or(b.Ended, MaxEnded), EndedBytes: cmp.Or(b.EndedBytes, MaxEndedBytes),
		Tenant: cmp.Or(b.Tenant, MaxEndedTenant), Retention: cmp.Or(b.Retention, Retention),
	}
}

// Start frees what an earlier process of this database left in hand, if no other can be at work there, and begins. Stop it in the end.
func (e *Engine) Start(ctx context.Context) error {
	if !e.opts.Database.Several() {
		if err := e.sweep(ctx, ""); err != nil {
			return fmt.Errorf("jobs: %w", err)
		}
	}
	if err := e.measure(ctx); err != nil {
		return fmt.Errorf("jobs: %w", err)
	}
	if err := e.Schedule(ctx, retentionSchedule); err != nil {
		return fmt.Errorf("jobs: %w", err)
	}
	if e.opts.Database.Several() {
		if err := e.beat(ctx); err != nil {
			return fmt.Errorf("jobs: %w", err)
		}
	}
	pools := make([]Pool, 0, len(e.handlers))
	for kind, h := range e.handlers {
		pools = append(pools, Pool{Kind: kind, Workers: h.options.Workers})
	}
	slices.SortFunc(pools, func(a, b Pool) int { return cmp.Compare(a.Kind, b.Kind) })
	if err := e.opts.Queue.Start(ctx, pools, e.work); err != nil {
		return fmt.Errorf("jobs: %w", err)
	}
	ctx, e.quit = context.WithCancel(context.WithoutCancel(ctx))
	e.behind.Go(func() { e.keepUp(ctx) })
	return nil
}

// Stop takes no new work, waits for the handlers (stopFor; then their contexts end), and returns. What is not done stays for the
// next start, and what was interrupted counts as no try. It may be called twice, and without Start.
func (e *Engine) Stop(ctx context.Context) error {
	if e.quit == nil {
		return nil
	}
	e.stop.Do(func() {
		e.quit()
		e.behind.Wait()
		stopping, cancel := context.WithTimeout(ctx, stopFor)
		defer cancel()
		e.ended = e.opts.Queue.Stop(stopping)
		if e.opts.Database.Several() {
			e.ended = errors.Join(e.ended, e.leave(ctx))
		}
	})
	return e.ended
}

// Ping reports whether jobs can be read.
func (e *Engine) Ping(ctx context.Context) error {
	return e.opts.Database.Read(ctx, func(ctx context.Context, tx Tx) error {
		var n int
		_, err := one(ctx, tx, `SELECT 1`, nil, &n)
		return err
	})
}

// Write runs a transaction of the engine's database, for callers who have none: what they enqueue in it is there once Write returns.
func (e *Engine) Write(ctx context.Context, within func(ctx context.Context, tx Tx) error) error {
	return e.opts.Database.Write(ctx, within)
}
