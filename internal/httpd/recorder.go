package httpd

import (
	"net/http"

	"github.com/rowgate/rowgate/internal/problem"
	"github.com/rowgate/rowgate/internal/request"
)

// recorder passes an answer on and remembers what became of it.
type recorder struct {
	http.ResponseWriter
	status int         // 0 until the header is written
	err    error       // the first failed write
	begins func() bool // asked before each write until it reports that the answer whose delivery counts begins; nil: nobody asks
}

// WriteHeader implements http.ResponseWriter.
func (w *recorder) WriteHeader(status int) {
	final := status >= http.StatusOK || status == http.StatusSwitchingProtocols
	if final && w.status == 0 {
		w.status = status
	}
	if final {
		w.begin()
	}
	w.ResponseWriter.WriteHeader(status)
}

// Write implements io.Writer.
func (w *recorder) Write(p []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	w.begin()
	n, err := w.ResponseWriter.Write(p)
	w.keep(err)
	return n, err
}

// FlushError sends what is buffered, as http.ResponseController asks for.
func (w *recorder) FlushError() error {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	w.begin()
	err := http.NewResponseController(w.ResponseWriter).Flush()
	w.keep(err)
	return err
}

// Flush implements http.Flusher.
func (w *recorder) Flush() { _ = w.FlushError() } // kept in err

// Unwrap lets http.ResponseController reach the connection.
func (w *recorder) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// begin asks begins until it has reported the beginning.
func (w *recorder) begin() {
	if w.begins != nil && w.begins() {
		w.begins = nil
	}
}

func (w *recorder) keep(err error) {
	if w.err == nil {
		w.err = err
	}
}

// written returns the status line's code; a handler that wrote nothing answers 200.
func (w *recorder) written() int {
	if w.status == 0 {
		return http.StatusOK
	}
	return w.status
}

// recorded returns w as a recorder, wrapping it if it is not one yet.
func recorded(w http.ResponseWriter) *recorder {
	if rec, ok := w.(*recorder); ok {
		return rec
	}
	return &recorder{ResponseWriter: w}
}

// deliver runs the request's delivery hooks once all of its answer was handed to the connection without a write error, unless
// the answer asks for a repeat (429 and 5xx, softened ones too) or the caller was gone before its first byte was written. That
// a caller closes the connection afterwards says nothing: many do so as soon as they have the last byte.
func deliver(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		rec := recorded(w)
		call := request.CallFrom(r.Context())
		defer call.Settle() // after a panic too
		left := false
		// What a stream carries before the answer (headers, progress) is written before there is a hook.
		rec.begins = func() bool {
			left = r.Context().Err() != nil
			return call.AwaitsDelivery()
		}
		next.ServeHTTP(rec, r)
		if !call.AwaitsDelivery() {
			return
		}
		status := meantStatus(rec, call)
		if status >= http.StatusInternalServerError || status == http.StatusTooManyRequests {
			return
		}
		// A small answer would wait in the buffer until the server ends the request; only what has left is delivered.
		if err := rec.FlushError(); err != nil || rec.err != nil || left {
			return
		}
		call.Deliver()
	})
}

// meantStatus returns the status that was answered, or, where a soft error hides behind 200, the problem's own.
func meantStatus(rec *recorder, call *request.Call) int {
	if code := call.Summary().Code; code != "" && call.SoftErrors() {
		return problem.Lookup(problem.Code(code)).Status
	}
	return rec.written()
}
