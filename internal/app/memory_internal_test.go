package app

import (
	"testing"

	"github.com/rowgate/rowgate/internal/intake"
	"github.com/rowgate/rowgate/internal/memory"
)

// What is bounded by its number fits the part of the memory that it has.
func TestDivide(t *testing.T) {
	t.Parallel()
	for _, limit := range []int64{memory.LeastLimit, memory.DefaultLimit} {
		b := divide(limit)
		parts := make(map[string]int64)
		for _, bound := range MemoryBounds(limit) {
			if bound.Part {
				parts[bound.Name] = bound.Bytes
			}
		}
		for _, bound := range b.parts() {
			if part := parts[bound.Name]; bound.Bytes > part {
				t.Errorf("%s: %d bytes of %d at a limit of %d", bound.Name, bound.Bytes, part, limit)
			}
		}
		if b.Bodies/2 < intake.MaxBodyBytes+1 {
			t.Errorf("one address may send %d bytes, less than the largest body", b.Bodies/2)
		}
		if b.tenant.Entries >= b.total.Entries || b.tenant.Rows >= b.total.Rows || b.tenant.Bytes >= b.total.Bytes {
			t.Errorf("a tenant may have %+v of %+v", b.tenant, b.total)
		}
	}
}
