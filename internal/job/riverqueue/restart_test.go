package riverqueue_test

import (
	"context"
	"log/slog"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/rowgate/rowgate/internal/job"
	"github.com/rowgate/rowgate/internal/pgtest"
	"github.com/rowgate/rowgate/internal/secret"
)

// TestRestartedServer: PostgreSQL crashes and comes back under load. Every job that was acknowledged is done.
func TestRestartedServer(t *testing.T) {
	t.Parallel()
	cluster := pgtest.New(t, pgtest.Options{Sync: true})
	where := cluster.Database(t)
	parts, err := onPostgres.Open(t.Context(), where, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = parts.Close() }()
	ring, err := secret.NewKeyring(make([]byte, secret.KeyBytes))
	if err != nil {
		t.Fatal(err)
	}
	var handled atomic.Int32
	kind := job.Kind[int]{Name: "restart"}
	engine, err := job.New(job.Options{
		Database: parts.Database, Queue: parts.Queue, Keeper: parts.Keeper, Keyring: ring, Logger: slog.New(slog.DiscardHandler),
		Metrics: prometheus.NewRegistry(),
		Handlers: []job.Handler{kind.On(func(context.Context, job.Run, int) job.Outcome {
			handled.Add(1)
			return job.Done()
		})},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := engine.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := engine.Stop(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	}()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	var acknowledged []string
	add := func() error {
		receipts, err := engine.Add(ctx, kind.Job(1))
		if err == nil {
			acknowledged = append(acknowledged, receipts[0].ID)
		}
		return err
	}
	for range 50 {
		if err := add(); err != nil {
			t.Fatal(err)
		}
	}
	cluster.Kill(t)
	if err := add(); err == nil {
		t.Error("a job was acknowledged by a server that is down")
	}
	cluster.Start(t)
	for n := 0; n < 50 && ctx.Err() == nil; {
		if add() == nil {
			n++
		}
	}
	for _, id := range acknowledged {
		for {
			info, err := engine.Get(ctx, id)
			if err == nil && info.State == job.Finished {
				break
			}
			select {
			case <-time.After(20 * time.Millisecond):
			case <-ctx.Done():
				t.Fatalf("%+v, %v: a job is not done after %d were", info, err, handled.Load())
			}
		}
	}
}
