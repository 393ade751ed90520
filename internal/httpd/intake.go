package httpd

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"github.com/rowgate/rowgate/internal/intake"
	"github.com/rowgate/rowgate/internal/problem"
	"github.com/rowgate/rowgate/internal/request"
)

// Tool is the part of a tool that the transport needs.
type Tool struct {
	Name string      // operationId
	Spec intake.Spec // what its body may hold
	// Keeps says that neither what it takes, its secret parameters left out, nor what it answers is a secret.
	Keeps bool
}

// ParseFunc reads a request's body and parameters; it is intake.Parse.
type ParseFunc func(intake.Spec, intake.Input) (*intake.Result, error)

// takeIn reads the body of a POST to a tool's path in whatever shape it comes, and hands on one canonical JSON object of its
// parameters in its place; the intake.Result, which also has the rows, is in the request's context. What cannot be read is
// answered here. Bodies that are only read keep to the same bounds and are handed on as they came.
//
// Memory: the body as it came belongs to this middleware and is given up once it is parsed. What is handed on belongs to the
// Result; it counts against the budget until the handler has returned, and no handler may keep a row for longer.
type takeIn struct {
	renderer Renderer
	health   *Health
	tools    map[string]Tool // by path
	whole    []string        // paths of other POSTs whose body is only read
	parse    ParseFunc
	budget   *bodyBudget
	admit    func(*http.Request) error // judges what the headers say of a caller; nil: nobody is asked before the body
	told     ExchangedFunc             // nil: nobody is told
}

func (t takeIn) middleware(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		tool, isTool := t.tools[RoutePath(r)]
		if r.Method != http.MethodPost || !isTool && !slices.Contains(t.whole, RoutePath(r)) {
			next.ServeHTTP(w, r)
			return
		}
		if t.health.Draining() {
			w.Header().Set("Connection", "close") // the caller's next try goes elsewhere
			t.renderer.Write(w, r, draining())
			return
		}
		if refused := checkEncoding(r.Header); refused != nil {
			t.renderer.Write(w, r, refused)
			return
		}
		if err := t.early(r); err != nil {
			w.Header().Set("Connection", "close") // the body is still on its way
			t.renderer.Write(w, r, err)
			return
		}
		body, held, err := t.budget.read(w, r)
		defer held.shrink(0)
		if err != nil {
			w.Header().Set("Connection", "close") // the rest of the body is still on its way
			t.renderer.Write(w, r, err)
			return
		}
		if !isTool {
			r.Body = io.NopCloser(bytes.NewReader(body))
			next.ServeHTTP(w, r)
			return
		}
		result, err := t.parse(tool.Spec, intake.Input{
			Body:        body,
			ContentType: r.Header.Get("Content-Type"),
			Query:       r.URL.Query(),
			RawQuery:    r.URL.RawQuery,
			Header:      r.Header,
		})
		if err != nil {
			t.renderer.Write(w, r, err)
			return
		}
		held.shrink(int64(result.Memory())) // the body itself is not kept
		call := request.CallFrom(r.Context())
		noteSoftErrors(call, nil, result.JSON)
		if result.Language != "" {
			call.SetLang(result.Language)
		}
		if result.Length() >= intake.MaxLength {
			t.renderer.Write(w, r, problem.New(problem.BodyTooLarge, problem.Text{}))
			return
		}
		if t.told == nil || !tool.Keeps {
			next.ServeHTTP(w, withResult(r, result))
			return
		}
		t.exchange(w, r, tool, result, next)
	})
}

// early refuses a caller whose headers name a wrong passphrase or key before a large body is read. In a small body there may be
// another passphrase, which goes before that of the headers.
func (t takeIn) early(r *http.Request) error {
	named := r.Header.Get("Authorization") != "" || r.Header.Get("X-Passphrase") != ""
	if t.admit == nil || !named || r.ContentLength >= 0 && r.ContentLength <= smallBodyBytes {
		return nil
	}
	return t.admit(r)
}

// withResult returns the request with the parameters' JSON for its body. Every answer is JSON, whatever Accept says, so that
// nothing further in has to read it: Huma's negotiation panics at a malformed one.
func withResult(r *http.Request, result *intake.Result) *http.Request {
	r = r.WithContext(intake.WithResult(r.Context(), result))
	r.Header = r.Header.Clone()
	r.Header.Set("Content-Type", "application/json")
	r.Header.Del("Accept")
	r.Header.Set("Content-Length", strconv.Itoa(len(result.JSON)))
	r.ContentLength = int64(len(result.JSON))
	r.TransferEncoding = nil
	r.Body = io.NopCloser(bytes.NewReader(result.JSON))
	return r
}

// noteSoftErrors reads soft_errors into the request's Call, which decides how every problem of the request is answered. The
// query is read before the body, so that it also holds for a body that cannot be read; the parameters contain both.
// It is the only writer of soft_errors on a request over HTTP.
func noteSoftErrors(call *request.Call, query url.Values, params []byte) {
	if intake.SoftErrors(query) {
		call.SetSoftErrors(true)
	}
	if !bytes.Contains(params, []byte(`"soft_errors"`)) {
		return // as nearly all
	}
	var said struct {
		SoftErrors *bool `json:"soft_errors"`
	}
	if err := json.Unmarshal(params, &said); err == nil && said.SoftErrors != nil {
		call.SetSoftErrors(*said.SoftErrors)
	}
}
