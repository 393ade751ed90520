package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"sync/atomic"
	"time"

	"github.com/rowgate/rowgate/internal/pgtest"
	"github.com/rowgate/rowgate/internal/sandbox"
	"github.com/rowgate/rowgate/internal/secret"
)

// instanceCount is how many instances share the database.
const instanceCount = 3

// runInstances compares three instances on one PostgreSQL with one: all callers write to one base, and to 100 bases.
func runInstances(ctx context.Context, b *bench, r *report) error {
	cluster, err := pgtest.Start(pgtest.Options{Sync: true})
	if errors.Is(err, pgtest.ErrMissing) {
		_, _ = fmt.Fprintln(b.progress, "instances:", err)
		return nil
	}
	if err != nil {
		return err
	}
	defer func() { _ = cluster.End() }()
	for _, load := range []struct {
		name    string
		targets int
		callers int
	}{
		{"one base", 1, 200},
		{"100 bases", 100, 400},
	} {
		one, err := b.instances(ctx, cluster, load.targets, load.callers, 1)
		if err != nil {
			return err
		}
		all, err := b.instances(ctx, cluster, load.targets, load.callers, instanceCount)
		if err != nil {
			return err
		}
		r.tell("requests a second by one instance, "+load.name, "/s", one.perSecond)
		r.tell("requests a second by three instances, "+load.name, "/s", all.perSecond)
		r.tell("latency by one instance, "+load.name+": p50", "ms", one.p50)
		r.tell("latency by one instance, "+load.name+": p99", "ms", one.p99)
		r.tell("latency by three instances, "+load.name+": p50", "ms", all.p50)
		r.tell("latency by three instances, "+load.name+": p99", "ms", all.p99)
		r.tell("processor time of three instances a request, "+load.name, "ms", all.spent)
		r.tell("processor time of one instance a request, "+load.name, "ms", one.spent)
		limit := 0.8
		if load.targets > 1 {
			limit = 2
		}
		r.atLeast("three instances over one, "+load.name, "×", limit, all.perSecond/one.perSecond)
		r.atMost("write conflicts (1254291) a call, "+load.name, "", 0.01, all.conflicts)
		r.must("rows in the tables for each one acknowledged, "+load.name, "", 1, all.landed)
	}
	return nil
}

// shared is what some instances did together.
type shared struct {
	perSecond, p50, p99, spent, conflicts, landed float64
}

// instances measures n instances that share a fresh database, under callers who spread over them.
func (b *bench) instances(ctx context.Context, cluster *pgtest.Cluster, targets, callers, n int) (out shared, err error) {
	s := &environment{passphrase: secret.GenerateKey()[:20], other: secret.GenerateKey()[:20]}
	defer func() { err = errors.Join(err, s.close()) }()
	const latency = 50 * time.Millisecond
	options := environmentOptions{targets: targets, sandbox: sandbox.Options{Write: sandbox.Latency{PerCall: latency}}}
	if err := s.openFeishu(options); err != nil {
		return out, err
	}
	address, err := cluster.Create()
	if err != nil {
		return out, err
	}
	key := secret.GenerateKey()
	var services []*process
	var all []*caller
	for range n {
		service, err := b.instance(s, address, key)
		if err != nil {
			return out, err
		}
		if _, err := service.start(ctx); err != nil {
			return out, err
		}
		defer func() { err = errors.Join(err, service.stop()) }()
		services, all = append(services, service), append(all, newCaller(service.url))
	}
	for _, one := range all { // tokens and columns are cached by each
		s.caller = one
		if err := s.warm(ctx); err != nil {
			return out, err
		}
	}
	s.caller = nil
	s.feishu.ResetCalls()
	before := s.landed()
	var mark, acknowledged atomic.Int64
	write := func(ctx context.Context, i int) error {
		k := mark.Add(1)
		got, err := all[i%n].write(ctx, s.write(int(k), fmt.Sprint("i", k)))
		if err == nil {
			err = got.whole()
		}
		if err == nil {
			acknowledged.Add(1)
		}
		return err
	}
	began, cpu := time.Now(), cpuOf(services)
	limited, cancel := context.WithTimeout(ctx, time.Duration(pick(b, 15, 5))*time.Second)
	defer cancel()
	l, err := closedLoop(limited, callers, math.MaxInt, func(_ context.Context, i int) error { return write(ctx, i) }) // the last ones too
	if err != nil {
		return out, err
	}
	took := time.Since(began)
	writes, conflicts := s.calls()
	return shared{
		perSecond: l.count() / took.Seconds(), p50: l.ms(50), p99: l.ms(99), spent: ms(cpuOf(services)-cpu) / l.count(),
		conflicts: float64(conflicts) / float64(max(1, writes)), landed: float64(s.landed()-before) / float64(acknowledged.Load()),
	}, nil
}

// instance describes a service on the database at address; start it.
func (b *bench) instance(s *environment, address, key string) (*process, error) {
	listen, err := freeAddress()
	if err != nil {
		return nil, err
	}
	path, args, err := b.program()
	if err != nil {
		return nil, err
	}
	return newProcess(path, args, listen,
		roleVariable+"="+roleService,
		"ROWGATE_LISTEN="+listen,
		"ROWGATE_PASSPHRASE=bench:"+s.passphrase+",other:"+s.other,
		"ROWGATE_DATABASE_URL="+address,
		"ROWGATE_KEY="+key,
		"ROWGATE_LOG=warn",
		"FEISHU_BASE_URL="+s.feishuURL,
	), nil
}

// cpuOf is the processor time that processes have used.
func cpuOf(all []*process) (used time.Duration) {
	for _, one := range all {
		used += one.cpu()
	}
	return used
}
