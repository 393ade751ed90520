package memory_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"

	"github.com/rowgate/rowgate/internal/memory"
)

func TestBudget(t *testing.T) {
	t.Parallel()
	grow := func(t *testing.T, h *memory.Hold, n int64) {
		t.Helper()
		if err := h.Grow(t.Context(), n); err != nil {
			t.Fatal(err)
		}
	}
	t.Run("lets_one_go_beyond_the_limit_and_others_wait", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			b := memory.NewBudget(100)
			small, large, third := b.Hold(), b.Hold(), b.Hold()
			grow(t, small, 60)
			grow(t, large, 1000)
			grow(t, large, 1000) // it is beyond the limit already
			soon, cancel := context.WithCancel(t.Context())
			cancel()
			if err := third.Grow(soon, 50); !errors.Is(err, context.Canceled) {
				t.Fatalf("a third holder got past the limit: %v", err)
			}
			grow(t, third, 40)
			fourth, got := b.Hold(), make(chan struct{})
			go func() {
				grow(t, fourth, 30)
				close(got)
			}()
			synctest.Wait()
			select {
			case <-got:
				t.Fatal("a fourth holder got past the limit")
			default:
			}
			small.Release()
			small.Release()
			<-got
			if used := b.Used(); used != 70 {
				t.Errorf("%d bytes are held, want 70", used)
			}
			for _, h := range []*memory.Hold{large, third, fourth} {
				h.Release()
			}
			if used := b.Used(); used != 0 {
				t.Errorf("%d bytes are held in the end", used)
			}
		})
	})
	t.Run("that_is_nil_bounds_nothing", func(t *testing.T) {
		t.Parallel()
		var b *memory.Budget
		h := b.Hold()
		grow(t, h, 1<<40)
		h.Release()
	})
}
