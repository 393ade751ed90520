package httpd

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
)

func TestHealth(t *testing.T) {
	t.Parallel()
	get := func(path string) call { return call{method: http.MethodGet, target: path} }
	t.Run("is well while every check passes", func(t *testing.T) {
		t.Parallel()
		e := newEdge(t, echo)
		e.health.Checks = map[string]func(context.Context) error{"store": func(context.Context) error { return nil }}
		for _, path := range []string{pathHealth, pathReady} {
			if w := e.do(t, get(path)); w.Code != 200 || strings.TrimSpace(w.Body.String()) != `{"ok":true}` {
				t.Errorf("%s: %d %s", path, w.Code, w.Body)
			}
		}
	})
	t.Run("is up but not ready when a check fails, and keeps the reason to the log", func(t *testing.T) {
		t.Parallel()
		e := newEdge(t, echo)
		e.health.Checks = map[string]func(context.Context) error{"store": func(context.Context) error { return errors.New(canary) }}
		if w := e.do(t, get(pathHealth)); w.Code != 200 {
			t.Errorf("%d", w.Code)
		}
		w := e.do(t, get(pathReady))
		if doc := problemOf(t, w); w.Code != 503 || doc["code"] != "overloaded" || !strings.Contains(w.Body.String(), "store") {
			t.Errorf("%d %s", w.Code, w.Body)
		}
		if line := e.log.line(t, "not ready"); line["check"] != "store" || strings.Contains(e.log.String()+w.Body.String(), canary) {
			t.Errorf("%v %s", line, w.Body)
		}
	})
	t.Run("is up but not ready while draining", func(t *testing.T) {
		t.Parallel()
		e := newEdge(t, echo)
		e.health.Drain()
		e.health.Drain()
		if w := e.do(t, get(pathHealth)); w.Code != 200 {
			t.Errorf("%d", w.Code)
		}
		if w := e.do(t, get(pathReady)); w.Code != 503 || problemOf(t, w)["code"] != "draining" {
			t.Errorf("%d %s", w.Code, w.Body)
		}
	})
	t.Run("does not wait for a check that hangs", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			e := newEdge(t, echo)
			e.health.Checks = map[string]func(context.Context) error{"store": func(ctx context.Context) error {
				<-ctx.Done()
				return ctx.Err()
			}}
			if w := e.do(t, get(pathReady)); w.Code != 503 {
				t.Errorf("%d", w.Code)
			}
		})
	})
}
