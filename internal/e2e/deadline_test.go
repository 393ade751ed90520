package e2e_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/rowgate/rowgate/internal/sandbox"
)

// TestDeadline: timeout_ms bounds everything that comes before the write, whoever hangs.
func TestDeadline(t *testing.T) {
	t.Parallel()
	const asked, margin = time.Second, 3 * time.Second // the margin is for a busy machine; the calls' own time-outs are 10 s and more
	for endpoint, requests := range map[string][]request{
		"auth.tenant_token": {
			{body: `{"fields":{"标题":"甲"},"timeout_ms":1000}`},
			{path: "/v1/tables/describe", body: `{"timeout_ms":1000}`},
			{path: "/v1/records/search", body: `{"timeout_ms":1000}`},
		},
		"field.list": {
			{body: `{"fields":{"标题":"甲"},"timeout_ms":1000}`},
			{path: "/v1/tables/describe", body: `{"timeout_ms":1000}`},
		},
		"table.list": {{body: `{"table_id":"视频","fields":{"标题":"甲"},"timeout_ms":1000}`}},
	} {
		t.Run(endpoint, func(t *testing.T) {
			t.Parallel()
			h := setup(t, options{})
			h.fault(sandbox.Fault{Endpoint: endpoint, Action: sandbox.ActionHang})
			for _, r := range requests {
				begin := time.Now()
				got := h.do(r)
				if took := time.Since(begin); took > asked+margin {
					t.Errorf("%s: answered after %v", r.path, took)
				}
				if got.status != http.StatusServiceUnavailable || got.Code != "upstream_unavailable" {
					t.Errorf("%s: answered %d %s", r.path, got.status, got.raw)
				}
			}
			if n := len(h.rows()); n != 0 {
				t.Errorf("%d rows", n)
			}
		})
	}
}
