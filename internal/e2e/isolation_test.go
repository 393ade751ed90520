package e2e_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/rowgate/rowgate/internal/sandbox"
)

// TestIsolation: what one tenant does wrong is nobody else's trouble.
func TestIsolation(t *testing.T) {
	t.Parallel()

	t.Run("a_wrong_secret_fails_at_Feishu_however_warm_the_right_one_is", func(t *testing.T) {
		t.Parallel()
		h := setup(t, options{})
		h.write(`{"fields":{"标题":"甲"},"idempotency_key":"run-1"}`)
		h.sandbox.ResetCalls()
		for _, body := range []string{
			`{"app_secret":"wrong","fields":{"标题":"乙"}}`,
			`{"app_secret":"wrong","fields":{"标题":"甲"},"idempotency_key":"run-1"}`,
			`{"app_secret":"wrong","fields":{"标题":"甲"},"dry_run":true}`,
		} {
			got := h.write(body)
			if got.status != http.StatusUnauthorized || got.Code != "bad_app_credentials" || got.Outcome != "not_written" || got.Retryable {
				t.Errorf("%s: answered %s", body, got.raw)
			}
		}
		if h.sandbox.CallCount("auth.tenant_token", appID) == 0 {
			t.Error("Feishu was not asked")
		}
		if h.writes() != 0 || len(h.rows()) != 1 {
			t.Errorf("%d writes, %d rows", h.writes(), len(h.rows()))
		}
		if got := h.write(`{"fields":{"标题":"丙"}}`); got.status != http.StatusOK {
			t.Errorf("the right secret then got %s", got.raw)
		}
	})

	t.Run("a_thousand_bad_calls_leave_a_neighbour_untouched_and_no_breaker_open", func(t *testing.T) {
		t.Parallel()
		h := setup(t, options{settings: map[string]string{"ROWGATE_METRICS_PUBLIC": "true"}})
		neighbour := h.neighbour("cli_neighbour")
		closed, err := h.sandbox.AddBase(sandbox.BaseSpec{Token: "bascnClosed"})
		if err != nil {
			t.Fatal(err)
		}
		foreign, err := closed.AddTable(table, sandbox.FieldSpec{Name: "标题", Type: 1})
		if err != nil {
			t.Fatal(err)
		}
		bad := []struct {
			request

			code string
		}{
			{request{body: `{"app_secret":"wrong","fields":{"标题":"甲"}}`}, "bad_app_credentials"},
			{
				request{header: map[string]string{"X-App-Token": "bascnClosed", "X-Table-Id": foreign}, body: `{"fields":{"标题":"甲"}}`},
				"app_not_collaborator",
			},
			{request{body: `{"fields":{"标题":"甲","播放量":"x"},"typecast":false}`}, "invalid_rows"},
			{request{header: map[string]string{"X-Table-Id": "tblNowhere1"}, body: `{"fields":{"标题":"甲"}}`}, "table_not_found"},
		}
		const calls, callers = 1000, 20
		var bulk sync.WaitGroup
		for caller := range callers {
			bulk.Go(func() {
				for i := range calls / callers {
					b := bad[(caller+i)%len(bad)]
					if got := h.do(b.request); got.Code != b.code {
						t.Errorf("answered %d %s, want %s", got.status, got.raw, b.code)
						return
					}
				}
			})
		}
		const good = 20
		for i := range good {
			got := h.do(request{header: neighbour, body: fmt.Sprintf(`{"fields":{"标题":"%d"}}`, i)})
			if got.status != http.StatusOK || got.Created != 1 {
				t.Errorf("the neighbour got %d %s", got.status, got.raw)
			}
		}
		bulk.Wait()
		if n := h.sandbox.CallCount("record.batch_create", "cli_neighbour"); n != good {
			t.Errorf("the neighbour's %d rows took %d calls", good, n)
		}
		if strings.Contains(h.logs.String(), "breaker changed") {
			t.Error("a breaker moved")
		}
		metrics := h.do(request{method: http.MethodGet, path: "/metrics"})
		if metrics.status != http.StatusOK || strings.Contains(metrics.raw, `state="open"`) {
			t.Errorf("metrics say %d, or that a breaker opened", metrics.status)
		}
	})

	t.Run("a_revoked_token_heals_within_the_request_with_one_repeat", func(t *testing.T) {
		t.Parallel()
		h := setup(t, options{})
		h.write(`{"fields":{"标题":"甲"}}`)
		h.sandbox.RevokeTokens(appID)
		h.sandbox.ResetCalls()
		got := h.write(`{"fields":{"标题":"乙"}}`)
		if got.status != http.StatusOK || got.Created != 1 || len(h.rows()) != 2 {
			t.Fatalf("answered %d %s", got.status, got.raw)
		}
		var calls []string
		for _, call := range h.sandbox.Journal() {
			calls = append(calls, fmt.Sprint(call.Endpoint, " ", call.Code))
		}
		if list := strings.Join(calls, ", "); list != "record.batch_create 99991663, auth.tenant_token 0, record.batch_create 0" {
			t.Errorf("the calls were %s", list)
		}
	})
}
