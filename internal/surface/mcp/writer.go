package mcp

import (
	"net/http"
	"sync"
	"sync/atomic"
)

// answerWriter counts what is written and keeps the first failure.
type answerWriter struct {
	http.ResponseWriter

	written atomic.Int64

	mu  sync.Mutex
	err error
}

// Write implements io.Writer.
func (w *answerWriter) Write(p []byte) (int, error) {
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
