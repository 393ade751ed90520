package jobtest

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rowgate/rowgate/internal/job"
	"github.com/rowgate/rowgate/internal/secret"
)

// logged is a log that is read while it is written.
type logged struct {
	mu   sync.Mutex
	text strings.Builder
}

// Write implements io.Writer.
func (l *logged) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

// String returns what was logged so far.
func (l *logged) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

func testConsole(t *testing.T, backend Backend) {
	var heal atomic.Bool
	begun, stopped := make(chan struct{}, 10), make(chan struct{}, 10)
	handler := work.On(func(ctx context.Context, run job.Run, payload note) job.Outcome {
		switch {
		case payload.N == 1 && !heal.Load():
			return job.Dead("broken")
		case payload.N == 2:
			begun <- struct{}{}
			<-ctx.Done()
			stopped <- struct{}{}
			return job.Done().With(leave(run, payload))
		}
		return job.Done().With(leave(run, payload))
	})
	b := start(t, backend, backend.New(t), options{}, handler)
	ids := b.add(t, work.Job(note{N: 1}), keyed("a", 2), keyed("a", 3))
	b.await(t, ids[0], job.DeadState)
	<-begun
	if info, err := b.Get(t.Context(), ids[1]); err != nil || !info.Working {
		t.Errorf("%+v, %v, want it at work", info, err)
	}
	if err := b.Retry(t.Context(), ids[1]); !errors.Is(err, job.ErrState) {
		t.Errorf("%v, want ErrState for a job that is being worked on", err)
	}
	// What is cancelled at work has no effect, and those behind it go on.
	if err := b.Cancel(t.Context(), ids[1]); err != nil {
		t.Fatal(err)
	}
	<-stopped
	b.await(t, ids[2], job.Finished)
	heal.Store(true)
	if err := b.Retry(t.Context(), ids[0]); err != nil {
		t.Fatal(err)
	}
	b.await(t, ids[0], job.Finished)
	var made []int
	for _, e := range effects(t, b.parts.Database) {
		made = append(made, e.n)
	}
	if len(made) != 2 || made[0] != 1 || made[1] != 3 {
		t.Errorf("effects of %v, want 1 and 3", made)
	}
	if err := b.Cancel(t.Context(), ids[0]); !errors.Is(err, job.ErrState) {
		t.Errorf("%v, want ErrState for a job that has ended", err)
	}
	if err := b.Discard(t.Context(), ids[0]); err != nil {
		t.Error(err)
	}
	if _, err := b.Get(t.Context(), ids[0]); !errors.Is(err, job.ErrNoJob) {
		t.Errorf("%v, want ErrNoJob", err)
	}
	page, err := b.List(t.Context(), job.Filter{Kind: "work", Limit: 1})
	if err != nil || len(page) != 1 || page[0].ID != ids[2] {
		t.Fatalf("%v, %v, want the youngest job", page, err)
	}
	if page, err = b.List(t.Context(), job.Filter{Kind: "work", Before: ids[2]}); err != nil || len(page) != 1 || page[0].ID != ids[1] {
		t.Errorf("%v, %v, want the job before it", page, err)
	}
}

