package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/rowgate/rowgate/internal/pgtest"
	"github.com/rowgate/rowgate/internal/sandbox"
	"github.com/rowgate/rowgate/internal/secret"
)

// fleet is three instances of the service on one PostgreSQL database and one simulated Feishu, and callers of all of them.
type fleet struct {
	*site

	mu        sync.Mutex
	instances [3]*process
	urls      [3]string

	known []string // titles that were acknowledged
}

// newFleet starts the instances; write is how long Feishu takes for a write.
func newFleet(t *testing.T, database string, write time.Duration) *fleet {
	t.Helper()
	f := &fleet{site: newSite(t, sandbox.Options{RatesOff: true, Write: sandbox.Latency{PerCall: write}})}
	f.env["ROWGATE_DATABASE_URL"] = database
	for i := range f.instances {
		f.restart(i)
	}
	return f
}

// restart starts instance i; another one of its number has ended.
func (f *fleet) restart(i int) {
	f.t.Helper()
	instance, url := f.serve()
	f.mu.Lock()
	defer f.mu.Unlock()
	f.instances[i], f.urls[i] = instance, url
}

// at returns the address of instance i.
func (f *fleet) at(i int) string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.urls[i%len(f.urls)]
}

// load has callers write rows, each at a random instance and again at another one until it is acknowledged, until stop is called; stop
// waits for all of them.
func (f *fleet) load(name string, callers int) (stop func()) {
	ctx, quit := context.WithCancel(f.t.Context())
	var working sync.WaitGroup
	for c := range callers {
		working.Go(func() {
			for n := 0; ctx.Err() == nil; n++ {
				f.write(fmt.Sprintf("%s-%d-%d", name, c, n))
			}
		})
	}
	return func() {
		quit()
		working.Wait()
	}
}

func bodyOf(title string) string {
	return fmt.Sprintf(`{"fields":{"标题":%q},"idempotency_key":"key-%s","timeout_ms":10000}`, title, title)
}

// write has one row written, however often that is tried.
func (f *fleet) write(title string) {
	body := bodyOf(title)
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); {
		got, err := f.post(f.at(rand.IntN(3)), "/v1/records", body)
		if err == nil && got.status == http.StatusOK && got.Created == 1 {
			f.mu.Lock()
			f.known = append(f.known, title)
			f.mu.Unlock()
			return
		}
		select {
		case <-time.After(20 * time.Millisecond):
		case <-f.t.Context().Done():
			return
		}
	}
	f.t.Errorf("%s never got an answer", title)
}

// acknowledged is how many rows were.
func (f *fleet) acknowledged() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.known)
}

// more waits until n more rows are acknowledged.
func (f *fleet) more(n int) {
	f.t.Helper()
	want := f.acknowledged() + n
	until(f.t, func() bool { return f.acknowledged() >= want })
}

// verify fails unless each acknowledged row is there once, and nothing else is.
func (f *fleet) verify() {
	f.t.Helper()
	counts := f.titles()
	for _, title := range f.known {
		if counts[title] != 1 {
			f.t.Errorf("%d rows %s, want 1", counts[title], title)
		}
	}
	if len(counts) != len(f.known) {
		f.t.Errorf("%d titles, %d acknowledged", len(counts), len(f.known))
	}
	f.t.Logf("%d rows by three instances", len(f.known))
}

// acceptJob has instance i take a job on, and returns its id.
func (f *fleet) acceptJob(i int, title string) string {
	f.t.Helper()
	job, err := f.post(f.at(i), "/v1/records", fmt.Sprintf(`{"fields":{"标题":%q},"async":true,"idempotency_key":"job-%s"}`, title, title))
	if err != nil || job.status != http.StatusAccepted {
		f.t.Fatalf("answered %+v, %v", job, err)
	}
	return job.JobID
}

// done waits until the job is done, asked at instance i.
func (f *fleet) done(i int, job, title string) {
	f.t.Helper()
	until(f.t, func() bool {
		got, err := f.post(f.at(i), "/v1/jobs/get", `{"job_id":"`+job+`"}`)
		return err == nil && got.status == http.StatusOK && got.State == "done"
	})
	f.mu.Lock()
	defer f.mu.Unlock()
	f.known = append(f.known, title)
}

