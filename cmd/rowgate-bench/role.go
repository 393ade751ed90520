package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/rowgate/rowgate/internal/app"
	"github.com/rowgate/rowgate/internal/config"
	"github.com/rowgate/rowgate/internal/outbox/disktest"
	"github.com/rowgate/rowgate/internal/telemetry"
)

// roleVariable makes this program one of the processes that a scenario starts, kills and measures, instead of the bench. It is an
// environment variable so that a test binary can take a role too.
const roleVariable = "ROWGATE_BENCH_ROLE"

// The roles.
const (
	roleService = "service" // what rowgate serve runs, configured in the same way
	roleImport  = "import"  // what rowgate import runs
	roleProxy   = "proxy"   // a plain httputil.ReverseProxy: the least that anything between caller and Feishu can cost
)

// serviceWatch is an environment variable of roleService: the directory of its database, of which it records what is done to the files.
// The signals let it end at its next sync.
const (
	serviceWatch  = "ROWGATE_BENCH_WATCH"
	cutBeforeSync = syscall.SIGUSR1
	cutAfterSync  = syscall.SIGUSR2
)

// Environment of roleProxy.
const (
	proxyListen   = "ROWGATE_BENCH_PROXY_LISTEN"
	proxyUpstream = "ROWGATE_BENCH_PROXY_UPSTREAM"
)

// runRole runs a role until ctx ends and returns the exit code.
func runRole(ctx context.Context, role string, errs io.Writer) int {
	err := fmt.Errorf("no role is named %q", role)
	switch role {
	case roleService:
		err = runService(ctx, errs)
	case roleProxy:
		err = runProxy(ctx)
	case roleImport:
		err = runImporter(ctx, errs)
	}
	if err != nil {
		_, _ = fmt.Fprintln(errs, "rowgate-bench:", err)
		return exitFail
	}
	return exitOK
}

func runService(ctx context.Context, errs io.Writer) error {
	cfg, problems := config.Load(os.Getenv)
	if len(problems) > 0 {
		return fmt.Errorf("configuration: %v", problems)
	}
	if dir := os.Getenv(serviceWatch); dir != "" {
		if err := watchDisk(dir); err != nil {
			return err
		}
	}
	service, err := app.Start(ctx, app.Options{Config: cfg, Logger: telemetry.NewLogger(errs, cfg.LogLevel, false), Version: "bench"})
	if err != nil {
		return err
	}
	return service.Wait(ctx)
}

// watchDisk records what SQLite does to the files in dir, and lets a signal end this process at a sync.
func watchDisk(dir string) error {
	log, err := disktest.CreateLog(diskLog(dir))
	if err != nil {
		return err
	}
	dir, err = filepath.EvalSymlinks(dir)
	if err != nil {
		return err
	}
	disktest.Watch(dir, log)
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, cutBeforeSync, cutAfterSync)
	go func() {
		switch <-signals {
		case cutBeforeSync:
			log.CutAt(disktest.BeforeSync)
		case cutAfterSync:
			log.CutAt(disktest.AfterSync)
		}
	}()
	return nil
}

func runProxy(ctx context.Context) error {
	upstream, err := url.Parse(os.Getenv(proxyUpstream))
	if err != nil {
		return err
	}
	server := &http.Server{
		Addr: os.Getenv(proxyListen), Handler: newProxy(upstream), ReadHeaderTimeout: 10 * time.Second,
	}
	stop := context.AfterFunc(ctx, func() { _ = server.Close() })
	defer stop()
	if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// newProxy is a plain reverse proxy to upstream that answers /readyz itself.
func newProxy(upstream *url.URL) http.Handler {
	proxy := &httputil.ReverseProxy{
		Rewrite:   func(r *httputil.ProxyRequest) { r.SetURL(upstream) },
		Transport: &http.Transport{MaxIdleConnsPerHost: 64},
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != readyPath {
			proxy.ServeHTTP(w, r)
		}
	})
}
