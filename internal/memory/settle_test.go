package memory

import (
	"runtime"
	"runtime/debug"
	"testing"
)

// TestSettle: what the environment says of garbage holds, the default is set where it says nothing, and memory is given back.
func TestSettle(t *testing.T) {
	before, limit := debug.SetGCPercent(100), debug.SetMemoryLimit(-1)
	t.Cleanup(func() {
		debug.SetGCPercent(before)
		debug.SetMemoryLimit(limit)
	})
	forced := func() uint32 {
		var stats runtime.MemStats
		runtime.ReadMemStats(&stats)
		return stats.NumForcedGC
	}
	for set, want := range map[string]int{"": garbagePercent, "50": 100} { // Go itself read GOGC at the start
		debug.SetGCPercent(100)
		t.Setenv("GOGC", set)
		t.Setenv("GOMEMLIMIT", "500MiB")
		collected := forced()
		Settle()
		if got := debug.SetGCPercent(100); got != want {
			t.Errorf("with GOGC=%q garbage may be %d percent, want %d", set, got, want)
		}
		if got := debug.SetMemoryLimit(-1); got != limit {
			t.Errorf("the limit of the environment is overwritten by %d", got)
		}
		if forced() == collected {
			t.Error("nothing was given back")
		}
	}
	t.Setenv("GOMEMLIMIT", "")
	Settle()
	want := groupBytes()
	if want == 0 {
		want = limit
	}
	if got := debug.SetMemoryLimit(-1); got != want {
		t.Errorf("the limit is %d, want %d", got, want)
	}
}
