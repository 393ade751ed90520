package core

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"
)

func TestLimits(t *testing.T) {
	t.Parallel()
	t.Run("forget_old_windows", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			var l limits
			l.reset()
			for n := range maxWindows {
				l.take("x", fmt.Sprint(n), PerSecond(10))
			}
			<-time.After(time.Second)
			l.take("x", "new", PerSecond(10))
			if len(l.windows) != 1 {
				t.Errorf("%d windows", len(l.windows))
			}
		})
	})
}
