package main

import (
	"bytes"
	"encoding/json"
	"io"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestMCPCommand(t *testing.T) {
	t.Parallel()
	const initialize = `{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{},` +
		`"clientInfo":{"name":"test","version":"1"}}}` + "\n"
	settings := func(t *testing.T, more ...string) map[string]string {
		env := map[string]string{"ROWGATE_DATABASE_URL": "sqlite:" + filepath.Join(t.TempDir(), "rowgate.db"), "ROWGATE_LOG": "debug"}
		for i := 0; i+1 < len(more); i += 2 {
			env[more[i]] = more[i+1]
		}
		return env
	}

	t.Run("writes_nothing_but_messages_to_its_output", func(t *testing.T) {
		t.Parallel()
		env := settings(t, "FEISHU_APP_ID", "cli_example", "FEISHU_APP_SECRET", "canary-secret", "FEISHU_BASE_URL", "http://127.0.0.1:9")
		input, writer := io.Pipe()
		var out, errs buffer
		ended := make(chan int, 1)
		go func() {
			ended <- run(t.Context(), []string{"mcp"}, streams{
				in: input, out: &out, err: &errs,
				getenv: func(name string) string { return env[name] },
			})
		}()
		if _, err := io.WriteString(writer, initialize); err != nil {
			t.Fatal(err)
		}
		answered := time.NewTicker(10 * time.Millisecond)
		defer answered.Stop()
		for !strings.Contains(out.String(), "\n") {
			select {
			case <-answered.C:
			case code := <-ended:
				t.Fatalf("ended with %d: %s", code, errs.String())
			case <-t.Context().Done():
				t.Fatal("no answer")
			}
		}
		_ = writer.Close()
		if code := <-ended; code != exitOK {
			t.Errorf("exit code %d: %s", code, errs.String())
		}
		for line := range bytes.Lines([]byte(out.String())) {
			var message struct {
				Version string `json:"jsonrpc"`
			}
			if err := json.Unmarshal(line, &message); err != nil || message.Version != "2.0" {
				t.Errorf("no message: %s", line)
			}
		}
		if strings.Contains(out.String()+errs.String(), "canary-secret") {
			t.Error("the secret is shown")
		}
	})
	t.Run("says_what_it_needs_to_act", func(t *testing.T) {
		t.Parallel()
		code, out, errs := execute(t, settings(t), "mcp")
		if code != exitFail || out != "" || !strings.Contains(errs, "ROWGATE_CONNECTION_KEY") || !strings.Contains(errs, "没有可用的连接") {
			t.Errorf("exit code %d: %s%s", code, out, errs)
		}
	})
	t.Run("says_that_its_connection_key_opens_nothing", func(t *testing.T) {
		t.Parallel()
		code, out, errs := execute(t, settings(t, "ROWGATE_CONNECTION_KEY", "rgk_garbage"), "mcp")
		if code != exitFail || out != "" || !strings.Contains(errs, "ROWGATE_CONNECTION_KEY") || strings.Contains(errs, "rgk_garbage") {
			t.Errorf("exit code %d: %s%s", code, out, errs)
		}
	})
	t.Run("reports_a_wrong_configuration", func(t *testing.T) {
		t.Parallel()
		code, out, errs := execute(t, settings(t, "FEISHU_APP_ID", "cli_example"), "mcp")
		if code != exitFail || out != "" || !strings.Contains(errs, "FEISHU_APP_SECRET") {
			t.Errorf("exit code %d: %s%s", code, out, errs)
		}
	})
}
