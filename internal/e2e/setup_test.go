package e2e_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/rowgate/rowgate/internal/app"
	"github.com/rowgate/rowgate/internal/config"
	"github.com/rowgate/rowgate/internal/sandbox"
	"github.com/rowgate/rowgate/internal/secret"
	"github.com/rowgate/rowgate/internal/telemetry"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// maxIdle is how many idle connections to the service are kept: more than any test has concurrent callers.
const maxIdle = 128

// Names of what every harness contains.
const (
	appID    = "cli_example"
	baseName = "bascnExample"
	wikiNode = "wikcnExample"
	table    = "视频"
	personID = "ou_example"
)

// harness is the service as main runs it, its database, and the simulated Feishu that it writes to.
type harness struct {
	t        *testing.T
	sandbox  *sandbox.Sandbox
	upstream string // the sandbox's address
	base     *sandbox.Base
	table    string // table_id
	channel  string // record_id that the column 频道 may link to
	app      *app.App
	logs     *logBuffer
	settings map[string]string
	secrets  secrets
	client   *http.Client
}

// secrets are the strings that no log, answer or file may hold; each harness has its own.
type secrets struct{ app, passphrase, key string }

func (s secrets) all() []string { return []string{s.app, s.passphrase, s.key} }

// options of a harness.
type options struct {
	sandbox  sandbox.Options
	rates    bool              // keep the sandbox's rate limits
	settings map[string]string // environment variables in addition to those of every harness
}

// setup starts a harness and stops it when the test ends; the sandbox's invariants are verified then.
func setup(t *testing.T, o options) *harness {
	t.Helper()
	o.sandbox.RatesOff = !o.rates
	sb, err := sandbox.New(o.sandbox)
	if err != nil {
		t.Fatal(err)
	}
	h := &harness{t: t, sandbox: sb, logs: &logBuffer{}, client: &http.Client{CheckRedirect: stay}}
	h.client.Transport = &http.Transport{MaxIdleConnsPerHost: maxIdle}
	if h.upstream, err = sb.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := sb.Verify(); err != nil {
			t.Errorf("the sandbox is broken: %v", err)
		}
		if err := sb.Close(); err != nil {
			t.Error(err)
		}
	})
	h.secrets = secrets{app: "appsecret" + rand.Text(), passphrase: "passphrase" + rand.Text(), key: secret.GenerateKey()}
	h.populate()
	h.settings = map[string]string{
		"ROWGATE_LISTEN":       "127.0.0.1:0",
		"ROWGATE_PASSPHRASE":   "test:" + h.secrets.passphrase,
		"ROWGATE_DATABASE_URL": "sqlite:" + filepath.Join(t.TempDir(), "rowgate.db"),
		"ROWGATE_KEY":          h.secrets.key,
		"ROWGATE_LOG":          "debug",
		"FEISHU_BASE_URL":      h.upstream,
	}
	maps.Copy(h.settings, o.settings)
	h.open()
	t.Cleanup(h.shut)
	return h
}

