package httpd

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/rowgate/rowgate/internal/problem"
	"github.com/rowgate/rowgate/internal/request"
)

// maxCauses bounds how many layers of a private cause the log names.
const maxCauses = 8

// Dialect answers doc where the request is for a path that stands in for another service, in the shape of that service's errors;
// false for every other path.
type Dialect func(w http.ResponseWriter, r *http.Request, doc problem.Document) bool

// Renderer turns any error into the answer of docs/contract.md §5. It is safe for concurrent use.
type Renderer struct {
	PublicURL string       // prefix of a document's type where the request has no address of its own, without a slash at the end
	Logger    *slog.Logger // gets one line for each internal_error: the types of its causes, never their text
	Dialect   Dialect      // nil: every path answers with problem documents
}

// Document classifies err and renders it for the request of ctx, in the caller's language and softened if the caller asked
// for that. It notes the code on the request's Call.
func (p Renderer) Document(ctx context.Context, err error) problem.Document {
	call := request.CallFrom(ctx)
	e := classify(err)
	doc := problem.Render(e, problem.RenderOptions{
		PublicURL: cmp.Or(call.PublicURL(), p.PublicURL),
		RequestID: call.RequestID,
		Lang:      cmp.Or(e.Lang, call.Lang()),
		Soft:      call.SoftErrors(),
	})
	call.SetCode(string(doc.Code))
	if doc.Code == problem.InternalError {
		p.Logger.LogAttrs(ctx, slog.LevelError, "internal error",
			slog.String("request_id", call.RequestID), slog.Any("causes", causes(err)))
	}
	return doc
}

// Write answers the request with err: problem+json, or 200 and plain JSON where the caller asked for soft errors, or what the
// dialect of the path makes of it.
func (p Renderer) Write(w http.ResponseWriter, r *http.Request, err error) {
	doc := p.Document(r.Context(), err)
	if p.Dialect == nil || !p.Dialect(w, r, doc) {
		WriteDocument(w, doc)
	}
}

// WriteDocument answers with doc and the headers that belong to it.
func WriteDocument(w http.ResponseWriter, doc problem.Document) {
	SetProblemHeaders(w.Header(), doc)
	WriteJSON(w, doc.HTTPStatus(), doc)
}

// WriteJSON answers with body as JSON. The Content-Type is application/json unless the header already has one.
func WriteJSON(w http.ResponseWriter, status int, body any) {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(body); err != nil { // what is answered here has nothing that JSON cannot say
		http.Error(w, http.StatusText(http.StatusInternalServerError), http.StatusInternalServerError)
		return
	}
	if w.Header().Get("Content-Type") == "" {
		w.Header().Set("Content-Type", "application/json")
	}
	w.Header().Set("Content-Length", strconv.Itoa(text.Len()))
	w.WriteHeader(status)
	_, _ = w.Write(text.Bytes()) // the caller has left; there is nobody to report to
}

// SetProblemHeaders sets the headers that go with doc: Content-Type, Content-Language, and Retry-After in whole seconds,
// rounded up, where a repeat is of use.
func SetProblemHeaders(header http.Header, doc problem.Document) {
	header.Set("Content-Type", doc.MediaType())
	header.Set("Content-Language", string(doc.Lang))
	SetRetryAfter(header, doc.RetryAfter)
}

// SetRetryAfter sets Retry-After in whole seconds, rounded up; nothing for a wait of 0.
func SetRetryAfter(header http.Header, wait time.Duration) {
	if wait > 0 {
		seconds := (wait + time.Second - 1) / time.Second
		header.Set("Retry-After", strconv.FormatInt(int64(seconds), 10))
	}
}

// classify is problem.From, and also classifies the errors of net/http.
func classify(err error) *problem.Error {
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return bodyTooLarge().Because(err)
	}
	return problem.From(err)
}

// causes names the types of err and of what it wraps, outermost first; their text may hold row content.
func causes(err error) []string {
	var types []string
	for ; err != nil && len(types) < maxCauses; err = errors.Unwrap(err) {
		types = append(types, strings.TrimPrefix(fmt.Sprintf("%T", err), "*"))
	}
	return types
}
