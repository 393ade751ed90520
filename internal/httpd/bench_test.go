package httpd

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/rowgate/rowgate/internal/intake"
	"github.com/rowgate/rowgate/internal/request"
	"github.com/rowgate/rowgate/internal/telemetry"
)

// BenchmarkEdge measures what the edge adds to a request of one row, intake included and the network left out.
func BenchmarkEdge(b *testing.B) {
	router, err := NewRouter(Options{
		PublicURL: "https://rowgate.example",
		Logger:    telemetry.NewLogger(io.Discard, nil, false),
		Health:    &Health{},
		Parse:     intake.Parse,
		Metrics:   telemetry.NewMetrics(telemetry.NewRegistry(), []string{"write_records"}, nil),
		Tools: map[string]Tool{toolPath: {Name: "write_records", Spec: intake.Spec{
			Rows: "records", Params: []intake.Param{{Name: "records", Kind: intake.Rows}, {Name: "app_token"}, {Name: "table_id"}},
		}}},
	})
	if err != nil {
		b.Fatal(err)
	}
	router.Post(toolPath, func(w http.ResponseWriter, r *http.Request) {
		request.CallFrom(r.Context()).OnDelivered(func() {})
		echo(w, r)
	})
	const body = `{"app_token":"bascnExample","table_id":"tblExample","records":[{"标题":"新的一期","播放量":12345,"发布日期":"2026-03-24"}]}`
	b.ReportAllocs()
	for b.Loop() {
		r := httptest.NewRequestWithContext(b.Context(), http.MethodPost, toolPath, strings.NewReader(body))
		w := httptest.NewRecorder()
		router.ServeHTTP(w, r)
		if w.Code != http.StatusOK {
			b.Fatal(w.Body)
		}
	}
}
