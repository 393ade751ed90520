package sandbox

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// TestConcurrentUse lets writers, readers, resets of tokens and faults meet; afterwards every acknowledged row is there once, and
// setup's Verify holds.
func TestConcurrentUse(t *testing.T) {
	t.Parallel()
	b := setup(t, Options{RatesOff: true, ConflictQueue: true, Write: Latency{PerCall: 100 * time.Microsecond}}, everyField()...)
	for _, f := range []Fault{
		{Endpoint: "record.batch_create", Rate: 0.1, Action: ActionError, Code: 1255040, When: AfterCommit},
		{Endpoint: "record.batch_create", Rate: 0.1, Action: ActionHTML},
	} {
		_, err := b.sb.AddFault(f)
		b.must(err)
	}
	const callers, calls = 8, 25
	var acknowledged, deleted atomic.Int64
	var wg sync.WaitGroup
	for caller := range callers {
		wg.Go(func() {
			for n := range calls {
				name := fmt.Sprintf("%d/%d", caller, n)
				r := b.create(map[string]any{"text": name, "single": fmt.Sprint("option ", n%5)}, map[string]any{"text": name + "b"})
				if r.Code != 0 || r.status != 200 {
					continue
				}
				acknowledged.Add(2)
				ids := r.ids()
				b.do("PUT", recordsPath+"/"+ids[0], map[string]any{"fields": map[string]any{"number": n}}).wantOK(t)
				b.do("POST", recordsPath+"/search", `{"filter":{"conjunction":"and","conditions":[{"field_name":"text","operator":"is",`+
					`"value":["`+name+`"]}]}}`).
					wantOK(t)
				if n%3 == 0 {
					b.do("DELETE", recordsPath+"/"+ids[1], nil).wantOK(t)
					deleted.Add(1)
				}
			}
		})
	}
	wg.Wait()
	counts, err := b.sb.CountBy(testBase, testTable, "text")
	b.must(err)
	landed := 0
	for name, n := range counts {
		if n != 1 {
			t.Errorf("%s is there %d times", name, n)
		}
		landed += n
	}
	committed := 0
	for _, call := range b.sb.Journal() {
		if call.Endpoint == "record.batch_create" && call.Committed {
			committed += call.Rows
		}
	}
	if landed != committed-int(deleted.Load()) || committed < int(acknowledged.Load()) {
		t.Errorf("%d landed, %d committed, %d acknowledged, %d deleted", landed, committed, acknowledged.Load(), deleted.Load())
	}
}
