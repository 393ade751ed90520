package httpd

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestPanics(t *testing.T) {
	t.Parallel()
	t.Run("answer a problem, and the log has type and stack without the value", func(t *testing.T) {
		t.Parallel()
		for name, test := range map[string]struct {
			value any
			typ   string
		}{
			"text":   {canary, "string"},
			"error":  {errors.New(canary), "*errors.errorString"},
			"struct": {struct{ Row string }{canary}, "struct { Row string }"},
		} {
			e := newEdge(t, func(http.ResponseWriter, *http.Request) { panic(test.value) })
			w := e.do(t, post(`{"records":[{"a":"`+canary+`"}]}`))
			if doc := problemOf(t, w); w.Code != http.StatusInternalServerError || doc["code"] != "internal_error" || doc["outcome"] != "unknown" {
				t.Errorf("%s: %d %v", name, w.Code, doc)
			}
			line := e.log.line(t, "panic")
			stack, _ := line["stack"].([]any)
			if line["type"] != test.typ || len(stack) == 0 || !strings.Contains(stackText(stack), "recover_test.go") {
				t.Errorf("%s: %v", name, line)
			}
			if strings.Contains(e.log.String()+w.Body.String(), canary) {
				t.Errorf("%s: the value shows: %s %s", name, e.log, w.Body)
			}
		}
	})
	t.Run("of the runtime are logged in its own words", func(t *testing.T) {
		t.Parallel()
		e := newEdge(t, func(_ http.ResponseWriter, r *http.Request) {
			_ = r.Header.Values("X-Missing")[0]
		})
		e.do(t, post(`{"records":[]}`))
		if line := e.log.line(t, "panic"); line["runtime_error"] != "runtime error: index out of range [0] with length 0" {
			t.Errorf("got %v", line)
		}
	})
	t.Run("cut an answer off that has begun", func(t *testing.T) {
		t.Parallel()
		e := newEdge(t, func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusOK)
			panic(canary)
		})
		server := httptest.NewServer(e.router)
		defer server.Close()
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL+toolPath, strings.NewReader(`{"records":[]}`))
		if err != nil {
			t.Fatal(err)
		}
		if response, err := server.Client().Do(r); err == nil {
			_ = response.Body.Close()
			t.Errorf("half an answer looks whole: %d", response.StatusCode)
		}
		if e.log.line(t, "panic")["type"] != "string" {
			t.Error("not logged")
		}
	})
	t.Run("that abort a request pass through without a line of their own", func(t *testing.T) {
		t.Parallel()
		e := newEdge(t, func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
		defer func() {
			if recover() != http.ErrAbortHandler || strings.Contains(e.log.String(), `"msg":"panic"`) { //nolint:errorlint // the value itself
				t.Errorf("log: %s", e.log)
			}
		}()
		e.do(t, post(`{"records":[]}`))
	})
}

func stackText(stack []any) string {
	var text strings.Builder
	for _, frame := range stack {
		line, _ := frame.(string)
		text.WriteString(line + "\n")
	}
	return text.String()
}
