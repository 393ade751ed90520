package jobtest

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/rowgate/rowgate/internal/job"
	"github.com/rowgate/rowgate/internal/secret"
)

// childVariable makes the test binary a worker: the backend's name, the name of the child and where the database is, with spaces between.
const childVariable = "ROWGATE_JOBTEST_CHILD"

// Child runs a worker process if this process is one, and never returns then; TestMain calls it. It enqueues jobs, writes a line for
// each that is acknowledged, and works until it is killed.
func Child(backends ...Backend) {
	name, rest, _ := strings.Cut(os.Getenv(childVariable), " ")
	child, where, _ := strings.Cut(rest, " ")
	for _, backend := range backends {
		if backend.Name != name {
			continue
		}
		err := childWork(context.Background(), backend, child, where)
		fmt.Fprintln(os.Stderr, err) //nolint:forbidigo // a process of its own
		os.Exit(1)                   //nolint:forbidigo // a process of its own
	}
}

// flaky is a handler that fails, polls and is slow now and then.
func flaky(ctx context.Context, run job.Run, payload note) job.Outcome {
	switch {
	case rand.IntN(10) == 0: // at work when its process is stopped or killed
		select {
		case <-time.After(300 * time.Millisecond):
		case <-ctx.Done():
		}
	case run.Try == 1 && rand.IntN(20) == 0:
		return job.RetryAfter("flaky", time.Second)
	case rand.IntN(20) == 0:
		return job.Snooze(0)
	}
	return job.Done().With(leave(run, payload))
}

func childWork(ctx context.Context, backend Backend, child, where string) error {
	logger := slog.New(slog.DiscardHandler)
	parts, err := backend.Open(ctx, where, logger)
	if err != nil {
		return err
	}
	ring, err := secret.NewKeyring(make([]byte, secret.KeyBytes))
	if err != nil {
		return err
	}
	engine, err := job.New(job.Options{
		Database: parts.Database, Queue: parts.Queue, Keeper: parts.Keeper, Keyring: ring, Handlers: []job.Handler{work.On(flaky)},
		Logger: logger, Metrics: prometheus.NewRegistry(),
	})
	if err != nil {
		return err
	}
	if err := engine.Start(ctx); err != nil {
		return err
	}
	out := bufio.NewWriter(os.Stdout) //nolint:forbidigo // a process of its own
	for n := 1; ; n++ {
		// Every key is this life's own, and its numbers grow, so that their order is known.
		key := child + "-" + strconv.Itoa(n%4)
		jobs := []job.Job{keyed(key, n), work.Job(note{N: n})}
		receipts, err := engine.Add(ctx, jobs...)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(out, "%s %s %d\n%s - %d\n", receipts[0].ID, key, n, receipts[1].ID, n)
		if err = errors.Join(err, out.Flush()); err != nil {
			return err
		}
		if n >= maxOfChild {
			<-ctx.Done()
		}
	}
}

// maxOfChild is how many pairs of jobs a child enqueues.
const maxOfChild = 150

// process is a child.
type process struct {
	cmd  *exec.Cmd
	mu   sync.Mutex
	seen map[string]note // acknowledged
	read sync.WaitGroup
}

func spawn(t *testing.T, backend Backend, where, name string) *process {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	p := &process{cmd: exec.CommandContext(t.Context(), self), seen: make(map[string]note)} //nolint:gosec // this very test
	p.cmd.Env = append(os.Environ(), childVariable+"="+backend.Name+" "+name+" "+where)
	p.cmd.Stderr = os.Stderr //nolint:forbidigo // what a child says of its end
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	p.read.Go(func() { p.listen(out) })
	t.Cleanup(func() { p.kill() })
	return p
}

