package riverqueue_test

import (
	"context"
	"log/slog"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/rowgate/rowgate/internal/job"
	"github.com/rowgate/rowgate/internal/job/jobdb"
	"github.com/rowgate/rowgate/internal/job/riverqueue"
	"github.com/rowgate/rowgate/internal/outbox"
	"github.com/rowgate/rowgate/internal/outbox/sqlite"
	"github.com/rowgate/rowgate/internal/secret"
)

// jobsPerSecond are enqueued and done beside the writes.
const jobsPerSecond = 100

// BenchmarkBesideJobs measures what the jobs of the background engine cost a lone write in the same file: an entry is stored and ended,
// in two synced commits, alone and beside jobsPerSecond jobs. Compare the two lines of one run; what a commit costs is the disk's.
func BenchmarkBesideJobs(b *testing.B) {
	for _, jobs := range []int{0, jobsPerSecond} {
		b.Run(strconv.Itoa(jobs)+"_jobs_a_second", func(b *testing.B) { besideJobs(b, jobs) })
	}
}

func besideJobs(b *testing.B, jobs int) {
	store, err := sqlite.Open(b.Context(), filepath.Join(b.TempDir(), "rowgate.db"))
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = store.Close() }()
	db, err := store.Share()
	if err != nil {
		b.Fatal(err)
	}
	database, err := jobdb.OpenSQLite(b.Context(), db, sqlite.Synced)
	if err != nil {
		b.Fatal(err)
	}
	logger := slog.New(slog.DiscardHandler)
	queue, err := riverqueue.OpenSQLite(b.Context(), db, riverqueue.Options{Logger: logger})
	if err != nil {
		b.Fatal(err)
	}
	ring, err := secret.NewKeyring(make([]byte, secret.KeyBytes))
	if err != nil {
		b.Fatal(err)
	}
	kind := job.Kind[string]{Name: "bench"}
	engine, err := job.New(job.Options{
		Database: database, Queue: queue, Keeper: queue, Keyring: ring, Logger: logger, Metrics: prometheus.NewRegistry(),
		Handlers: []job.Handler{kind.On(func(context.Context, job.Run, string) job.Outcome { return job.Done() })},
	})
	if err != nil {
		b.Fatal(err)
	}
	if err := engine.Start(b.Context()); err != nil {
		b.Fatal(err)
	}
	ctx, cancel := context.WithCancel(b.Context())
	ended := make(chan int, 1)
	go func() {
		added := 0
		defer func() { ended <- added }()
		if jobs == 0 {
			return
		}
		ticker := time.NewTicker(time.Second / time.Duration(jobs))
		defer ticker.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-ticker.C:
				if _, err := engine.Add(ctx, kind.Job("payload")); err == nil {
					added++
				}
			}
		}
	}()
	var took []time.Duration
	began := time.Now()
	for n := 0; b.Loop(); n++ {
		id, begin := "e"+strconv.Itoa(n), time.Now()
		insert := outbox.Entry{ID: id, Lane: "lane", Tenant: "tenant", Rows: 1, Payload: make([]byte, 200), CreatedAt: begin}
		if err := store.Apply(b.Context(), &outbox.Changes{Insert: []outbox.Entry{insert}}); err != nil {
			b.Fatal(err)
		}
		done := outbox.EntryResult{ID: id, Result: make([]byte, 100), DoneAt: begin}
		if err := store.Apply(b.Context(), &outbox.Changes{Done: []outbox.EntryResult{done}}); err != nil {
			b.Fatal(err)
		}
		took = append(took, time.Since(begin))
	}
	lasted := time.Since(began)
	cancel()
	added := <-ended
	if err := engine.Stop(context.WithoutCancel(ctx)); err != nil {
		b.Error(err)
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Microseconds()), "p50-µs")
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds()), "p99-µs")
	b.ReportMetric(float64(len(took))/lasted.Seconds(), "writes/s")
	b.ReportMetric(float64(added)/lasted.Seconds(), "jobs/s")
}
