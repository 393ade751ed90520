package outbox

import (
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
)

var errPanic = errors.New("a panic in a lane")

// recovered runs f, which holds no lock, and makes errPanic of a panic: one batch must not end the process, nor its lane. The log
// has where it happened, not the value, which may quote a row.
func recovered(log *slog.Logger, f func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			log.Error("panic in a lane", slog.String("type", fmt.Sprintf("%T", p)), slog.String("stack", string(debug.Stack())))
			err = errPanic
		}
	}()
	return f()
}
