package main

import (
	"errors"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/rowgate/rowgate/internal/sandbox"
)

// TestFewOpenFiles: a service that may have 64 open files lives, writes, and says that it does, while one address opens more connections
// than that.
func TestFewOpenFiles(t *testing.T) {
	t.Parallel()
	shell, err := exec.LookPath("sh")
	if err != nil {
		t.Skip("sh is not there")
	}
	executable, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	s := newSite(t, sandbox.Options{})
	service := startProgram(t, s.env, shell, "-euc", `ulimit -n 64; exec "$0" "$@"`, executable, "serve")
	url := service.says(&service.stderr, `"msg":"serving","url":"([^"]+)"`)
	if !strings.Contains(service.stderr.String(), `"msg":"few open files","open_files":64,"connections":10,`) {
		t.Errorf("it does not say that it has few files: %s", service.stderr.String())
	}
	dialer := &net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 2)}}
	for range 100 {
		conn, err := dialer.DialContext(t.Context(), "tcp", strings.TrimPrefix(url, "http://"))
		if errors.Is(err, syscall.EADDRNOTAVAIL) {
			t.Skip("127.0.0.2 is not there")
		}
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = conn.Close() })
	}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url+"/healthz", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	response, err := (&http.Client{Timeout: patience}).Do(request)
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	if response.StatusCode != http.StatusOK {
		t.Errorf("/healthz is %d", response.StatusCode)
	}
	if got, err := s.post(url, "/v1/records", `{"records":[{"标题":"一"}]}`); err != nil || got.status != http.StatusOK {
		t.Errorf("%+v, %v", got, err)
	}
}
