package jobtest

import (
	"context"
	"sync/atomic"
	"testing"

	"github.com/rowgate/rowgate/internal/job"
)

// testFence gives a lane to a second worker while the first one is at its job, as a sweep does with one that seems to be dead. The
// first answers while the second is at work, and its outcome is refused.
func testFence(t *testing.T, backend Backend) {
	var calls atomic.Int32
	begun, goOn := make(chan int32, 10), map[int32]chan struct{}{1: make(chan struct{}), 2: make(chan struct{})}
	handler := work.On(func(_ context.Context, run job.Run, payload note) job.Outcome {
		if n := calls.Add(1); goOn[n] != nil {
			begun <- n
			<-goOn[n]
		}
		return job.Done().With(leave(run, payload))
	})
	b := start(t, backend, backend.New(t), options{}, handler)
	ids := b.add(t, keyed("a", 1), keyed("a", 2))
	<-begun
	err := b.Write(t.Context(), func(ctx context.Context, tx job.Tx) error {
		if swept, err := b.parts.Keeper.Sweep(ctx, tx, ""); err != nil || len(swept) != 1 {
			t.Errorf("swept %v, %v, want the ticket of the lane", swept, err)
		}
		_, err := tx.Exec(ctx, `UPDATE job_lane SET held_until = 0`)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	<-begun
	close(goOn[1])
	eventually(t, func() (bool, error) {
		info, err := b.Get(t.Context(), ids[0])
		if info.State != job.Waiting {
			t.Fatalf("%+v: the outcome of the first worker counts", info)
		}
		return b.fenced(t) == 1, err
	})
	close(goOn[2])
	b.await(t, ids[0], job.Finished)
	b.await(t, ids[1], job.Finished)
	if err := judge(map[string]note{ids[0]: {"a", 1}, ids[1]: {"a", 2}}, effects(t, b.parts.Database)); err != nil {
		t.Error(err)
	}
}

// fenced is how many outcomes were refused.
func (b *bench) fenced(t *testing.T) float64 {
	t.Helper()
	families, err := b.registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, family := range families {
		if family.GetName() == "rowgate_jobs_fenced_total" {
			return family.GetMetric()[0].GetCounter().GetValue()
		}
	}
	return 0
}
