package outbox_test

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rowgate/rowgate/internal/outbox"
	"github.com/rowgate/rowgate/internal/problem"
)

// narrow is little memory: a few of the jobs of these tests.
var narrow = outbox.Memory{Waiting: 2 << 20, Near: 2 << 20}

// bulky is a job of n rows of size bytes each.
func bulky(name string, n, size int) outbox.Submission {
	sub := creation("caller", titles(name+"-", n)...)
	for i := range sub.Rows {
		sub.Rows[i].Fields = row(title(sub.Rows[i].Fields), strings.Repeat("x", size))
	}
	sub.Keep = true
	return keyed(name, sub)
}

// heap is what is live, in bytes.
func heap() int64 {
	var stats runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&stats)
	return int64(stats.HeapAlloc)
}

// TestMemory_stays_flat stores 40 MB of jobs while Feishu does not answer, restarts, and lets Feishu answer. What is in memory of them
// stays within the bound throughout, and every row is written once.
//
//nolint:paralleltest // it measures the heap
func TestMemory_stays_flat(t *testing.T) {
	const (
		jobs, rows, size = 80, 50, 10_000 // 500 kB a job
		stored           = jobs * rows * size
		ample            = stored / 2 // of the heap: the bounds are a tenth of what is stored
	)
	h := setupOnly(t)
	h.base.gate, h.base.entered = make(chan struct{}), make(chan struct{}, 1)
	h.store = newMemStore()
	before := heap()
	h.open(t, func(o *outbox.Options) { o.Memory, o.Store = narrow, apart{h.store} })
	tickets := make(map[string]*outbox.Ticket)
	for i := range jobs {
		name := fmt.Sprint("job", i)
		tickets[name] = h.submit(t, bulky(name, rows, size))
	}
	<-h.base.entered
	check := func(when string) {
		t.Helper()
		waiting, near := h.Held()
		if waiting > narrow.Waiting || near > narrow.Near {
			t.Errorf("%s: %d bytes are counted as waiting and %d as near, want at most %d and %d", when, waiting, near, narrow.Waiting, narrow.Near)
		}
		if far := h.Far(); far < jobs*3/4 {
			t.Errorf("%s: %d of %d jobs are in the store alone", when, far, jobs)
		}
		if grown := heap() - before - h.store.size(); grown > ample {
			t.Errorf("%s: the heap has %d bytes beside the store's, want at most %d", when, grown, ample)
		}
	}
	check("with the jobs accepted")
	for name, ticket := range tickets {
		if job, err := h.Job(t.Context(), ticket.JobID, "digest of cli_example"); err != nil || job.RowsTotal != rows {
			t.Fatalf("%s: %+v, %v", name, job, err)
		}
	}
	kill(h.Outbox)
	clear(tickets)

	h.open(t, func(o *outbox.Options) { o.Memory, o.Store = narrow, apart{h.store} })
	<-h.base.entered
	check("after a restart")
	close(h.base.gate)
	go func() {
		for range h.base.entered { // nobody waits for them any more
		}
	}()
	for i := range jobs {
		name := fmt.Sprint("job", i)
		if result := h.write(t, bulky(name, rows, size)); tally(result)[outbox.Created] != rows {
			t.Errorf("%s: %v", name, tally(result))
		}
	}
	close(h.base.entered)
	if landed := len(h.base.tables["tblExample"]); landed != jobs*rows {
		t.Errorf("%d rows landed, want %d", landed, jobs*rows)
	}
	if waiting, near := h.Held(); waiting != 0 || near != 0 {
		t.Errorf("in the end %d bytes are counted as waiting and %d as near", waiting, near)
	}
}

// TestMemory_is_shared quotes Memory: rows that callers wait for are refused past the bound, and one tenant leaves room for others.
func TestMemory_is_shared(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := setupOnly(t)
		h.base.gate = make(chan struct{})
		h.open(t, func(o *outbox.Options) { o.Memory = narrow })
		accepted := 0
		for i := range 100 {
			sub := bulky(fmt.Sprint("wait", i), 1, 100_000)
			sub.Keep = false
			if _, err := h.Submit(t.Context(), sub); err != nil {
				if problem.From(err).Code != problem.Overloaded {
					t.Fatal(err)
				}
				break
			}
			accepted++
		}
		if used, _ := h.Held(); used > narrow.Waiting*3/4 || accepted < 5 {
			t.Errorf("%d submissions of %d bytes were accepted from one tenant, want up to 3/4 of %d", accepted, used, narrow.Waiting)
		}
		other := bulky("other", 1, 100_000)
		other.Keep, other.Table.App.ID = false, "cli_other"
		h.submit(t, printed(other))
		for i := range 30 { // jobs need no memory: the store has them
			h.submit(t, bulky(fmt.Sprint("job", i), 1, 100_000))
		}
		close(h.base.gate)
	})
}

// TestKept_is_shared: one tenant's answers do not fill what the store may keep for all.
func TestKept_is_shared(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := setup(t, func(o *outbox.Options) { o.Kept = outbox.Kept{Entries: 8, Bytes: 1 << 30} })
		for i := range 7 {
			h.write(t, keyed(fmt.Sprint("mine", i), creation("caller", fmt.Sprint("row", i))))
		}
		elapse(15 * time.Minute) // what is kept is counted
		if _, err := h.Submit(t.Context(), keyed("more", creation("caller", "more"))); problem.From(err).Code != problem.Overloaded {
			t.Errorf("a tenant with 7 of 8 entries kept: %v", err)
		}
		other := creation("caller", "other")
		other.Table.App.ID = "cli_other"
		h.write(t, printed(other))
		elapse(26 * time.Hour) // they have expired
		h.write(t, keyed("more", creation("caller", "more")))
	})
}
