package learning

import (
	"context"
	"io"
	"net/http"
	"time"

	"github.com/go-chi/chi/v5"

	"github.com/rowgate/rowgate/internal/httpd"
	"github.com/rowgate/rowgate/internal/intake"
	"github.com/rowgate/rowgate/internal/surface/single"
)

// The paths of the learning-record service.
const (
	pathSync  = "/api/sync"
	pathHello = "/api/hello"
)

// SyncWholeBodies returns the paths of RouteSync for httpd.Options.WholeBodies: those whose body is read before the handler runs.
func SyncWholeBodies() []string { return []string{pathSync} }

// Syncer writes learning records. *Sync implements it.
type Syncer interface {
	Run(ctx context.Context, result *intake.Result) (status int, receipt Receipt)
}

// Admission authorizes a request or returns a problem.
type Admission func(ctx context.Context) error

// RouteSync adds the learning-record service to router. All its answers have the shape of Receipt, errors included.
func RouteSync(router chi.Router, renderer httpd.Renderer, parse httpd.ParseFunc, admit Admission, to Syncer) {
	answer := func(w http.ResponseWriter, r *http.Request, status int, receipt Receipt) {
		if receipt.Cause != nil {
			_ = renderer.Document(r.Context(), receipt.Cause) // logs faults of the service
		}
		httpd.SetRetryAfter(w.Header(), receipt.RetryAfter)
		httpd.WriteJSON(w, status, receipt)
	}
	refuse := func(w http.ResponseWriter, r *http.Request, err error) {
		status, receipt := Refuse(r.Context(), err)
		answer(w, r, single.StatusOf(err, status), receipt)
	}
	router.Post(pathSync, func(w http.ResponseWriter, r *http.Request) {
		if err := admit(r.Context()); err != nil {
			refuse(w, r, err)
			return
		}
		body, err := io.ReadAll(r.Body)
		if err != nil {
			refuse(w, r, httpd.BodyError(err))
			return
		}
		parsed, err := parse(Spec(), intake.Input{
			Body: body, ContentType: r.Header.Get("Content-Type"), RawQuery: r.URL.RawQuery, Query: r.URL.Query(),
		})
		if err != nil {
			refuse(w, r, err)
			return
		}
		status, receipt := to.Run(r.Context(), parsed)
		answer(w, r, status, receipt)
	})
	router.Get(pathHello, func(w http.ResponseWriter, r *http.Request) {
		if err := admit(r.Context()); err != nil {
			refuse(w, r, err)
			return
		}
		httpd.WriteJSON(w, http.StatusOK, map[string]any{
			"success": true, "message": "学习数据同步 API 运行正常!", "timestamp": time.Now().UTC().Format("2006-01-02T15:04:05.000Z"),
		})
	})
}
