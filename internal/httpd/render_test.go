package httpd

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/rowgate/rowgate/internal/problem"
	"github.com/rowgate/rowgate/internal/request"
	"github.com/rowgate/rowgate/internal/telemetry"
)

func TestRenderer(t *testing.T) {
	t.Parallel()
	t.Run("notes the code on the call", func(t *testing.T) {
		t.Parallel()
		about := &request.Call{RequestID: "req_1"}
		doc := Renderer{}.Document(request.WithCall(t.Context(), about), problem.New(problem.Draining, problem.Text{}))
		if doc.RequestID != "req_1" || about.Summary().Code != "draining" {
			t.Errorf("got %+v, %+v", doc, about.Summary())
		}
	})
	t.Run("logs the types of what lies behind an internal error, and no text of it", func(t *testing.T) {
		t.Parallel()
		log := &logBuffer{}
		renderer := Renderer{Logger: telemetry.NewLogger(log, slog.LevelInfo, false)}
		err := fmt.Errorf("store %s: %w", canary, &http.MaxBytesError{Limit: 1})
		wrapped := fmt.Errorf("row %s: %w", canary, errors.New(canary))
		if doc := renderer.Document(t.Context(), wrapped); doc.Code != problem.InternalError {
			t.Errorf("got %s", doc.Code)
		}
		if doc := renderer.Document(t.Context(), err); doc.Code != problem.BodyTooLarge {
			t.Errorf("a body cut off by its limit is %s", doc.Code)
		}
		if got := log.String(); !strings.Contains(got, `"causes":["fmt.wrapError","errors.errorString"]`) || strings.Contains(got, canary) {
			t.Error(got)
		}
	})
	t.Run("names a bounded number of causes", func(t *testing.T) {
		t.Parallel()
		err := errors.New("x")
		for range 2 * maxCauses {
			err = fmt.Errorf("y: %w", err)
		}
		if got := causes(err); len(got) != maxCauses {
			t.Errorf("%d causes", len(got))
		}
	})
	t.Run("rounds the time to wait up to whole seconds", func(t *testing.T) {
		t.Parallel()
		for _, test := range []struct {
			wait time.Duration
			want string
		}{{time.Nanosecond, "1"}, {time.Second, "1"}, {1001 * time.Millisecond, "2"}, {time.Minute, "60"}} {
			e := problem.New(problem.RateLimited, problem.Text{})
			e.RetryAfter = test.wait
			header := http.Header{}
			SetProblemHeaders(header, problem.Render(e, problem.RenderOptions{}))
			if got := header.Get("Retry-After"); got != test.want {
				t.Errorf("%v: %q, want %q", test.wait, got, test.want)
			}
		}
	})
	t.Run("writes text as it is", func(t *testing.T) {
		t.Parallel()
		w := httptest.NewRecorder()
		r := httptest.NewRequestWithContext(t.Context(), "GET", "/", nil)
		Renderer{}.Write(w, r, problem.New(problem.BadLink, problem.Text{ZH: "<a> & b", EN: "x"}))
		if !strings.Contains(w.Body.String(), "<a> & b") || w.Header().Get("Content-Length") != fmt.Sprint(w.Body.Len()) {
			t.Errorf("%v %s", w.Header(), w.Body)
		}
	})
}
