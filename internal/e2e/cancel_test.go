package e2e_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/rowgate/rowgate/internal/sandbox"
)

// ndjson is a body of so many rows.
func ndjson(rows int) string {
	var body strings.Builder
	for i := range rows {
		_, _ = fmt.Fprintf(&body, `{"主题":"行 %d"}`+"\n", i)
	}
	return body.String()
}

// cancelImport begins a job of several calls, cancels it while the first is under way, and returns the answer of that.
func (h *harness) cancelImport() reply {
	h.t.Helper()
	h.fault(sandbox.Fault{Endpoint: "record.batch_create", Action: sandbox.ActionDelay, Delay: 3 * time.Second, Count: 1})
	begun := h.do(request{query: "async=true", kind: "application/x-ndjson", body: ndjson(3000)})
	if begun.status != http.StatusAccepted {
		h.t.Fatalf("%d %s", begun.status, begun.raw)
	}
	return h.do(request{path: "/v1/jobs/cancel", body: `{"job_id":"` + begun.JobID + `"}`})
}

// TestCancelJob: what is not sent is dropped, what was is told, also again and after a restart.
func TestCancelJob(t *testing.T) {
	t.Parallel()
	s := setupSingle(t, options{})
	got := s.cancelImport()
	if got.status != http.StatusOK || got.State != "cancelled" || got.Result == nil || got.Problem != nil || got.OK == nil || !*got.OK {
		t.Fatalf("%d %s", got.status, got.raw)
	}
	receipt := got.Result
	if receipt.Created == 0 || receipt.Failed == 0 || receipt.Created+receipt.Failed != 3000 || !strings.Contains(receipt.Message, "取消") {
		t.Errorf("%d created, %d failed: %s", receipt.Created, receipt.Failed, receipt.Message)
	}
	if rows := s.do(request{path: "/v1/records/search", body: `{"limit":1}`}); rows.Total != receipt.Created {
		t.Errorf("%d rows in the table, %d created", rows.Total, receipt.Created)
	}
	for _, path := range []string{"/v1/jobs/get", "/v1/jobs/cancel"} {
		again := s.do(request{path: path, body: `{"job_id":"` + got.JobID + `"}`})
		if again.State != "cancelled" || again.Result.Created != receipt.Created {
			t.Errorf("%s: %d %s", path, again.status, again.raw)
		}
	}
	s.stop()
	s.open()
	if later := s.await(got.JobID); later.State != "cancelled" || later.Result.Created != receipt.Created {
		t.Errorf("after a restart: %d %s", later.status, later.raw)
	}
	done := s.await(s.write(`{"fields":{"主题":"job"},"async":true}`).JobID)
	late := s.do(request{path: "/v1/jobs/cancel", body: `{"job_id":"` + done.JobID + `"}`})
	if late.status != http.StatusConflict || late.Code != "wrong_state" {
		t.Errorf("%d %s", late.status, late.raw)
	}
}
