package jobtest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/rowgate/rowgate/internal/job"
)

// done is a handler that leaves its effect.
func done(_ context.Context, run job.Run, payload note) job.Outcome {
	return job.Done().With(leave(run, payload))
}

func keyed(key string, n int) job.Job {
	j := work.Job(note{Key: key, N: n})
	j.Key = key
	return j
}

func testEnqueue(t *testing.T, backend Backend) {
	b := start(t, backend, backend.New(t), options{}, work.On(done))
	failed := errors.New("the caller's transaction fails")
	err := b.Write(t.Context(), func(ctx context.Context, tx job.Tx) error {
		if _, err := b.Enqueue(ctx, tx, work.Job(note{N: 1})); err != nil {
			return err
		}
		return failed
	})
	if !errors.Is(err, failed) {
		t.Fatal(err)
	}
	ids := b.add(t, work.Job(note{N: 2}), work.Job(note{N: 3}), keyed("k", 4), keyed("k", 5))
	for _, id := range ids {
		b.await(t, id, job.Finished)
	}
	if got := effects(t, b.parts.Database); len(got) != 4 {
		t.Errorf("effects %v, want those of four jobs and none of the one that was rolled back", got)
	}
	if all, err := b.List(t.Context(), job.Filter{Kind: "work"}); err != nil || len(all) != 4 {
		t.Errorf("%d jobs, %v", len(all), err)
	}
	later := work.Job(note{N: 6})
	later.Due = time.Now().Add(time.Hour)
	id := b.add(t, later)[0]
	if info, err := b.Get(t.Context(), id); err != nil || info.State != job.Waiting || time.Until(info.Due) < 50*time.Minute {
		t.Errorf("%+v, %v", info, err)
	}
}

func testUnique(t *testing.T, backend Backend) {
	b := start(t, backend, backend.New(t), options{}, work.On(done))
	unique := work.Job(note{N: 1})
	unique.Unique = "one"
	brief := work.Job(note{N: 2})
	brief.Unique, brief.Brief = "two", true
	first := b.add(t, unique, brief)
	b.await(t, first[0], job.Finished)
	b.await(t, first[1], job.Finished)
	again, err := b.Add(t.Context(), unique, brief)
	if err != nil {
		t.Fatal(err)
	}
	if again[0].New || again[0].ID != first[0] {
		t.Errorf("%+v, want the job that is kept", again[0])
	}
	if !again[1].New || again[1].ID == first[1] {
		t.Errorf("%+v, want a new job: the first has ended", again[1])
	}
	b.await(t, again[1].ID, job.Finished)
	if got := effects(t, b.parts.Database); len(got) != 3 {
		t.Errorf("effects %v, want three", got)
	}
}

func testOrder(t *testing.T, backend Backend) {
	var atWork [3]atomic.Int32 // by key
	handler := work.On(func(_ context.Context, run job.Run, payload note) job.Outcome {
		i := payload.Key[0] - 'a'
		if n := atWork[i].Add(1); n != 1 {
			t.Errorf("%d at work for key %s", n, payload.Key)
		}
		defer atWork[i].Add(-1)
		if payload.N%10 == 3 && run.Try == 1 {
			return job.Retry("flaky")
		}
		return job.Done().With(leave(run, payload))
	})
	b := start(t, backend, backend.New(t), options{}, handler)
	acknowledged := make(map[string]note)
	for n := 1; n <= 30; n++ {
		for i, key := range []string{"a", "b", "c"} {
			if n > 10 && i > 0 {
				continue
			}
			acknowledged[b.add(t, keyed(key, n))[0]] = note{key, n}
		}
	}
	for id := range acknowledged {
		b.await(t, id, job.Finished)
	}
	if err := judge(acknowledged, effects(t, b.parts.Database)); err != nil {
		t.Error(err)
	}
	// A dead job does not hold up those behind it.
	t.Run("after_a_dead_one", func(t *testing.T) {
		b := start(t, backend, backend.New(t), options{}, work.On(func(_ context.Context, run job.Run, payload note) job.Outcome {
			if payload.N == 1 {
				return job.Dead("poison")
			}
			return job.Done().With(leave(run, payload))
		}))
		ids := b.add(t, keyed("a", 1), keyed("a", 2))
		b.await(t, ids[1], job.Finished)
		b.await(t, ids[0], job.DeadState)
	})
}

