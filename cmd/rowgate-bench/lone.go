package main

import (
	"context"
	"fmt"
	"os"
	"time"
)

// runLone compares one caller's requests with the same writes through a plain reverse proxy, in turns, so that both meet the same
// machine. The caller goes round many apps, so that no app's rate limit is waited for: a request is nothing but itself.
func runLone(ctx context.Context, b *bench, r *report) error {
	const targets = 128
	rounds := pick(b, 4000, 800)
	s, err := b.open(ctx, environmentOptions{targets: targets})
	if err != nil {
		return err
	}
	defer func() { _ = s.close() }()
	proxy, err := s.openProxy(ctx)
	if err != nil {
		return err
	}
	defer proxy.kill()
	through, err := newDirect(ctx, s, proxy.url)
	if err != nil {
		return err
	}
	if err := s.warm(ctx); err != nil {
		return err
	}
	disk, err := os.CreateTemp(s.dir, "sync-")
	if err != nil {
		return err
	}
	defer func() { _ = disk.Close() }()
	before := s.service.cpu()
	own, plain, synced := newLatencies(), newLatencies(), newLatencies()
	for i := range rounds {
		began := time.Now()
		if err := s.caller.mustWrite(ctx, s.write(i, fmt.Sprint("a", i))); err != nil {
			return err
		}
		own.add(time.Since(began))
		began = time.Now()
		if code, err := through.writeOne(ctx, s.targets[i%targets], fmt.Sprint("b", i)); err != nil || code != 0 {
			return fmt.Errorf("through the proxy: code %d: %w", code, err)
		}
		plain.add(time.Since(began))
		began = time.Now()
		if err := syncPage(disk); err != nil {
			return err
		}
		synced.add(time.Since(began))
	}
	calls := s.feishu.CallCount("", "")
	r.must("calls to Feishu of any kind a request", "calls", 1, float64(calls-rounds)/float64(rounds))
	// The batch is synced before the call. What became of it is synced with the next commit: without it the batch is looked for.
	r.atMost("own time over a plain ReverseProxy, less its one sync, p50", "ms", 1, own.ms(50)-plain.ms(50)-synced.ms(50))
	r.atMost("own time over a plain ReverseProxy, less its one sync, p99", "ms", 5, own.ms(99)-plain.ms(99)-synced.ms(99))
	r.tell("a sync of the same disk, p50", "ms", synced.ms(50))
	r.tell("a sync of the same disk, p99", "ms", synced.ms(99))
	r.tell("whole request, p50", "ms", own.ms(50))
	r.tell("whole request, p99", "ms", own.ms(99))
	r.tell("through the ReverseProxy, p50", "ms", plain.ms(50))
	r.tell("through the ReverseProxy, p99", "ms", plain.ms(99))
	r.tell("processor time of the service a request", "ms", ms(s.service.cpu()-before)/float64(rounds))
	return nil
}

// pageBytes is what a commit of one row writes to the log of the database at least.
const pageBytes = 4 << 10

func syncPage(file *os.File) error {
	if _, err := file.Write(make([]byte, pageBytes)); err != nil {
		return err
	}
	return file.Sync()
}

// openProxy starts a plain reverse proxy to the environment's Feishu.
func (s *environment) openProxy(ctx context.Context) (*process, error) {
	address, err := freeAddress()
	if err != nil {
		return nil, err
	}
	path, err := os.Executable()
	if err != nil {
		return nil, err
	}
	proxy := newProcess(path, nil, address, roleVariable+"="+roleProxy, proxyListen+"="+address, proxyUpstream+"="+s.feishuURL)
	_, err = proxy.start(ctx)
	return proxy, err
}
