package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"github.com/rowgate/rowgate/internal/importer"
	"github.com/rowgate/rowgate/internal/problem"
	"github.com/rowgate/rowgate/internal/sandbox"
	"github.com/rowgate/rowgate/internal/secret"
	"github.com/rowgate/rowgate/internal/source"
)

// Environment of roleImport, beside the variables that rowgate import reads.
const (
	importFile  = "ROWGATE_BENCH_IMPORT_FILE"
	importURL   = "ROWGATE_BENCH_IMPORT_URL"
	importTable = "ROWGATE_BENCH_IMPORT_TABLE"
	importState = "ROWGATE_BENCH_IMPORT_STATE"
)

// runImport imports a file by the command, once in peace and once with the command killed at random, at the pace of one full batch
// after the other.
func runImport(ctx context.Context, b *bench, r *report) error {
	rows, latency, kills := pick(b, 200_000, 20_000), pick(b, time.Second, 500*time.Millisecond), pick(b, 10, 3)
	file, err := b.importFile(rows)
	if err != nil {
		return err
	}
	for _, deaths := range []int{0, kills} {
		if err := b.importOnce(ctx, r, file, rows, latency, deaths); err != nil {
			return err
		}
	}
	return nil
}

// importFile is a CSV with a mark in each row.
func (b *bench) importFile(rows int) (path string, err error) {
	path = filepath.Join(b.dir, "import.csv")
	file, err := os.Create(path) //nolint:gosec // in a folder of ours
	if err != nil {
		return "", err
	}
	out := bufio.NewWriter(file)
	_, _ = fmt.Fprintln(out, columnMark+","+columnCount+","+columnSelect+","+columnDate) // Flush tells of errors
	for i := range rows {
		_, _ = fmt.Fprintf(out, "r%d,\"12,345\",抖音,2026-03-24 12:00\n", i)
	}
	return path, errors.Join(out.Flush(), file.Close())
}

// importOnce imports the file into a new base; the command dies so many times and is run again.
func (b *bench) importOnce(ctx context.Context, r *report, file string, rows int, latency time.Duration, deaths int) error {
	s, err := b.open(ctx, environmentOptions{sandbox: sandbox.Options{Write: sandbox.Latency{PerCall: latency}}})
	if err != nil {
		return err
	}
	defer func() { _ = s.close() }()
	s.feishu.ResetCalls()
	command := importProcess{bench: b, environment: s, file: file}
	began := time.Now()
	for i := range deaths { // each somewhere in its part of the run
		part := time.Duration(rows/batchRows) * latency / time.Duration(deaths+1)
		at := time.Duration(i)*part + rand.N(part)
		if err := command.dieAt(ctx, began.Add(at)); err != nil {
			return err
		}
	}
	if err := command.run(ctx); err != nil {
		return err
	}
	took := time.Since(began)
	each, err := callTime(s)
	if err != nil {
		return err
	}
	landed, err := s.feishu.CountBy(s.targets[0].base, s.targets[0].table, columnMark)
	if err != nil {
		return err
	}
	name := fmt.Sprintf(", %d rows, %d ms a call", rows, latency.Milliseconds())
	if deaths > 0 {
		name += fmt.Sprintf(", command killed %d times", deaths)
	}
	r.must("rows in the table"+name, "rows", float64(rows), float64(s.landed()))
	r.must("different rows in the table"+name, "rows", float64(rows), float64(len(landed)))
	share := 100 * float64(rows/batchRows) * each.Seconds() / took.Seconds()
	_, peak := s.service.memory()
	if deaths == 0 {
		calls, _ := s.calls()
		r.atLeast("share of one full batch after the other"+name, "%", 95, share)
		r.tell("write calls, of the least number"+name, "×", float64(calls)/float64(rows/batchRows))
		r.atMost("service RSS at most"+name, "MB", 200, megabytes(peak))
		r.atMost("command RSS at most"+name, "MB", 200, megabytes(float64(command.peak)))
		return nil
	}
	r.tell("share of one full batch after the other"+name, "%", share)
	return nil
}

// importProcess runs the command.
type importProcess struct {
	bench       *bench
	environment *environment
	file        string
	peak        int64 // resident bytes
}

func (p *importProcess) command(ctx context.Context) (*exec.Cmd, *tail, error) {
	s, said := p.environment, &tail{}
	at := s.targets[0]
	link := "https://example.feishu.cn/base/" + at.base + "?table=" + at.table
	path, err := os.Executable()
	if err != nil {
		return nil, nil, err
	}
	var args []string
	if p.bench.Rowgate != "" {
		path, args = p.bench.Rowgate, []string{"import", p.file, "--url", s.service.url, "--table", link}
	}
	command := exec.CommandContext(ctx, path, args...) //nolint:gosec // this program or the one that was named
	command.Stdout, command.Stderr = said, said
	command.Env = append(os.Environ(), roleVariable+"="+roleImport, importFile+"="+p.file, importURL+"="+s.service.url, importTable+"="+link,
		importState+"="+s.dir, "XDG_STATE_HOME="+s.dir, "ROWGATE_PASSPHRASE="+s.passphrase, "FEISHU_APP_ID="+at.appID,
		"FEISHU_APP_SECRET="+at.secret)
	return command, said, nil
}

// run runs the command to its end.
func (p *importProcess) run(ctx context.Context) error {
	command, said, err := p.command(ctx)
	if err != nil {
		return err
	}
	if err := command.Run(); err != nil {
		return fmt.Errorf("the import: %w: %s", err, said)
	}
	if used, ok := command.ProcessState.SysUsage().(*syscall.Rusage); ok {
		p.peak = used.Maxrss << 10
	}
	return nil
}

// dieAt starts the command and kills it at a time, as kill -9 does.
func (p *importProcess) dieAt(ctx context.Context, at time.Time) error {
	command, said, err := p.command(ctx)
	if err != nil {
		return err
	}
	if err := command.Start(); err != nil {
		return err
	}
	if !wait(ctx, time.Until(at)) {
		return ctx.Err()
	}
	if err := command.Process.Kill(); err != nil {
		return fmt.Errorf("the import ended before it was killed: %w: %s", err, said)
	}
	_ = command.Wait() // killed
	return nil
}

// runImporter is rowgate import in this program: the same importer with the same options.
func runImporter(ctx context.Context, out io.Writer) error {
	file, err := source.Open(ctx, os.Getenv(importFile), source.FileOptions{})
	if err != nil {
		return err
	}
	defer file.Close()
	result, err := importer.Run(ctx, file, &importer.Options{
		URL: os.Getenv(importURL), Table: os.Getenv(importTable), StateDir: os.Getenv(importState), Language: problem.EN,
		Errors: os.Getenv(importFile) + ".errors",
		Credentials: importer.Credentials{
			Passphrase: secret.New(os.Getenv("ROWGATE_PASSPHRASE")), AppID: secret.New(os.Getenv("FEISHU_APP_ID")),
			AppSecret: secret.New(os.Getenv("FEISHU_APP_SECRET")),
		},
	}, &http.Client{Timeout: callTimeout}, importer.Terminal{Out: out, Progress: out})
	if err == nil && result.Refused > 0 {
		err = fmt.Errorf("%d rows were refused", result.Refused)
	}
	return err
}
