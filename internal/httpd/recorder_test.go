package httpd

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/rowgate/rowgate/internal/problem"
	"github.com/rowgate/rowgate/internal/request"
)

func TestDelivery(t *testing.T) {
	t.Parallel()
	// hooked notes that a hook ran, and answers by then.
	hooked := func(ran *bool, then http.HandlerFunc) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			request.CallFrom(r.Context()).OnDelivered(func() { *ran = true })
			then(w, r)
		}
	}
	refuse := func(code problem.Code) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			(Renderer{}).Write(w, r, problem.New(code, problem.Text{}))
		}
	}
	for name, test := range map[string]struct {
		query string
		then  http.HandlerFunc
		want  bool
	}{
		"is confirmed for a receipt":                         {then: echo, want: true},
		"is confirmed for an empty answer":                   {then: func(http.ResponseWriter, *http.Request) {}, want: true},
		"is confirmed for a refusal that is final":           {then: refuse(problem.InvalidRows), want: true},
		"is confirmed for a soft refusal that is final":      {query: "?soft_errors=true", then: refuse(problem.InvalidRows), want: true},
		"is not confirmed where the caller is to repeat":     {then: refuse(problem.RateLimited)},
		"is not confirmed where a gateway will repeat":       {then: refuse(problem.UnknownOutcome)},
		"is not confirmed where a soft refusal hides a 503":  {query: "?soft_errors=true", then: refuse(problem.Overloaded)},
		"is not confirmed after a panic":                     {then: func(http.ResponseWriter, *http.Request) { panic("x") }},
		"is not confirmed for our own plain 500":             {then: func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) }},
		"is confirmed although a job's own problem was told": {then: tellOfAJob, want: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ran := false
			e := newEdge(t, hooked(&ran, test.then))
			c := post(`{"records":[]}`)
			c.target += test.query
			e.do(t, c)
			if ran != test.want {
				t.Errorf("ran: %v", ran)
			}
		})
	}
	t.Run("comes after the answer has left", func(t *testing.T) {
		t.Parallel()
		w := httptest.NewRecorder()
		e := newEdge(t, func(w http.ResponseWriter, r *http.Request) {
			recorded := w
			request.CallFrom(r.Context()).OnDelivered(func() {
				if rec, ok := recorded.(*recorder); !ok || rec.err != nil {
					t.Error("the writer is not recorded")
				}
			})
			request.CallFrom(r.Context()).OnDelivered(func() { w.Header().Set("X-Late", "1") })
			echo(w, r)
		})
		e.router.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), "POST", toolPath, strings.NewReader(`{"records":[]}`)))
		if !w.Flushed || w.Result().Header.Get("X-Late") != "" {
			t.Errorf("flushed %v, headers %v", w.Flushed, w.Result().Header)
		}
	})
	t.Run("is not confirmed to a caller who has left", func(t *testing.T) {
		t.Parallel()
		ran := false
		ctx, leave := context.WithCancel(t.Context())
		e := newEdge(t, hooked(&ran, func(w http.ResponseWriter, r *http.Request) {
			leave()
			echo(w, r)
		}))
		e.router.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(ctx, "POST", toolPath, strings.NewReader(`{"records":[]}`)))
		if ran || e.log.line(t, "request")["caller_left"] != true {
			t.Errorf("ran %v: %s", ran, e.log)
		}
	})
	t.Run("is confirmed to a caller who leaves once the answer has begun", func(t *testing.T) {
		t.Parallel()
		ran := false
		ctx, leave := context.WithCancel(t.Context())
		e := newEdge(t, hooked(&ran, func(w http.ResponseWriter, r *http.Request) {
			echo(w, r)
			leave()
		}))
		e.router.ServeHTTP(
			httptest.NewRecorder(),
			httptest.NewRequestWithContext(ctx, "POST", toolPath, strings.NewReader(`{"records":[{"a":1}]}`)),
		)
		if !ran {
			t.Error("the hook did not run")
		}
	})
	t.Run("is not confirmed to a caller who left between a stream's progress and its answer", func(t *testing.T) {
		t.Parallel()
		ran := false
		ctx, leave := context.WithCancel(t.Context())
		e := newEdge(t, func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.WriteString(w, "progress")
			leave()
			request.CallFrom(r.Context()).OnDelivered(func() { ran = true })
			_, _ = io.WriteString(w, "answer")
		})
		e.router.ServeHTTP(
			httptest.NewRecorder(),
			httptest.NewRequestWithContext(ctx, "POST", toolPath, strings.NewReader(`{"records":[{"a":1}]}`)),
		)
		if ran {
			t.Error("the hook ran")
		}
	})
	t.Run("is not confirmed where the answer could not be written", func(t *testing.T) {
		t.Parallel()
		ran := false
		e := newEdge(t, hooked(&ran, echo))
		r := httptest.NewRequestWithContext(t.Context(), "POST", toolPath, strings.NewReader(`{"records":[]}`))
		e.router.ServeHTTP(&brokenWriter{httptest.NewRecorder()}, r)
		if ran {
			t.Error("the hook ran")
		}
	})
}

// tellOfAJob answers 200 with another call's problem inside, as get_job does.
func tellOfAJob(w http.ResponseWriter, r *http.Request) {
	Renderer{}.Document(r.Context(), problem.New(problem.UnknownOutcome, problem.Text{}))
	echo(w, r)
}

// brokenWriter is a connection that has gone.
type brokenWriter struct{ *httptest.ResponseRecorder }

func (w *brokenWriter) Write([]byte) (int, error) { return 0, errors.New("broken pipe") }

func TestRecorder(t *testing.T) {
	t.Parallel()
	t.Run("keeps the first final status", func(t *testing.T) {
		t.Parallel()
		rec := recorded(httptest.NewRecorder())
		if rec.written() != http.StatusOK || rec.status != 0 {
			t.Errorf("before: %d %d", rec.written(), rec.status)
		}
		rec.WriteHeader(http.StatusEarlyHints)
		if rec.status != 0 {
			t.Errorf("an early hint was taken for the answer: %d", rec.status)
		}
		rec.WriteHeader(http.StatusTeapot)
		_, _ = rec.Write([]byte("x"))
		if rec.status != http.StatusTeapot {
			t.Errorf("got %d", rec.status)
		}
	})
	t.Run("wraps once", func(t *testing.T) {
		t.Parallel()
		rec := recorded(httptest.NewRecorder())
		if recorded(rec) != rec {
			t.Error("wrapped twice")
		}
	})
	t.Run("lets a stream flush", func(t *testing.T) {
		t.Parallel()
		w := httptest.NewRecorder()
		http.Flusher(recorded(w)).Flush()
		if !w.Flushed {
			t.Error("not flushed")
		}
	})
}
