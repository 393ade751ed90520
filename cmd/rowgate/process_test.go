package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/rowgate/rowgate/internal/sandbox"
	"github.com/rowgate/rowgate/internal/secret"
)

// asProgram makes the test binary behave as rowgate itself.
const asProgram = "ROWGATE_TEST_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// patience bounds how long a test waits for a process. It is long, for a loaded machine; a test that passes does not use it up.
const patience = 3 * time.Minute

// process is rowgate as a process of its own.
type process struct {
	t       *testing.T
	command *exec.Cmd
	ended   chan struct{}
	stdout  buffer
	stderr  buffer
}

// start runs rowgate in an empty directory; what is left of it is killed when the test ends.
func start(t *testing.T, env map[string]string, args ...string) *process {
	t.Helper()
	executable, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return startProgram(t, env, append([]string{executable}, args...)...)
}

// startProgram is start for a command line of which rowgate is a part.
func startProgram(t *testing.T, env map[string]string, line ...string) *process {
	t.Helper()
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	p := &process{t: t, ended: make(chan struct{}), command: exec.CommandContext(ctx, line[0], line[1:]...)}
	p.command.Dir = t.TempDir()
	p.command.Env = []string{asProgram + "=1", "HOME=" + p.command.Dir, "GOCOVERDIR=" + p.command.Dir}
	for name, value := range env {
		p.command.Env = append(p.command.Env, name+"="+value)
	}
	p.command.Stdout, p.command.Stderr = &p.stdout, &p.stderr
	if err := p.command.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(p.ended)
		_ = p.command.Wait() // the exit code is in ProcessState
	}()
	t.Cleanup(func() {
		cancel()
		<-p.ended
	})
	return p
}

// says waits for a line of the process's output and returns what the pattern's group matched.
func (p *process) says(output *buffer, pattern string) string {
	p.t.Helper()
	expression := regexp.MustCompile(pattern)
	var found []string
	until(p.t, func() bool {
		if found = expression.FindStringSubmatch(output.String()); found != nil {
			return true
		}
		select {
		case <-p.ended:
			p.t.Fatalf("the process ended:\n%s%s", p.stdout.String(), p.stderr.String())
		default:
		}
		return false
	})
	return found[len(found)-1]
}

// exit waits for the end and returns the exit code.
func (p *process) exit() int {
	p.t.Helper()
	select {
	case <-p.ended:
	case <-time.After(patience):
		p.t.Fatalf("the process does not end:\n%s%s", p.stdout.String(), p.stderr.String())
	}
	return p.command.ProcessState.ExitCode()
}

func (p *process) signal(s os.Signal) {
	p.t.Helper()
	if err := p.command.Process.Signal(s); err != nil {
		p.t.Fatal(err)
	}
}

// until looks again and again until done.
func until(t *testing.T, done func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(patience); !done(); <-tick.C {
		if time.Now().After(deadline) {
			t.Fatal("what was waited for did not come")
		}
	}
}

// buffer is written by a process and read by the test.
type buffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *buffer) Write(data []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(data)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

// site is a simulated Feishu with the sample base, and the settings of services that write to it.
type site struct {
	t          *testing.T
	sandbox    *sandbox.Sandbox
	sample     *sample
	env        map[string]string
	passphrase string
}

func newSite(t *testing.T, o sandbox.Options) *site {
	t.Helper()
	sb, err := sandbox.New(o)
	if err != nil {
		t.Fatal(err)
	}
	upstream, err := sb.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = sb.Close() })
	s := &site{t: t, sandbox: sb, passphrase: secret.GenerateKey()[:20]}
	if s.sample, err = newSample(sb); err != nil {
		t.Fatal(err)
	}
	s.env = map[string]string{
		"ROWGATE_LISTEN": "127.0.0.1:0", "ROWGATE_PASSPHRASE": "test:" + s.passphrase, "ROWGATE_KEY": secret.GenerateKey(),
		"ROWGATE_DATABASE_URL": "sqlite:" + filepath.Join(t.TempDir(), "rowgate.db"), "FEISHU_BASE_URL": upstream,
	}
	return s
}

// serve starts the service and returns the process and its address.
func (s *site) serve() (service *process, url string) {
	s.t.Helper()
	service = start(s.t, s.env, "serve")
	return service, service.says(&service.stderr, `"msg":"serving","url":"([^"]+)"`)
}

