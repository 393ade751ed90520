package e2e_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
)

// logged is the part of an access-log line that a receipt can be compared with.
type logged struct {
	Message       string `json:"msg"`
	RequestID     string `json:"request_id"`
	Caller        string `json:"caller"`
	Replay        bool   `json:"replay"`
	UpstreamCalls int    `json:"upstream_calls"`
}

// line returns the access-log line of a request, which is written after its answer.
func (h *harness) line(t *testing.T, requestID string) logged {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		for text := range strings.Lines(h.logs.String()) {
			var one logged
			if json.Unmarshal([]byte(text), &one) == nil && one.Message == "request" && one.RequestID == requestID {
				return one
			}
		}
		select {
		case <-tick.C:
		case <-t.Context().Done():
			t.Fatalf("no line of %s", requestID)
		}
	}
}

// TestAccessLogSaysWhatTheReceiptSays: who called, whether it was a replay, and how many calls it took.
func TestAccessLogSaysWhatTheReceiptSays(t *testing.T) {
	t.Parallel()
	h := setup(t, options{})
	body := request{body: `{"records":[{"标题":"甲"}],"idempotency_key":"run-1"}`}
	first, again := h.do(body), h.do(body)
	if first.Created != 1 || !again.IdempotentReplay {
		t.Fatalf("answered %s, %s", first.raw, again.raw)
	}
	if got := h.line(t, first.RequestID); got.Caller != "test" || got.Replay || got.UpstreamCalls != first.UpstreamCalls ||
		got.UpstreamCalls == 0 {
		t.Errorf("logged %+v of a receipt with %d calls", got, first.UpstreamCalls)
	}
	if made := h.do(request{path: "/v1/connections", body: `{}`}); h.line(t, made.RequestID).Caller != "test" {
		t.Error("a call of create_connection does not say who made it")
	}
	if got := h.line(t, again.RequestID); !got.Replay || got.UpstreamCalls != again.UpstreamCalls {
		t.Errorf("logged %+v of a replay with %d calls", got, again.UpstreamCalls)
	}
}
