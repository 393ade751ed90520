package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime/debug"
	"slices"

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
	Import  importCmd  `cmd:"" help:"Write the rows of a CSV, XLSX or JSON Lines file into a table, through a service."`

	DifyPlugin difyPluginCmd `cmd:"" name:"dify-plugin" help:"Write the Dify plugin (.difypkg) for this service."`

	Version kong.VersionFlag `short:"v" help:"Print the version."`
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
	command, err := parser.Parse(spelled(args))
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

// spelled turns the commands "help" and "version", which other programs have, into this one's flags.
func spelled(args []string) []string {
	if len(args) == 0 {
		return args
	}
	switch args[0] {
	case "help":
		return append(slices.Clone(args[1:]), "--help")
	case "version":
		return append([]string{"--version"}, args[1:]...)
	}
	return args
}

// release is the version that a build was given with -ldflags "-X main.release=…", as the Dockerfile does; "" for any other build.
var release string

// unreleased is the version of a build that was given none and knows no commit, such as that of go run.
const unreleased = "unreleased"

// version is the version that the build was given, else the one that the Go toolchain stamped.
func version() string {
	if release != "" {
		return release
	}
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" && info.Main.Version != "(devel)" {
		return info.Main.Version
	}
	return unreleased
}
