package e2e_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/rowgate/rowgate/internal/app"
	"github.com/rowgate/rowgate/internal/config"
	"github.com/rowgate/rowgate/internal/sandbox"
	"github.com/rowgate/rowgate/internal/secret"
)

const initializeMCP = `{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{},` +
	`"clientInfo":{"name":"x","version":"1"}}}`

// sameRow is the write that these tests repeat.
func sameRow(id int) string {
	return fmt.Sprintf(`{"jsonrpc":"2.0","id":%d,"method":"tools/call","params":{"name":"write_records",`+
		`"arguments":{"records":[{"主题":"same"}]}}}`, id)
}

func cancelled(id int) string {
	return fmt.Sprintf(`{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":%d,"reason":"timeout"}}`, id)
}

// rawMCP is a client that sends messages as they are.
type rawMCP struct {
	single

	key    string
	header map[string]string
}

// session opens a session with a connection key and returns a client that names it.
func (s single) session(key string) rawMCP {
	s.t.Helper()
	c := rawMCP{single: s, key: key, header: map[string]string{
		"Accept": "application/json, text/event-stream", "Mcp-Protocol-Version": "2025-06-18",
	}}
	got := c.post(initializeMCP)
	id := got.header.Get("Mcp-Session-Id")
	if got.status != 200 || len(id) < 20 {
		s.t.Fatalf("%d, session %q: %s", got.status, id, got.raw)
	}
	c.header = maps.Clone(c.header)
	c.header["Mcp-Session-Id"] = id
	return c
}

func (c rawMCP) post(message string) reply { return c.send("POST", "/mcp", c.key, message, c.header) }

// write writes the row and reports whether the answer is that to an earlier call.
func (c rawMCP) write(id int) (replay bool) {
	c.t.Helper()
	got := c.post(sameRow(id))
	if !strings.Contains(got.raw, `"created":1`) {
		c.t.Errorf("%d %s", got.status, got.raw)
	}
	return strings.Contains(got.raw, `"idempotent_replay":true`)
}

func (c rawMCP) cancel(id int) {
	c.t.Helper()
	if got := c.post(cancelled(id)); got.status != 202 {
		c.t.Errorf("%d %s", got.status, got.raw)
	}
}

// TestMCPCancelled quotes docs/contract.md §3: "a notifications/cancelled for a call makes the call's answer undelivered".
func TestMCPCancelled(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name string
		// between happens between two writes of the same row; the first has the id 7.
		between func(s single, c rawMCP)
		rows    int
	}{
		{"an answer that was taken makes the same row a new one", func(single, rawMCP) {}, 2},
		{"an answered call that is cancelled makes it a repeat", func(_ single, c rawMCP) { c.cancel(7) }, 1},
		{"a call of another id is another call", func(_ single, c rawMCP) { c.cancel(8) }, 2},
		{"another session cancels nothing", func(s single, c rawMCP) { s.session(c.key).cancel(7) }, 2},
		{"another credential cancels nothing", func(s single, c rawMCP) { c.key = s.key(baseName, s.table); c.cancel(7) }, 2},
		{"no session cancels nothing that was answered", func(_ single, c rawMCP) {
			c.header = maps.Clone(c.header)
			delete(c.header, "Mcp-Session-Id")
			c.cancel(7)
		}, 2},
		{"a repeat that was answered ends it", func(_ single, c rawMCP) {
			c.cancel(7)
			if !c.write(8) {
				c.t.Error("the repeat is a new write")
			}
		}, 2},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s := setupSingle(t, options{})
			c := s.session(s.key(baseName, s.table))
			c.write(7)
			test.between(s, c)
			replay := c.write(9)
			if got := len(s.rows()); got != test.rows || replay != (test.rows == 1) {
				t.Errorf("%d rows, replay %t, want %d", got, replay, test.rows)
			}
			s.leaks(c.key)
		})
	}
	t.Run("a call that is cancelled in flight is a repeat's first, with and without a session", func(t *testing.T) {
		t.Parallel()
		for _, named := range []bool{true, false} {
			s := setupSingle(t, options{sandbox: sandbox.Options{Write: sandbox.Latency{PerCall: 1500 * time.Millisecond}}})
			c := s.session(s.key(baseName, s.table))
			if !named {
				delete(c.header, "Mcp-Session-Id")
			}
			first := make(chan reply, 1)
			go func() { first <- c.post(sameRow(7)) }()
			for s.sandbox.CallCount("field.list", "") == 0 { // the write itself is counted once it is answered
				pause(t.Context(), t)
			}
			c.cancel(7)
			<-first // the client keeps the stream open, so the answer is written
			if !c.write(8) || len(s.rows()) != 1 {
				t.Errorf("session %t: %d rows", named, len(s.rows()))
			}
		}
	})
	t.Run("sixty honest writes of one row are sixty rows", func(t *testing.T) {
		t.Parallel()
		s := setupSingle(t, options{})
		c := s.connect(bearer(s.key(baseName, s.table)))
		for range 60 {
			if got, failed := c.call("write_records", map[string]any{"records": `[{"主题":"again"}]`}); failed || got["idempotent_replay"] == true {
				t.Errorf("%v", got)
			}
		}
		if got := len(s.rows()); got != 60 {
			t.Errorf("%d rows", got)
		}
	})
}

func TestMCPStdioCancelled(t *testing.T) {
	t.Parallel()
	s := setupSingle(t, options{})
	s.stop()
	cfg, problems := config.Load(func(name string) string { return s.settings[name] })
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	in, toServer := io.Pipe()
	fromServer, out := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		ended <- app.ServeMCP(t.Context(), app.Options{Config: cfg, Logger: logger(s.logs), Version: "test"}, secret.Text{}, in, out)
	}()
	answers := bufio.NewReader(fromServer)
	say := func(message string) {
		if _, err := io.WriteString(toServer, message+"\n"); err != nil {
			t.Fatal(err)
		}
	}
	ask := func(message string) string {
		say(message)
		line, err := answers.ReadString('\n')
		if err != nil {
			t.Fatal(err)
		}
		return line
	}
	ask(initializeMCP)
	say(`{"jsonrpc":"2.0","method":"notifications/initialized"}`)
	for i, want := range []bool{false, false, true, false} { // is the answer that to an earlier call?
		var answer struct {
			Result struct {
				StructuredContent struct {
					Replay bool `json:"idempotent_replay"`
				} `json:"structuredContent"`
			} `json:"result"`
		}
		line := ask(sameRow(i + 1))
		if err := json.Unmarshal([]byte(line), &answer); err != nil || answer.Result.StructuredContent.Replay != want {
			t.Errorf("call %d: %v %s", i+1, err, line)
		}
		if i == 1 {
			say(cancelled(2))
		}
	}
	if got := len(s.rows()); got != 3 {
		t.Errorf("%d rows, want 3", got)
	}
	_ = toServer.Close()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
