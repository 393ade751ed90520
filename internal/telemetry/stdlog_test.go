package telemetry_test

import (
	"bytes"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rowgate/rowgate/internal/telemetry"
)

// TestQuietStandardLog: an upstream whose answer is longer than it says makes net/http's client log what it received. It sets
// the process's logger, so it does not run beside others.
func TestQuietStandardLog(t *testing.T) {
	const canary = "canary-77ab"
	var log lockedBuffer
	telemetry.QuietStandardLog(telemetry.NewLogger(&log, slog.LevelInfo, false))
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	go func() {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		_, _ = conn.Read(make([]byte, 4096))
		_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
		_, _ = io.WriteString(conn, canary)
		_, _ = io.Copy(io.Discard, conn)
		_ = conn.Close()
	}()
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+listener.Addr().String(), http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	response, err := transport.RoundTrip(request)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, response.Body)
	_ = response.Body.Close()
	for end := time.Now().Add(time.Minute); log.String() == "" && time.Now().Before(end); {
		<-time.After(time.Millisecond)
	}
	if got := log.String(); !strings.Contains(got, "a library logged an event") || strings.Contains(got, canary) {
		t.Errorf("logged %q", got)
	}
}

type lockedBuffer struct {
	mu  sync.Mutex
	out bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.out.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.out.String()
}
