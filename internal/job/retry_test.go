package job

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

// TestDefaultPolicy: "DefaultPolicy tries for a day: nine times at least".
func TestDefaultPolicy(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		took := time.Duration(rapid.Int64Range(0, int64(MaxTimeout)).Draw(t, "what one try takes"))
		var since time.Duration
		for tries := 1; ; tries++ {
			wait, dead := DefaultPolicy.next(tries, since)
			if dead {
				if tries < 9 || since < 24*time.Hour {
					t.Fatalf("dead after %d tries in %s", tries, since)
				}
				return
			}
			if bound := DefaultPolicy.Waits[min(tries, 8)-1]; wait < time.Second || wait > bound {
				t.Fatalf("waits %s after try %d, want up to %s", wait, tries, bound)
			}
			if tries > 1_000_000 {
				t.Fatal("it goes on for ever")
			}
			since += wait + took
		}
	})
}

func TestPolicy(t *testing.T) {
	t.Parallel()
	p := Policy{Waits: []time.Duration{10 * time.Second, time.Hour}, Jitter: 0.2}
	seen := make(map[time.Duration]bool)
	for range 200 {
		wait, dead := p.next(1, 0)
		if dead || wait < 8*time.Second || wait > 12*time.Second {
			t.Fatalf("%s, %t, want 10 s, give or take 20 %%", wait, dead)
		}
		seen[wait] = true
	}
	if len(seen) < 100 {
		t.Errorf("only %d different waits", len(seen))
	}
	if _, dead := p.next(2, 0); dead {
		t.Error("dead before the last wait")
	}
	if _, dead := p.next(3, 0); !dead {
		t.Error("not dead after the last wait")
	}
}
