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
type mcpCmd struct{}

// Help is shown by rowgate mcp --help.
func (*mcpCmd) Help() string {
	return "Calls are made with " + connectionKey + ", a key that create_connection made with the same ROWGATE_KEY and passphrase, or as " +
		"FEISHU_APP_ID with FEISHU_APP_SECRET, limited to FEISHU_BASE_TOKEN and FEISHU_TABLE_ID where they are set. " +
		"Rows wait in ROWGATE_DATABASE_URL; one process uses a file, so give a client a file of its own. " +
		"To use a service that runs elsewhere, connect the client to its /mcp instead."
}

func (*mcpCmd) Run(ctx context.Context, s streams) error {
	cfg, problems := config.Load(s.getenv)
	if len(problems) > 0 {
		report(s, problems)
		return errReported
	}
	logger := telemetry.NewLogger(s.err, cfg.LogLevel, isTerminal(s.err))
	return app.ServeMCP(ctx, app.Options{Config: cfg, Logger: logger, Version: version()}, secret.New(s.getenv(connectionKey)),
		io.NopCloser(s.in), openWriter{s.out})
}

// openWriter is never closed: the process's own output ends with it.
type openWriter struct{ io.Writer }

// Close implements io.Closer.
func (openWriter) Close() error { return nil }
