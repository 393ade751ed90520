package tenant

import (
	"net/netip"
	"time"

	"github.com/maypok86/otter/v2"
)

// Bounds of the failure limit.
const (
	MaxFailures   = 20          // wrong passphrases and keys that an address may try within FailureWindow
	FailureWindow = time.Minute // from an address's first failure
	MaxAddresses  = 20_000      // addresses remembered

	ipv6Network = 64 // bits: the addresses of one customer's network count as one
)

// Failures counts wrong passphrases and connection keys by client address. It is safe for concurrent use.
type Failures struct {
	counts *otter.Cache[netip.Prefix, window]
}

// window is an address's failures since it began.
type window struct {
	began time.Time
	count int
}

// NewFailures makes an empty count.
func NewFailures() *Failures {
	return &Failures{counts: otter.Must(&otter.Options[netip.Prefix, window]{
		MaximumSize:      MaxAddresses,
		ExpiryCalculator: otter.ExpiryCreating[netip.Prefix, window](FailureWindow),
	})}
}

// Close ends the count's goroutines.
func (f *Failures) Close() { f.counts.StopAllGoroutines() }

// Add counts a failure of address. Once there are more than MaxFailures it returns how long the address has to wait, else 0.
func (f *Failures) Add(address netip.Addr) time.Duration {
	now := time.Now()
	w, _ := f.counts.Compute(Network(address), func(old window, found bool) (window, otter.ComputeOp) {
		if !found || now.Sub(old.began) >= FailureWindow {
			return window{began: now, count: 1}, otter.WriteOp
		}
		return window{began: old.began, count: old.count + 1}, otter.WriteOp
	})
	if w.count <= MaxFailures {
		return 0
	}
	return max(w.began.Add(FailureWindow).Sub(now), time.Second)
}

// Network is the unit of limits by client: an IPv4 address, or the /64 network of an IPv6 address. It is the zero Prefix for no
// address.
func Network(address netip.Addr) netip.Prefix {
	address = address.Unmap().WithZone("")
	bits := address.BitLen()
	if address.Is6() {
		bits = ipv6Network
	}
	prefix, err := address.Prefix(bits)
	if err != nil { // no address: a test, a socket without one
		return netip.Prefix{}
	}
	return prefix
}
