package core

import (
	"strings"
	"sync"
	"time"
)

// limits counts calls per API and app in fixed windows, per base, and per tenant and month.
type limits struct {
	mu      sync.Mutex
	windows map[windowKey]*window
	quota   map[string]int
}

// windowKey names what is counted: an endpoint and app, or a base.
type windowKey struct {
	endpoint, subject string
	per               time.Duration
}

type window struct {
	began time.Time
	calls int
}

func (l *limits) reset() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.windows, l.quota = map[windowKey]*window{}, map[string]int{}
}

// admit counts the call or refuses it. A refused call is not counted.
func (l *limits) admit(c *Call) *Failure {
	rates := c.Route.Rates
	if c.Route.Class == ClassAuth && c.Options.TokensPerMinute > 0 {
		rates = []Rate{{c.Options.TokensPerMinute, time.Minute}}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if !c.Options.RatesOff && !l.take(c.Route.Name, c.AppID, rates) {
		if c.Options.Overload == OverloadService && strings.HasPrefix(c.Route.Path, "/bitable/") {
			return Fail(1254290)
		}
		limit, reset := l.state(c.Route.Name, c.AppID, rates)
		return &Failure{code: 99991400, rateLimit: limit, rateReset: reset}
	}
	if c.Route.Class == ClassWrite && c.Options.BaseWritesPerSec > 0 && c.Params["app_token"] != "" &&
		!l.take("base", c.Params["app_token"], []Rate{{c.Options.BaseWritesPerSec, time.Second}}) {
		return &Failure{code: 1254112, msg: "TooManyRequestInSingleBase"}
	}
	if c.app != nil && c.Options.MonthlyQuota > 0 && l.quota[c.app.Spec.Load().Tenant] >= c.Options.MonthlyQuota {
		return Fail(99991403)
	}
	return nil
}

// take counts a call in all its windows, or in none when one of them is full.
func (l *limits) take(endpoint, subject string, rates []Rate) bool {
	now := time.Now()
	for _, r := range rates {
		key := windowKey{endpoint, subject, r.Per}
		w := l.windows[key]
		if w == nil {
			l.dropOld(now)
			w = &window{began: now}
			l.windows[key] = w
		}
		if now.Sub(w.began) >= r.Per {
			w.began, w.calls = now, 0
		}
		if w.calls >= r.Calls {
			return false
		}
	}
	for _, r := range rates {
		l.windows[windowKey{endpoint, subject, r.Per}].calls++
	}
	return true
}

// maxWindows bounds the windows kept: a claimed app_id at the token endpoints needs not exist.
const maxWindows = 10_000

func (l *limits) dropOld(now time.Time) {
	if len(l.windows) < maxWindows {
		return
	}
	for key, w := range l.windows {
		if now.Sub(w.began) >= key.per {
			delete(l.windows, key)
		}
	}
}

// state returns limit and whole seconds until reset of the full window that lasts longest.
func (l *limits) state(endpoint, subject string, rates []Rate) (limit, reset int) {
	for _, r := range rates {
		w := l.windows[windowKey{endpoint, subject, r.Per}]
		if w == nil || w.calls < r.Calls {
			continue
		}
		left := r.Per - time.Since(w.began)
		if seconds := int((left + time.Second - 1) / time.Second); seconds > reset {
			limit, reset = r.Calls, seconds
		}
	}
	return limit, max(reset, 1)
}

// spent counts an answered call against the tenant's month; token calls and 4xx/5xx are free.
func (l *limits) spent(c *Call, status int) {
	if c.app == nil || status >= 400 {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.quota[c.app.Spec.Load().Tenant]++
}
