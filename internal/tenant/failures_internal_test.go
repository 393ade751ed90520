package tenant

import (
	"encoding/binary"
	"net/netip"
	"testing"
)

// However many addresses try, MaxAddresses are remembered at most.
func TestFailures_are_bounded(t *testing.T) {
	t.Parallel()
	f := NewFailures()
	t.Cleanup(f.Close)
	for i := range uint32(MaxAddresses + 5_000) {
		var address [4]byte
		binary.BigEndian.PutUint32(address[:], i)
		f.Add(netip.AddrFrom4(address))
	}
	f.counts.CleanUp()
	if n := f.counts.EstimatedSize(); n > MaxAddresses || n < MaxAddresses/2 {
		t.Errorf("%d addresses are remembered", n)
	}
}
