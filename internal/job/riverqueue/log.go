package riverqueue

import (
	"context"
	"log/slog"
)

// quiet returns a logger for River: warnings and errors only, and of their attributes those that cannot hold content. River logs
// what handlers return and throw, and errors of the database with their values.
func quiet(logger *slog.Logger) *slog.Logger { return slog.New(quietHandler{logger.Handler()}) }

// harmless are the keys whose values are numbers, times or names of this program.
var harmless = map[string]bool{
	"job_id": true, "kind": true, "job_kind": true, "queue": true, "client_id": true, "duration": true, "num_jobs": true, "timeout": true,
	"attempt": true, "sleep_duration": true,
}

type quietHandler struct{ next slog.Handler }

// Enabled implements slog.Handler.
func (h quietHandler) Enabled(ctx context.Context, level slog.Level) bool {
	return level >= slog.LevelWarn && h.next.Enabled(ctx, level)
}

// Handle implements slog.Handler. River's messages are constants with the name of one of its parts before them.
func (h quietHandler) Handle(ctx context.Context, record slog.Record) error {
	out := slog.NewRecord(record.Time, record.Level, "the queue reports an event", record.PC)
	out.AddAttrs(slog.String("event", record.Message))
	record.Attrs(func(attr slog.Attr) bool {
		if harmless[attr.Key] {
			out.AddAttrs(attr)
		}
		return true
	})
	return h.next.Handle(ctx, out)
}

// WithAttrs implements slog.Handler.
func (h quietHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	kept := make([]slog.Attr, 0, len(attrs))
	for _, attr := range attrs {
		if harmless[attr.Key] {
			kept = append(kept, attr)
		}
	}
	return quietHandler{h.next.WithAttrs(kept)}
}

// WithGroup implements slog.Handler.
func (h quietHandler) WithGroup(string) slog.Handler { return h }