func stay(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// populate creates the app, its base and one table with a column of every writable type.
func (h *harness) populate() {
	h.t.Helper()
	check := func(err error) {
		h.t.Helper()
		if err != nil {
			h.t.Fatal(err)
		}
	}
	check(h.sandbox.AddApp(sandbox.AppSpec{ID: appID, Secret: h.secrets.app}))
	check(h.sandbox.AddPerson(sandbox.PersonSpec{OpenID: personID, Name: "小林", Email: "lin@example.com"}))
	var err error
	h.base, err = h.sandbox.AddBase(sandbox.BaseSpec{Token: baseName, Name: "改写", Collaborators: []string{appID}, WikiNode: wikiNode})
	check(err)
	channels, err := h.base.AddTable("频道", sandbox.FieldSpec{Name: "名称", Type: 1})
	check(err)
	ids, err := h.base.AddRows(channels, map[string]any{"名称": "一人食"})
	check(err)
	h.channel = ids[0]
	h.table, err = h.base.AddTable(table,
		sandbox.FieldSpec{Name: "标题", Type: 1},
		sandbox.FieldSpec{Name: "平台", Type: 3, Options: []string{"抖音", "B站"}},
		sandbox.FieldSpec{Name: "标签", Type: 4, Options: []string{"美食"}},
		sandbox.FieldSpec{Name: "发布日期", Type: 5},
		sandbox.FieldSpec{Name: "播放量", Type: 2},
		sandbox.FieldSpec{Name: "已发布", Type: 7},
		sandbox.FieldSpec{Name: "负责人", Type: 11},
		sandbox.FieldSpec{Name: "电话", Type: 13},
		sandbox.FieldSpec{Name: "原视频", Type: 15},
		sandbox.FieldSpec{Name: "频道", Type: 18, Property: map[string]any{"table_id": channels}},
		sandbox.FieldSpec{Name: "地点", Type: 22},
		sandbox.FieldSpec{Name: "编号", Type: 1005},
	)
	check(err)
}

// open starts the service with the harness's settings.
func (h *harness) open() {
	h.t.Helper()
	cfg, problems := config.Load(func(name string) string { return h.settings[name] })
	if len(problems) > 0 {
		h.t.Fatalf("configuration: %v", problems)
	}
	var err error
	if h.app, err = app.Start(h.t.Context(), app.Options{Config: cfg, Logger: logger(h.logs), Version: "test"}); err != nil {
		h.t.Fatal(err)
	}
}

// logger logs everything.
func logger(w io.Writer) *slog.Logger { return telemetry.NewLogger(w, slog.LevelDebug, false) }

// shut stops the service; it may have been stopped already.
func (h *harness) shut() {
	h.client.CloseIdleConnections()
	h.stop()
}

func (h *harness) stop() {
	h.t.Helper()
	if err := h.app.Stop(context.Background()); err != nil {
		h.t.Errorf("stop: %v", err)
	}
}

// fault adds f to the sandbox's faults.
func (h *harness) fault(f sandbox.Fault) {
	h.t.Helper()
	if _, err := h.sandbox.AddFault(f); err != nil {
		h.t.Fatal(err)
	}
}

// rows returns what the table holds, in Feishu's write shape.
func (h *harness) rows() []map[string]any {
	h.t.Helper()
	rows, err := h.sandbox.Rows(baseName, h.table)
	if err != nil {
		h.t.Fatal(err)
	}
	out := make([]map[string]any, len(rows))
	for i, row := range rows {
		out[i] = row.Write
	}
	return out
}

// seed writes rows directly to the sandbox and returns their ids.
func (h *harness) seed(rows ...map[string]any) []string {
	h.t.Helper()
	ids, err := h.base.AddRows(h.table, rows...)
	if err != nil {
		h.t.Fatal(err)
	}
	return ids
}

// writes counts the calls that wrote, or tried to write, rows at Feishu.
func (h *harness) writes() int {
	n := 0
	for _, endpoint := range []string{"record.create", "record.batch_create", "record.update", "record.batch_update", "record.batch_delete"} {
		n += h.sandbox.CallCount(endpoint, "")
	}
	return n
}

// request is one call of the service; the zero value posts to write_records with the harness's connection.
type request struct {
	method  string // POST
	path    string // /v1/records
	query   string
	kind    string            // Content-Type; application/json
	header  map[string]string // an empty value removes the header
	body    string
	chunked bool // send the body without its length
}

// reply is the answer to a request.
type reply struct {
	status int
	header http.Header
	raw    string

	answer
}

// answer has every member that the answer to a write may have: receipt, accepted job or problem.
type answer struct {
	OK               *bool             `json:"ok"`
	Total            int               `json:"total"`
	Created          int               `json:"created"`
	Updated          int               `json:"updated"`
	Unchanged        int               `json:"unchanged"`
	Failed           int               `json:"failed"`
	Unknown          int               `json:"unknown"`
	Deleted          int               `json:"deleted"`
	RecordID         string            `json:"record_id"`
	RecordIDs        []string          `json:"record_ids"`
	Message          string            `json:"message"`
	Errors           []rowError        `json:"errors"`
	ErrorCount       int               `json:"error_count"`
	Warnings         []warning         `json:"warnings"`
	Rows             []map[string]any  `json:"rows"`
	DryRun           bool              `json:"dry_run"`
	IdempotentReplay bool              `json:"idempotent_replay"`
	RequestID        string            `json:"request_id"`
	UpstreamCalls    int               `json:"upstream_calls"`
	JobID            string            `json:"job_id"`
	State            string            `json:"state"`
	Result           *answer           `json:"result"`
	Problem          *answer           `json:"problem"`
	Type             string            `json:"type"`
	Title            string            `json:"title"`
	Status           int               `json:"status"`
	Detail           string            `json:"detail"`
	Code             string            `json:"code"`
	Retryable        bool              `json:"retryable"`
	Outcome          string            `json:"outcome"`
	Fix              map[string]string `json:"fix"`
	Feishu           *struct {
		Code           int    `json:"code"`
		Msg            string `json:"msg"`
		LogID          string `json:"log_id"`
		Troubleshooter string `json:"troubleshooter"`
	} `json:"feishu"`
}

type rowError struct {
	Index      int    `json:"index"`
	Field      string `json:"field"`
	Code       string `json:"code"`
	Message    string `json:"message"`
	Got        string `json:"got"`
	Expected   string `json:"expected"`
	Suggestion string `json:"suggestion"`
	FeishuCode int    `json:"feishu_code"`
}

type warning struct {
	Rule  string `json:"rule"`
	Field string `json:"field"`
	Count int    `json:"count"`
}

// do makes the call; it may be used by goroutines of the test. It checks that no answer contains a secret or an internal address.
func (h *harness) do(r request) reply {
	h.t.Helper()
	got, err := h.try(h.t.Context(), r)
	if err != nil {
		h.t.Errorf("%s %s: %v", r.method, r.path, err)
	}
	for _, hidden := range append(h.secrets.all(), h.upstream, "goroutine ", "runtime error") {
		if strings.Contains(got.raw, hidden) {
			h.t.Errorf("the answer shows %q: %s", hidden, got.raw)
		}
	}
	return got
}

// try is do for a call that may fail without an answer.
func (h *harness) try(ctx context.Context, r request) (reply, error) {
	setDefault(&r.method, http.MethodPost)
	setDefault(&r.path, "/v1/records")
	setDefault(&r.kind, "application/json")
	target := h.app.URL() + r.path
	if r.query != "" {
		target += "?" + r.query
	}
	var body io.Reader = strings.NewReader(r.body)
	if r.chunked {
		body = struct{ io.Reader }{body}
	}
	req, err := http.NewRequestWithContext(ctx, r.method, target, body)
	if err != nil {
		return reply{}, err
	}
	for name, value := range map[string]string{
		"Content-Type": r.kind, "Authorization": "Bearer " + h.secrets.passphrase, "X-App-Id": appID, "X-App-Secret": h.secrets.app,
		"X-App-Token": baseName, "X-Table-Id": h.table,
	} {
		req.Header.Set(name, value)
	}
	for name, value := range r.header {
		req.Header.Set(name, value)
		if value == "" {
			req.Header.Del(name)
		}
	}
	response, err := h.client.Do(req)
	if err != nil {
		return reply{}, err
	}
	defer func() { _ = response.Body.Close() }()
	data, err := io.ReadAll(response.Body)
	if err != nil {
		return reply{}, err
	}
	got := reply{status: response.StatusCode, header: response.Header, raw: string(data)}
	if strings.Contains(response.Header.Get("Content-Type"), "json") && len(data) > 0 && strings.HasPrefix(r.path, "/v1/") {
		if err := json.Unmarshal(data, &got.answer); err != nil {
			return got, err
		}
	}
	return got, nil
}

func setDefault[T comparable](value *T, otherwise T) {
	var zero T
	if *value == zero {
		*value = otherwise
	}
}

// write posts rows (or any other body) as JSON to write_records.
func (h *harness) write(body string) reply {
	h.t.Helper()
	return h.do(request{body: body})
}

// patience bounds how long a test waits for what must come. It is long, for a loaded machine; a test that passes does not use it up.
const patience = 3 * time.Minute

// await polls get_job until the job has ended.
func (h *harness) await(jobID string) reply {
	h.t.Helper()
	ctx, cancel := context.WithTimeout(h.t.Context(), patience)
	defer cancel()
	for {
		got := h.do(request{path: "/v1/jobs/get", body: `{"job_id":"` + jobID + `"}`})
		if got.status != http.StatusOK || got.State == "done" || got.State == "failed" || got.State == "cancelled" {
			return got
		}
		pause(ctx, h.t)
	}
}

// pause waits a short time between two polls; the test fails if ctx ends first.
func pause(ctx context.Context, t *testing.T) {
	t.Helper()
	timer := time.NewTimer(10 * time.Millisecond)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
		t.Fatal("timed out waiting")
	}
}

// logBuffer keeps what the service logs.
type logBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *logBuffer) Write(line []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(line)
}

func (b *logBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}
