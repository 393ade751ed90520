package mcp

import (
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rowgate/rowgate/internal/request"
)

// answered puts a delivered call into the ledger and returns whether it was recalled.
func answered(t *testing.T, l *ledger, from client, id string) (recalled *bool) {
	t.Helper()
	recalled = new(bool)
	call := &request.Call{}
	call.OnRecalled(func() { *recalled = true })
	e := &entry{client: from, id: id, call: call}
	l.begin(t.Context(), e)
	l.end(e, true)
	return recalled
}

func TestLedger(t *testing.T) {
	t.Parallel()
	mine, other := client{1}, client{2}
	t.Run("recalls the latest call of that id of that client alone", func(t *testing.T) {
		t.Parallel()
		l := newLedger()
		first, second, foreign := answered(t, l, mine, "1"), answered(t, l, mine, "1"), answered(t, l, other, "1")
		l.cancel(mine, "1")
		l.cancel(mine, "2")
		if *first || !*second || *foreign {
			t.Errorf("recalled %t %t %t", *first, *second, *foreign)
		}
	})
	t.Run("recalls a call in flight, which then is never delivered", func(t *testing.T) {
		t.Parallel()
		l, call, delivered := newLedger(), &request.Call{}, false
		call.OnDelivered(func() { delivered = true })
		l.begin(t.Context(), &entry{client: mine, id: "1", call: call})
		l.cancel(mine, "1")
		if call.Deliver(); delivered {
			t.Error("it was delivered")
		}
	})
	t.Run("forgets a call ten minutes after its answer", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			l := newLedger()
			early := answered(t, l, mine, "1")
			time.Sleep(recallFor / 2) // fake clock
			late := answered(t, l, mine, "2")
			time.Sleep(recallFor/2 + time.Second) // fake clock
			l.cancel(mine, "1")
			l.cancel(mine, "2")
			if *early || !*late {
				t.Errorf("recalled %t %t", *early, *late)
			}
		})
	})
	t.Run("keeps at most so many of a client, and so many in all", func(t *testing.T) {
		t.Parallel()
		l := newLedger()
		for i := range maxAnsweredPerClient + 1 {
			answered(t, l, mine, strconv.Itoa(i))
		}
		if got := l.answered.Len(); got != maxAnsweredPerClient || l.find(mine, "0") != nil || l.find(mine, "1") == nil {
			t.Errorf("%d are kept", got)
		}
		for i := range MaxAnswered {
			answered(t, l, client{3, byte(i), byte(i >> 8)}, "1")
		}
		if l.answered.Len() != MaxAnswered || l.byClient[mine] != nil {
			t.Errorf("%d are kept", l.answered.Len())
		}
	})
	t.Run("lets the same call wait until the answer before it is noted, for a bounded time", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			l := newLedger()
			first := &entry{client: mine, call: &request.Call{}}
			l.begin(t.Context(), first)
			l.write(first)
			noted := false
			go func() {
				time.Sleep(time.Second) // fake clock
				noted = true
				l.end(first, false)
			}()
			second := &entry{client: mine, call: &request.Call{}}
			if l.begin(t.Context(), second); !noted {
				t.Error("it did not wait")
			}
			l.write(second)
			start := time.Now()
			l.begin(t.Context(), &entry{client: mine, same: [32]byte{1}, call: &request.Call{}})
			if time.Since(start) != 0 {
				t.Error("another call waited")
			}
			if l.begin(t.Context(), &entry{client: mine, call: &request.Call{}}); time.Since(start) != noteWait {
				t.Errorf("it waited %s", time.Since(start))
			}
		})
	})
}
