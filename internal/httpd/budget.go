package httpd

import (
	"net/netip"
	"sync"
)

// bodyBudget bounds the bytes of bodies in memory over all requests, and those of one client address to half of them, so that no
// stranger can shut out the others. Bodies of up to smallBodyBytes also have a reserve. It is safe for concurrent use.
type bodyBudget struct {
	limit, reserve int64

	mu        sync.Mutex
	used      int64
	byAddress map[netip.Prefix]int64 // by tenant.Network; no entry for 0
}

func newBodyBudget(limit, reserve int64) *bodyBudget {
	return &bodyBudget{limit: limit, reserve: reserve, byAddress: map[netip.Prefix]int64{}}
}

// take gives a request that holds so many bytes n more, if there are any.
func (b *bodyBudget) take(address netip.Prefix, held, n int64) bool {
	free := b.limit
	if held+n > smallBodyBytes+1 { // one more, to see the end
		free -= b.reserve
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.used+n > free || b.byAddress[address]+n > b.limit/2 {
		return false
	}
	b.used += n
	b.byAddress[address] += n
	return true
}

func (b *bodyBudget) give(address netip.Prefix, n int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.used -= n
	if b.byAddress[address] -= n; b.byAddress[address] <= 0 {
		delete(b.byAddress, address)
	}
}

// reservation is what one request holds of the budget.
type reservation struct {
	budget  *bodyBudget
	address netip.Prefix
	bytes   int64
}

// grow takes n more bytes and reports whether there were any.
func (v *reservation) grow(n int64) bool {
	if !v.budget.take(v.address, v.bytes, n) {
		return false
	}
	v.bytes += n
	return true
}

// shrink gives back all but n bytes.
func (v *reservation) shrink(n int64) {
	if n < v.bytes {
		v.budget.give(v.address, v.bytes-n)
		v.bytes = n
	}
}
