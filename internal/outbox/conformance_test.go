package outbox_test

import (
	"testing"

	"github.com/rowgate/rowgate/internal/outbox"
	"github.com/rowgate/rowgate/internal/outbox/outboxtest"
)

// TestMemStore keeps the tests honest: the store they use obeys the rules of a real one.
func TestMemStore(t *testing.T) {
	t.Parallel()
	outboxtest.Run(t, func(*testing.T) outbox.Store { return newMemStore() })
}
