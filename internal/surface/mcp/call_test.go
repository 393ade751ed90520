package mcp

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/modelcontextprotocol/go-sdk/mcp"
	"go.uber.org/goleak"

	"github.com/rowgate/rowgate/internal/httpd"
	"github.com/rowgate/rowgate/internal/intake"
	"github.com/rowgate/rowgate/internal/problem"
	"github.com/rowgate/rowgate/internal/request"
	"github.com/rowgate/rowgate/tool"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

type input struct {
	tool.Connection

	Text    string    `json:"text,omitempty"`
	Limit   *int      `json:"limit,omitempty" maximum:"9"`
	Records tool.Rows `json:"records,omitempty" optional:"true"`
}

type output struct {
	OK   bool   `json:"ok"`
	Text string `json:"text"`
}

// serve connects a client to a server of one tool, and returns what is logged.
func serve(t *testing.T, handle func(context.Context, *input) (tool.Answer, error)) (*mcp.ClientSession, func() string) {
	t.Helper()
	var log bytes.Buffer
	logger := slog.New(slog.NewJSONHandler(&log, nil))
	s, err := New(Options{
		Catalogue: tool.Catalogue{
			tool.Define[input, output](tool.Meta{
				Name: "echo", Family: tool.Records, Path: "/v1/echo", Title: problem.Text{ZH: "回声", EN: "Echo"},
			}, handle),
		},
		Parse: intake.Parse, Renderer: httpd.Renderer{PublicURL: "https://rowgate.example.com", Logger: logger}, Version: "test", Logger: logger,
	})
	if err != nil {
		t.Fatal(err)
	}
	in, toServer := io.Pipe()
	fromServer, out := io.Pipe()
	ended := make(chan error, 1)
	go func() { ended <- s.Run(t.Context(), in, out) }()
	session, err := mcp.NewClient(&mcp.Implementation{Name: "test", Version: "1"}, nil).Connect(t.Context(),
		&mcp.IOTransport{Reader: fromServer, Writer: toServer}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return session, func() string {
		if err := session.Close(); err != nil {
			t.Error(err)
		}
		if err := <-ended; err != nil {
			t.Error(err)
		}
		return log.String()
	}
}

func echo(t *testing.T, session *mcp.ClientSession, text string) (answer map[string]any, failed bool) {
	t.Helper()
	result, err := session.CallTool(t.Context(), &mcp.CallToolParams{Name: "echo", Arguments: map[string]any{"text": text}})
	if err != nil {
		t.Fatal(err)
	}
	data, err := json.Marshal(result.StructuredContent)
	if err = errors.Join(err, json.Unmarshal(data, &answer)); err != nil {
		t.Fatal(err)
	}
	return answer, result.IsError
}

func TestArguments(t *testing.T) {
	t.Parallel()
	session, end := serve(t, func(_ context.Context, in *input) (tool.Answer, error) {
		said := []string{fmt.Sprintf("%d rows", len(in.Records))}
		for _, row := range in.Records {
			said = append(said, string(row))
		}
		return tool.OK(&output{OK: true, Text: strings.Join(said, " ")}), nil
	})
	for name, test := range map[string]struct{ arguments, says string }{
		"rows as they were spelled":       {`{"records":[{"a":1.50}, {"b":"\u0041"}]}`, `2 rows {"a":1.50} {"b":"A"}`},
		"one row in text":                 {`{"records":"{'a': None}"}`, `1 rows {"a":null}`},
		"no rows":                         {`{"text":"x"}`, "0 rows"},
		"rows that are none":              {`{"records":[1]}`, "records[0]"},
		"a parameter beside rows":         {`{"records":[{"a":1}],"limit":10}`, "limit"},
		"an unknown parameter":            {`{"records":[{"a":1}],"limits":1}`, "limits"},
		"a key that comes twice in a row": {`{"records":[{"a":1,"a":2}]}`, "bad_body"},
		"a secret":                        {`{"records":[{"a":1}],"app_secret":"x"}`, "X-App-Secret"},
		"a secret with escaped letters":   {`{"records":[{"a":1}],"app\u005fsecret":"x"}`, "X-App-Secret"},
		"a secret that is null or empty":  {`{"records":[{"a":1}],"app_secret":null,"passphrase":""}`, `1 rows {"a":1}`},
		"a secret's name in a row":        {`{"records":[{"app_secret":"\u0041"}]}`, `1 rows {"app_secret":"A"}`},
	} {
		result, err := session.CallTool(t.Context(), &mcp.CallToolParams{Name: "echo", Arguments: json.RawMessage(test.arguments)})
		if err != nil {
			t.Fatal(err)
		}
		answer, err := json.Marshal(result.StructuredContent)
		var said struct{ Text string }
		if err = errors.Join(err, json.Unmarshal(answer, &said)); err != nil {
			t.Fatal(err)
		}
		if said.Text != test.says && (!result.IsError || !strings.Contains(string(answer), test.says)) {
			t.Errorf("%s: %s", name, answer)
		}
	}
	end()
}

func TestCall(t *testing.T) {
	t.Parallel()
	t.Run("answers what the tool answers", func(t *testing.T) {
		t.Parallel()
		session, end := serve(t, func(_ context.Context, in *input) (tool.Answer, error) {
			return tool.OK(&output{OK: true, Text: in.Text}), nil
		})
		if got, failed := echo(t, session, "<a> & 文"); failed || got["text"] != "<a> & 文" {
			t.Errorf("%v", got)
		}
		if log := end(); !strings.Contains(log, `"tool":"echo"`) || strings.Contains(log, "文") {
			t.Errorf("the log: %s", log)
		}
	})
	t.Run("outlives a panic, and shows nothing of its value", func(t *testing.T) {
		t.Parallel()
		session, end := serve(t, func(_ context.Context, in *input) (tool.Answer, error) {
			if in.Text == "canary" {
				panic(in.Text)
			}
			return tool.OK(&output{OK: true}), nil
		})
		got, failed := echo(t, session, "canary")
		if text, _ := json.Marshal(got); !failed || got["code"] != "internal_error" || strings.Contains(string(text), "canary") {
			t.Errorf("%s", text)
		}
		if _, failed := echo(t, session, "again"); failed {
			t.Error("the server is gone")
		}
		if log := end(); !strings.Contains(log, `"msg":"panic"`) || strings.Contains(log, "canary") {
			t.Errorf("the log: %s", log)
		}
	})
	t.Run("takes an answer that JSON cannot say for an error of ours", func(t *testing.T) {
		t.Parallel()
		session, end := serve(t, func(context.Context, *input) (tool.Answer, error) { return tool.OK(func() {}), nil })
		if got, failed := echo(t, session, ""); !failed || got["code"] != "internal_error" {
			t.Errorf("%v", got)
		}
		end()
	})
	t.Run("counts an answer as delivered unless it asks for a repeat", func(t *testing.T) {
		t.Parallel()
		var delivered atomic.Int32
		session, end := serve(t, func(ctx context.Context, in *input) (tool.Answer, error) {
			request.CallFrom(ctx).OnDelivered(func() { delivered.Add(1) })
			code, wrong := map[string]problem.Code{
				"rows": problem.InvalidRows, "rate": problem.RateLimited, "down": problem.UpstreamUnavailable,
			}[in.Text]
			if wrong {
				return tool.Answer{}, problem.New(code, problem.Text{})
			}
			return tool.OK(&output{OK: true}), nil
		})
		for _, step := range []struct {
			text string
			sum  int32
		}{{"fine", 1}, {"rows", 2}, {"rate", 2}, {"down", 2}, {"fine", 3}} {
			echo(t, session, step.text)
			if got := delivered.Load(); got != step.sum {
				t.Errorf("%d deliveries after %s, want %d", got, step.text, step.sum)
			}
		}
		end()
	})
}
