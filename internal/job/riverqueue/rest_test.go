package riverqueue_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/rowgate/rowgate/internal/job"
	"github.com/rowgate/rowgate/internal/secret"
)

// TestAtRest: nothing of a payload, of a key or of what a handler says is in the files in clear, whatever becomes of the job.
func TestAtRest(t *testing.T) {
	t.Parallel()
	const canary = "canary-5f1e"
	where := onSQLite.New(t)
	var log bytes.Buffer
	logger := slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	parts, err := onSQLite.Open(t.Context(), where, logger)
	if err != nil {
		t.Fatal(err)
	}
	ring, err := secret.NewKeyring(make([]byte, secret.KeyBytes))
	if err != nil {
		t.Fatal(err)
	}
	kind := job.Kind[string]{Name: "rest"}
	engine, err := job.New(job.Options{
		Database: parts.Database, Queue: parts.Queue, Keeper: parts.Keeper, Keyring: ring, Logger: logger, Metrics: prometheus.NewRegistry(),
		Handlers: []job.Handler{kind.On(func(_ context.Context, _ job.Run, what string) job.Outcome {
			switch {
			case strings.HasPrefix(what, "panic"):
				panic(canary)
			case strings.HasPrefix(what, "dead"):
				return job.Dead(canary) // no code, so it is not kept
			case strings.HasPrefix(what, "keep"):
				return job.Snooze(time.Hour).Keep("more " + canary)
			}
			return job.Retry("failed").With(func(context.Context, job.Tx) error { return io.EOF })
		})},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := engine.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, what := range []string{"panic ", "dead ", "keep ", "retry "} {
		j := kind.Job(what + canary)
		j.Key, j.Unique = what+canary, what+canary
		if _, err := engine.Add(t.Context(), j); err != nil {
			t.Fatal(err)
		}
	}
	if err := engine.Schedule(t.Context(), job.Schedule{
		Name: "far", Kind: "rest", Cadence: "every 24h", Payload: []byte(`"` + canary + `"`),
	}); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for settled := false; !settled; {
		infos, err := engine.List(ctx, job.Filter{Kind: "rest"})
		if err != nil {
			t.Fatal(err)
		}
		settled = true
		for _, info := range infos {
			settled = settled && (info.Tries > 0 || time.Until(info.Due) > time.Minute)
		}
		select {
		case <-time.After(10 * time.Millisecond):
		case <-ctx.Done():
			t.Fatal("the jobs are not worked on")
		}
	}
	look := func(when string) {
		t.Helper()
		files, err := filepath.Glob(where + "*")
		if err != nil || len(files) == 0 {
			t.Fatal(files, err)
		}
		for _, file := range files {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if bytes.Contains(data, []byte(canary)) {
				t.Errorf("%s: %s holds content in clear", when, filepath.Base(file))
			}
		}
	}
	look("at work")
	if err := errors.Join(engine.Stop(t.Context()), parts.Close()); err != nil {
		t.Fatal(err)
	}
	look("closed")
	if strings.Contains(log.String(), canary) {
		t.Errorf("content in the log: %s", log.String())
	}
}