// TestKilledInstance: what a killed instance had under way is finished by another one, and nothing is written twice.
func TestKilledInstance(t *testing.T) {
	t.Parallel()
	f := newFleet(t, pgtest.Database(t), 20*time.Millisecond)
	if _, err := f.sandbox.AddFault(sandbox.Fault{
		Endpoint: "record.batch_create", Count: 1, Action: sandbox.ActionHang, When: sandbox.AfterCommit,
	}); err != nil {
		t.Fatal(err)
	}
	job := f.acceptJob(0, "job") // nobody has the lane: instance 0 runs it
	until(t, func() bool { return f.sandbox.Faults()[0].Struck == 1 })
	stop := f.load("load", 6) // callers of the same base wait, at all three
	killed := time.Now()
	f.instances[0].signal(syscall.SIGKILL)
	f.instances[0].exit()
	f.done(1, job, "job")
	t.Logf("the job of the killed instance was done after %v", time.Since(killed).Round(time.Millisecond))
	f.restart(0)
	f.more(20)
	stop()
	f.verify()
}

// TestPausedInstance: instances that stand still lose their lanes; what they do when they go on changes nothing.
func TestPausedInstance(t *testing.T) {
	t.Parallel()
	f := newFleet(t, pgtest.Database(t), 20*time.Millisecond)
	stop := f.load("load", 6)
	f.more(20)
	paused := time.Now()
	for i := range 2 { // the one that has the lane may be among them
		f.instances[i].signal(syscall.SIGSTOP)
	}
	f.done(2, f.acceptJob(2, "job"), "job")
	t.Logf("the third instance wrote %v after the others stood still", time.Since(paused).Round(time.Millisecond))
	for i := range 2 {
		f.instances[i].signal(syscall.SIGCONT)
	}
	f.more(20)
	stop()
	f.verify()
}

// TestRollingRestart: instances are replaced one after the other under load.
func TestRollingRestart(t *testing.T) {
	t.Parallel()
	f := newFleet(t, pgtest.Database(t), 20*time.Millisecond)
	stop := f.load("load", 6)
	for i := range f.instances {
		f.more(15)
		f.instances[i].signal(syscall.SIGTERM)
		if code := f.instances[i].exit(); code != exitOK {
			t.Errorf("exit code %d: %s", code, f.instances[i].stderr.String())
		}
		f.restart(i)
	}
	f.more(15)
	stop()
	f.verify()
}

// TestDatabaseRestart: the server is restarted and crashes under load.
func TestDatabaseRestart(t *testing.T) {
	t.Parallel()
	cluster := pgtest.New(t, pgtest.Options{Sync: true})
	f := newFleet(t, cluster.Database(t), 20*time.Millisecond)
	stop := f.load("load", 6)
	f.more(15)
	cluster.Restart(t)
	f.more(15)
	cluster.Kill(t)
	cluster.Start(t)
	f.more(15)
	stop()
	f.verify()
	for _, instance := range f.instances { // before the server goes
		instance.signal(syscall.SIGTERM)
		instance.exit()
	}
}

// TestRotationAcrossInstances: a key comes and the old one goes while instances run, in the two steps of docs/contract.md §1.
func TestRotationAcrossInstances(t *testing.T) {
	t.Parallel()
	f := newFleet(t, pgtest.Database(t), 5*time.Millisecond)
	old, fresh := f.env["ROWGATE_KEY"], secret.GenerateKey()
	stop := f.load("load", 4)
	f.more(10)
	f.env["ROWGATE_KEY"] = fresh + "," + old // too early: the others could not open what it seals
	early := start(t, f.env, "serve")
	if code := early.exit(); code == exitOK || !strings.Contains(early.stderr.String(), "Rotate in two steps") {
		t.Errorf("exit code %d: %s", code, early.stderr.String())
	}
	for _, keys := range []string{old + "," + fresh, fresh + "," + old} {
		f.env["ROWGATE_KEY"] = keys
		for i := range f.instances {
			f.instances[i].signal(syscall.SIGTERM)
			f.instances[i].exit()
			f.restart(i)
			f.more(5)
		}
	}
	first := f.known[0] // sealed by the old key
	stop()
	again, err := f.post(f.at(1), "/v1/records", bodyOf(first))
	if err != nil || !again.Replay {
		t.Errorf("a repeat after the rotation: %+v, %v", again, err)
	}
	f.verify()
}
