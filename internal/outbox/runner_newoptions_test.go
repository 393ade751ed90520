package outbox_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rowgate/rowgate/internal/outbox"
	"github.com/rowgate/rowgate/internal/sandbox"
)

// TestNewOptions writes rows with options that the table does not have. The sandbox creates an option twice that comes twice in a call, as
// Feishu does.
func TestNewOptions(t *testing.T) {
	t.Parallel()

	t.Run("twice_in_one_cell_still_go", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			h := setup(t)
			sub := creation("a", "一")
			sub.Rows[0].Fields = json.RawMessage(`{"标题":"一","标签":["新","新"]}`)
			sub.NewOptions = map[string][]string{"标签": {"新"}}
			if r := h.write(t, printed(sub)); tally(r)[outbox.Created] != 1 {
				t.Errorf("%+v", r)
			}
		})
	})
	tagged := func(s *site, caller string, tags ...string) outbox.Submission {
		sub := s.videos(outbox.OpCreate)
		sub.Tenant = caller
		rows := s.videos(outbox.OpCreate, make([]int, len(tags))...).Rows
		for i, tag := range tags {
			rows[i].Fields = json.RawMessage(fmt.Sprintf(`{"标题":"%s %d","状态":"%s","标签":["甲","%s"]}`, caller, i, tag, tag))
		}
		sub.Rows, sub.NewOptions = rows, map[string][]string{"状态": tags, "标签": tags}
		return printed(sub)
	}
	options := func(t *testing.T, s *site) map[string]int {
		counts := make(map[string]int)
		for _, f := range must[[]fieldList](t)(listFields(t, s)) {
			for _, name := range f.options {
				counts[f.name+"="+name]++
			}
		}
		return counts
	}

	t.Run("creates_each_once_and_costs_one_call_more_for_a_run_of_one_new_option", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			s := newSite(t, sandbox.Options{Write: sandbox.Latency{PerCall: 100 * time.Millisecond}})
			tags := make([]string, 50)
			for i := range tags {
				tags[i] = "新"
			}
			r := s.write(t, tagged(s, "a", tags...))
			if tally(r)[outbox.Created] != 50 || r.UpstreamCalls != 2 {
				t.Errorf("%v, %d calls", tally(r), r.UpstreamCalls)
			}
			for name, n := range options(t, s) {
				if n != 1 {
					t.Errorf("%s is there %d times", name, n)
				}
			}
		})
	})

	t.Run("creates_each_once_across_callers", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			s := newSite(t, sandbox.Options{Write: sandbox.Latency{PerCall: 100 * time.Millisecond}})
			s.write(t, s.videos(outbox.OpCreate, 1))
			tickets := []*outbox.Ticket{must[*outbox.Ticket](t)(s.Submit(t.Context(), s.videos(outbox.OpCreate, 2)))}
			elapse(50 * time.Millisecond)
			for c := range 20 {
				tickets = append(tickets, must[*outbox.Ticket](t)(s.Submit(t.Context(), tagged(s, fmt.Sprint("c", c), "新", "又", fmt.Sprint("独", c)))))
			}
			for _, ticket := range tickets {
				if r := wait(t, ticket); r.Err != nil || tally(r)[outbox.Failed] != 0 {
					t.Errorf("%+v", r)
				}
			}
			got := options(t, s)
			for name, n := range got {
				if n != 1 {
					t.Errorf("%s is there %d times", name, n)
				}
			}
			if want := 2 * (2 + 2 + 20); len(got) != want {
				t.Errorf("%d options, want %d", len(got), want)
			}
		})
	})
}

type fieldList struct {
	name    string
	options []string
}

func listFields(t *testing.T, s *site) ([]fieldList, error) {
	t.Helper()
	fields, err := s.client.ListFields(t.Context(), s.table)
	list := make([]fieldList, 0, len(fields))
	for _, f := range fields {
		entry := fieldList{name: f.Name}
		if f.Property != nil {
			for _, o := range f.Property.Options {
				entry.options = append(entry.options, o.Name)
			}
		}
		list = append(list, entry)
	}
	return list, err
}
