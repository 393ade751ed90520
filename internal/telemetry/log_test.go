package telemetry_test

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"strings"
	"testing"

	"github.com/rowgate/rowgate/internal/secret"
	"github.com/rowgate/rowgate/internal/telemetry"
)

func TestNewLogger(t *testing.T) {
	t.Parallel()
	t.Run("writes one JSON object a line where nobody watches", func(t *testing.T) {
		t.Parallel()
		var out bytes.Buffer
		telemetry.NewLogger(&out, slog.LevelInfo, false).Info("request", slog.Int("rows", 3))
		var line struct {
			Msg  string
			Rows int
		}
		if err := json.Unmarshal(out.Bytes(), &line); err != nil || line.Msg != "request" || line.Rows != 3 {
			t.Errorf("%v: %s", err, out.String())
		}
	})
	t.Run("writes text on a terminal", func(t *testing.T) {
		t.Parallel()
		var out bytes.Buffer
		telemetry.NewLogger(&out, slog.LevelInfo, true).Info("request", slog.Int("rows", 3))
		if !strings.Contains(out.String(), "msg=request rows=3") {
			t.Error(out.String())
		}
	})
	t.Run("keeps to its level and to secrets", func(t *testing.T) {
		t.Parallel()
		var out bytes.Buffer
		logger := telemetry.NewLogger(&out, slog.LevelWarn, false)
		logger.Info("quiet")
		logger.Warn("loud", slog.Any("passphrase", secret.New("canary-1")))
		if got := out.String(); strings.Contains(got, "quiet") || !strings.Contains(got, "loud") || strings.Contains(got, "canary") {
			t.Error(got)
		}
	})
}
