package mcp

import (
	"net/http"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/rowgate/rowgate/internal/problem"
)

// answerWriter counts what is written and keeps the first failure.
type answerWriter struct {
	http.ResponseWriter

	written atomic.Int64

	refusal *refusal // in place of an answer; set by the handler's goroutine alone

	mu  sync.Mutex
	err error
}

// refusal is what the protocol's handler says in plain text, to be said as a problem.
type refusal struct {
	status int
	text   []byte
}

// maxRefusalBytes is how much of a text of the protocol's handler is told.
const maxRefusalBytes = 1 << 10

// WriteHeader implements http.ResponseWriter. It holds back a refusal in plain text.
func (w *answerWriter) WriteHeader(status int) {
	if codeOf(status) != "" && strings.HasPrefix(w.Header().Get("Content-Type"), "text/plain") {
		w.refusal = &refusal{status: status}
		return
	}
	w.ResponseWriter.WriteHeader(status)
}

// codeOf is the code of what the protocol's handler refuses in plain text; "" for an answer.
func codeOf(status int) problem.Code {
	switch {
	case status == http.StatusMethodNotAllowed:
		return problem.MethodNotAllowed
	case status == http.StatusRequestEntityTooLarge:
		return problem.BodyTooLarge
	case status >= http.StatusInternalServerError:
		return problem.InternalError
	case status >= http.StatusBadRequest:
		return problem.BadParameter
	}
	return ""
}

// problem is what was refused; nil for nothing.
func (w *answerWriter) problem() error {
	if w.refusal == nil {
		return nil
	}
	text := strings.TrimSpace(string(w.refusal.text))
	return problem.New(codeOf(w.refusal.status), problem.Text{
		ZH: "MCP 请求不符合协议：" + text, EN: "The MCP request does not follow the protocol: " + text,
	})
}

// Write implements io.Writer.
func (w *answerWriter) Write(p []byte) (int, error) {
	if w.refusal != nil {
		w.refusal.text = append(w.refusal.text, p[:min(len(p), maxRefusalBytes-len(w.refusal.text))]...)
		return len(p), nil
	}
	n, err := w.ResponseWriter.Write(p)
	w.written.Add(int64(n))
	w.keep(err)
	return n, err
}

// FlushError sends what is buffered, as http.ResponseController asks for.
func (w *answerWriter) FlushError() error {
	err := http.NewResponseController(w.ResponseWriter).Flush()
	w.keep(err)
	return err
}

// Flush implements http.Flusher.
func (w *answerWriter) Flush() { _ = w.FlushError() } // kept in err

// Unwrap lets http.ResponseController reach the connection.
func (w *answerWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func (w *answerWriter) keep(err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.err == nil {
		w.err = err
	}
}

func (w *answerWriter) failed() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.err
}
