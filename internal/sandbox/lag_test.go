package sandbox

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// TestSearchLag holds that search and list show the rows of a while ago, and that a read by id does not.
func TestSearchLag(t *testing.T) {
	t.Parallel()
	const lag = 5 * time.Second
	search := func(b *bundle) string {
		return b.do("POST", recordsPath+"/search", `{"sort":[{"field_name":"标题"}]}`).page(b.t).column("标题")
	}
	t.Run("hides_a_new_row_from_search_and_list_alone", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			b := setup(t, Options{SearchLag: lag})
			id := b.create(map[string]any{"标题": "a"}).ids()[0]
			r := b.do("GET", recordsPath, nil)
			if got := search(b); got != "" || !strings.Contains(r.raw, `"total":0`) {
				t.Errorf("search %q, list %s", got, r.raw)
			}
			b.do("GET", recordsPath+"/"+id, nil).wantOK(t)
			if r := b.do("POST", recordsPath+"/batch_get", map[string]any{"record_ids": []string{id}}); !strings.Contains(
				r.raw,
				`"absent_record_ids":[]`,
			) {
				t.Errorf("got %s", r.raw)
			}
			<-time.After(lag) // fake clock
			if got := search(b); got != "a" {
				t.Errorf("got %q", got)
			}
		})
	})
	t.Run("shows_the_old_values_of_a_changed_row_and_a_deleted_one", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			b := setup(t, Options{SearchLag: lag, RatesOff: true})
			ids := b.create(map[string]any{"标题": "a"}, map[string]any{"标题": "b"}).ids()
			<-time.After(lag) // fake clock
			b.do("PUT", recordsPath+"/"+ids[0], `{"fields":{"标题":"a1"}}`).wantOK(t)
			<-time.After(lag / 2) // fake clock
			b.do("PUT", recordsPath+"/"+ids[0], `{"fields":{"标题":"a2"}}`).wantOK(t)
			b.do("DELETE", recordsPath+"/"+ids[1], nil).wantOK(t)
			for _, want := range []string{"a b", "a1 b", "a2"} {
				if got := search(b); got != want {
					t.Errorf("got %q, want %q", got, want)
				}
				<-time.After(lag / 2) // fake clock
			}
		})
	})
	t.Run("of_one_call_is_a_fault", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			b := setup(t, Options{})
			b.create(map[string]any{"标题": "a"}).wantOK(t)
			_, err := b.sb.AddFault(Fault{Endpoint: "record.search", Action: ActionStale, Delay: lag, Count: 1})
			b.must(err)
			for _, want := range []string{"", "a"} {
				if got := search(b); got != want {
					t.Errorf("got %q, want %q", got, want)
				}
			}
		})
	})
	t.Run("needs_a_delay", func(t *testing.T) {
		t.Parallel()
		if _, err := setup(t, Options{}).sb.AddFault(Fault{Action: ActionStale}); err == nil {
			t.Error("no error")
		}
	})
}

// TestForgottenClientToken holds that a forgotten token lets the same create write again.
func TestForgottenClientToken(t *testing.T) {
	t.Parallel()
	post := func(b *bundle) reply {
		return b.do("POST", recordsPath+"?client_token="+uuidA, `{"fields":{"标题":"a"}}`)
	}
	rows := func(t *testing.T, b *bundle, want int) {
		t.Helper()
		if n := len(b.rows()); n != want {
			t.Errorf("%d rows, want %d", n, want)
		}
	}
	t.Run("by_option_at_once", func(t *testing.T) {
		t.Parallel()
		b := setup(t, Options{ClientToken: ClientTokenForget})
		post(b).wantOK(t)
		post(b).wantOK(t)
		rows(t, b, 2)
	})
	t.Run("by_order", func(t *testing.T) {
		t.Parallel()
		b := setup(t, Options{})
		post(b).wantOK(t)
		b.adminOK("POST", "/client_tokens/forget", "")
		post(b).wantOK(t)
		rows(t, b, 2)
	})
	t.Run("by_default_after_10_minutes", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			b := setup(t, Options{})
			post(b).wantOK(t)
			<-time.After(DefaultClientTokenTTL - time.Nanosecond) // fake clock
			post(b).wantOK(t)
			rows(t, b, 1)
			<-time.After(time.Nanosecond) // fake clock
			b.token = b.login(testApp, testSecret)
			post(b).wantOK(t)
			rows(t, b, 2)
		})
	})
	t.Run("by_a_fault_beside_a_lost_answer", func(t *testing.T) {
		t.Parallel()
		b := setup(t, Options{})
		for _, f := range []Fault{
			{Endpoint: "record.create", Action: ActionError, Code: 1255040, When: AfterCommit, Count: 1},
			{Endpoint: "record.create", Action: ActionForget, Count: 1},
		} {
			_, err := b.sb.AddFault(f)
			b.must(err)
		}
		post(b).want(t, 504, 1255040)
		post(b).wantOK(t)
		rows(t, b, 2)
		post(b).wantOK(t) // the second create's token is kept
		rows(t, b, 2)
		for _, f := range b.sb.Faults() {
			if f.Struck != 1 {
				t.Errorf("fault %s struck %d calls", f.Action, f.Struck)
			}
		}
	})
	t.Run("by_a_fault_after_a_time", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			b := setup(t, Options{})
			_, err := b.sb.AddFault(Fault{Action: ActionForget, Delay: 2 * time.Second, Count: 1})
			b.must(err)
			post(b).wantOK(t)
			<-time.After(time.Second) // fake clock
			post(b).wantOK(t)
			rows(t, b, 1)
			<-time.After(time.Second) // fake clock
			post(b).wantOK(t)
			rows(t, b, 2)
		})
	})
}
