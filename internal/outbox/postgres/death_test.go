package postgres_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	osexec "os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rowgate/rowgate/internal/outbox"
	"github.com/rowgate/rowgate/internal/outbox/postgres"
	"github.com/rowgate/rowgate/internal/pgtest"
)

// childEnv names the database in which this test binary is an instance that holds the lane of entry 1.
const childEnv = "POSTGRES_TEST_CHILD"

// child is an instance in a process of its own, with the lane of entry 1.
type child struct {
	process *os.Process
	ask     io.Writer
	answers *bufio.Reader
}

func startChild(t *testing.T, database string) *child {
	t.Helper()
	cmd := osexec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestChild$")
	cmd.Env = append(os.Environ(), childEnv+"="+database)
	answers, say, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	ask, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.ExtraFiles = []*os.File{say}
	if err := errors.Join(cmd.Start(), say.Close()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		_ = answers.Close()
	})
	c := &child{process: cmd.Process, ask: ask, answers: bufio.NewReader(answers)}
	if said := c.answer(t); said != "ready" {
		t.Fatalf("the instance says %q", said)
	}
	return c
}

func (c *child) answer(t *testing.T) string {
	t.Helper()
	line, err := c.answers.ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(line)
}

// TestChild is an instance for other tests: it takes the lane of entry 1, and ends the entry when it is asked to.
func TestChild(t *testing.T) {
	database := os.Getenv(childEnv)
	if database == "" {
		t.Skip("the other process of TestKilledOwner and TestPausedOwner")
	}
	say := os.NewFile(3, "say")
	store := open(t, database)
	owner, err := postgres.NewOwner(t.Context(), store, postgres.OwnerOptions{
		URL: database, Name: "child", Keys: []string{"key"}, Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = owner.Close() }()
	lease, err := owner.Acquire(t.Context(), entry(1).Lane)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = fmt.Fprintln(say, "ready")
	for orders := bufio.NewScanner(os.Stdin); orders.Scan(); {
		err := store.Apply(t.Context(), &outbox.Changes{
			Done:   []outbox.EntryResult{{ID: entry(1).ID, Result: []byte("by the child"), DoneAt: time.UnixMilli(1)}},
			Fences: []outbox.Fence{{Lane: entry(1).Lane, Token: lease.Token()}},
		})
		switch {
		case errors.Is(err, outbox.ErrFenced):
			_, _ = fmt.Fprintln(say, "fenced")
		case err != nil:
			_, _ = fmt.Fprintln(say, err)
		default:
			_, _ = fmt.Fprintln(say, "done")
		}
	}
}

// TestKilledOwner: the lock of a killed instance is free at once, so that its lane is taken over long before its time is over.
func TestKilledOwner(t *testing.T) {
	t.Parallel()
	database := pgtest.Database(t)
	other := join(t, "other", database, database)
	mustApply(t, other.store, &outbox.Changes{Insert: []outbox.Entry{entry(1)}})
	c := startChild(t, database)
	other.trust(t)
	killed := time.Now()
	if err := c.process.Kill(); err != nil {
		t.Fatal(err)
	}
	other.awaitNote(t, outbox.NoteFree, entry(1).Lane)
	lease := other.awaitLane(t, entry(1).Lane)
	took := time.Since(killed)
	t.Logf("taken over %v after kill -9", took.Round(time.Millisecond))
	if !lease.Left() {
		t.Error("nothing is left")
	}
	if took >= postgres.TTL-2*time.Second { // its last sign of life may be 2 s old: later than that the time alone would free it
		t.Errorf("the lock is no hint: %v", took)
	}
}

// TestPausedOwner: the lane of a stopped process is taken over when its time is over; when it goes on, its change is refused.
func TestPausedOwner(t *testing.T) {
	t.Parallel()
	database := pgtest.Database(t)
	other := join(t, "other", database, database)
	mustApply(t, other.store, &outbox.Changes{Insert: []outbox.Entry{entry(1)}})
	c := startChild(t, database)
	paused := time.Now()
	if err := c.process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	other.awaitNote(t, outbox.NoteFree, entry(1).Lane)
	lease := other.awaitLane(t, entry(1).Lane)
	took := time.Since(paused)
	t.Logf("taken over %v after SIGSTOP", took.Round(time.Millisecond))
	if took < postgres.TTL-3*time.Second {
		t.Errorf("a lane was taken from an instance whose time was not over: %v", took)
	}
	_, _ = fmt.Fprintln(c.ask, "end the entry") // it lies in the pipe when the process goes on
	if err := c.process.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	if said := c.answer(t); said != "fenced" {
		t.Errorf("the paused instance: %s", said)
	}
	mustApply(t, other.store, &outbox.Changes{
		Done:   []outbox.EntryResult{{ID: entry(1).ID, Result: []byte("by the other"), DoneAt: time.UnixMilli(1)}},
		Fences: []outbox.Fence{{Lane: entry(1).Lane, Token: lease.Token()}},
	})
}

// trust waits until the instance believes the locks of the others.
func (i *instance) trust(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), long)
	defer cancel()
	for !i.Trusts() {
		select {
		case <-time.After(20 * time.Millisecond):
		case <-ctx.Done():
			t.Fatal("the locks of the others are never believed")
		}
	}
}
