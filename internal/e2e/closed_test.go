package e2e_test

import (
	"bytes"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"
)

// TestClosedAfterTheAnswer: callers that close as soon as they have the last byte of the answer have it. The same row sent again
// is a new row, whatever the end of the connection looked like. (docs/contract.md §3, Delivered.)
func TestClosedAfterTheAnswer(t *testing.T) {
	t.Parallel()
	const times = 60
	rpc := `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"write_records","arguments":` +
		`{"app_token":"` + baseName + `","table_id":"%TABLE%","fields":{"主题":"同一行"}}}}`
	for name, test := range map[string]struct {
		path, body string
		header     string // further header lines
		said       string // part of an answer that says the row was created
	}{
		"of /api/sync": {
			path: "/api/sync", body: `{"records":[{"topic":"同一行"}]}`, said: `"succeeded":1`,
		},
		"of /api/sync with Connection: close": {
			path: "/api/sync", body: `{"records":[{"topic":"同一行"}]}`, header: "Connection: close\r\n", said: `"succeeded":1`,
		},
		"of a tool, before the last chunk": {
			path: "/v1/records", body: `{"fields":{"主题":"同一行"}}`, said: `"created":1`,
		},
		"of a tool with Connection: close": {
			path: "/v1/records", body: `{"fields":{"主题":"同一行"}}`, header: "Connection: close\r\n", said: `"created":1`,
		},
		"of MCP on a stream": {
			path: "/mcp", body: rpc, header: "Accept: application/json, text/event-stream\r\nMCP-Protocol-Version: 2025-06-18\r\n",
			said: `\"created\":1`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := setupSingle(t, options{})
			bearer := s.key(baseName, s.table)
			if test.path == "/api/sync" {
				bearer = s.token
			}
			body := strings.ReplaceAll(test.body, "%TABLE%", s.table)
			address := strings.TrimPrefix(s.app.URL(), "http://")
			request := fmt.Sprintf(
				"POST %s HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer %s\r\nContent-Type: application/json\r\n%sContent-Length: %d\r\n\r\n%s",
				test.path,
				address,
				bearer,
				test.header,
				len(body),
				body,
			)
			for i := range times {
				if answer := closing(t, address, request); !strings.Contains(answer, test.said) {
					t.Fatalf("answer %d: %s", i, answer)
				}
			}
			if n := len(s.rows()); n != times {
				t.Errorf("%d answers said created, %d rows", times, n)
			}
		})
	}
}

// closing sends a request on a connection of its own, reads until the body ends with a brace, and closes at once.
func closing(t *testing.T, address, request string) string {
	t.Helper()
	var dialer net.Dialer
	conn, err := dialer.DialContext(t.Context(), "tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Write([]byte(request)); err != nil {
		t.Fatal(err)
	}
	var answer bytes.Buffer
	buffer := make([]byte, 64<<10)
	for {
		n, err := conn.Read(buffer)
		answer.Write(buffer[:n])
		text := strings.TrimSpace(strings.TrimSuffix(answer.String(), "0\r\n\r\n")) // of a chunk
		_, body, found := strings.Cut(text, "\r\n\r\n")
		if found && strings.HasSuffix(body, "}") {
			return answer.String()
		}
		if err != nil {
			t.Fatalf("%v after %s", err, answer.String())
		}
	}
}
