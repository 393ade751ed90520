package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/alecthomas/kong"
)

// Exit codes.
const (
	exitOK    = 0
	exitFail  = 1 // a correctness figure is not met, or a scenario could not run
	exitUsage = 2
)

// cli is the command line.
type cli struct {
	Scenarios []string `arg:"" optional:"" name:"scenario" help:"What to measure: ${scenarios}. Default: all."`
	JSON      string   `name:"json" placeholder:"FILE" help:"Write the figures to FILE as JSON too."`
	Quick     bool     `help:"Smaller runs: minutes instead of half an hour."`
	Requests  int      `default:"0" help:"Requests of the scenario faults; default 100000, with --quick 10000."`
	Profile   string   `placeholder:"DIR" type:"existingdir" help:"Write CPU and heap profiles of the service in the scenario rate to DIR."`
	Rowgate   string   `placeholder:"FILE" type:"existingfile" help:"Measure this rowgate binary; default is the service as built into this program."`
}

// bench is what every scenario runs with.
type bench struct {
	cli

	progress io.Writer
	dir      string // for databases; emptied at the end
}

// pick returns quick with --quick, else full.
func pick[T any](b *bench, full, quick T) T {
	if b.Quick {
		return quick
	}
	return full
}

// scenario is one row of the design's figures.
type scenario struct {
	name  string
	about string
	run   func(ctx context.Context, b *bench, r *report) error
}

func scenarios() []scenario {
	return []scenario{
		{"coalesce", "200 callers write one row each into one base at the same time", runCoalesce},
		{"bulk", "50,000 rows into one table", runBulk},
		{"import", "rows of a file by rowgate import, in peace and killed again and again", runImport},
		{"lone", "one caller, one row a request, nobody else", runLone},
		{"rate", "one-row requests, as many as two cores take, upstream in no time", runRate},
		{"idle", "a service that does nothing", runIdle},
		{"coercion", "cells of a warm schema", runCoercion},
		{"down", "Feishu is fully down, then comes back", runDown},
		{"hidden", "three rows that Feishu refuses among 1,000 merged rows of 200 callers", runHidden},
		{"fairness", "one-row callers beside an import of 10,000 rows", runFairness},
		{"instances", "three instances on one PostgreSQL, one base and 100 bases", runInstances},
		{"faults", "cut connections, 504, kill -9, power cuts, forgotten client tokens, callers that repeat", runFaults},
	}
}

// run parses args, runs the scenarios and returns the process's exit code.
func run(ctx context.Context, args []string, out, errs io.Writer) int {
	names := make([]string, 0, len(scenarios()))
	for _, s := range scenarios() {
		names = append(names, s.name)
	}
	b := &bench{progress: errs}
	parser, err := kong.New(&b.cli, kong.Name("rowgate-bench"), kong.Writers(out, errs),
		kong.Description("Measures Rowgate against the figures that it promises."),
		kong.Vars{"scenarios": strings.Join(names, ", ")})
	if err == nil {
		_, err = parser.Parse(args)
	}
	chosen, unknown := choose(b.Scenarios)
	if err == nil && unknown != "" {
		err = fmt.Errorf("no scenario is named %q; there are: %s", unknown, strings.Join(names, ", "))
	}
	if err != nil {
		_, _ = fmt.Fprintln(errs, "rowgate-bench:", err)
		return exitUsage
	}
	if b.dir, err = os.MkdirTemp("", "rowgate-bench-"); err != nil {
		_, _ = fmt.Fprintln(errs, "rowgate-bench:", err)
		return exitFail
	}
	defer func() { _ = os.RemoveAll(b.dir) }()
	r := newReport(b.Quick)
	b.runAll(ctx, chosen, r)
	r.print(out)
	if b.JSON != "" {
		if err := r.save(b.JSON); err != nil {
			_, _ = fmt.Fprintln(errs, "rowgate-bench:", err)
			return exitFail
		}
	}
	if !r.passed() {
		return exitFail
	}
	return exitOK
}

func (b *bench) runAll(ctx context.Context, chosen []scenario, r *report) {
	for _, s := range chosen {
		_, _ = fmt.Fprintf(b.progress, "%s: %s …\n", s.name, s.about)
		began := time.Now()
		r.scenario = s.name
		if err := s.run(ctx, b, r); err != nil {
			r.failed(err)
			_, _ = fmt.Fprintf(b.progress, "%s: %v\n", s.name, err)
		}
		_, _ = fmt.Fprintf(b.progress, "%s: %s\n", s.name, time.Since(began).Round(time.Second))
		if ctx.Err() != nil {
			return
		}
	}
}

// choose returns the scenarios that are named, all for no name, in their own order, or the first name that is none.
func choose(names []string) (chosen []scenario, unknown string) {
	all := scenarios()
	if len(names) == 0 {
		return all, ""
	}
	wanted := make(map[string]bool)
	for _, name := range names {
		wanted[name] = true
	}
	for _, s := range all {
		if wanted[s.name] {
			chosen = append(chosen, s)
			delete(wanted, s.name)
		}
	}
	for _, name := range names {
		if wanted[name] {
			return nil, name
		}
	}
	return chosen, ""
}
