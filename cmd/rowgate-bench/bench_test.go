package main

import (
	"context"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"testing"

	"github.com/rowgate/rowgate/internal/app"
	"github.com/rowgate/rowgate/internal/config"
	"github.com/rowgate/rowgate/internal/secret"
)

// benchTargets is so many apps that a benchmark that goes round them never waits for one's rate limit.
const benchTargets = 256

// feishuOnly is a environment without a service.
func feishuOnly(b *testing.B) *environment {
	b.Helper()
	s := &environment{passphrase: secret.GenerateKey()[:20]}
	if err := s.openFeishu(environmentOptions{targets: benchTargets}); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = s.close() })
	return s
}

// BenchmarkRequest is one whole warm request of one row: from the caller's socket through the service, the store and Feishu, which
// takes no time, and back.
func BenchmarkRequest(b *testing.B) {
	s := feishuOnly(b)
	settings := map[string]string{
		"ROWGATE_LISTEN":       "127.0.0.1:0",
		"ROWGATE_PASSPHRASE":   "bench:" + s.passphrase,
		"ROWGATE_DATABASE_URL": "sqlite:" + filepath.Join(b.TempDir(), "rowgate.db"),
		"ROWGATE_KEY":          secret.GenerateKey(),
		"FEISHU_BASE_URL":      s.feishuURL,
	}
	cfg, problems := config.Load(func(name string) string { return settings[name] })
	if len(problems) > 0 {
		b.Fatal(problems)
	}
	service, err := app.Start(b.Context(), app.Options{Config: cfg, Logger: slog.New(slog.DiscardHandler), Version: "bench"})
	if err != nil {
		b.Fatal(err)
	}
	s.caller = newCaller(service.URL())
	b.Cleanup(func() {
		s.caller.client.CloseIdleConnections()
		if err := service.Stop(context.Background()); err != nil {
			b.Error(err)
		}
	})
	if err := s.warm(b.Context()); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		i++
		if err := s.caller.mustWrite(b.Context(), s.write(i, fmt.Sprint("r", i))); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkReverseProxy is the same row through a plain httputil.ReverseProxy: what any process in between costs.
func BenchmarkReverseProxy(b *testing.B) {
	s := feishuOnly(b)
	upstream, err := url.Parse(s.feishuURL)
	if err != nil {
		b.Fatal(err)
	}
	proxy := httptest.NewServer(newProxy(upstream))
	b.Cleanup(proxy.Close)
	through, err := newDirect(b.Context(), s, proxy.URL)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(through.client.CloseIdleConnections)
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		i++
		if code, err := through.writeOne(b.Context(), s.targets[i%benchTargets], fmt.Sprint("r", i)); err != nil || code != 0 {
			b.Fatal(code, err)
		}
	}
}
