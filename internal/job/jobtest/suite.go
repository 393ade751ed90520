// Package jobtest is the conformance suite of the background engine: what every queue and database must hold.
package jobtest

import (
	"context"
	"io"
	"log/slog"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/rowgate/rowgate/internal/job"
	"github.com/rowgate/rowgate/internal/secret"
)

// Backend is a database with a queue under test.
type Backend struct {
	Name string
	// New makes an empty database and says where it is, for Open in this or another process.
	New  func(tb testing.TB) string
	Open func(ctx context.Context, where string, logger *slog.Logger) (*Parts, error)
	// Several processes may open it at once.
	Several bool
}

// Parts are what an engine stands on.
type Parts struct {
	Database job.Database
	Queue    job.Queue
	Keeper   job.Keeper
	Close    func() error
}

// Run runs the suite on a backend.
func Run(t *testing.T, backend Backend) {
	for name, test := range map[string]func(*testing.T, Backend){
		"enqueue": testEnqueue, "unique": testUnique, "order": testOrder, "outcomes": testOutcomes, "console": testConsole,
		"schedules": testSchedules, "stop": testStop, "keys": testKeys, "retention": testRetention, "bounds": testBounds,
		"repair": testRepair, "fence": testFence, "kill": testKill, "pause": testPause,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, backend)
		})
	}
}

// patience bounds every wait of the suite; machines under test are busy.
const patience = 5 * time.Minute

// note is the payload of the suite's jobs.
type note struct {
	Key string `json:"key,omitempty"`
	N   int    `json:"n"`
}

// quick is a policy that a test can wait for.
var quick = job.Policy{Waits: []time.Duration{time.Second, time.Second}, Jitter: 0.2}

var work = job.Kind[note]{Name: "work", Options: job.KindOptions{Retry: quick}}

// bench is an engine on a database, with a table in which handlers make effects.
type bench struct {
	*job.Engine
	parts    *Parts
	registry *prometheus.Registry
}

// key is the suite's key ring.
func keyring(tb testing.TB) *secret.Keyring {
	tb.Helper()
	ring, err := secret.NewKeyring(make([]byte, secret.KeyBytes))
	if err != nil {
		tb.Fatal(err)
	}
	return ring
}

// options say how an engine of the suite differs.
type options struct {
	ring   *secret.Keyring
	bounds job.Bounds
	idle   bool // not started
	log    io.Writer
}

// start opens a database and starts an engine on it, which ends with the test.
func start(t *testing.T, backend Backend, where string, o options, handlers ...job.Handler) *bench {
	t.Helper()
	if o.ring == nil {
		o.ring = keyring(t)
	}
	if o.log == nil {
		o.log = io.Discard
	}
	logger := slog.New(slog.NewTextHandler(o.log, nil))
	parts, err := backend.Open(t.Context(), where, logger)
	if err != nil {
		t.Fatal("open: ", err)
	}
	t.Cleanup(func() {
		if err := parts.Close(); err != nil {
			t.Error("close: ", err)
		}
	})
	b := &bench{parts: parts, registry: prometheus.NewRegistry()}
	b.Engine, err = job.New(job.Options{
		Database: parts.Database, Queue: parts.Queue, Keeper: parts.Keeper, Keyring: o.ring, Handlers: handlers, Logger: logger,
		Metrics: b.registry, Bounds: o.bounds,
	})
	if err != nil {
		t.Fatal("new: ", err)
	}
	if err := makeEffects(t.Context(), parts.Database); err != nil {
		t.Fatal(err)
	}
	if o.idle {
		return b
	}
	if err := b.Start(t.Context()); err != nil {
		t.Fatal("start: ", err)
	}
	t.Cleanup(func() {
		if err := b.Stop(context.WithoutCancel(t.Context())); err != nil {
			t.Error("stop: ", err)
		}
	})
	return b
}

// add enqueues jobs, all new.
func (b *bench) add(t *testing.T, jobs ...job.Job) []string {
	t.Helper()
	receipts, err := b.Add(t.Context(), jobs...)
	if err != nil {
		t.Fatal("add: ", err)
	}
	ids := make([]string, len(receipts))
	for i, r := range receipts {
		if !r.New {
			t.Fatalf("job %d is not new", i)
		}
		ids[i] = r.ID
	}
	return ids
}

// await waits until a job is in a state.
func (b *bench) await(t *testing.T, id string, state job.State) job.Info {
	t.Helper()
	var info job.Info
	eventually(t, func() (bool, error) {
		var err error
		info, err = b.Get(t.Context(), id)
		return info.State == state, err
	})
	return info
}

// eventually waits until done is true.
func eventually(t *testing.T, done func() (bool, error)) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for {
		ok, err := done()
		if err != nil {
			t.Fatal(err)
		}
		if ok {
			return
		}
		select {
		case <-ctx.Done():
			t.Fatal("it does not come about")
		case <-time.After(20 * time.Millisecond):
		}
	}
}
