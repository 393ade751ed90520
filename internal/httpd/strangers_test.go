package httpd

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"

	"github.com/rowgate/rowgate/internal/problem"
)

// unread fails the test if anybody reads it.
type unread struct{ t *testing.T }

func (u unread) Read([]byte) (int, error) {
	u.t.Error("the body was read")
	return 0, errors.New("read")
}

// stalled is a body that does not come until goOn is closed; it says on reading that it is waited for.
type stalled struct{ reading, goOn chan struct{} }

func (s stalled) Read([]byte) (int, error) {
	s.reading <- struct{}{}
	<-s.goOn
	return 0, io.ErrUnexpectedEOF
}

func TestStrangers(t *testing.T) {
	t.Parallel()
	t.Run("with a wrong passphrase in a header do not get a large body read", func(t *testing.T) {
		t.Parallel()
		wrong := problem.New(problem.BadPassphrase, problem.Text{})
		e := newEdge(t, echo, func(o *Options) { o.Admit = func(*http.Request) error { return wrong } })
		for _, length := range []int64{-1, smallBodyBytes + 1} {
			r := httptest.NewRequestWithContext(t.Context(), "POST", toolPath, unread{t})
			r.ContentLength = length
			r.Header.Set("X-Passphrase", "x")
			w := httptest.NewRecorder()
			e.router.ServeHTTP(w, r)
			if w.Code != http.StatusUnauthorized || w.Header().Get("Connection") != "close" {
				t.Errorf("%d bytes: answered %d %v", length, w.Code, w.Header())
			}
		}
	})
	t.Run("with more bodies that do not come than an address may have requests do not shut it out", func(t *testing.T) {
		t.Parallel()
		e := newEdge(t, echo)
		body := stalled{make(chan struct{}), make(chan struct{})}
		var ended sync.WaitGroup
		refused := make(chan int, MaxRequestsPerAddress+6)
		for range cap(refused) {
			ended.Go(func() {
				r := httptest.NewRequestWithContext(t.Context(), "POST", toolPath, body)
				r.ContentLength = 10
				w := httptest.NewRecorder()
				e.router.ServeHTTP(w, r)
				refused <- w.Code
			})
			select {
			case <-body.reading:
			case status := <-refused:
				t.Errorf("answered %d before its body came", status)
			}
		}
		if w := e.do(t, post(`{"records":[]}`)); w.Code != http.StatusOK {
			t.Errorf("a whole body beside them: %d %s", w.Code, w.Body)
		}
		go func() {
			for range body.reading { // a broken body may be read more than once
			}
		}()
		close(body.goOn)
		ended.Wait()
		close(body.reading)
	})
	t.Run("are not asked where the body may hold the passphrase", func(t *testing.T) {
		t.Parallel()
		e := newEdge(t, echo, func(o *Options) {
			o.Admit = func(*http.Request) error { return problem.New(problem.BadPassphrase, problem.Text{}) }
		})
		small := post(`{"records":[]}`).with("Authorization", "Bearer x")
		large := post(`{"records":[]` + strings.Repeat(" ", smallBodyBytes) + `}`)
		for _, c := range []call{small, large} {
			if w := e.do(t, c); w.Code != http.StatusOK {
				t.Errorf("answered %d %s", w.Code, w.Body)
			}
		}
	})
	t.Run("behind a proxy that nobody named are logged once", func(t *testing.T) {
		t.Parallel()
		proxies := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}
		e := newEdge(t, echo, func(o *Options) { o.TrustedProxies = proxies })
		for _, peer := range []string{"10.1.2.3:1", "192.0.2.7:1", "192.0.2.8:1"} {
			r := httptest.NewRequestWithContext(t.Context(), "GET", pathHealth, http.NoBody)
			r.RemoteAddr = peer
			r.Header.Set("X-Forwarded-For", "198.51.100.1")
			e.router.ServeHTTP(httptest.NewRecorder(), r)
		}
		if log := e.log.String(); strings.Count(log, "X-Forwarded-For is ignored") != 1 || !strings.Contains(log, `"peer":"192.0.2.7"`) {
			t.Errorf("logged %s", log)
		}
	})
}
