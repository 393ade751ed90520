package core

import (
	"fmt"
	"testing"
)

func TestJournalCounters(t *testing.T) {
	t.Parallel()
	t.Run("bounds_its_counters", func(t *testing.T) {
		t.Parallel()
		var j journal
		j.reset()
		j.resize(1)
		for n := range maxCountKeys + 10 {
			j.put(JournalCall{Endpoint: "auth.tenant_token", App: fmt.Sprint("cli_", n)})
		}
		if len(j.counts) != maxCountKeys+1 || j.counts[countKey{endpoint: "auth.tenant_token"}].Calls != 10 {
			t.Errorf("%d counters", len(j.counts))
		}
	})
}
