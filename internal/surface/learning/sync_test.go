package learning

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/rowgate/rowgate/internal/intake"
	"github.com/rowgate/rowgate/internal/problem"
	"github.com/rowgate/rowgate/tool"
	"github.com/rowgate/rowgate/tool/record"
)

// writer is write_records that keeps what it was sent and answers what a test says.
func writer(answer tool.Answer, err error) (s *Sync, sent *map[string]json.RawMessage) {
	sent = new(map[string]json.RawMessage)
	return &Sync{UserIDType: "union_id", Write: tool.Tool{
		Meta: tool.Meta{Name: "write_records"},
		Call: func(_ context.Context, request *intake.Result) (tool.Answer, error) {
			if err := json.Unmarshal(request.JSON, sent); err != nil {
				return tool.Answer{}, err
			}
			rows, marshalErr := json.Marshal(request.Rows)
			(*sent)["records"] = rows
			return answer, errors.Join(err, marshalErr)
		},
	}}, sent
}

// records is a request of these records, as the intake reads it.
func records(list ...string) *intake.Result {
	request := &intake.Result{JSON: []byte("{}")}
	for _, one := range list {
		request.Rows = append(request.Rows, json.RawMessage(one))
	}
	return request
}

func TestRun(t *testing.T) {
	t.Parallel()
	t.Run("keeps values as they were spelled", func(t *testing.T) {
		t.Parallel()
		s, sent := writer(tool.OK(&record.Receipt{OK: true, Created: 1}), nil)
		_, receipt := s.Run(t.Context(), records(`{"notes":"a\u0041","duration":1.50,"tags":null,"x":1}`))
		if got := string((*sent)["records"]); got != `[{"学习时长(分钟)":1.50,"标签":null,"笔记":"a\u0041"}]` {
			t.Errorf("sent %s", got)
		}
		if string((*sent)["on_error"]) != `"skip"` || string((*sent)["user_id_type"]) != `"union_id"` ||
			string((*sent)["timeout_ms"]) != "55000" {
			t.Errorf("sent %v", *sent)
		}
		if !receipt.Success || receipt.Succeeded != 1 || !strings.Contains(receipt.Message, "x") {
			t.Errorf("%+v", receipt)
		}
	})
	t.Run("counts rows of unknown fate as failed", func(t *testing.T) {
		t.Parallel()
		s, _ := writer(tool.OK(&record.Receipt{Created: 1, Failed: 2, Unknown: 3, Message: "6 行"}), nil)
		status, receipt := s.Run(t.Context(), records(`{}`, `{}`, `{}`, `{}`, `{}`, `{}`))
		if status != 200 || receipt.Success || receipt.Total != 6 || receipt.Succeeded != 1 || receipt.Failed != 5 || receipt.Message != "6 行" {
			t.Errorf("%d %+v", status, receipt)
		}
	})
	t.Run("says that records are kept where the write goes on", func(t *testing.T) {
		t.Parallel()
		s, _ := writer(tool.Answer{Status: tool.StatusAccepted, Body: &tool.Accepted{OK: true, Message: "仍在写入"}}, nil)
		status, receipt := s.Run(t.Context(), records(`{}`))
		if status != 202 || !receipt.Success || receipt.Succeeded+receipt.Failed != 0 || receipt.Message != "仍在写入" {
			t.Errorf("%d %+v", status, receipt)
		}
	})
	t.Run("answers a problem with its status, its words and when to come again", func(t *testing.T) {
		t.Parallel()
		busy := problem.New(problem.Overloaded, problem.Text{ZH: "忙", EN: "busy"})
		busy.RetryAfter = 3 * time.Second
		s, _ := writer(tool.Answer{}, busy)
		status, receipt := s.Run(t.Context(), records(`{}`, `{}`))
		if status != 503 || receipt.Success || receipt.Failed != 2 || !strings.HasPrefix(receipt.Message, "忙") ||
			receipt.RetryAfter != 3*time.Second ||
			receipt.Errors == nil {
			t.Errorf("%d %+v", status, receipt)
		}
	})
	t.Run("advises nothing that only write_records has", func(t *testing.T) {
		t.Parallel()
		invalid := problem.New(problem.InvalidRows, problem.Text{ZH: "1 行", EN: "1 row"})
		invalid.Rows = []problem.RowError{{Field: "主题", Code: problem.RowFieldNotFound}}
		s, _ := writer(tool.Answer{}, invalid)
		_, receipt := s.Run(t.Context(), records(`{}`))
		if len(receipt.Errors) != 1 || receipt.Errors[0].Field != "topic" || !strings.Contains(receipt.Errors[0].Message, "主题") {
			t.Fatalf("%+v", receipt)
		}
		for _, name := range []string{"on_error", "describe_table", "unknown_fields"} {
			if strings.Contains(receipt.Message+receipt.Errors[0].Message, name) {
				t.Errorf("names %s: %+v", name, receipt)
			}
		}
	})
	t.Run("names a few of very many other keys", func(t *testing.T) {
		t.Parallel()
		s, _ := writer(tool.OK(&record.Receipt{OK: true}), nil)
		var others []string
		for i := range 100 {
			others = append(others, fmt.Sprintf(`"k%d":1`, i))
		}
		_, receipt := s.Run(t.Context(), records(`{`+strings.Join(others, ",")+`}`))
		if named := strings.Count(receipt.Message, "k"); named != maxIgnored {
			t.Errorf("%d keys in %q", named, receipt.Message)
		}
	})
	t.Run("names no more of a key than its beginning", func(t *testing.T) {
		t.Parallel()
		s, _ := writer(tool.OK(&record.Receipt{OK: true}), nil)
		_, receipt := s.Run(t.Context(), records(`{"`+strings.Repeat("键", 1000)+`":1}`))
		if named := strings.Count(receipt.Message, "键"); named != maxIgnoredRunes {
			t.Errorf("%d characters in %q", named, receipt.Message)
		}
	})
	t.Run("refuses records that are no objects", func(t *testing.T) {
		t.Parallel()
		s, sent := writer(tool.Answer{}, nil)
		if status, receipt := s.Run(t.Context(), records(`7`)); status != 400 || receipt.Success || *sent != nil {
			t.Errorf("%d %+v", status, receipt)
		}
	})
}
