package httpd

import (
	"net/http"

	"github.com/rowgate/rowgate/internal/problem"
	"github.com/rowgate/rowgate/internal/request"
)

// recorder passes an answer on and remembers what became of it.
type recorder struct {
	http.ResponseWriter
	status int   // 0 until the header is written
	err    error // the first failed write
}

// WriteHeader implements http.ResponseWriter.
func (w *recorder) WriteHeader(status int) {
	final := status >= http.StatusOK || status == http.StatusSwitchingProtocols
	if final && w.status == 0 {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

// Write implements io.Writer.
func (w *recorder) Write(p []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	n, err := w.ResponseWriter.Write(p)
	w.keep(err)
	return n, err
}

// FlushError sends what is buffered, as http.ResponseController asks for.
func (w *recorder) FlushError() error {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	err := http.NewResponseController(w.ResponseWriter).Flush()
	w.keep(err)
	return err
}

// Flush implements http.Flusher.
func (w *recorder) Flush() { _ = w.FlushError() } // kept in err

// Unwrap lets http.ResponseController reach the connection.
func (w *recorder) Unwrap() http.ResponseWriter { return w.ResponseWriter }

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

// deliver runs the request's delivery hooks once its answer has left in full, unless the answer asks for a repeat (429 and
// 5xx, softened ones too) or the caller is gone.
func deliver(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		rec := recorded(w)
		next.ServeHTTP(rec, r)
		call := request.CallFrom(r.Context())
		if !call.AwaitsDelivery() {
			return
		}
		status := meantStatus(rec, call)
		if status >= http.StatusInternalServerError || status == http.StatusTooManyRequests {
			return
		}
		// A small answer would wait in the buffer until the server ends the request; only what has left is delivered.
		if err := rec.FlushError(); err != nil || rec.err != nil || r.Context().Err() != nil {
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
