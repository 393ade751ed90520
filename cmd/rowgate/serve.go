package main

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"os"

	"github.com/rowgate/rowgate/internal/app"
	"github.com/rowgate/rowgate/internal/config"
	"github.com/rowgate/rowgate/internal/problem"
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
	for _, unknown := range config.Unknown(s.environment()) {
		logger.WarnContext(ctx, "unknown setting", slog.String("name", unknown.Variable), slog.String("what", unknown.Text.EN))
	}
	if !cfg.GeneratedPassphrase.IsZero() {
		// The one place where a passphrase is shown: it was made a moment ago, for this terminal, and is stored nowhere.
		_, _ = fmt.Fprintf(s.out, "Passphrase for this run (set ROWGATE_PASSPHRASE to choose one): %s\n", cfg.GeneratedPassphrase.Reveal())
	}
	service, err := app.Start(ctx, app.Options{Config: cfg, Logger: logger, Version: version()})
	if err != nil {
		return err
	}
	logger.InfoContext(ctx, "serving", slog.String("url", service.URL()), slog.String("docs", service.URL()+"/docs"),
		slog.String("upstream", cmp.Or(cfg.FeishuBaseURL, "Feishu and Lark")), slog.String("version", version()))
	if cfg.PublicURL == "" && cfg.BeyondLoopback() {
		logger.WarnContext(ctx, publicURLUnsetEN)
	}
	if !cfg.GeneratedPassphrase.IsZero() {
		logger.WarnContext(ctx, "the passphrase was made for this run and changes with the next: set ROWGATE_PASSPHRASE")
	}
	return service.Wait(ctx)
}

// publicURLUnset is said wherever other machines can reach a service whose own address nobody configured.
var publicURLUnset = problem.Text{
	ZH: "ROWGATE_PUBLIC_URL 没有设置：文档、生成的文件和错误链接会使用请求里的 Host，因此只对发出请求的一方可靠。请设置为调用方访问的地址。",
	EN: publicURLUnsetEN,
}

const publicURLUnsetEN = "ROWGATE_PUBLIC_URL is not set: documents, generated files and links in errors name the Host of each request; " +
	"set it to the address that callers use"

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
