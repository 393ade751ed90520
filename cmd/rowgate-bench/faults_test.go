package main

import (
	"context"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestMain lets the test binary run as the processes that scenarios start, as the program itself does.
func TestMain(m *testing.M) {
	if role := os.Getenv(roleVariable); role != "" {
		ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
		code := runRole(ctx, role, os.Stderr)
		stop()
		os.Exit(code)
	}
	os.Exit(m.Run())
}

// TestFaults is the scenario faults at a size for every change: 10,000 requests through the real service in a process of its own,
// which is killed and whose power is cut, while calls to Feishu are cut, refused and garbled and Feishu forgets client tokens.
func TestFaults(t *testing.T) {
	t.Parallel()
	const requests, kills, cuts = 10_000, 3, 6
	b := &bench{progress: io.Discard, dir: t.TempDir()}
	f, found, err := b.faults(t.Context(), faultPlan{
		requests: requests, callers: 96, targets: 16, kills: kills, cuts: cuts, latency: 10 * time.Millisecond,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%+v, %d calls disturbed", found, f.struck)
	for _, v := range found.Violations {
		t.Error(v)
	}
	if found.Broken() > 0 || f.rejected.Load() > 0 || f.changed.Load() > 0 {
		t.Errorf("%d violations, %d client errors, %d changed answers", found.Broken(), f.rejected.Load(), f.changed.Load())
	}
	if n := f.refused.unexplained(); n > 0 {
		t.Errorf("%d answers have a code that no fault explains: %v", n, f.refused.counts)
	}
	if found.Requests != requests || f.kills != kills || f.struck == 0 || found.Unanswered == 0 {
		t.Errorf("too little went wrong: %d requests, %d kills, %d calls disturbed, %d attempts without an answer",
			found.Requests, f.kills, f.struck, found.Unanswered)
	}
	if power := f.environment.power; f.cuts != cuts || power.undone == 0 || f.switched < cuts || f.forgot == 0 {
		t.Errorf("too little went wrong: %d power cuts, %d writes undone, %d changes for client tokens, forgotten %d times",
			f.cuts, power.undone, f.switched, f.forgot)
	}
	// Callers that used up their tries were told of nothing; how many they are depends on how long a restart takes.
	if through := requests - int(f.gaveUp.Load()); found.Acknowledged < through || through < requests/2 {
		t.Errorf("%d rows are acknowledged of %d, %d requests were given up", found.Acknowledged, found.Rows, f.gaveUp.Load())
	}
	if said := f.environment.service.said.String(); strings.Contains(said, "DATA RACE") || strings.Contains(said, "panic") {
		t.Errorf("the service said: %s", said)
	}
}
