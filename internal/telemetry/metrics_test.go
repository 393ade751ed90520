package telemetry_test

import (
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/rowgate/rowgate/internal/request"
	"github.com/rowgate/rowgate/internal/telemetry"
)

func TestMetrics(t *testing.T) {
	t.Parallel()
	t.Run("counts by tool, code and status class, and folds what it does not know", func(t *testing.T) {
		t.Parallel()
		registry := telemetry.NewRegistry()
		metrics := telemetry.NewMetrics(registry, []string{"write_records"}, []string{"invalid_rows"})
		for _, seen := range []struct {
			about  request.Summary
			status int
		}{
			{request.Summary{Tool: "write_records", Rows: 5}, 200},
			{request.Summary{Tool: "write_records", Code: "invalid_rows", Rows: 2}, 422},
			{request.Summary{Tool: "tenant-1/base-2", Code: "made-up"}, 999},
			{request.Summary{}, 404},
		} {
			metrics.Observe(seen.about, seen.status, time.Millisecond)
		}
		const want = `
# HELP rowgate_request_rows_total Rows in finished requests, by tool.
# TYPE rowgate_request_rows_total counter
rowgate_request_rows_total{tool="write_records"} 7
# HELP rowgate_requests_total Finished requests by tool, problem code and status class.
# TYPE rowgate_requests_total counter
rowgate_requests_total{code="invalid_rows",status_class="4xx",tool="write_records"} 1
rowgate_requests_total{code="none",status_class="2xx",tool="write_records"} 1
rowgate_requests_total{code="none",status_class="4xx",tool="none"} 1
rowgate_requests_total{code="other",status_class="other",tool="other"} 1
`
		if err := testutil.GatherAndCompare(registry, strings.NewReader(want), "rowgate_requests_total",
			"rowgate_request_rows_total"); err != nil {
			t.Error(err)
		}
	})
	t.Run("does not grow with what callers make up", func(t *testing.T) {
		t.Parallel()
		registry := telemetry.NewRegistry()
		metrics := telemetry.NewMetrics(registry, nil, nil)
		for i := range 100 {
			name := strings.Repeat("x", i+1)
			metrics.Observe(request.Summary{Tool: name, Code: name, Rows: 1}, 1000+i, time.Millisecond)
		}
		for _, name := range []string{"rowgate_requests_total", "rowgate_request_duration_seconds", "rowgate_request_rows_total"} {
			if count, err := testutil.GatherAndCount(registry, name); err != nil || count != 1 {
				t.Errorf("%s: %d series, %v", name, count, err)
			}
		}
	})
	t.Run("also shows Go and the process", func(t *testing.T) {
		t.Parallel()
		count, err := testutil.GatherAndCount(telemetry.NewRegistry(), "go_goroutines")
		if err != nil || count != 1 {
			t.Errorf("%d, %v", count, err)
		}
	})
	t.Run("keeps two services in one process apart", func(t *testing.T) {
		t.Parallel()
		first, second := telemetry.NewRegistry(), telemetry.NewRegistry()
		telemetry.NewMetrics(first, nil, nil).Observe(request.Summary{}, 200, 0)
		telemetry.NewMetrics(second, nil, nil)
		if count, err := testutil.GatherAndCount(second, "rowgate_requests_total"); err != nil || count != 0 {
			t.Errorf("%d, %v", count, err)
		}
	})
}
