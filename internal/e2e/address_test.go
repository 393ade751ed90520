package e2e_test

import (
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/rowgate/rowgate/internal/surface/snippet"
)

// documentPaths are the documents that name the service.
var documentPaths = []string{
	"/docs", "/openapi.json", "/openapi.yaml", "/openapi-3.0.json", "/openapi-3.0.yaml",
	"/openapi/dify.json", "/openapi/coze.json", "/openapi/actions.json",
}

// generatorPaths are the generators, for one table and two columns.
func generatorPaths() []string {
	query := "?" + url.Values{"table": {"https://example.feishu.cn/base/bascnExample?table=tblExample"}, "columns": {"标题,平台"}}.Encode()
	return []string{snippet.PathDifyWorkflow + query, snippet.PathCurl + query, snippet.PathFeishuAutomation + query}
}

// asked is a GET of a path by a Host, as a browser or an importer sends it.
func (h *harness) asked(host, path string, header http.Header) reply {
	h.t.Helper()
	r, err := http.NewRequestWithContext(h.t.Context(), http.MethodGet, h.app.URL()+path, http.NoBody)
	if err != nil {
		h.t.Fatal(err)
	}
	r.Host = host
	maps.Copy(r.Header, header)
	answer, err := h.client.Do(r)
	if err != nil {
		h.t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		h.t.Fatal(err)
	}
	return reply{status: answer.StatusCode, header: answer.Header, raw: string(text)}
}

func TestAddressOfDocuments(t *testing.T) {
	t.Parallel()
	h := setup(t, options{settings: map[string]string{"ROWGATE_TRUSTED_PROXIES": "127.0.0.0/8"}})
	paths := append(generatorPaths(), documentPaths...)

	t.Run("is the one that was asked for", func(t *testing.T) {
		t.Parallel()
		for _, path := range paths {
			got := h.asked("10.2.3.4:8083", path, nil)
			if got.status != http.StatusOK || !strings.Contains(got.raw, "http://10.2.3.4:8083") || strings.Contains(got.raw, "127.0.0.1") ||
				strings.Contains(got.raw, ".invalid") {
				t.Errorf("%s: %d, does not name the address that was asked for alone", path, got.status)
			}
			if got.header.Get("Cache-Control") != "no-store" || got.header.Get("Vary") != "Host" || got.header.Get("Etag") != "" {
				t.Errorf("%s may be stored: %v", path, got.header)
			}
		}
	})
	t.Run("is the one that a trusted proxy was asked for", func(t *testing.T) {
		t.Parallel()
		header := http.Header{"X-Forwarded-Proto": {"https"}, "X-Forwarded-Host": {"rowgate.example.com"}}
		for _, path := range paths {
			if got := h.asked("10.2.3.4:8083", path, header); !strings.Contains(got.raw, "https://rowgate.example.com") ||
				strings.Contains(got.raw, "10.2.3.4") {
				t.Errorf("%s does not name what the proxy says", path)
			}
		}
	})
	t.Run("is the listen address where the Host could be more than a name", func(t *testing.T) {
		t.Parallel()
		for _, path := range paths {
			if got := h.asked(`x'"<b>`, path, nil); !strings.Contains(got.raw, h.app.URL()) || strings.Contains(got.raw, "<b>") {
				t.Errorf("%s repeats the Host", path)
			}
		}
	})
	t.Run("stands in problems, and beside no connection key", func(t *testing.T) {
		t.Parallel()
		evil := map[string]string{"X-Forwarded-Host": "evil.example"}
		refused := h.do(request{path: "/v1/records/get", body: `{"record_ids":["x"],"nonsense":1}`, header: evil})
		if refused.Type != "http://evil.example/errors/unknown_parameter" || refused.header.Get("Vary") != "Host" {
			t.Errorf("type %q, %v", refused.Type, refused.header)
		}
		made := h.connection(evil)
		if !strings.Contains(made, "rgk_") || strings.Contains(made, "evil.example") {
			t.Errorf("the key's answer names the Host, or there is no key: %d bytes", len(made))
		}
	})
}

// connection is the raw answer of create_connection to a request with these headers.
func (h *harness) connection(header map[string]string) string {
	h.t.Helper()
	return h.do(request{path: "/v1/connections", body: `{}`, header: header}).raw
}

func TestAddressOfDocumentsIsTheConfiguredOne(t *testing.T) {
	t.Parallel()
	h := setup(t, options{settings: map[string]string{"ROWGATE_PUBLIC_URL": "https://rowgate.example.com"}})
	for _, path := range append(generatorPaths(), documentPaths...) {
		got := h.asked("evil.example", path, http.Header{"X-Forwarded-Host": {"evil.example"}})
		if !strings.Contains(got.raw, "https://rowgate.example.com") || strings.Contains(got.raw, "evil.example") ||
			slices.Contains(got.header.Values("Vary"), "Host") {
			t.Errorf("%s: %v", path, got.header)
		}
	}
}
