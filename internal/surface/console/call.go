package console

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"

	"github.com/go-chi/chi/v5"

	"github.com/rowgate/rowgate/internal/problem"
	"github.com/rowgate/rowgate/internal/request"
	"github.com/rowgate/rowgate/internal/requestlog"
)

// Paths of the operations that the console calls.
const (
	pathDiagnose = "/v1/diagnose"
	pathDescribe = "/v1/tables/describe"
	pathTables   = "/v1/tables/list"
	pathWrite    = "/v1/records"
	pathSeal     = "/v1/connections"
)

// operation is one call of a public operation.
type operation struct {
	method string // POST where it is empty
	path   string
	query  url.Values
	kind   string // Content-Type; JSON where it is empty
	body   string
	key    string // Idempotency-Key; may be empty
	// replays is the id of the request that this one repeats; "" for every other.
	replays string
}

// emptyBody is the body of an operation that needs no more than the connection.
const emptyBody = "{}"

// reply is what an operation answered.
type reply struct {
	status int
	header http.Header
	body   bytes.Buffer
}

// Header implements http.ResponseWriter.
func (r *reply) Header() http.Header { return r.header }

// WriteHeader implements http.ResponseWriter.
func (r *reply) WriteHeader(status int) {
	if r.status == 0 && status >= http.StatusOK {
		r.status = status
	}
}

// Write implements http.ResponseWriter.
func (r *reply) Write(data []byte) (int, error) {
	r.WriteHeader(http.StatusOK)
	return r.body.Write(data)
}

// FlushError lets the service see that the answer was delivered: it is in memory.
func (*reply) FlushError() error { return nil }

// call makes one call of the service's own HTTP interface as the owner of the session, with the credential of connection (which may be
// nil) in its headers, from the address of the browser. It answers in the page's language.
func (c *Console) call(r *http.Request, connection *connection, o operation) (*reply, error) {
	method := http.MethodPost
	if o.method != "" {
		method = o.method
	}
	// The router's notes of the page are not those of the call.
	ctx := context.WithValue(r.Context(), chi.RouteCtxKey, (*chi.Context)(nil))
	origin := &requestlog.Origin{Name: cmp.Or(o.replays, requestlog.OriginConsole)}
	ctx = requestlog.WithOrigin(ctx, origin)
	target := url.URL{Path: o.path, RawQuery: o.query.Encode()}
	inner, err := http.NewRequestWithContext(ctx, method, target.String(), bytes.NewReader([]byte(o.body)))
	if err != nil {
		return nil, fmt.Errorf("console call: %w", err)
	}
	inner.RemoteAddr, inner.Host, inner.TLS = r.RemoteAddr, r.Host, r.TLS
	inner.RequestURI = target.RequestURI()
	for _, name := range []string{"X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host"} {
		for _, value := range r.Header.Values(name) {
			inner.Header.Add(name, value)
		}
	}
	set := func(name, value string) {
		if value != "" {
			inner.Header.Set(name, value)
		}
	}
	set("Content-Type", "application/json")
	set("Content-Type", o.kind)
	set("Idempotency-Key", o.key)
	set("X-Language", string(request.CallFrom(r.Context()).Lang()))
	set("Accept-Language", string(request.CallFrom(r.Context()).Lang()))
	set("Authorization", "Bearer "+sessionOf(r).passphrase.Reveal())
	if connection != nil {
		set("X-App-Id", connection.AppID)
		set("X-App-Secret", connection.Secret.Reveal())
		set("X-Personal-Base-Token", connection.Personal.Reveal())
		set("X-App-Token", connection.Link)
		set("X-Table-Id", connection.TableID)
	}
	answer := &reply{header: http.Header{}}
	c.options.Service.ServeHTTP(answer, inner)
	if connection != nil && origin.Tenant != "" && (o.body == "" || o.body == emptyBody) { // a pasted body may name another credential
		sessionOf(r).learn(connection, origin.Tenant)
	}
	return answer, nil
}

// ask makes a call and reads a 200 into answer; anything else is the problem that was answered.
func (c *Console) ask(r *http.Request, connection *connection, o operation, answer any) (*problem.Document, error) {
	got, err := c.call(r, connection, o)
	if err != nil {
		return nil, err
	}
	return got.read(answer)
}

// read reads a 200 into answer, and every other status as a problem.
func (r *reply) read(answer any) (*problem.Document, error) {
	if r.status == http.StatusOK {
		return nil, decode(&r.body, answer)
	}
	var refused problem.Document
	if err := decode(&r.body, &refused); err != nil {
		return nil, err
	}
	return &refused, nil
}

func decode(from io.Reader, into any) error {
	if err := json.NewDecoder(from).Decode(into); err != nil {
		return fmt.Errorf("an answer of the service: %w", err)
	}
	return nil
}

// trouble is what went wrong, for a page.
type trouble struct {
	Code      string
	Title     string
	Detail    string
	Fix       string
	Status    int
	Retryable bool
	Outcome   string
	RequestID string
	Feishu    *problem.Feishu
	Errors    []problem.RowErrorDocument
	More      int // errors that are not listed
}

// maxErrorsShown bounds the row errors of a page.
const maxErrorsShown = 50

func troubleOf(e *problem.Error, lang problem.Lang) trouble {
	doc := problem.Render(e, problem.RenderOptions{Lang: lang})
	return troubleFrom(&doc, lang)
}

func troubleFrom(doc *problem.Document, lang problem.Lang) trouble {
	t := trouble{
		Code: string(doc.Code), Title: doc.Title, Detail: doc.Detail, Fix: doc.Fix.In(lang), Status: doc.Status, Retryable: doc.Retryable,
		Outcome: string(doc.Outcome), RequestID: doc.RequestID, Feishu: doc.Feishu, Errors: doc.Errors,
	}
	if t.Detail == t.Title {
		t.Detail = ""
	}
	if len(t.Errors) > maxErrorsShown {
		t.Errors = t.Errors[:maxErrorsShown]
	}
	t.More = max(0, doc.ErrorCount-len(t.Errors))
	return t
}
