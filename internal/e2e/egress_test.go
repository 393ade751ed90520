package e2e_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/rowgate/rowgate/internal/egress"
	"github.com/rowgate/rowgate/internal/sandbox"
)

// TestAddressesThatCallersName: a private server is asked only where the operator opened it, and never the service itself.
func TestAddressesThatCallersName(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if next := r.URL.Query().Get("next"); next != "" {
			http.Redirect(w, r, next, http.StatusFound)
			return
		}
		_, _ = w.Write([]byte("inside-canary"))
	}))
	t.Cleanup(server.Close)
	host := strings.TrimPrefix(server.URL, "http://")
	upload := func(h *harness, address string) reply {
		return h.do(request{path: "/v1/attachments", body: fmt.Sprintf(`{"url":%q}`, address)})
	}
	refused := func(t *testing.T, got reply) {
		t.Helper()
		if got.status != http.StatusUnprocessableEntity || got.Code != "target_not_allowed" || got.Retryable ||
			!strings.Contains(got.Detail, egress.Variable) || !strings.Contains(got.Fix["zh"], egress.Variable) ||
			strings.Contains(got.raw, "canary") {
			t.Errorf("answered %d %s", got.status, got.raw)
		}
	}

	t.Run("are public and https without the variable", func(t *testing.T) {
		t.Parallel()
		h := setup(t, options{})
		for _, address := range []string{
			server.URL + "/a.txt", "https://" + host + "/", "http://169.254.169.254/latest/", "http://example.com/a",
		} {
			refused(t, upload(h, address))
		}
		if h.do(request{path: "/v1/attachments", body: `{"url":"ftp://example.com/a"}`}).Code != "bad_parameter" {
			t.Error("another scheme is not a bad_parameter")
		}
	})
	t.Run("may be private ones that the operator opened", func(t *testing.T) {
		t.Parallel()
		h := setup(t, options{settings: map[string]string{egress.Variable: "files.example:1, " + host}})
		if got := upload(h, server.URL+"/a.txt"); got.status != http.StatusOK || !strings.Contains(got.raw, `"name":"a.txt","size":13`) {
			t.Errorf("answered %d %s", got.status, got.raw)
		}
		refused(t, upload(h, server.URL+"/a.txt?next=http://127.0.0.1:1/"))
		refused(t, upload(h, server.URL+"/a.txt?next=http://169.254.169.254/"))
	})
	t.Run("are never the service itself", func(t *testing.T) {
		t.Parallel()
		h := setup(t, options{settings: map[string]string{egress.Variable: "127.0.0.0/8, localhost", "ROWGATE_ADMIN_LISTEN": "127.0.0.1:0"}})
		_, port, _ := strings.Cut(strings.TrimPrefix(h.app.URL(), "http://"), ":")
		refused(t, upload(h, h.app.URL()+"/healthz"))
		refused(t, upload(h, "http://localhost:"+port+"/healthz"))
		refused(t, upload(h, server.URL+"/a?next="+h.app.URL()+"/healthz"))
	})
	t.Run("fail the row that names them", func(t *testing.T) {
		t.Parallel()
		h := setup(t, options{})
		var err error
		if h.table, err = h.base.AddTable("附件", sandbox.FieldSpec{Name: "标题", Type: 1}, sandbox.FieldSpec{Name: "封面", Type: 17}); err != nil {
			t.Fatal(err)
		}
		got := h.do(request{body: fmt.Sprintf(`{"records":[{"标题":"甲","封面":%q}]}`, server.URL)})
		if got.Code != "invalid_rows" || len(got.Errors) != 1 || got.Errors[0].Code != "attachment_failed" ||
			!strings.Contains(got.Errors[0].Message, egress.Variable) {
			t.Errorf("answered %d %s", got.status, got.raw)
		}
	})
}
