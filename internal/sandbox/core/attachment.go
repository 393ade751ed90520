package core

import (
	"bytes"
	"cmp"
	"mime"
	"net/http"
	"path/filepath"
	"time"
)

// Attachment is an answer that is a file's bytes instead of JSON.
type Attachment struct {
	Name    string
	Content []byte
}

// answer renders the file into out: 200, 206 for a Range, 416 for one that the file does not have.
func (a Attachment) answer(r *http.Request, out answer) answer {
	out.header.Set("Content-Type", cmp.Or(mime.TypeByExtension(filepath.Ext(a.Name)), "application/octet-stream"))
	out.header.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": a.Name}))
	w := &answerWriter{answer: &out}
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(a.Content))
	out.header.Del("Content-Length") // answer.write sets it, and a fault may change the body
	return out
}

// answerWriter is a ResponseWriter into an answer.
type answerWriter struct{ answer *answer }

func (w *answerWriter) Header() http.Header { return w.answer.header }

func (w *answerWriter) WriteHeader(status int) { w.answer.status = status }

func (w *answerWriter) Write(b []byte) (int, error) {
	w.answer.body = append(w.answer.body, b...)
	return len(b), nil
}
