package request_test

import (
	"reflect"
	"sync"
	"testing"

	"github.com/rowgate/rowgate/internal/problem"
	"github.com/rowgate/rowgate/internal/request"
)

func TestCall(t *testing.T) {
	t.Parallel()
	t.Run("speaks the language asked for, else the brand's, else Chinese", func(t *testing.T) {
		t.Parallel()
		for _, test := range []struct {
			asked problem.Lang
			brand string
			want  problem.Lang
		}{
			{"", "", problem.ZH},
			{"", "feishu", problem.ZH},
			{"", "lark", problem.EN},
			{problem.ZH, "lark", problem.ZH},
			{problem.EN, "feishu", problem.EN},
		} {
			call := &request.Call{}
			if test.asked != "" {
				call.SetLang(test.asked)
			}
			call.SetBrand(test.brand)
			if got := call.Lang(); got != test.want {
				t.Errorf("asked %q, brand %q: got %s, want %s", test.asked, test.brand, got, test.want)
			}
		}
	})
	t.Run("sums up what happened", func(t *testing.T) {
		t.Parallel()
		call := &request.Call{}
		call.SetTool("write_records")
		call.SetCode("invalid_rows")
		call.AddRows(2)
		call.AddRows(3)
		call.Upstream("log1")
		call.Upstream("")
		want := request.Summary{Tool: "write_records", Code: "invalid_rows", LogID: "log1", UpstreamCalls: 2, Rows: 5}
		if got := call.Summary(); !reflect.DeepEqual(got, want) || call.UpstreamCalls() != 2 {
			t.Errorf("got %+v, want %+v", got, want)
		}
	})
	t.Run("keeps what the caller asked for", func(t *testing.T) {
		t.Parallel()
		call := &request.Call{}
		if call.SoftErrors() || call.Brand() != "" {
			t.Error("a fresh call has wishes")
		}
		call.SetSoftErrors(true)
		call.SetBrand("lark")
		if !call.SoftErrors() || call.Brand() != "lark" {
			t.Error("the wishes are lost")
		}
		call.SetSoftErrors(false)
		if call.SoftErrors() {
			t.Error("the later word does not hold")
		}
	})
	t.Run("runs each delivery hook once, in order", func(t *testing.T) {
		t.Parallel()
		call := &request.Call{}
		if call.AwaitsDelivery() {
			t.Error("a call without hooks awaits delivery")
		}
		var ran []int
		for i := range 3 {
			call.OnDelivered(func() { ran = append(ran, i) })
		}
		if !call.AwaitsDelivery() {
			t.Error("the hooks are not seen")
		}
		call.Deliver()
		call.Deliver()
		if len(ran) != 3 || ran[0] != 0 || ran[2] != 2 || call.AwaitsDelivery() {
			t.Errorf("ran %v", ran)
		}
	})
	t.Run("lets a hook use the call", func(t *testing.T) {
		t.Parallel()
		call := &request.Call{}
		call.OnDelivered(func() { call.AddRows(1) })
		call.Deliver()
		if call.Summary().Rows != 1 {
			t.Error("the hook did not run")
		}
	})
	t.Run("is found in its context, and is a fresh one elsewhere", func(t *testing.T) {
		t.Parallel()
		call := &request.Call{RequestID: "req_1"}
		if got := request.CallFrom(request.WithCall(t.Context(), call)); got != call {
			t.Errorf("got %+v", got)
		}
		if got := request.CallFrom(t.Context()); got == nil || got.RequestID != "" {
			t.Errorf("got %+v", got)
		}
	})
	t.Run("may be used by many at once", func(t *testing.T) {
		t.Parallel()
		call := &request.Call{}
		var group sync.WaitGroup
		for range 8 {
			group.Go(func() {
				call.AddRows(1)
				call.Upstream("log")
				call.OnDelivered(func() {})
				_, _ = call.Lang(), call.Brand()
			})
		}
		group.Wait()
		if got := call.Summary(); got.Rows != 8 || got.UpstreamCalls != 8 {
			t.Errorf("got %+v", got)
		}
	})
}
