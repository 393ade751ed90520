package sandbox

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/rowgate/rowgate/internal/sandbox/core"
)

// benchSandbox is a sandbox without rates and latency, and a request maker for it.
func benchSandbox(b *testing.B) (*Sandbox, func(path string, body []byte) *http.Request) {
	b.Helper()
	sb, err := New(Options{RatesOff: true, ConflictQueue: true})
	if err != nil {
		b.Fatal(err)
	}
	if err := sb.AddApp(AppSpec{ID: testApp, Secret: testSecret}); err != nil {
		b.Fatal(err)
	}
	base, err := sb.AddBase(BaseSpec{Token: testBase, Collaborators: []string{testApp}})
	if err != nil {
		b.Fatal(err)
	}
	if _, err := base.AddTableSpec(TableSpec{ID: testTable, Name: "数据", Fields: everyField()}); err != nil {
		b.Fatal(err)
	}
	w := httptest.NewRecorder()
	login, err := json.Marshal(map[string]string{"app_id": testApp, "app_secret": testSecret})
	if err != nil {
		b.Fatal(err)
	}
	sb.ServeHTTP(
		w,
		httptest.NewRequestWithContext(b.Context(), "POST", "/open-apis/auth/v3/tenant_access_token/internal", bytes.NewReader(login)),
	)
	var token struct {
		Value string `json:"tenant_access_token"`
	}
	if err := json.Unmarshal(w.Body.Bytes(), &token); err != nil {
		b.Fatal(err)
	}
	return sb, func(path string, body []byte) *http.Request {
		r := httptest.NewRequestWithContext(b.Context(), "POST", "/open-apis"+recordsPath+path, bytes.NewReader(body))
		r.Header.Set("Authorization", "Bearer "+token.Value)
		return r
	}
}

func benchBody(b *testing.B, rows int) []byte {
	b.Helper()
	list := make([]map[string]any, rows)
	for i := range list {
		list[i] = map[string]any{"text": fmt.Sprint("标题 ", i), "number": i, "single": "A", "multi": []string{"A", "B"}, "date": 1774281600000}
	}
	body, err := json.Marshal(recordsOf(list...))
	if err != nil {
		b.Fatal(err)
	}
	return body
}

func BenchmarkBatchCreate(b *testing.B) {
	for _, rows := range []int{1, 1000} {
		b.Run(fmt.Sprintf("rows=%d", rows), func(b *testing.B) {
			sb, request := benchSandbox(b)
			body := benchBody(b, rows)
			for b.Loop() {
				w := httptest.NewRecorder()
				sb.ServeHTTP(w, request("/batch_create", body))
				if w.Code != http.StatusOK || !bytes.HasPrefix(w.Body.Bytes(), []byte(`{"code":0`)) {
					b.Fatal(w.Body.String())
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*rows), "ns/row")
		})
	}
}

func BenchmarkSearchPage(b *testing.B) {
	sb, request := benchSandbox(b)
	for range 50 {
		sb.ServeHTTP(httptest.NewRecorder(), request("/batch_create", benchBody(b, 1000)))
	}
	last := core.PageToken(49_000)
	for b.Loop() {
		w := httptest.NewRecorder()
		sb.ServeHTTP(w, request("/search?page_size=500&page_token="+last, nil))
		if w.Code != http.StatusOK {
			b.Fatal(w.Body.String())
		}
	}
}
