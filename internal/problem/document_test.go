package problem_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/rowgate/rowgate/internal/problem"
)

func TestRender(t *testing.T) {
	t.Parallel()
	t.Run("has the members of the contract, in Chinese", func(t *testing.T) {
		t.Parallel()
		e := problem.New(problem.InvalidRows, problem.Text{ZH: "3 行中有 1 行不合法。", EN: "1 of 3 rows is invalid."})
		e.Rows = []problem.RowError{{
			Index: 2, Field: "日期", Code: problem.RowValueMismatch, Got: "明天",
			Expected:   problem.Text{ZH: "日期，如 2026-03-24", EN: "a date such as 2026-03-24"},
			FeishuCode: 1254064,
		}}
		e.Feishu = &problem.Feishu{Code: 1254064, Msg: "DatetimeFieldConvFail", LogID: "20260729"}
		doc := problem.Render(e, problem.RenderOptions{PublicURL: "https://rowgate.example", RequestID: "req_1", Lang: problem.ZH})
		fix := problem.Lookup(problem.InvalidRows).Fix
		want := map[string]any{
			"type":   "https://rowgate.example/errors/invalid_rows",
			"title":  "部分行不合法",
			"status": 422.0, "detail": "3 行中有 1 行不合法。", "code": "invalid_rows", "retryable": false, "outcome": "not_written",
			"fix": map[string]any{"zh": fix.ZH, "en": fix.EN},
			"errors": []any{map[string]any{
				"index": 2.0, "field": "日期", "code": "value_mismatch", "message": "值与列的类型不符。", "got": "明天",
				"expected": "日期，如 2026-03-24", "suggestion": "", "feishu_code": 1254064.0,
			}},
			"error_count": 1.0,
			"feishu":      map[string]any{"code": 1254064.0, "msg": "DatetimeFieldConvFail", "log_id": "20260729"},
			"request_id":  "req_1",
		}
		if diff := cmp.Diff(want, decode(t, doc)); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("speaks English where that is asked for", func(t *testing.T) {
		t.Parallel()
		doc := problem.Render(problem.New(problem.Draining, problem.Text{}), problem.RenderOptions{Lang: problem.EN})
		if doc.Title != "The service is stopping" || doc.Detail != doc.Title || doc.Lang != problem.EN {
			t.Errorf("got %+v", doc)
		}
	})
	t.Run("prefers what the error says to the catalogue", func(t *testing.T) {
		t.Parallel()
		e := problem.New(problem.RateLimited, problem.Text{ZH: "细", EN: "detail"})
		e.Fix = problem.Text{ZH: "修", EN: "fix"}
		e.Outcome = problem.Partial
		e.RetryAfter = 1500e6
		doc := problem.Render(e, problem.RenderOptions{Lang: problem.EN})
		if doc.Detail != "detail" || doc.Fix.EN != "fix" || doc.Outcome != problem.Partial || doc.RetryAfter != 1500e6 {
			t.Errorf("got %+v", doc)
		}
	})
	t.Run("answers 200 with ok false when soft, and keeps the problem's status inside", func(t *testing.T) {
		t.Parallel()
		e := problem.New(problem.BadBody, problem.Text{})
		hard := problem.Render(e, problem.RenderOptions{})
		soft := problem.Render(e, problem.RenderOptions{Soft: true})
		if hard.HTTPStatus() != 400 || hard.MediaType() != "application/problem+json" {
			t.Errorf("hard: %d %s", hard.HTTPStatus(), hard.MediaType())
		}
		if _, ok := decode(t, hard)["ok"]; ok {
			t.Error("a problem that is not soft has ok")
		}
		if soft.HTTPStatus() != 200 || soft.MediaType() != "application/json" {
			t.Errorf("soft: %d %s", soft.HTTPStatus(), soft.MediaType())
		}
		if got := decode(t, soft); got["ok"] != false || got["status"] != 400.0 {
			t.Errorf("soft: %v", got)
		}
	})
	t.Run("shows nothing of the cause", func(t *testing.T) {
		t.Parallel()
		const canary = "canary-7f3a"
		for _, err := range []error{
			problem.New(problem.UpstreamRejected, problem.Text{ZH: "甲", EN: "a"}).Because(errors.New(canary)),
			errors.New(canary),
		} {
			body, err := json.Marshal(problem.Render(problem.From(err), problem.RenderOptions{}))
			if err != nil || strings.Contains(string(body), canary) {
				t.Errorf("%v %s", err, body)
			}
		}
	})
	t.Run("renders a code outside of the catalogue as an internal error", func(t *testing.T) {
		t.Parallel()
		if doc := problem.Render(problem.New("made_up", problem.Text{}), problem.RenderOptions{}); doc.Code != problem.InternalError ||
			doc.Status != 500 {
			t.Errorf("got %s %d", doc.Code, doc.Status)
		}
	})
}

func TestRenderRows(t *testing.T) {
	t.Parallel()
	t.Run("keeps the first 200 and the number of all", func(t *testing.T) {
		t.Parallel()
		e := problem.New(problem.InvalidRows, problem.Text{})
		for i := range problem.MaxRowErrors + 1 {
			e.Rows = append(e.Rows, problem.RowError{Index: i, Code: problem.RowEmpty})
		}
		doc := problem.Render(e, problem.RenderOptions{})
		if len(doc.Errors) != problem.MaxRowErrors || doc.ErrorCount != problem.MaxRowErrors+1 {
			t.Errorf("%d entries, count %d", len(doc.Errors), doc.ErrorCount)
		}
		e.RowCount = 10_000
		if doc := problem.Render(e, problem.RenderOptions{}); doc.ErrorCount != 10_000 {
			t.Errorf("count %d", doc.ErrorCount)
		}
	})
	t.Run("writes an empty list, not null", func(t *testing.T) {
		t.Parallel()
		if body, err := json.Marshal(problem.RenderRows(nil, problem.ZH)); err != nil || string(body) != "[]" {
			t.Errorf("%s %v", body, err)
		}
	})
	t.Run("gives no index where no row can be named", func(t *testing.T) {
		t.Parallel()
		body, err := json.Marshal(problem.RenderRows([]problem.RowError{{Index: -1}, {Index: 0}}, problem.ZH))
		if err != nil || !strings.Contains(string(body), `"index":null`) || !strings.Contains(string(body), `"index":0`) {
			t.Errorf("%s %v", body, err)
		}
	})
	t.Run("cuts a long value by runes", func(t *testing.T) {
		t.Parallel()
		exact := strings.Repeat("值", problem.MaxGotRunes)
		docs := problem.RenderRows([]problem.RowError{{Got: exact}, {Got: exact + "多"}}, problem.ZH)
		if docs[0].Got != exact {
			t.Errorf("a value at the bound was cut: %q", docs[0].Got)
		}
		if got := docs[1].Got; utf8.RuneCountInString(got) != problem.MaxGotRunes || !strings.HasSuffix(got, "值…") {
			t.Errorf("got %q", got)
		}
	})
}

func decode(t *testing.T, doc problem.Document) map[string]any {
	t.Helper()
	body, err := json.Marshal(doc)
	if err != nil {
		t.Fatal(err)
	}
	var got map[string]any
	if err := json.Unmarshal(body, &got); err != nil {
		t.Fatal(err)
	}
	return got
}
