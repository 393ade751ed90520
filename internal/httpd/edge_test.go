package httpd

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/go-chi/chi/v5"

	"github.com/rowgate/rowgate/internal/intake"
	"github.com/rowgate/rowgate/internal/telemetry"
)

// canary stands wherever a secret or row content may be; it must be seen nowhere else.
const canary = "canary-9b1d7e"

const toolPath = "/v1/records"

// edge is a router with one tool, whose handler each test gives, and its log.
type edge struct {
	router *chi.Mux
	health *Health
	log    *logBuffer
}

// newEdge returns an edge whose tool answers by handle; change may alter the options.
func newEdge(t *testing.T, handle http.HandlerFunc, change ...func(*Options)) *edge {
	t.Helper()
	e := &edge{health: &Health{}, log: &logBuffer{}}
	options := Options{
		PublicURL: "https://rowgate.example",
		Logger:    telemetry.NewLogger(e.log, slog.LevelDebug, false),
		Health:    e.health,
		Parse:     intake.Parse,
		Tools: map[string]Tool{toolPath: {Name: "write_records", Spec: intake.Spec{
			Rows: "records",
			Params: []intake.Param{
				{Name: "records", Kind: intake.Rows},
				{Name: "app_secret", Header: "X-App-Secret", Secret: true},
				{Name: "soft_errors", Kind: intake.Bool, Query: true},
			},
		}}},
	}
	for _, do := range change {
		do(&options)
	}
	var err error
	if e.router, err = NewRouter(options); err != nil {
		t.Fatal(err)
	}
	e.router.Post(toolPath, handle)
	return e
}

// echo answers with what it gets: the rows that the intake found, one a line, and the body.
func echo(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	for _, row := range intake.ResultFrom(r.Context()).Rows {
		_, _ = fmt.Fprintf(w, "%s\n", row)
	}
	_, _ = io.Copy(w, r.Body)
}

// call is one request to an edge.
type call struct {
	method, target, body string
	header               map[string]string
}

// do sends c without a network.
func (e *edge) do(t *testing.T, c call) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), c.method, c.target, strings.NewReader(c.body))
	for name, value := range c.header {
		r.Header.Set(name, value)
	}
	w := httptest.NewRecorder()
	e.router.ServeHTTP(w, r)
	return w
}

// post sends rows to the tool.
func post(body string) call {
	return call{
		method: http.MethodPost, target: toolPath, body: body,
		header: map[string]string{"Content-Type": "application/json"},
	}
}

// with returns c with one more header.
func (c call) with(name, value string) call {
	c.header = maps.Clone(c.header)
	if c.header == nil {
		c.header = map[string]string{}
	}
	c.header[name] = value
	return c
}

// logBuffer collects log lines; it may be written by many.
type logBuffer struct {
	mu  sync.Mutex
	out bytes.Buffer
}

func (b *logBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.out.Write(p)
}

func (b *logBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.out.String()
}

// line returns the last line with the message msg.
func (b *logBuffer) line(t *testing.T, msg string) map[string]any {
	t.Helper()
	var found map[string]any
	for text := range strings.Lines(b.String()) {
		var line map[string]any
		if err := json.Unmarshal([]byte(text), &line); err != nil {
			t.Fatalf("%v: %s", err, text)
		}
		if line["msg"] == msg {
			found = line
		}
	}
	if found == nil {
		t.Fatalf("no line %q in the log:\n%s", msg, b.String())
	}
	return found
}

// problemOf decodes a problem document.
func problemOf(t *testing.T, w *httptest.ResponseRecorder) map[string]any {
	t.Helper()
	var doc map[string]any
	if err := json.Unmarshal(w.Body.Bytes(), &doc); err != nil {
		t.Fatalf("%v: %s", err, w.Body)
	}
	return doc
}

// discard returns a logger that nobody reads.
func discard() *slog.Logger { return slog.New(slog.DiscardHandler) }
