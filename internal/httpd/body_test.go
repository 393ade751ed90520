package httpd

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"strings"
	"testing"

	"github.com/rowgate/rowgate/internal/intake"
	"github.com/rowgate/rowgate/internal/problem"
)

func TestBodyLimit(t *testing.T) {
	t.Parallel()
	// spaces is a body of n bytes that holds no rows.
	body := func(n int) io.Reader {
		return io.MultiReader(strings.NewReader(`{"records":[]}`), io.LimitReader(spaces{}, int64(n-len(`{"records":[]}`))))
	}
	for name, test := range map[string]struct {
		length int64 // announced; -1: none
		size   int
		status int
	}{
		"takes a body of exactly the limit":              {length: intake.MaxBodyBytes, size: intake.MaxBodyBytes, status: 200},
		"takes one of unknown length":                    {length: -1, size: intake.MaxBodyBytes, status: 200},
		"refuses one byte more by what is announced":     {length: intake.MaxBodyBytes + 1, size: 0, status: 413},
		"refuses one byte more that was never announced": {length: -1, size: intake.MaxBodyBytes + 1, status: 413},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := newEdge(t, echo)
			r := httptest.NewRequestWithContext(t.Context(), "POST", toolPath, body(max(test.size, 14)))
			r.ContentLength = test.length
			w := httptest.NewRecorder()
			e.router.ServeHTTP(w, r)
			if w.Code != test.status {
				t.Fatalf("%d %s", w.Code, w.Body)
			}
			if test.status == 413 {
				if doc := problemOf(t, w); doc["code"] != "body_too_large" || w.Header().Get("Connection") != "close" {
					t.Errorf("%v %v", doc, w.Header())
				}
			}
		})
	}
	t.Run("holds for handlers that read for themselves", func(t *testing.T) {
		t.Parallel()
		e := newEdge(t, echo)
		e.router.Post("/raw", func(w http.ResponseWriter, r *http.Request) {
			if _, err := io.Copy(io.Discard, r.Body); err != nil {
				Renderer{}.Write(w, r, err)
			}
		})
		r := httptest.NewRequestWithContext(t.Context(), "POST", "/raw", body(intake.MaxBodyBytes+1))
		r.ContentLength = -1
		w := httptest.NewRecorder()
		e.router.ServeHTTP(w, r)
		if w.Code != 413 {
			t.Errorf("%d %s", w.Code, w.Body)
		}
	})
}

