package tenant_test

import (
	"net/netip"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rowgate/rowgate/internal/tenant"
)

func failures(t *testing.T) *tenant.Failures {
	t.Helper()
	f := tenant.NewFailures()
	t.Cleanup(f.Close)
	return f
}

func TestFailures(t *testing.T) {
	t.Parallel()
	address := netip.MustParseAddr("192.0.2.7")

	t.Run("are free up to the bound, then wait until the window ends", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			f := tenant.NewFailures()
			defer f.Close()
			for range tenant.MaxFailures {
				if wait := f.Add(address); wait != 0 {
					t.Fatalf("waits %s", wait)
				}
			}
			time.Sleep(10 * time.Second) //nolint:forbidigo // the bubble's time
			if wait := f.Add(address); wait != tenant.FailureWindow-10*time.Second {
				t.Errorf("waits %s", wait)
			}
			time.Sleep(tenant.FailureWindow - 10*time.Second) //nolint:forbidigo // the bubble's time
			if wait := f.Add(address); wait != 0 {
				t.Errorf("after the window: waits %s", wait)
			}
		})
	})

	t.Run("of one address are not another's", func(t *testing.T) {
		t.Parallel()
		f := failures(t)
		for range tenant.MaxFailures + 1 {
			f.Add(address)
		}
		for _, other := range []string{"192.0.2.8", "2001:db8::1"} {
			if wait := f.Add(netip.MustParseAddr(other)); wait != 0 {
				t.Errorf("%s waits %s", other, wait)
			}
		}
	})

	t.Run("count a network of IPv6 and every spelling of an address as one", func(t *testing.T) {
		t.Parallel()
		for _, spellings := range [][2]string{
			{"2001:db8:1:2::1", "2001:db8:1:2:ffff::9"},
			{"fe80::1%eth0", "fe80::2%eth1"},
			{"192.0.2.7", "::ffff:192.0.2.7"},
		} {
			f := failures(t)
			for i := range tenant.MaxFailures {
				f.Add(netip.MustParseAddr(spellings[i%2]))
			}
			if wait := f.Add(netip.MustParseAddr(spellings[0])); wait == 0 {
				t.Errorf("%s and %s are counted apart", spellings[0], spellings[1])
			}
		}
	})

	t.Run("of callers without an address count together", func(t *testing.T) {
		t.Parallel()
		f := failures(t)
		for range tenant.MaxFailures {
			f.Add(netip.Addr{})
		}
		if wait := f.Add(netip.Addr{}); wait == 0 {
			t.Error("not limited")
		}
	})

	t.Run("at once are counted exactly", func(t *testing.T) {
		t.Parallel()
		f := failures(t)
		var free atomic.Int32
		var wg sync.WaitGroup
		for range 4 * tenant.MaxFailures {
			wg.Go(func() {
				if f.Add(address) == 0 {
					free.Add(1)
				}
			})
		}
		wg.Wait()
		if free.Load() != tenant.MaxFailures {
			t.Errorf("%d were free", free.Load())
		}
	})
}
