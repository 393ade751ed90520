package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

const (
	readyPath   = "/readyz"
	readyWithin = 2 * time.Minute       // after this a process counts as failed, even on a loaded machine
	readyEvery  = time.Millisecond      // between two looks
	stopWithin  = 2 * time.Minute       // the service drains for 30 s at most and answers for 5 s more
	stderrKept  = 64 << 10              // bytes of the end of what a process says
	clockTick   = 10 * time.Millisecond // USER_HZ is 100 on every Linux that Go runs on
)

// process is a child process that serves HTTP on a fixed address. It can be killed and started again. One goroutine uses it at a time.
type process struct {
	url     string
	path    string
	args    []string
	env     []string
	command *exec.Cmd
	exited  *exit
	said    *tail
	client  *http.Client
}

// exit is how a child ended: err is there once done is closed.
type exit struct {
	done chan struct{}
	err  error
}

// newProcess describes a child that listens on address; start it.
func newProcess(path string, args []string, address string, env ...string) *process {
	client := &http.Client{}
	client.Transport = &http.Transport{DisableKeepAlives: true}
	return &process{
		url: "http://" + address, path: path, args: args, env: append(os.Environ(), env...), said: &tail{}, client: client,
	}
}

// freeAddress returns a loopback address that nobody listens on.
func freeAddress() (string, error) {
	var config net.ListenConfig
	listener, err := config.Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return listener.Addr().String(), listener.Close()
}

// start runs the child and returns the time from its start until it answered that it is ready.
func (p *process) start(ctx context.Context) (time.Duration, error) {
	command := exec.Command(p.path, p.args...) //nolint:gosec,noctx // this program or the one that was named; it ends by kill or stop
	command.Env, command.Stderr = p.env, p.said
	began := time.Now()
	if err := command.Start(); err != nil {
		return 0, err
	}
	exited := &exit{done: make(chan struct{})}
	go func() {
		exited.err = command.Wait()
		close(exited.done)
	}()
	p.command, p.exited = command, exited
	return p.awaitReady(ctx, began)
}

func (p *process) awaitReady(ctx context.Context, began time.Time) (time.Duration, error) {
	ctx, cancel := context.WithTimeout(ctx, readyWithin)
	defer cancel()
	ticker := time.NewTicker(readyEvery)
	defer ticker.Stop()
	for {
		if p.ready(ctx) {
			return time.Since(began), nil
		}
		select {
		case <-ticker.C:
		case <-p.exited.done:
			return 0, fmt.Errorf("the process ended at its start: %w: %s", p.exited.err, p.said)
		case <-ctx.Done():
			return 0, fmt.Errorf("the process is not ready: %w: %s", ctx.Err(), p.said)
		}
	}
}

func (p *process) ready(ctx context.Context) bool {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, p.url+readyPath, http.NoBody)
	if err != nil {
		return false
	}
	response, err := p.client.Do(request)
	if err != nil {
		return false
	}
	_ = response.Body.Close()
	return response.StatusCode == http.StatusOK
}

// kill ends the child as kill -9 does, and returns when it is gone.
func (p *process) kill() {
	if p.command == nil {
		return
	}
	_ = p.command.Process.Kill()
	<-p.exited.done
	p.command = nil
}

// stop asks the child to end, as a deployment does, and returns when it has.
func (p *process) stop() error {
	if p.command == nil {
		return nil
	}
	if err := p.command.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	timer := time.NewTimer(stopWithin)
	defer timer.Stop()
	select {
	case <-p.exited.done:
		p.command = nil
		if err := p.exited.err; err != nil {
			return fmt.Errorf("the process: %w: %s", err, p.said)
		}
		return nil
	case <-timer.C:
		p.kill()
		return errors.New("the process did not end in time")
	}
}

// memory returns the child's resident bytes, now and at most; 0 where the system does not tell.
func (p *process) memory() (now, peak float64) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.command.Process.Pid))
	if err != nil {
		return 0, 0
	}
	for line := range strings.Lines(string(status)) {
		name, value, _ := strings.Cut(line, ":")
		kilobytes, err := strconv.ParseFloat(strings.TrimSuffix(strings.TrimSpace(value), " kB"), 64)
		if err != nil {
			continue
		}
		switch name {
		case "VmRSS":
			now = kilobytes * 1024
		case "VmHWM":
			peak = kilobytes * 1024
		}
	}
	return now, peak
}

// cpu returns the processor time that the child has used; 0 where the system does not tell.
func (p *process) cpu() time.Duration {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.command.Process.Pid))
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(stat), ") ") // behind the name, which may hold spaces
	fields := strings.Fields(rest)
	const user, system = 11, 12 // utime and stime, counted from the state
	if len(fields) <= system {
		return 0
	}
	ticks := 0
	for _, field := range []string{fields[user], fields[system]} {
		n, err := strconv.Atoi(field)
		if err != nil {
			return 0
		}
		ticks += n
	}
	return time.Duration(ticks) * clockTick
}

// ownCPU returns the processor time that this process has used: the callers and Feishu.
func ownCPU() time.Duration {
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		return 0
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

// tail keeps the last stderrKept bytes written to it. It is safe for concurrent use.
type tail struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.text.Write(p)
	if over := t.text.Len() - stderrKept; over > 0 {
		t.text.Next(over)
	}
	return len(p), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.text.String()
}