type jobAnswer struct {
	status int

	Code       string   `json:"code"`
	JobID      string   `json:"job_id"`
	State      string   `json:"state"`
	Created    int      `json:"created"`
	RecordIDs  []string `json:"record_ids"`
	Replay     bool     `json:"idempotent_replay"`
	RetryAfter string
	Result     *struct {
		Created   int      `json:"created"`
		RecordIDs []string `json:"record_ids"`
	} `json:"result"`
}

// post calls a tool; the error is the network's.
func (s *site) post(url, path, body string) (jobAnswer, error) {
	s.t.Helper()
	r, err := http.NewRequestWithContext(s.t.Context(), http.MethodPost, url+path, strings.NewReader(body))
	if err != nil {
		s.t.Error(err)
		return jobAnswer{}, err
	}
	for name, value := range map[string]string{
		"Content-Type": "application/json", "Authorization": "Bearer " + s.passphrase, "X-App-Id": sampleAppID,
		"X-App-Secret": s.sample.secret, "X-App-Token": sampleBase, "X-Table-Id": s.sample.videos,
	} {
		r.Header.Set(name, value)
	}
	response, err := (&http.Client{Timeout: patience}).Do(r)
	if err != nil {
		return jobAnswer{}, err
	}
	defer func() { _ = response.Body.Close() }()
	data, err := io.ReadAll(response.Body)
	if err != nil {
		return jobAnswer{}, err
	}
	answer := jobAnswer{status: response.StatusCode, RetryAfter: response.Header.Get("Retry-After")}
	if err := json.Unmarshal(data, &answer); err != nil {
		s.t.Errorf("%s answered %s", path, data)
	}
	return answer, nil
}

func (s *site) titles() map[string]int {
	s.t.Helper()
	counts, err := s.sandbox.CountBy(sampleBase, s.sample.videos, "标题")
	if err != nil {
		s.t.Fatal(err)
	}
	return counts
}

// TestKill: a service that dies between Feishu's commit and its answer, or before, writes each row once all the same.
func TestKill(t *testing.T) {
	t.Parallel()
	for name, when := range map[string]sandbox.Moment{"before_the_commit": sandbox.BeforeCommit, "after_the_commit": sandbox.AfterCommit} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t, sandbox.Options{RatesOff: true})
			if _, err := s.sandbox.AddFault(sandbox.Fault{
				Endpoint: "record.batch_create", Count: 1, Action: sandbox.ActionHang,
				When: when,
			}); err != nil {
				t.Fatal(err)
			}
			service, url := s.serve()
			job, err := s.post(url, "/v1/records", `{"records":[{"标题":"甲"},{"标题":"乙"},{"标题":"丙"}],"async":true,"idempotency_key":"run-1"}`)
			if err != nil || job.status != http.StatusAccepted {
				t.Fatalf("answered %+v, %v", job, err)
			}
			until(t, func() bool { return s.sandbox.Faults()[0].Struck == 1 })
			if when == sandbox.AfterCommit {
				until(t, func() bool { return len(s.titles()) == 3 })
			}
			service.signal(syscall.SIGKILL)
			service.exit()

			_, url = s.serve()
			var got jobAnswer
			until(t, func() bool {
				if got, err = s.post(url, "/v1/jobs/get", `{"job_id":"`+job.JobID+`"}`); err != nil {
					t.Fatal(err)
				}
				return got.status != http.StatusOK || got.State == "done" || got.State == "failed"
			})
			if got.State != "done" || got.Result == nil || got.Result.Created != 3 || len(got.Result.RecordIDs) != 3 {
				t.Fatalf("the job ended as %+v", got)
			}
			for title, n := range s.titles() {
				if n != 1 {
					t.Errorf("%d rows %s", n, title)
				}
			}
			again, err := s.post(url, "/v1/records", `{"records":[{"标题":"甲"},{"标题":"乙"},{"标题":"丙"}],"idempotency_key":"run-1"}`)
			if err != nil || !again.Replay || again.RecordIDs[2] != got.Result.RecordIDs[2] || len(s.titles()) != 3 {
				t.Errorf("the caller's repeat got %+v, %v; rows %v", again, err, s.titles())
			}
		})
	}
}

