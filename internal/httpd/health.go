package httpd

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/rowgate/rowgate/internal/problem"
)

// Paths of the health checks.
const (
	pathHealth = "/healthz"
	pathReady  = "/readyz"
)

// readyTimeout bounds all checks of one /readyz together.
const readyTimeout = 2 * time.Second

// Health answers /healthz (the process is up) and /readyz (every check passes and the service is not draining).
// The zero value is ready. It is safe for concurrent use; Checks must not change once it serves.
type Health struct {
	Checks   map[string]func(context.Context) error // by what they check, e.g. "store"
	Instance string                                 // names this instance in /healthz, so that others on the machine know it; "" for none
	draining atomic.Bool
}

// Drain makes /readyz fail and tools answer draining from now on; it cannot be undone.
func (h *Health) Drain() { h.draining.Store(true) }

// Draining reports whether Drain was called.
func (h *Health) Draining() bool { return h.draining.Load() }

func (h *Health) live(w http.ResponseWriter, _ *http.Request) {
	if h.Instance == "" {
		sayOK(w)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = io.WriteString(w, `{"ok":true,"instance":"`+h.Instance+`"}`+"\n")
}

func (h *Health) ready(renderer Renderer) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if h.Draining() {
			renderer.Write(w, r, draining())
			return
		}
		ctx, cancel := context.WithTimeout(r.Context(), readyTimeout)
		defer cancel()
		for name, check := range h.Checks {
			if err := check(ctx); err != nil {
				renderer.Logger.LogAttrs(ctx, slog.LevelError, "not ready", slog.String("check", name), slog.Any("causes", causes(err)))
				renderer.Write(w, r, problem.New(problem.Overloaded, problem.Text{
					ZH: "服务尚未就绪：" + name + "。",
					EN: "The service is not ready: " + name + ".",
				}).Because(err))
				return
			}
		}
		sayOK(w)
	}
}

func draining() *problem.Error {
	return problem.New(problem.Draining, problem.Text{
		ZH: "此实例正在停止，本请求未被处理。",
		EN: "This instance is stopping; the request was not processed.",
	})
}

func sayOK(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "application/json")
	_, _ = io.WriteString(w, `{"ok":true}`+"\n")
}

func isHealth(r *http.Request) bool { return r.URL.Path == pathHealth || r.URL.Path == pathReady }