func testOutcomes(t *testing.T, backend Backend) {
	var panicked, failedEffect atomic.Bool
	handler := work.On(func(_ context.Context, run job.Run, payload note) job.Outcome {
		switch payload.N {
		case 1: // tried until it is dead
			return job.Retry("not_yet")
		case 2:
			return job.RetryAfter("asked", time.Second).With(leave(run, payload))
		case 3: // polled twice, with what it learned kept
			return job.Snooze(time.Second).Keep(note{N: 30})
		case 30:
			return job.Done().With(leave(run, payload))
		case 4:
			if !panicked.Swap(true) {
				panic("canary-content")
			}
			return job.Done()
		case 5:
			return job.Done().With(func(context.Context, job.Tx) error {
				if !failedEffect.Swap(true) {
					return errors.New("the effect fails")
				}
				return nil
			})
		}
		return job.Outcome{}
	})
	var log logged
	b := start(t, backend, backend.New(t), options{log: &log}, handler)
	ids := b.add(t, work.Job(note{N: 1}), work.Job(note{N: 2}), work.Job(note{N: 3}), work.Job(note{N: 4}), work.Job(note{N: 5}),
		work.Job(note{N: 6}))
	for i, want := range []struct {
		state job.State
		code  string
		tries int
	}{
		{job.DeadState, "not_yet", 3},
		{job.DeadState, "asked", 3},
		{job.Finished, "", 0},
		{job.Finished, "", 1},
		{job.Finished, "", 1},
		{job.DeadState, "no_outcome", 3},
	} {
		info := b.await(t, ids[i], want.state)
		if info.Code != want.code || info.Tries != want.tries || info.Ended.IsZero() {
			t.Errorf("job %d: %+v, want %+v", i+1, info, want)
		}
	}
	counts := make(map[int]int)
	for _, e := range effects(t, b.parts.Database) {
		counts[e.n]++
	}
	if counts[2] != 3 || counts[30] != 1 {
		t.Errorf("effects %v, want three of the retries and one of the snooze", counts)
	}
	dead, err := b.List(t.Context(), job.Filter{State: job.DeadState})
	if err != nil || len(dead) != 3 {
		t.Errorf("%d dead jobs, %v", len(dead), err)
	}
	want := `# HELP rowgate_jobs_ended_total Jobs that ended, by kind and state.
# TYPE rowgate_jobs_ended_total counter
rowgate_jobs_ended_total{kind="work",state="dead"} 3
rowgate_jobs_ended_total{kind="work",state="done"} 3
`
	var got error
	eventually(t, func() (bool, error) { // it is counted after it is stored
		got = testutil.GatherAndCompare(b.registry, strings.NewReader(want), "rowgate_jobs_ended_total")
		return got == nil || !strings.Contains(got.Error(), `state="done"} 2`), nil
	})
	if got != nil && !strings.Contains(got.Error(), "jobs_retention") {
		t.Error(got)
	}
	if text := log.String(); strings.Contains(text, "canary") {
		t.Errorf("content in the log: %s", text)
	}
}

func testBounds(t *testing.T, backend Backend) {
	b := start(t, backend, backend.New(t), options{idle: true, bounds: job.Bounds{Waiting: 3}}, work.On(done))
	far := time.Now().Add(job.MaxAhead + time.Hour)
	for name, c := range map[string]struct {
		job  job.Job
		want error
	}{
		"refuses_an_unknown_kind":         {job.Job{Kind: "other", Payload: []byte("1")}, job.ErrUnknown},
		"refuses_a_job_without_payload":   {job.Job{Kind: "work"}, job.ErrInvalid},
		"refuses_a_large_payload":         {job.Job{Kind: "work", Payload: make([]byte, job.MaxPayloadBytes+1)}, job.ErrTooLarge},
		"refuses_a_long_key":              {keyed(strings.Repeat("k", job.MaxKeyBytes+1), 1), job.ErrInvalid},
		"refuses_what_is_too_far_in_time": {job.Job{Kind: "work", Payload: []byte("1"), Due: far}, job.ErrInvalid},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := b.Add(t.Context(), c.job); !errors.Is(err, c.want) {
				t.Errorf("%v, want %v", err, c.want)
			}
		})
	}
	b.add(t, work.Job(note{N: 1}), work.Job(note{N: 2}), work.Job(note{N: 3}))
	if _, err := b.Add(t.Context(), work.Job(note{N: 4})); !errors.Is(err, job.ErrFull) {
		t.Errorf("%v, want ErrFull", err)
	}
	bytes := start(t, backend, backend.New(t), options{idle: true, bounds: job.Bounds{WaitingBytes: 100}}, work.On(done))
	big := job.Job{Kind: "work", Payload: fmt.Appendf(nil, "%q", strings.Repeat("x", 200))}
	if _, err := bytes.Add(t.Context(), big); !errors.Is(err, job.ErrFull) {
		t.Errorf("%v, want ErrFull", err)
	}
}
