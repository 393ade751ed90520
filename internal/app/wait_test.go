package app

import (
	"context"
	"log/slog"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"testing"

	"github.com/rowgate/rowgate/internal/config"
	"github.com/rowgate/rowgate/internal/secret"
)

// TestWait settles the memory of the process, and ends with its context.
func TestWait(t *testing.T) {
	garbage, limit := debug.SetGCPercent(100), debug.SetMemoryLimit(-1)
	t.Cleanup(func() {
		debug.SetGCPercent(garbage)
		debug.SetMemoryLimit(limit)
	})
	settings := map[string]string{
		"ROWGATE_LISTEN": "127.0.0.1:0", "ROWGATE_PASSPHRASE": "test:" + secret.GenerateKey()[:20], "ROWGATE_KEY": secret.GenerateKey(),
		"ROWGATE_DATABASE_URL": "sqlite:" + filepath.Join(t.TempDir(), "rowgate.db"),
	}
	cfg, problems := config.Load(func(name string) string { return settings[name] })
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	service, err := Start(t.Context(), Options{Config: cfg, Logger: slog.New(slog.DiscardHandler), Version: "test"})
	if err != nil {
		t.Fatal(err)
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := service.Wait(ctx); err != nil {
		t.Error(err)
	}
	runtime.ReadMemStats(&after)
	if after.NumForcedGC == before.NumForcedGC {
		t.Error("the memory of the start was not given back")
	}
}
