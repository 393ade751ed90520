package sandbox

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rowgate/rowgate/internal/sandbox/core"
)

// client sends over the direct transport, so that cut connections and hangs look as they do to a real client.
func (b *bundle) client(ctx context.Context, method, path string, body any) (status int, text string, err error) {
	b.t.Helper()
	r := b.request(method, path, body)
	request := r.Clone(ctx)
	request.RequestURI = ""
	request.URL.Scheme, request.URL.Host = "http", "sandbox"
	answer, err := (&http.Client{Transport: b.sb.Transport()}).Do(request)
	if err != nil {
		return 0, "", err
	}
	content, err := io.ReadAll(answer.Body)
	return answer.StatusCode, string(content), errors.Join(err, answer.Body.Close())
}

func TestFaults(t *testing.T) {
	t.Parallel()
	row := map[string]any{"fields": map[string]any{"标题": "a"}}
	for name, tc := range map[string]struct {
		fault  Fault
		rows   int // that landed
		status int // 0: the connection was cut
		want   string
	}{
		"error_before": {
			Fault{Action: ActionError, Code: 1254607},
			0, 400,
			`"code":1254607,"msg":"Data not ready, please try again later"`,
		},
		"error_after":         {Fault{Action: ActionError, Code: 1255040, When: AfterCommit}, 1, 504, `"code":1255040`},
		"status_before":       {Fault{Action: ActionStatus, Status: 503}, 0, 503, ""},
		"status_after":        {Fault{Action: ActionStatus, Status: 504, When: AfterCommit}, 1, 504, ""},
		"html_before":         {Fault{Action: ActionHTML}, 0, 502, "<h1>502 Bad Gateway</h1>"},
		"html_after":          {Fault{Action: ActionHTML, Status: 504, When: AfterCommit}, 1, 504, "<h1>504 Gateway Timeout</h1>"},
		"cut_before":          {Fault{Action: ActionCut}, 0, 0, ""},
		"cut_after":           {Fault{Action: ActionCut, When: AfterCommit}, 1, 0, ""},
		"invalid_json_before": {Fault{Action: ActionInvalidJSON}, 0, 200, `{"code":0,"data":{"records":[`},
		"invalid_json_after":  {Fault{Action: ActionInvalidJSON, When: AfterCommit}, 1, 200, `{"code":0,"data":`},
		"slow_body":           {Fault{Action: ActionSlowBody, Delay: time.Second}, 1, 200, `"code":0`},
		"delay":               {Fault{Action: ActionDelay, Delay: time.Second}, 1, 200, `"code":0`},
		"revoke_before":       {Fault{Action: ActionRevoke}, 0, 400, `"code":99991663`},
		"revoke_after":        {Fault{Action: ActionRevoke, When: AfterCommit}, 1, 200, `"code":0`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				b := setup(t, Options{})
				_, err := b.sb.AddFault(tc.fault)
				b.must(err)
				began := time.Now()
				status, text, err := b.client(t.Context(), "POST", recordsPath, row)
				if (err != nil) != (tc.status == 0) || status != tc.status || !strings.Contains(text, tc.want) {
					t.Errorf("got %d %q %v", status, text, err)
				}
				if took := time.Since(began); took != tc.fault.Delay {
					t.Errorf("took %s, want %s", took, tc.fault.Delay)
				}
				if n := len(b.rows()); n != tc.rows {
					t.Errorf("%d rows landed, want %d", n, tc.rows)
				}
				last := b.sb.Journal()[1]
				if last.Fault != tc.fault.Action || last.Status != tc.status || last.Committed != (tc.rows == 1) {
					t.Errorf("journal %+v", last)
				}
				b.sb.ClearFaults()
				if tc.fault.Action == ActionRevoke {
					b.create(map[string]any{}).want(t, 400, 99991663)
					b.token = b.login(testApp, testSecret)
				}
				b.create(map[string]any{}).wantOK(t)
			})
		})
	}
	for _, when := range []Moment{BeforeCommit, AfterCommit} {
		t.Run("hang_"+string(when)+"_lasts_until_the_client_gives_up", func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				b := setup(t, Options{})
				_, err := b.sb.AddFault(Fault{Action: ActionHang, When: when})
				b.must(err)
				ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
				defer cancel()
				began := time.Now()
				_, _, err = b.client(ctx, "POST", recordsPath, row)
				if !errors.Is(err, context.DeadlineExceeded) || time.Since(began) != time.Hour {
					t.Errorf("got %v after %s", err, time.Since(began))
				}
				if n := len(b.rows()); (n == 1) != (when == AfterCommit) {
					t.Errorf("%d rows landed", n)
				}
				synctest.Wait()
			})
		})
	}
	t.Run("hang_ends_when_the_sandbox_closes", func(t *testing.T) {
		t.Parallel()
		b := setup(t, Options{})
		_, err := b.sb.AddFault(Fault{Action: ActionHang})
		b.must(err)
		b.must(b.sb.Close())
		if _, _, err := b.client(t.Context(), "POST", recordsPath, row); !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("keep_the_calls_own_failure", func(t *testing.T) {
		t.Parallel()
		b := setup(t, Options{})
		_, err := b.sb.AddFault(Fault{Action: ActionError, Code: 1255040, When: AfterCommit})
		b.must(err)
		b.create(map[string]any{"标题": 1}).want(t, 200, 1254060)
	})
	t.Run("cut_a_real_connection", func(t *testing.T) {
		t.Parallel()
		b := setup(t, Options{})
		base, err := b.sb.Start()
		b.must(err)
		_, err = b.sb.AddFault(Fault{Action: ActionCut, When: AfterCommit})
		b.must(err)
		r, err := http.NewRequestWithContext(t.Context(), "POST", base+"/open-apis"+recordsPath, strings.NewReader(`{"fields":{}}`))
		b.must(err)
		r.Header.Set("Authorization", "Bearer "+b.token)
		answer, err := (&http.Client{}).Do(r)
		if err == nil {
			b.must(answer.Body.Close())
			t.Error("got an answer")
		}
		if len(b.rows()) != 1 {
			t.Error("the row did not land")
		}
	})
}

func TestFaultScript(t *testing.T) {
	t.Parallel()
	// hits runs n calls and returns which ones were struck, as "1 3".
	hits := func(b *bundle, n int) string {
		var out []string
		for i := range n {
			if r := b.create(map[string]any{}); r.Code == 1255001 {
				out = append(out, fmt.Sprint(i+1))
			}
		}
		return strings.Join(out, " ")
	}
	for name, tc := range map[string]struct {
		fault Fault
		want  string
	}{
		"every_call_when_nothing_is_said": {Fault{}, "1 2 3 4 5 6"},
		"the_calls_after_skip":            {Fault{Skip: 4}, "5 6"},
		"the_nth_call_only":               {Fault{Skip: 2, Count: 1}, "3"},
		"each_second_call":                {Fault{Every: 2}, "2 4 6"},
		"each_second_call_twice":          {Fault{Every: 2, Count: 2}, "2 4"},
		"its_endpoint":                    {Fault{Endpoint: "record.batch_create", Count: 1}, "1"},
		"its_endpoints_by_glob":           {Fault{Endpoint: "record.*", Count: 1}, "1"},
		"not_other_endpoints":             {Fault{Endpoint: "field.*"}, ""},
		"its_app":                         {Fault{App: testApp, Count: 1}, "1"},
		"not_other_apps":                  {Fault{App: "cli_other"}, ""},
		"its_table":                       {Fault{Base: testBase, Table: testTable, Count: 1}, "1"},
		"not_other_bases":                 {Fault{Base: otherBase}, ""},
		"not_other_tables":                {Fault{Table: "tblOther1"}, ""},
	} {
		t.Run("strikes_"+name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, Options{})
			tc.fault.Action, tc.fault.Code = ActionError, 1255001
			_, err := b.sb.AddFault(tc.fault)
			b.must(err)
			if got := hits(b, 6); got != tc.want {
				t.Errorf("struck %q, want %q", got, tc.want)
			}
		})
	}
	t.Run("strikes_at_its_rate_and_the_same_calls_for_the_same_seed", func(t *testing.T) {
		t.Parallel()
		run := func(seed uint64) string {
			b := setup(t, Options{RatesOff: true, Seed: seed})
			_, err := b.sb.AddFault(Fault{Action: ActionError, Code: 1255001, Rate: 0.25})
			b.must(err)
			return hits(b, 400)
		}
		first := run(1)
		if n := len(strings.Fields(first)); n < 70 || n > 130 {
			t.Errorf("%d of 400 struck at rate 0.25", n)
		}
		if run(1) != first || run(2) == first {
			t.Error("the seed does not decide")
		}
	})
	t.Run("lists_and_removes_faults", func(t *testing.T) {
		t.Parallel()
		b := setup(t, Options{})
		id, err := b.sb.AddFault(Fault{Action: ActionError, Code: 1255001, Count: 1})
		b.must(err)
		hits(b, 2)
		if list := b.sb.Faults(); len(list) != 1 || list[0].Seen != 2 || list[0].Struck != 1 || list[0].When != BeforeCommit {
			t.Errorf("got %+v", list)
		}
		if !b.sb.RemoveFault(id) || b.sb.RemoveFault(id) || len(b.sb.Faults()) != 0 {
			t.Error("not removed once")
		}
	})
	for name, fault := range map[string]Fault{
		"an_unknown_action":     {Action: "explode"},
		"an_unknown_moment":     {Action: ActionCut, When: "during"},
		"an_unknown_endpoint":   {Action: ActionCut, Endpoint: "record.upsert"},
		"a_bad_pattern":         {Action: ActionCut, Endpoint: "["},
		"an_error_with_no_code": {Action: ActionError},
		"a_status_of_none":      {Action: ActionStatus},
		"a_rate_over_1":         {Action: ActionCut, Rate: 1.5},
		"a_negative_count":      {Action: ActionCut, Count: -1},
	} {
		t.Run("refuses_"+name, func(t *testing.T) {
			t.Parallel()
			if _, err := setup(t, Options{}).sb.AddFault(fault); err == nil {
				t.Error("no error")
			}
		})
	}
	t.Run("is_bounded", func(t *testing.T) {
		t.Parallel()
		b := setup(t, Options{})
		for range core.MaxFaults {
			_, err := b.sb.AddFault(Fault{Action: ActionCut})
			b.must(err)
		}
		if _, err := b.sb.AddFault(Fault{Action: ActionCut}); err == nil {
			t.Error("no error")
		}
	})
}
