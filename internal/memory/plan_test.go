package memory

import (
	"math"
	"runtime/debug"
	"testing"
)

func TestDivide(t *testing.T) {
	t.Parallel()
	for _, limit := range []int64{0, LeastLimit, DefaultLimit, MostLimit, math.MaxInt64} {
		p := Divide(limit)
		if p.Limit < LeastLimit || p.Limit > MostLimit || p.Sum() > p.Limit*7/8 {
			t.Errorf("%d: %d bytes are given away of %d, want an eighth left for what is garbage", limit, p.Sum(), p.Limit)
		}
	}
}

//nolint:paralleltest // the limit is the process's
func TestLimit(t *testing.T) {
	before := debug.SetMemoryLimit(500 << 20)
	defer debug.SetMemoryLimit(before)
	if got := Limit(); got != 500<<20 {
		t.Errorf("%d with GOMEMLIMIT=500MiB", got)
	}
	debug.SetMemoryLimit(math.MaxInt64)
	if got := Limit(); got <= 0 || got == math.MaxInt64 {
		t.Errorf("%d without GOMEMLIMIT", got)
	}
}

func TestGroupLimit(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int64{"536870912\n": 512 << 20, "max\n": 0, "9223372036854771712": 0, "": 0} {
		if got := groupLimit(text); got != want {
			t.Errorf("%q: %d, want %d", text, got, want)
		}
	}
}
