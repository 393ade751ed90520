package main

import (
	"context"
	"io"

	"github.com/rowgate/rowgate/internal/app"
	"github.com/rowgate/rowgate/internal/config"
	"github.com/rowgate/rowgate/internal/secret"
	"github.com/rowgate/rowgate/internal/telemetry"
)

// connectionKey is the variable whose key an MCP client's calls are made with; without it they are made as the configured app.
const connectionKey = "ROWGATE_CONNECTION_KEY"

// mcpCmd runs the service for the program that started it. Standard output holds the protocol and nothing else.
type mcpCmd struct {
	Families string `help:"Families of tools, comma-separated, or all. Default: records."`
}

// Help is shown by rowgate mcp --help.
func (*mcpCmd) Help() string {
	return "Calls use the connection key in " + connectionKey + ", which create_connection made with the same ROWGATE_KEY and passphrase. " +
		"Without it they use FEISHU_APP_ID and FEISHU_APP_SECRET, limited to FEISHU_BASE_TOKEN and FEISHU_TABLE_ID if set. " +
		"Accepted rows are stored in ROWGATE_DATABASE_URL; only one process can use a file, so give each client its own. " +
		"To use a service that runs elsewhere, connect the client to its /mcp instead.\n\n" + settingsHelp
}

func (c *mcpCmd) Run(ctx context.Context, s streams) error {
	cfg, problems := config.Load(s.getenv)
	if len(problems) > 0 {
		report(s, problems)
		return errReported
	}
	logger := telemetry.NewLogger(s.err, cfg.LogLevel, isTerminal(s.err))
	options := app.Options{Config: cfg, Logger: logger, Version: version(), Families: c.Families}
	return app.ServeMCP(ctx, options, secret.New(s.getenv(connectionKey)),
		io.NopCloser(s.in), openWriter{s.out})
}

// openWriter is never closed: the process's own output ends with it.
type openWriter struct{ io.Writer }

// Close implements io.Closer.
func (openWriter) Close() error { return nil }
