package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"

	"github.com/rowgate/rowgate/internal/app"
	"github.com/rowgate/rowgate/internal/config"
	"github.com/rowgate/rowgate/internal/telemetry"
)

// serveCmd runs the service until SIGINT or SIGTERM.
type serveCmd struct{}

func (*serveCmd) Run(ctx context.Context, s streams) error {
	cfg, problems := config.Load(s.getenv)
	if len(problems) > 0 {
		report(s, problems)
		return errReported
	}
	logger := telemetry.NewLogger(s.err, cfg.LogLevel, isTerminal(s.err))
	if !cfg.GeneratedPassphrase.IsZero() {
		// The one place where a passphrase is shown: it was made a moment ago, for this terminal, and is stored nowhere.
		_, _ = fmt.Fprintf(s.out, "Passphrase for this run (set ROWGATE_PASSPHRASE to choose one): %s\n", cfg.GeneratedPassphrase.Reveal())
	}
	service, err := app.Start(ctx, app.Options{Config: cfg, Logger: logger, Version: version()})
	if err != nil {
		return err
	}
	logger.InfoContext(ctx, "serving", slog.String("url", service.URL()), slog.String("version", version()))
	return service.Wait(ctx)
}

// report prints every problem of the configuration at once.
func report(s streams, problems []config.Problem) {
	_, _ = fmt.Fprintf(s.err, "The configuration has %d problem(s):\n", len(problems))
	for _, p := range problems {
		_, _ = fmt.Fprintf(s.err, "  %s: %s\n    %s\n", p.Variable, p.Text.EN, p.Text.ZH)
	}
}

func isTerminal(w any) bool {
	file, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := file.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
