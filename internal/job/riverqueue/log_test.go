package riverqueue

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
)

// TestQuiet: River logs what handlers return and throw.
func TestQuiet(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	logger := quiet(slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug})))
	logger.With(slog.String("args", "canary-1"), slog.Int("attempt", 3)).WithGroup("group").
		Warn("executor: job errored", slog.String("error", "canary-2"), slog.Int64("job_id", 7), slog.Any("panic_val", "canary-3"))
	logger.Info("canary-4")
	got := out.String()
	for _, want := range []string{"executor: job errored", "job_id=7", "attempt=3"} {
		if !strings.Contains(got, want) {
			t.Errorf("%q lacks %q", got, want)
		}
	}
	if strings.Contains(got, "canary") {
		t.Errorf("content in the log: %q", got)
	}
}
