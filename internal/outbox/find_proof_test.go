package outbox

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rowgate/rowgate/internal/feishu"
)

func TestProofs(t *testing.T) {
	t.Parallel()
	of := func(tenant string, n int) *Submission {
		return &Submission{Tenant: tenant, Table: feishu.TableRef{AppToken: "bascnExample", TableID: fmt.Sprint("tbl", n)}}
	}

	t.Run("count for a minute and for one app", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			p := newProofs()
			p.prove(of("a", 1))
			if !p.isProved(of("a", 1)) || p.isProved(of("b", 1)) || p.isProved(of("a", 2)) {
				t.Error("another app's or table's proof counts, or its own does not")
			}
			<-time.After(proofFor) // fake clock
			if p.isProved(of("a", 1)) {
				t.Error("it still counts")
			}
		})
	})

	t.Run("keep within their bounds", func(t *testing.T) {
		t.Parallel()
		p := newProofs()
		for n := range maxProofs + 10 {
			p.prove(of("a", n))
			p.wrote(of("a", n).Table, []string{"rec"})
		}
		if len(p.proved) != maxProofs || len(p.written) != maxProofs {
			t.Errorf("%d and %d are kept, want %d", len(p.proved), len(p.written), maxProofs)
		}
		table := of("a", 0).Table
		var all []string
		for n := range 3 * maxWitnesses {
			all = append(all, fmt.Sprint("rec", n))
		}
		p.wrote(table, all[:2])
		p.wrote(table, all[2:])
		p.wrote(table, nil)
		got := p.witnesses(table)
		if len(got) != maxWitnesses || got[maxWitnesses-1] != all[len(all)-1] {
			t.Errorf("%v are kept", got)
		}
	})
}