func (p *process) listen(out io.Reader) {
	for lines := bufio.NewScanner(out); lines.Scan(); {
		words := strings.Fields(lines.Text())
		if len(words) != 3 {
			continue // cut off by the end of the process
		}
		n, _ := strconv.Atoi(words[2])
		p.mu.Lock()
		p.seen[words[0]] = note{Key: strings.Trim(words[1], "-"), N: n}
		p.mu.Unlock()
	}
}

// acknowledged waits until so many jobs are.
func (p *process) acknowledged(t *testing.T, count int) {
	t.Helper()
	eventually(t, func() (bool, error) {
		p.mu.Lock()
		defer p.mu.Unlock()
		return len(p.seen) >= count, nil
	})
}

func (p *process) signal(t *testing.T, signal syscall.Signal) {
	t.Helper()
	if err := p.cmd.Process.Signal(signal); err != nil {
		t.Fatal(err)
	}
}

// kill ends the process as kill -9 does, and returns what it acknowledged.
func (p *process) kill() map[string]note {
	_ = p.cmd.Process.Kill() // it may have ended
	p.read.Wait()
	_ = p.cmd.Wait()
	return p.seen
}

// prepared makes a database with the table of effects, for processes that begin at once.
func prepared(t *testing.T, backend Backend) string {
	t.Helper()
	where := backend.New(t)
	if err := start(t, backend, where, options{idle: true}, work.On(flaky)).parts.Close(); err != nil {
		t.Fatal(err)
	}
	return where
}

// drained waits until no job waits, and judges.
func drained(t *testing.T, b *bench, acknowledged map[string]note) {
	t.Helper()
	eventually(t, func() (bool, error) {
		waiting, err := b.List(t.Context(), job.Filter{Kind: "work", State: job.Waiting, Limit: 1})
		return len(waiting) == 0, err
	})
	dead, err := b.List(t.Context(), job.Filter{State: job.DeadState, Limit: 3})
	if err != nil || len(dead) > 0 {
		t.Errorf("dead jobs: %+v, %v", dead, err)
	}
	made := effects(t, b.parts.Database)
	if err := judge(acknowledged, made); err != nil {
		t.Error(err)
	}
	if len(made) < len(acknowledged) || len(acknowledged) == 0 {
		t.Errorf("%d effects of %d jobs", len(made), len(acknowledged))
	}
}

// testKill kills worker processes at random instants: no acknowledged job is lost, no effect is made twice, each key is in order.
func testKill(t *testing.T, backend Backend) {
	where := prepared(t, backend)
	acknowledged := make(map[string]note)
	for life := range 4 {
		lives := []*process{spawn(t, backend, where, "life"+strconv.Itoa(life))}
		if backend.Several { // two at a time, which end one after the other
			lives = append(lives, spawn(t, backend, where, "other"+strconv.Itoa(life)))
		}
		for _, p := range lives {
			p.acknowledged(t, 10+rand.IntN(60))
			maps.Copy(acknowledged, p.kill())
		}
	}
	drained(t, start(t, backend, where, options{}, work.On(flaky)), acknowledged)
}

// testPause stops a worker process for longer than it takes to be dead to the others, and lets it go on.
func testPause(t *testing.T, backend Backend) {
	where := prepared(t, backend)
	paused := spawn(t, backend, where, "paused")
	paused.acknowledged(t, 50)
	paused.signal(t, syscall.SIGSTOP)
	acknowledged := make(map[string]note)
	if backend.Several {
		other := spawn(t, backend, where, "other")
		<-time.After(job.DeadAfter + 5*time.Second)
		other.acknowledged(t, 50)
		paused.signal(t, syscall.SIGCONT)
		paused.acknowledged(t, 100)
		maps.Copy(acknowledged, other.kill())
	} else {
		<-time.After(2 * time.Second)
		paused.signal(t, syscall.SIGCONT)
		paused.acknowledged(t, 100)
	}
	maps.Copy(acknowledged, paused.kill())
	drained(t, start(t, backend, where, options{}, work.On(flaky)), acknowledged)
}
