package outbox_test

import (
	"errors"
	"testing"
	"testing/synctest"

	"github.com/rowgate/rowgate/internal/outbox"
)

// TestKeep_of_no_rows: a submission without rows is answered at once; a job of it would never end.
func TestKeep_of_no_rows(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := setup(t)
		ticket := h.submit(t, creation("caller"))
		if err := ticket.Keep(); !errors.Is(err, outbox.ErrAnswered) {
			t.Errorf("Keep answered %v, want ErrAnswered", err)
		}
		entries, _, err := h.store.Load(t.Context(), "")
		if err != nil || len(entries) != 0 {
			t.Errorf("%d entries are stored, %v: want none", len(entries), err)
		}
	})
}
