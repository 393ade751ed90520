package e2e_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/rowgate/rowgate/internal/bitable"
	directory "github.com/rowgate/rowgate/internal/directory"
	"github.com/rowgate/rowgate/internal/feishu"
	"github.com/rowgate/rowgate/internal/httpd"
	"github.com/rowgate/rowgate/internal/intake"
	"github.com/rowgate/rowgate/internal/problem"
	"github.com/rowgate/rowgate/internal/secret"
	"github.com/rowgate/rowgate/internal/telemetry"
	"github.com/rowgate/rowgate/internal/tenant"
	"github.com/rowgate/rowgate/openapi"
	"github.com/rowgate/rowgate/tool"
	"github.com/rowgate/rowgate/tool/record"
)

// BenchmarkBeforeCoercion measures what a request of write_records costs from its raw body up to the coercion of its rows, which
// is left out: the edge with its middleware, intake, Huma's validation, decoding, admission and fingerprint. The request ends
// where the table's columns are asked for.
func BenchmarkBeforeCoercion(b *testing.B) {
	handler := uncoerced(b)
	for _, rows := range []int{1, 1_000, 10_000} {
		body := videoRows(rows)
		b.Run(fmt.Sprintf("%d_rows", rows), func(b *testing.B) {
			b.SetBytes(int64(len(body)))
			b.ReportAllocs()
			for b.Loop() {
				r := httptest.NewRequestWithContext(b.Context(), http.MethodPost, "/v1/records", strings.NewReader(body))
				r.Header.Set("Content-Type", "application/json")
				w := httptest.NewRecorder()
				handler.ServeHTTP(w, r)
				if w.Code != http.StatusForbidden {
					b.Fatalf("%d %s", w.Code, w.Body)
				}
			}
		})
	}
}

// videoRows is the body of n rows as a workflow sends them: ten columns, most of them Chinese text.
func videoRows(n int) string {
	var body strings.Builder
	body.WriteString(`{"app_id":"cli_example","app_secret":"secret","app_token":"bascnExample","table_id":"tblExample","records":[`)
	for i := range n {
		if i > 0 {
			body.WriteByte(',')
		}
		fmt.Fprintf(&body, `{"标题":"夜跑五公里：城市灯光下的自由呼吸 %d","发布日期":"2026-03-24","播放量":%d,"点赞率":0.0731,`+
			`"分类":"运动","标签":["跑步","夜景","城市"],"链接":"https://example.com/v/BV1xx411c7mD","完成":true,`+
			`"改写文案":"晚风很轻，城市很亮。\n他说：\"再跑一公里就回家。\"结果又跑了五公里。","备注":null}`, i, 128400+i)
	}
	body.WriteString(`],"on_error":"skip"}`)
	return body.String()
}

// uncoerced is the service's handler over write_records, whose table cannot be read.
func uncoerced(b *testing.B) http.Handler {
	b.Helper()
	ring, err := secret.NewKeyring([]byte(strings.Repeat("k", secret.KeyBytes)))
	if err != nil {
		b.Fatal(err)
	}
	write := record.Write(&record.Service{
		Access: &tool.Access{Authenticator: anyone{}, Directory: asNamed{}, Digest: func(app feishu.App) string { return app.ID }},
		Tables: unreadable{},
		Print:  func(parts ...[]byte) [32]byte { return ring.MACBytes("request fingerprint", parts...) },
	})
	options := httpd.Options{
		PublicURL: "https://rowgate.example", Logger: telemetry.NewLogger(io.Discard, nil, false), Health: &httpd.Health{}, Parse: intake.Parse,
		Tools:   map[string]httpd.Tool{write.Path: {Name: write.Name, Spec: write.Spec}},
		Metrics: telemetry.NewMetrics(telemetry.NewRegistry(), []string{write.Name}, nil),
	}
	router, err := httpd.NewRouter(options)
	if err != nil {
		b.Fatal(err)
	}
	renderer := options.Renderer()
	if _, err := openapi.Serve(router, tool.Catalogue{write}, openapi.Options{PublicURL: options.PublicURL, Renderer: renderer}); err != nil {
		b.Fatal(err)
	}
	return openapi.WithRenderer(renderer)(router)
}

// anyone admits every caller as the app that it names.
type anyone struct{}

func (anyone) Admit(_ context.Context, claim tenant.Claim) (tenant.Identity, error) {
	return tenant.Identity{Name: "bench", AppID: claim.AppID, AppSecret: claim.AppSecret}, nil
}

// asNamed finds every base and table under the id that the caller gives.
type asNamed struct{}

func (asNamed) Base(_ context.Context, _ feishu.App, link bitable.Link) (string, error) {
	return link.AppToken, nil
}

func (asNamed) Tables(context.Context, feishu.App, string) ([]feishu.Table, error) { return nil, nil }

func (asNamed) TableID(_ context.Context, _ feishu.App, _, id string) (string, error) { return id, nil }

// unreadable is a directory of tables that the app may not read.
type unreadable struct{ record.Tables }

func (unreadable) Table(context.Context, feishu.TableRef) (*directory.Table, error) {
	return nil, problem.New(problem.ScopeMissing, problem.Text{})
}
