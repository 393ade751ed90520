// Command rowgate-bench measures Rowgate against the figures that it promises: load, faults and restarts, each with its
// baseline in the same run. The service runs as a process of its own, Feishu is the simulator in this one.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	_ "time/tzdata" // as in rowgate itself
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := 0
	if role := os.Getenv(roleVariable); role != "" {
		code = runRole(ctx, role, os.Stderr)
	} else {
		code = run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	}
	stop()
	os.Exit(code)
}
