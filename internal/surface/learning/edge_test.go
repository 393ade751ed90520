package learning

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/go-chi/chi/v5"

	"github.com/rowgate/rowgate/internal/httpd"
	"github.com/rowgate/rowgate/internal/intake"
)

// failing is a syncer whose store is gone.
type failing struct{ err error }

func (f failing) Run(ctx context.Context, _ *intake.Result) (int, Receipt) {
	return Refuse(ctx, f.err)
}

// TestSyncLogsWhatIsOurs: a failure of the service itself leaves its trace, and shows its text to nobody.
func TestSyncLogsWhatIsOurs(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	router := chi.NewRouter()
	renderer := httpd.Renderer{Logger: slog.New(slog.NewJSONHandler(&log, nil))}
	RouteSync(router, renderer, intake.Parse, func(context.Context) error { return nil }, failing{errors.New("row content")})
	w := httptest.NewRecorder()
	router.ServeHTTP(
		w,
		httptest.NewRequestWithContext(t.Context(), http.MethodPost, pathSync, strings.NewReader(`{"records":[{"topic":"Go"}]}`)),
	)
	if w.Code != http.StatusInternalServerError || !strings.Contains(w.Body.String(), `"success":false`) {
		t.Errorf("answered %d %s", w.Code, w.Body)
	}
	if !strings.Contains(log.String(), `"msg":"internal error"`) || strings.Contains(log.String()+w.Body.String(), "row content") {
		t.Errorf("logged %q, answered %s", log.String(), w.Body)
	}
}
