package outbox_test

import (
	"fmt"
	"testing"
	"testing/synctest"

	"github.com/rowgate/rowgate/internal/outbox"
)

// TestClaims: two creates of unknown outcome that write the same row do not tell from the table which of them it is there for. Within ten
// minutes each is sent again by its own token, and held back only while that decides nothing: in the end the row is there twice, and each
// has its own.
func TestClaims(t *testing.T) {
	t.Parallel()
	for _, mode := range []tokenMode{tokenReplays, tokenConflicts, tokenRepeated} {
		for landed := range 4 { // bit 0: the first, bit 1: the second
			t.Run(fmt.Sprintf("mode %d, landed %02b", mode, landed), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					h := setup(t, once)
					h.base.mode = mode
					h.base.faults = func(n int, _ write) fault {
						switch {
						case n > 2:
							return fault{}
						case landed&n != 0:
							return fault{after: interrupted()}
						}
						return fault{before: interrupted()}
					}
					first, second := keyed("first", creation("a", "一")), keyed("second", creation("b", "一"))
					for _, sub := range []outbox.Submission{first, second} {
						if r := h.write(t, sub); tally(r)[outbox.Unknown] != 1 {
							t.Fatalf("%+v", r)
						}
					}
					// The younger is repeated first: where its token only says that it was used, it waits for the older to be decided.
					ids := make(map[string]string)
					for _, sub := range []outbox.Submission{second, first, second} {
						if r := h.write(t, sub); tally(r)[outbox.Created] == 1 {
							ids[sub.IdempotencyKey] = r.Rows[0].RecordID
						}
					}
					if rows := h.base.column("tblExample", "标题"); len(rows) != 2 || len(ids) != 2 || ids["first"] == ids["second"] {
						t.Errorf("the table holds %v, the answers name %v", rows, ids)
					}
				})
			})
		}
	}
}
