// Package telemetry sets up logs and metrics.
package telemetry

import (
	"io"
	"log/slog"
)

// NewLogger returns the process's logger on w: text for people where w is a terminal, one JSON object a line otherwise.
func NewLogger(w io.Writer, level slog.Leveler, terminal bool) *slog.Logger {
	options := &slog.HandlerOptions{Level: level}
	if terminal {
		return slog.New(slog.NewTextHandler(w, options))
	}
	return slog.New(slog.NewJSONHandler(w, options))
}
