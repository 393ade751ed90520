package httpd

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"path"
	"runtime"
	"strconv"

	"github.com/rowgate/rowgate/internal/problem"
	"github.com/rowgate/rowgate/internal/request"
)

// maxFrames bounds the stack in a panic's log line, in frames.
const maxFrames = 32

// errPanic is the cause of the internal_error that answers a panic.
var errPanic = errors.New("panic in a handler")

// recoverPanics answers a panic with internal_error. The log gets the type of the panic's value and the frames of its
// stack; the value itself may hold row content, so only the text of the runtime's own errors is logged. An answer that has
// begun is cut off, so that the caller does not take half of it for the whole.
func recoverPanics(renderer Renderer) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			rec := recorded(w)
			defer func() {
				value := recover()
				if value == nil {
					return
				}
				if value == http.ErrAbortHandler { //nolint:errorlint // the sentinel as it is, by its documentation
					panic(value)
				}
				err := renderer.Panicked(r.Context(), value)
				if rec.status != 0 {
					panic(http.ErrAbortHandler)
				}
				renderer.Write(rec, r, err)
			}()
			next.ServeHTTP(rec, r)
		})
	}
}

// Panicked logs the value that a handler's deferred function has recovered, and returns the internal_error that answers it.
// It is for handlers that run outside of the request's own goroutine.
func (p Renderer) Panicked(ctx context.Context, value any) error {
	call := request.CallFrom(ctx)
	call.SetCode(string(problem.InternalError))
	p.Logger.LogAttrs(ctx, slog.LevelError, "panic",
		slog.String("request_id", call.RequestID),
		slog.String("type", fmt.Sprintf("%T", value)),
		slog.String("runtime_error", runtimeError(value)),
		slog.Any("stack", frames()))
	return errPanic
}

// runtimeError returns the text of an error that the runtime itself raised (an index, a nil map, a type assertion).
func runtimeError(value any) string {
	if err, ok := value.(runtime.Error); ok {
		return err.Error()
	}
	return ""
}

// frames returns the panicking stack as "function file:line", innermost first, without argument values.
func frames() []string {
	callers := make([]uintptr, maxFrames)
	const skip = 4 // runtime.Callers, frames, Panicked, the deferred function
	iter := runtime.CallersFrames(callers[:runtime.Callers(skip, callers)])
	var lines []string
	for {
		frame, more := iter.Next()
		lines = append(lines, frame.Function+" "+path.Base(frame.File)+":"+strconv.Itoa(frame.Line))
		if !more {
			return lines
		}
	}
}