// TestKillUnderLoad: callers whose service dies under them repeat, and every row is there once.
func TestKillUnderLoad(t *testing.T) {
	t.Parallel()
	s := newSite(t, sandbox.Options{RatesOff: true, Write: sandbox.Latency{PerCall: 30 * time.Millisecond}})
	service, url := s.serve()
	titles := []string{"一", "二", "三", "四", "五", "六", "七", "八", "九", "十", "十一", "十二"}
	var mu sync.Mutex
	var working sync.WaitGroup
	for _, title := range titles {
		working.Go(func() {
			body := `{"fields":{"标题":"` + title + `"},"idempotency_key":"load-` + title + `"}`
			tick := time.NewTicker(5 * time.Millisecond)
			defer tick.Stop()
			for deadline := time.Now().Add(patience); time.Now().Before(deadline); <-tick.C {
				mu.Lock()
				at := url
				mu.Unlock()
				if got, err := s.post(at, "/v1/records", body); err == nil && got.status == http.StatusOK {
					return
				}
			}
			t.Errorf("%s never got an answer", title)
		})
	}
	until(t, func() bool { return len(s.titles()) > 0 })
	service.signal(syscall.SIGKILL)
	service.exit()
	_, fresh := s.serve()
	mu.Lock()
	url = fresh
	mu.Unlock()
	working.Wait()
	counts := s.titles()
	for _, title := range titles {
		if counts[title] != 1 {
			t.Errorf("%d rows %s, want 1", counts[title], title)
		}
	}
}

// TestDrain: a service that is asked to stop writes what it has accepted, refuses what comes, and ends well.
func TestDrain(t *testing.T) {
	t.Parallel()
	s := newSite(t, sandbox.Options{RatesOff: true, Write: sandbox.Latency{PerCall: 3 * time.Second}}) // time to be refused in
	s.env["ROWGATE_METRICS_PUBLIC"] = "true"
	service, url := s.serve()
	job, err := s.post(url, "/v1/records", `{"fields":{"标题":"甲"},"async":true}`)
	if err != nil || job.status != http.StatusAccepted {
		t.Fatalf("answered %+v, %v", job, err)
	}
	waiting := make(chan jobAnswer, 1)
	go func() {
		got, err := s.post(url, "/v1/records", `{"fields":{"标题":"乙"}}`)
		if err != nil {
			t.Errorf("the caller who waits: %v", err)
		}
		waiting <- got
	}()
	until(t, func() bool { return strings.Contains(s.get(url+"/metrics"), "\nrowgate_outbox_entries 2\n") }) // both are accepted
	service.signal(syscall.SIGTERM)
	service.says(&service.stderr, `"msg":"(stopping)"`)
	refused := 0
	for {
		got, err := s.post(url, "/v1/records", `{"fields":{"标题":"丙"}}`)
		if err != nil {
			break // nobody listens any more
		}
		if got.status != http.StatusServiceUnavailable || got.Code != "draining" || got.RetryAfter == "" {
			t.Fatalf("a request during the drain got %+v", got)
		}
		refused++
	}
	if got := <-waiting; got.status != http.StatusOK || got.Created != 1 {
		t.Errorf("the caller who waited got %+v", got)
	}
	if code := service.exit(); code != exitOK {
		t.Errorf("exit code %d: %s", code, service.stderr.String())
	}
	if titles := s.titles(); titles["甲"] != 1 || titles["乙"] != 1 || titles["丙"] != 0 || refused == 0 {
		t.Errorf("rows %v, %d refused", titles, refused)
	}
}

// get returns the body that an address answers with.
func (s *site) get(url string) string {
	s.t.Helper()
	r, err := http.NewRequestWithContext(s.t.Context(), http.MethodGet, url, http.NoBody)
	if err != nil {
		s.t.Fatal(err)
	}
	response, err := (&http.Client{Timeout: patience}).Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return string(body)
}

// lines are the lines of text that are not empty.
func lines(text string) []string {
	var found []string
	for scanner := bufio.NewScanner(strings.NewReader(text)); scanner.Scan(); {
		if line := strings.TrimSpace(scanner.Text()); line != "" {
			found = append(found, line)
		}
	}
	return found
}

var errNoProgram = errors.New("not installed")

// program finds a program; the test is skipped without it.
func program(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Skipf("%s: %v", name, errNoProgram)
	}
	return path
}
