// Command rowgate writes rows from any workflow into Feishu/Lark Bitable tables, exactly once.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	_ "time/tzdata" // the image has no zone files, and dates need zones
)

func main() {
	signal.Ignore(syscall.SIGPIPE) // a reader that leaves is an error of a write, so that what is temporary is removed
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], streams{in: os.Stdin, out: os.Stdout, err: os.Stderr, getenv: os.Getenv, environ: os.Environ})
	stop()
	os.Exit(code)
}
