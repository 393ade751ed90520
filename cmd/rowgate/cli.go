package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime/debug"

	"github.com/alecthomas/kong"
)

// streams are a command's input and outputs, and the source of its settings; tests replace them.
type streams struct {
	in       io.Reader
	out, err io.Writer
	getenv   func(string) string
	environ  func() []string // every variable; nil: none but those that getenv is asked for
}

// environment returns every variable as NAME=value.
func (s streams) environment() []string {
	if s.environ == nil {
		return nil
	}
	return s.environ()
}

// cli is every command with its flags; the settings themselves are environment variables.
type cli struct {
	Serve   serveCmd   `cmd:"" help:"Run the service."`
	Demo    demoCmd    `cmd:"" help:"Write sample rows through the service into a simulated Feishu and print the table."`
	MCP     mcpCmd     `cmd:"" name:"mcp" help:"Serve one MCP client over stdin and stdout."`
	Sandbox sandboxCmd `cmd:"" help:"Run only the Feishu simulator."`
	Check   checkCmd   `cmd:"" help:"Validate the configuration and report all problems."`
	OpenAPI openapiCmd `cmd:"" name:"openapi" help:"Print an OpenAPI document."`

	DifyPlugin difyPluginCmd `cmd:"" name:"dify-plugin" help:"Write the Dify plugin (.difypkg) for this service."`

	Version kong.VersionFlag `help:"Print the version."`
}

// Exit codes.
const (
	exitOK    = 0
	exitFail  = 1 // the command ran and failed, or the configuration has problems
	exitUsage = 2 // the command line is wrong
)

// errReported ends a command whose message has been printed already.
var errReported = errors.New("reported")

// run parses args, runs the command and returns the process's exit code.
func run(ctx context.Context, args []string, s streams) int {
	var commands cli
	parser, err := kong.New(&commands,
		kong.Name("rowgate"),
		kong.Description("Writes rows from any workflow to Feishu/Lark Bitable tables, each exactly once."),
		kong.Writers(s.out, s.err),
		kong.Vars{"version": version()},
		kong.BindTo(ctx, (*context.Context)(nil)),
		kong.Bind(s),
	)
	if err != nil {
		_, _ = fmt.Fprintln(s.err, "rowgate:", err)
		return exitFail
	}
	command, err := parser.Parse(args)
	if err != nil {
		_, _ = fmt.Fprintf(s.err, "rowgate: %v\nTry: rowgate --help\n", err)
		return exitUsage
	}
	switch err := command.Run(); {
	case err == nil:
		return exitOK
	case !errors.Is(err, errReported):
		_, _ = fmt.Fprintln(s.err, "rowgate:", err)
	}
	return exitFail
}

// version is the module's version, as the Go toolchain stamped it.
func version() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "(devel)"
}
