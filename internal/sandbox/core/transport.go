package core

import (
	"io"
	"net/http"
	"sync"
)

// Transport returns a RoundTripper that calls the sandbox directly, without a network. Timers and waits then are all this process's own,
// so that a client can be tested inside a testing/synctest bubble. A cut connection is io.ErrUnexpectedEOF.
func (s *Server) Transport() http.RoundTripper { return transport{s} }

type transport struct{ handler http.Handler }

func (t transport) RoundTrip(r *http.Request) (*http.Response, error) {
	reader, writer := io.Pipe()
	w := &pipeWriter{body: writer, header: http.Header{}, ready: make(chan struct{})}
	inner := r.Clone(r.Context())
	inner.RemoteAddr = "127.0.0.1:0"
	if inner.Body == nil {
		inner.Body = http.NoBody
	}
	go func() {
		defer func() {
			_ = inner.Body.Close()
			if cause := recover(); cause != nil {
				if cause != http.ErrAbortHandler { //nolint:errorlint // a panic value, compared as net/http does
					panic(cause)
				}
				w.abort()
				return
			}
			w.WriteHeader(http.StatusOK)
			_ = writer.Close()
		}()
		t.handler.ServeHTTP(w, inner)
	}()
	select {
	case <-w.ready:
	case <-r.Context().Done():
		_ = reader.CloseWithError(r.Context().Err())
		return nil, r.Context().Err()
	}
	if w.status == 0 {
		return nil, io.ErrUnexpectedEOF
	}
	return &http.Response{
		Status: http.StatusText(w.status), StatusCode: w.status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: w.sent, Body: reader, ContentLength: -1, Request: r,
	}, nil
}

// pipeWriter is the ResponseWriter of a direct call.
type pipeWriter struct {
	body   *io.PipeWriter
	header http.Header
	once   sync.Once
	ready  chan struct{} // closed when status and sent are final
	status int           // 0: cut before the header
	sent   http.Header
}

func (w *pipeWriter) Header() http.Header { return w.header }

func (w *pipeWriter) WriteHeader(status int) {
	w.once.Do(func() {
		w.status, w.sent = status, http.Header{}
		for name, values := range w.header {
			for _, value := range values {
				w.sent.Add(name, value) // in canonical form, as read from a wire
			}
		}
		close(w.ready)
	})
}

func (w *pipeWriter) Write(b []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	return w.body.Write(b)
}

// Flush does nothing: a pipe holds nothing back.
func (*pipeWriter) Flush() {}

func (w *pipeWriter) abort() {
	w.once.Do(func() { close(w.ready) })
	_ = w.body.CloseWithError(io.ErrUnexpectedEOF)
}
