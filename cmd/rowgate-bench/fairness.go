package main

import (
	"context"
	"fmt"
	"time"

	"github.com/rowgate/rowgate/internal/sandbox"
)

// runFairness lets one-row callers write beside an import into the same base, and asks what the import costs them.
func runFairness(ctx context.Context, b *bench, r *report) error {
	latency := pick(b, 500*time.Millisecond, 200*time.Millisecond)
	s, err := b.open(ctx, environmentOptions{sandbox: sandbox.Options{Write: sandbox.Latency{PerCall: latency}}})
	if err != nil {
		return err
	}
	defer func() { _ = s.close() }()
	if err := s.warm(ctx); err != nil {
		return err
	}
	for _, who := range []struct {
		name, passphrase string
		imports          int
	}{
		{"another passphrase", s.other, 1},
		{"the import's passphrase", s.passphrase, 1},
		{"another passphrase beside five imports", s.other, 5},
	} {
		if err := fairnessFor(ctx, s, r, latency, who.name, who.passphrase, who.imports); err != nil {
			return err
		}
	}
	return nil
}

// fairnessFor runs imports of ten batches in all and, while they run, a one-row call every half batch time.
func fairnessFor(ctx context.Context, s *environment, r *report, latency time.Duration, name, passphrase string, imports int) error {
	s.feishu.ResetCalls()
	ended := make(chan error, imports)
	began := time.Now()
	for n := range imports {
		marks := make([]string, requestRows/imports)
		for i := range marks {
			marks[i] = fmt.Sprintf("import %s %d %d", name, n, i)
		}
		imported := s.write(0, marks...)
		imported.query = "timeout_ms=55000"
		go func() { ended <- s.caller.mustWrite(ctx, imported) }()
	}
	if !wait(ctx, latency/2) {
		return ctx.Err()
	}
	batches := time.Duration(requestRows / batchRows)
	l, err := openLoop(ctx, latency/2, (batches-3)*latency, func(ctx context.Context, i int) error {
		one := s.write(0, fmt.Sprintf("one %s %d", name, i))
		one.passphrase = passphrase
		return s.caller.mustWrite(ctx, one)
	})
	if err != nil {
		return err
	}
	for range imports {
		if err := <-ended; err != nil {
			return err
		}
	}
	took := time.Since(began)
	each, err := callTime(s)
	if err != nil {
		return err
	}
	// What the call would have taken alone is one batch time; the rest is what the import costs.
	delay := l.ms(100)/ms(each) - 1
	r.atMost("delay of a one-row caller with "+name+", worst", "batch times", 2, delay)
	r.tell("answer to a one-row caller with "+name+", p50", "batch times", l.ms(50)/ms(each))
	r.tell("the imports beside "+name, "batch times", float64(took)/float64(each))
	return nil
}
