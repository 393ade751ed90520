package httpd

import (
	"math"
	"testing"
)

func TestConnectionsWithinOpenFiles(t *testing.T) {
	t.Parallel()
	for files, want := range map[uint64]int{
		0: leastConnections, 32: leastConnections, 64: 10, 256: 74, 1024: 330, 4096: 1354,
		ownFiles + filesParts*MaxConnections: MaxConnections, 1 << 20: MaxConnections, math.MaxUint64: MaxConnections,
	} {
		if got := connectionsWithin(files); got != want {
			t.Errorf("%d connections of %d open files, want %d", got, files, want)
		}
	}
}
