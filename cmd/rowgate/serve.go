package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"syscall"

	"github.com/rowgate/rowgate/internal/app"
	"github.com/rowgate/rowgate/internal/config"
	"github.com/rowgate/rowgate/internal/telemetry"
)

// serveCmd runs the service until SIGINT or SIGTERM.
type serveCmd struct{}

// Help is shown by rowgate serve --help.
func (*serveCmd) Help() string { return settingsHelp }

// settingsHelp lists the settings of serve, check and mcp.
var settingsHelp = "Settings are environment variables:\n\n" + config.Manual()

func (*serveCmd) Run(ctx context.Context, s streams) error {
	cfg, problems := config.Load(s.getenv)
	if len(problems) > 0 {
		report(s, problems)
		return errReported
	}
	logger := telemetry.NewLogger(s.err, cfg.LogLevel, isTerminal(s.err))
	unknowns, advices := config.Unknown(s.environment()), config.Advise(s.getenv)
	for _, unknown := range unknowns {
		logger.WarnContext(ctx, "unknown setting", slog.String("name", unknown.Variable), slog.String("what", unknown.Text.EN))
	}
	for _, advice := range advices {
		logger.WarnContext(ctx, "unsafe setting", slog.String("name", advice.Variable), slog.String("what", advice.Text.EN))
	}
	service, err := app.Start(ctx, app.Options{
		Config: cfg, Logger: logger, Version: version(), Advice: slices.Concat(unknowns, advices),
	})
	if err != nil {
		return addressError(cfg, err)
	}
	welcome(s, cfg, service.URL())
	logger.InfoContext(ctx, "serving", slog.String("url", service.URL()), slog.String("docs", service.URL()+"/docs"),
		slog.String("upstream", cmp.Or(cfg.FeishuBaseURL, "Feishu and Lark")), slog.String("version", version()))
	if cfg.PublicURL == "" && cfg.BeyondLoopback() {
		logger.WarnContext(ctx, config.PublicURLUnset.EN) //nolint:sloglint // the sentence that check and the console show too
	}
	if !cfg.GeneratedPassphrase.IsZero() {
		logger.WarnContext(ctx, "the passphrase was made for this run and changes with the next: set ROWGATE_PASSPHRASE")
	}
	return service.Wait(ctx)
}

// welcome prints where to read on and a first call, which says what a connection lacks, for whoever started the service by hand.
func welcome(s streams, cfg *config.Config, url string) {
	if !cfg.GeneratedPassphrase.IsZero() {
		// The one place where a passphrase is shown: it was made a moment ago, for this terminal, and is stored nowhere.
		_, _ = fmt.Fprintf(s.out, "Passphrase for this run (set ROWGATE_PASSPHRASE to choose one): %s\n", cfg.GeneratedPassphrase.Reveal())
	}
	_, _ = fmt.Fprintf(s.out, `Console · 控制台: %[1]s/console
Documentation · 文档: %[1]s/docs
First call, which says what is missing · 第一次调用，会指出缺什么:
curl %[1]s/v1/diagnose -H "Authorization: Bearer $PASSPHRASE" -H "X-App-Id: $APP_ID" -H "X-App-Secret: $APP_SECRET" \
  --data-urlencode "app_token=$TABLE_LINK"
`, url)
}

// addressError adds to a taken address what to do about it.
func addressError(cfg *config.Config, err error) error {
	if !errors.Is(err, syscall.EADDRINUSE) {
		return err
	}
	taken := cfg.Listen
	if cfg.AdminListen != "" {
		taken += ", " + cfg.AdminListen
	}
	return fmt.Errorf("%w\n"+
		"another program, perhaps another rowgate, listens there (%s): stop it, or choose another address, such as "+
		"ROWGATE_LISTEN=127.0.0.1:8081\n"+
		"另一个程序（也许是另一个 rowgate）正在监听该地址（%s）：停掉它，或换一个地址，例如 ROWGATE_LISTEN=127.0.0.1:8081", err, taken, taken)
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
