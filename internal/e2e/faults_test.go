package e2e_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/rowgate/rowgate/internal/sandbox"
)

// TestLostAnswers: however the answer to a write is spoiled, the row lands once.
func TestLostAnswers(t *testing.T) {
	t.Parallel()
	for name, f := range map[string]sandbox.Fault{
		"cut_before_the_commit":     {Action: sandbox.ActionCut},
		"cut_after_the_commit":      {Action: sandbox.ActionCut, When: sandbox.AfterCommit},
		"a_gateways_page_before":    {Action: sandbox.ActionHTML},
		"a_gateways_page_after":     {Action: sandbox.ActionHTML, When: sandbox.AfterCommit, Status: 504},
		"half_an_answer":            {Action: sandbox.ActionInvalidJSON, When: sandbox.AfterCommit},
		"an_empty_500_after":        {Action: sandbox.ActionStatus, Status: 500, When: sandbox.AfterCommit},
		"timed_out_at_Feishu_after": {Action: sandbox.ActionError, Code: 1255040, When: sandbox.AfterCommit},
		"a_slow_body":               {Action: sandbox.ActionSlowBody, Delay: 300 * time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := setup(t, options{})
			f.Endpoint, f.Count = "record.batch_create", 1
			h.fault(f)
			got := h.write(`{"fields":{"标题":"甲"}}`)
			if got.status != http.StatusOK || got.Created != 1 || got.RecordID == "" || len(h.rows()) != 1 {
				t.Errorf("answered %d %s; rows %v", got.status, got.raw, h.rows())
			}
		})
	}
}

// TestUnknownOutcomeIsLookedUp: when Feishu never says what became of a write, the row is looked for.
func TestUnknownOutcomeIsLookedUp(t *testing.T) {
	t.Parallel()
	h := setup(t, options{})
	h.fault(sandbox.Fault{Endpoint: "record.batch_create", Action: sandbox.ActionCut, When: sandbox.AfterCommit})
	got := h.write(`{"fields":{"标题":"甲"}}`)
	if got.status != http.StatusOK || got.Created != 1 || got.RecordID == "" || len(h.rows()) != 1 {
		t.Errorf("answered %d %s; rows %v", got.status, got.raw, h.rows())
	}
}

// TestUnknownOutcome: when Feishu never says what became of a write, and the row cannot be looked for either, the caller is asked
// to repeat, and that is right.
func TestUnknownOutcome(t *testing.T) {
	t.Parallel()
	h := setup(t, options{})
	h.fault(sandbox.Fault{Endpoint: "record.batch_create", Action: sandbox.ActionCut, When: sandbox.AfterCommit})
	h.fault(sandbox.Fault{Endpoint: "record.search", Action: sandbox.ActionCut})
	got := h.write(`{"fields":{"标题":"甲"}}`)
	if got.status != http.StatusGatewayTimeout || got.Code != "outcome_unknown" || got.Outcome != "unknown" || !got.Retryable ||
		got.header.Get("Retry-After") == "" {
		t.Fatalf("answered %d %s", got.status, got.raw)
	}
	h.sandbox.ClearFaults()
	got = h.write(`{"fields":{"标题":"甲"}}`)
	if got.status != http.StatusOK || got.Created != 1 || len(h.rows()) != 1 {
		t.Errorf("the repeat got %d %s; rows %v", got.status, got.raw, h.rows())
	}
}

// TestFeishuDown: a Feishu that cannot be reached is refused in so many words, and soon without a try.
func TestFeishuDown(t *testing.T) {
	t.Parallel()
	h := setup(t, options{settings: map[string]string{"FEISHU_BASE_URL": "http://127.0.0.1:1"}}) // where nobody listens
	for range 8 {
		got := h.write(`{"fields":{"标题":"乙"}}`)
		if got.status != http.StatusServiceUnavailable || got.Code != "upstream_unavailable" || got.Outcome != "not_written" || !got.Retryable ||
			got.header.Get("Retry-After") == "" || strings.Contains(got.raw, "refused") {
			t.Fatalf("answered %d %s", got.status, got.raw)
		}
	}
	if !strings.Contains(h.logs.String(), `"state":"open"`) {
		t.Error("no breaker opened")
	}
}

// TestReadsThatFail: a page of HTML, half an answer or none is a problem, and not one word of it comes through.
func TestReadsThatFail(t *testing.T) {
	t.Parallel()
	for name, f := range map[string]sandbox.Fault{
		"a_gateways_page": {Action: sandbox.ActionHTML},
		"half_an_answer":  {Action: sandbox.ActionInvalidJSON},
		"an_empty_500":    {Action: sandbox.ActionStatus, Status: 500},
		"cut":             {Action: sandbox.ActionCut},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := setup(t, options{})
			f.Endpoint = "field.list"
			h.fault(f)
			got := h.write(`{"fields":{"标题":"甲"}}`)
			if got.status != http.StatusServiceUnavailable || got.Code != "upstream_unavailable" || got.Outcome != "not_written" ||
				len(h.rows()) != 0 {
				t.Errorf("answered %d %s", got.status, got.raw)
			}
			if strings.Contains(got.raw, "nginx") || strings.Contains(got.raw, "EOF") || strings.Contains(got.raw, "dial") {
				t.Errorf("the answer shows what Feishu's gateway said: %s", got.raw)
			}
		})
	}
}
