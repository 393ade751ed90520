package httpd

import (
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/rowgate/rowgate/internal/intake"
)

func TestIntake(t *testing.T) {
	t.Parallel()
	t.Run("leaves the result in the request, with a body that says what it is", func(t *testing.T) {
		t.Parallel()
		e := newEdge(t, func(_ http.ResponseWriter, r *http.Request) {
			result := intake.ResultFrom(r.Context())
			if len(result.Repairs) == 0 {
				t.Error("the repairs are lost")
			}
			body, err := io.ReadAll(r.Body)
			if err != nil || string(body) != string(result.JSON) {
				t.Errorf("%s %v", body, err)
			}
			if r.ContentLength != int64(len(body)) || r.Header.Get("Content-Length") != strconv.Itoa(len(body)) {
				t.Errorf("length %d, %v", r.ContentLength, r.Header)
			}
			if r.Header.Get("Content-Type") != "application/json" || r.TransferEncoding != nil {
				t.Errorf("%v %v", r.Header, r.TransferEncoding)
			}
		})
		if w := e.do(t, post("\ufeff{\"records\":[{\"a\":1},]}").with("Content-Type", "text/plain")); w.Code != http.StatusOK {
			t.Errorf("%d %s", w.Code, w.Body)
		}
	})
	t.Run("hands rows on beside the body", func(t *testing.T) {
		t.Parallel()
		e := newEdge(t, echo)
		w := e.do(t, post(`{"records":[{"a":1}, {"a":2}],"soft_errors":true}`))
		if w.Body.String() != "{\"a\":1}\n{\"a\":2}\n{\"soft_errors\":true}" {
			t.Errorf("got %s", w.Body)
		}
	})
	t.Run("refuses a body that grows past the bound on canonical JSON, softly where it asks for that", func(t *testing.T) {
		t.Parallel()
		const escape = len(`\u0001`) // what a raw control character becomes
		e := newEdge(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
		const rest = len(`{}{"a":""},`) // the parameters, the row, a comma
		fits := strings.Repeat("\x01", (intake.MaxLength-1-rest)/escape)
		if w := e.do(t, post(`{"records":[{"a":"`+fits+`"}]}`)); w.Code != http.StatusNoContent {
			t.Errorf("the longest that fits: %d %s", w.Code, w.Body)
		}
		w := e.do(t, post(`{"records":[{"a":"`+fits+`\u0001"}]}`))
		if doc := problemOf(t, w); w.Code != http.StatusRequestEntityTooLarge || doc["code"] != "body_too_large" {
			t.Errorf("one character more: %d %v", w.Code, doc)
		}
		w = e.do(t, post(`{"soft_errors":true,"records":[{"a":"`+fits+`"}]}`))
		if w.Code != http.StatusOK || !strings.Contains(w.Body.String(), "body_too_large") {
			t.Errorf("with soft_errors: %d %s", w.Code, w.Body)
		}
	})
	t.Run("keeps to its tools' exact paths", func(t *testing.T) {
		t.Parallel()
		e := newEdge(t, echo)
		e.router.Post("/other", echo)
		if w := e.do(t, call{method: "POST", target: "/other", body: "as it is"}); w.Body.String() != "as it is" {
			t.Errorf("got %s", w.Body)
		}
		if w := e.do(t, call{method: "POST", target: "/v1%2Frecords", body: "{"}); w.Code != http.StatusNotFound {
			t.Errorf("a path with an escaped slash is taken for the tool's: %d", w.Code)
		}
	})
	t.Run("refuses new work while draining", func(t *testing.T) {
		t.Parallel()
		e := newEdge(t, echo)
		e.health.Drain()
		w := e.do(t, post(`{"records":[]}`))
		if doc := problemOf(t, w); w.Code != 503 || doc["code"] != "draining" || doc["outcome"] != "not_written" {
			t.Errorf("%d %v", w.Code, doc)
		}
		if w.Header().Get("Retry-After") == "" || w.Header().Get("Connection") != "close" {
			t.Errorf("%v", w.Header())
		}
	})
}