func testSchedules(t *testing.T, backend Backend) {
	where := backend.New(t)
	b := start(t, backend, where, options{}, work.On(done))
	if backend.Several {
		start(t, backend, where, options{}, work.On(done))
	}
	s := job.Schedule{Name: "each second", Kind: "work", Tenant: "tenant", Cadence: "every 1s", Payload: []byte(`{"key":"s","n":1}`)}
	if err := b.Schedule(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	var jobs []job.Info
	eventually(t, func() (_ bool, err error) {
		jobs, err = b.List(t.Context(), job.Filter{Kind: "work", Tenant: "tenant", State: job.Finished})
		return len(jobs) >= 3, err
	})
	if err := b.Unschedule(t.Context(), s.Name); err != nil {
		t.Fatal(err)
	}
	jobs, err := b.List(t.Context(), job.Filter{Kind: "work"})
	if err != nil {
		t.Fatal(err)
	}
	for i := 1; i < len(jobs); i++ { // two of one slot would be enqueued in the same second, within the clock's and the ticker's play
		if apart := jobs[i-1].Created.Sub(jobs[i].Created); apart < 0 {
			t.Errorf("two jobs %s apart", apart)
		}
	}
	if most := int(jobs[0].Created.Sub(jobs[len(jobs)-1].Created)/time.Second) + 2; len(jobs) > most {
		t.Errorf("%d jobs within %d slots", len(jobs), most)
	}
	s.Cadence = "now and then"
	if err := b.Schedule(t.Context(), s); !errors.Is(err, job.ErrCadence) {
		t.Errorf("%v, want ErrCadence", err)
	}
	left, err := b.Schedules(t.Context(), "", "")
	if err != nil || len(left) != 1 || left[0].Kind != "jobs_retention" {
		t.Errorf("%v, %v, want only the engine's own", left, err)
	}
}

func testStop(t *testing.T, backend Backend) {
	where := backend.New(t)
	begun := make(chan struct{}, 1)
	var interrupted atomic.Bool
	handler := func(ctx context.Context, run job.Run, payload note) job.Outcome {
		if !interrupted.Load() {
			begun <- struct{}{}
			<-ctx.Done()
			interrupted.Store(true)
			return job.Retry("interrupted")
		}
		return done(ctx, run, payload)
	}
	first := start(t, backend, where, options{}, work.On(handler))
	id := first.add(t, work.Job(note{N: 1}))[0]
	<-begun
	if err := first.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := first.Stop(t.Context()); err != nil {
		t.Error("a second time: ", err)
	}
	info, err := first.Get(t.Context(), id)
	if err != nil || info.State != job.Waiting || info.Tries != 0 || info.Working {
		t.Errorf("%+v, %v, want it to wait without a try", info, err)
	}
	if err := first.parts.Close(); err != nil {
		t.Fatal(err)
	}
	second := start(t, backend, where, options{}, work.On(handler))
	second.await(t, id, job.Finished)
}

func testKeys(t *testing.T, backend Backend) {
	where := backend.New(t)
	key := func(b byte) []byte { return []byte(strings.Repeat(string(b), secret.KeyBytes)) }
	ring := func(keys ...[]byte) *secret.Keyring {
		made, err := secret.NewKeyring(keys...)
		if err != nil {
			t.Fatal(err)
		}
		return made
	}
	old := start(t, backend, where, options{idle: true, ring: ring(key('o'))}, work.On(done))
	ids := make([]string, 120)
	for i := range ids {
		ids[i] = old.add(t, work.Job(note{N: i}))[0]
	}
	if err := old.Schedule(t.Context(), job.Schedule{Name: "far", Kind: "work", Cadence: "every 24h", Payload: []byte("{}")}); err != nil {
		t.Fatal(err)
	}
	both := ring(key('n'), key('o'))
	if err := old.Reseal(t.Context(), both); err != nil {
		t.Fatal(err)
	}
	if err := old.Reseal(t.Context(), ring(key('n'))); err != nil {
		t.Error("something is still sealed by the old key: ", err)
	}
	if err := old.parts.Close(); err != nil {
		t.Fatal(err)
	}
	fresh := start(t, backend, where, options{ring: ring(key('n'))}, work.On(done))
	for _, id := range ids {
		fresh.await(t, id, job.Finished)
	}
}

func testRetention(t *testing.T, backend Backend) {
	where := backend.New(t)
	handler := work.On(func(ctx context.Context, run job.Run, payload note) job.Outcome {
		if payload.N%2 == 1 {
			return job.Dead("odd")
		}
		return job.Done()
	})
	first := start(t, backend, where, options{}, handler)
	var ids []string
	for n := range 40 {
		j := work.Job(note{N: n})
		j.Tenant = []string{"x", "y"}[n/30]
		ids = append(ids, first.add(t, j)...)
	}
	for n, id := range ids {
		first.await(t, id, []job.State{job.Finished, job.DeadState}[n%2])
	}
	purge := func(bounds job.Bounds, want func(job.Info) bool, count int) {
		t.Helper()
		b := start(t, backend, where, options{idle: true, bounds: bounds}, handler)
		if out := b.PurgeNow(t.Context()); out != nil {
			t.Fatal(out)
		}
		left, err := b.List(t.Context(), job.Filter{Kind: "work"})
		if err != nil || len(left) != count {
			t.Errorf("%d jobs are left, want %d: %v", len(left), count, err)
		}
		for _, info := range left {
			if !want(info) {
				t.Errorf("%+v is left", info)
			}
		}
		if err := b.parts.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if err := first.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := first.parts.Close(); err != nil {
		t.Fatal(err)
	}
	all := func(job.Info) bool { return true }
	purge(job.Bounds{}, all, 40)
	purge(job.Bounds{Tenant: 20}, all, 30)                                                         // 20 of x, 10 of y
	purge(job.Bounds{Ended: 12}, func(i job.Info) bool { return i.State == job.DeadState }, 12)    // what is done goes first
	purge(job.Bounds{EndedBytes: 1}, func(i job.Info) bool { return i.State != job.DeadState }, 0) // payloads go
	purge(job.Bounds{Retention: time.Nanosecond}, func(i job.Info) bool { return false }, 0)       // and all in the end
}

func testRepair(t *testing.T, backend Backend) {
	where := backend.New(t)
	idle := start(t, backend, where, options{idle: true}, work.On(done))
	ids := idle.add(t, work.Job(note{N: 1}), keyed("a", 2), keyed("a", 3))
	err := idle.Write(t.Context(), func(ctx context.Context, tx job.Tx) error {
		_, err := tx.Exec(ctx, `DELETE FROM river_job`) // whatever a queue may do
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := idle.parts.Close(); err != nil {
		t.Fatal(err)
	}
	b := start(t, backend, where, options{}, work.On(done))
	for _, id := range ids {
		b.await(t, id, job.Finished)
	}
	if got := effects(t, b.parts.Database); len(got) != 3 {
		t.Errorf("effects %v, want three", got)
	}
}