func TestBodyBudget(t *testing.T) {
	t.Parallel()
	read := func(t *testing.T, b *bodyBudget, body io.Reader, length int64) ([]byte, *reservation, error) {
		t.Helper()
		r := httptest.NewRequestWithContext(t.Context(), "POST", "/", body)
		r.ContentLength = length
		return b.read(httptest.NewRecorder(), r)
	}
	t.Run("reads a body as it is, whatever is announced and however it arrives", func(t *testing.T) {
		t.Parallel()
		for _, size := range []int{0, 1, firstBodyBytes - 1, firstBodyBytes, firstBodyBytes + 1, 5 * firstBodyBytes} {
			want := bytes.Repeat([]byte("行"), size/3+1)[:size]
			for _, length := range []int64{int64(size), -1} {
				got, held, err := read(t, newBodyBudget(1<<20, 0), oneByOne{bytes.NewReader(want)}, length)
				if err != nil || !bytes.Equal(got, want) || held.bytes < int64(size) {
					t.Errorf("%d bytes, announced %d: %d bytes, %d held, %v", size, length, len(got), held.bytes, err)
				}
			}
		}
	})
	t.Run("refuses what exceeds it, and has all back in the end", func(t *testing.T) {
		t.Parallel()
		budget := newBodyBudget(4*firstBodyBytes, 0)
		_, first, err := read(t, budget, io.LimitReader(spaces{}, firstBodyBytes+1), -1)
		if err != nil {
			t.Fatal(err)
		}
		_, second, err := read(t, budget, io.LimitReader(spaces{}, 1), -1)
		if problem.From(err).Code != problem.Overloaded {
			t.Errorf("got %v", err)
		}
		first.shrink(1)
		if budget.used != 1 {
			t.Errorf("what was given back is not free: %d", budget.used)
		}
		first.shrink(0)
		first.shrink(0)
		second.shrink(0)
		if budget.used != 0 || len(budget.byAddress) != 0 {
			t.Error("not all was given back")
		}
	})
	t.Run("costs what arrives, not what is announced", func(t *testing.T) {
		t.Parallel()
		_, held, err := read(t, newBodyBudget(DefaultBufferedBytes, 0), strings.NewReader("{}"), intake.MaxBodyBytes)
		if err != nil || held.bytes != firstBodyBytes {
			t.Errorf("%d bytes held, %v", held.bytes, err)
		}
	})
	t.Run("is no more than what is announced, once that has nearly come", func(t *testing.T) {
		t.Parallel()
		const size = 5*firstBodyBytes + 1
		_, held, err := read(t, newBodyBudget(DefaultBufferedBytes, 0), io.LimitReader(spaces{}, size), size)
		if err != nil || held.bytes != size+1 {
			t.Errorf("%d bytes held for %d, %v", held.bytes, size, err)
		}
	})
	t.Run("is given back after each request", func(t *testing.T) {
		t.Parallel()
		budget := newBodyBudget(2*firstBodyBytes, 0)
		handler := takeIn{health: &Health{}, tools: map[string]Tool{toolPath: {}}, budget: budget, parse: intake.Parse}.
			middleware(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				if budget.used != r.ContentLength { // while it runs, it holds what was made of its body
					t.Errorf("%d bytes are counted, the canonical body has %d", budget.used, r.ContentLength)
				}
			}))
		for _, body := range []string{"{}" + strings.Repeat(" ", 100), `{`} {
			handler.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(t.Context(), "POST", toolPath, strings.NewReader(body)))
		}
		if budget.used != 0 {
			t.Error("some is missing")
		}
	})
	t.Run("leaves half to other addresses, and a reserve to small bodies", func(t *testing.T) {
		t.Parallel()
		const mib = 1 << 20
		budget := newBodyBudget(DefaultBufferedBytes, DefaultBufferedBytes/reservedOf)
		one, two, three := netip.MustParsePrefix("192.0.2.1/32"), netip.MustParsePrefix("192.0.2.2/32"), netip.MustParsePrefix("192.0.2.3/32")
		for _, step := range []struct {
			address netip.Prefix
			held, n int64
			want    bool
		}{
			{one, 0, 64 * mib, true},
			{one, 0, 1, false},                    // its share
			{two, 0, 48 * mib, true},              // all but the reserve
			{three, 0, smallBodyBytes + 2, false}, // a large body
			{three, 0, smallBodyBytes, true},
			{three, smallBodyBytes, 2, false}, // a small one that proves to be large
			{two, 0, firstBodyBytes, true},
		} {
			if got := budget.take(step.address, step.held, step.n); got != step.want {
				t.Errorf("%d more for %v, which has %d: %v", step.n, step.address, step.held, got)
			}
		}
	})
	t.Run("takes several of the largest bodies", func(t *testing.T) {
		t.Parallel()
		if DefaultBufferedBytes < 4*intake.MaxBodyBytes {
			t.Errorf("%d bytes", DefaultBufferedBytes)
		}
	})
}

func TestBodyError(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		err  error
		code problem.Code
		word string
	}{
		"says that a body was cut":      {io.ErrUnexpectedEOF, problem.BadBody, "before the whole body arrived"},
		"says that a body was slow":     {os.ErrDeadlineExceeded, problem.BadBody, "within 30 seconds"},
		"says nothing of other errors":  {errors.New(canary), problem.BadBody, "before the whole body arrived"},
		"keeps a limit's error as such": {&http.MaxBytesError{}, problem.BodyTooLarge, "20 MiB"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := classify(BodyError(test.err))
			if got.Code != test.code || !strings.Contains(got.Detail.EN, test.word) || strings.Contains(got.Detail.EN, canary) {
				t.Errorf("got %v", got)
			}
		})
	}
}

// spaces is an endless run of spaces.
type spaces struct{}

func (spaces) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = ' '
	}
	return len(p), nil
}

// oneByOne hands out a small piece at a time.
type oneByOne struct{ io.Reader }

func (r oneByOne) Read(p []byte) (int, error) { return r.Reader.Read(p[:min(len(p), 7)]) }
