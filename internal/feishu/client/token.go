package client

import (
	"context"
	"encoding/json"
	"log/slog"
	"time"

	"github.com/maypok86/otter/v2"

	"github.com/rowgate/rowgate/internal/feishu"
	"github.com/rowgate/rowgate/internal/secret"
)

// How tokens live. Feishu gives the same token again while it has 30 minutes or more left, and a new one below that, when
// both are valid. https://open.feishu.cn/document/server-docs/authentication-management/access-token/tenant_access_token_internal
const (
	renewBelow   = 29 * time.Minute // renewed in the background, a minute inside the time that gives a new one
	dropBelow    = 5 * time.Minute  // never used with less left
	renewRetry   = 30 * time.Second // after a failed renewal
	refusalKept  = 3 * time.Second  // a flood of calls with one wrong secret asks Feishu once in this time
	shortLived   = 2 * dropBelow    // tokens that live no longer than this are used for half their life
	maxTokenLife = 2 * time.Hour    // Feishu's own bound
)

// token is one cached answer of the token endpoint: a token, or the refusal of this very credential.
type token struct {
	value   string
	expiry  time.Time
	refusal *feishu.Error
}

// life returns how long the answer may be served from now on.
func (t token) life() time.Duration {
	if t.refusal != nil {
		return refusalKept
	}
	left := time.Until(t.expiry)
	if left <= shortLived {
		return max(left/2, time.Millisecond)
	}
	return left - dropBelow
}

// renewAfter returns when a renewal in the background is due; never before a short-lived token is dropped anyway.
func (t token) renewAfter() time.Duration {
	left := time.Until(t.expiry)
	if t.refusal != nil || left <= renewBelow {
		return t.life()
	}
	return left - renewBelow
}

// renewal tells the cache when to renew.
type renewal struct{}

// RefreshAfterCreate implements otter.RefreshCalculator.
func (renewal) RefreshAfterCreate(e otter.Entry[string, token]) time.Duration {
	return e.Value.renewAfter()
}

// RefreshAfterUpdate implements otter.RefreshCalculator.
func (renewal) RefreshAfterUpdate(e otter.Entry[string, token], _ token) time.Duration {
	return e.Value.renewAfter()
}

// RefreshAfterReload implements otter.RefreshCalculator.
func (renewal) RefreshAfterReload(e otter.Entry[string, token], _ token) time.Duration {
	return e.Value.renewAfter()
}

// RefreshAfterReloadFailure implements otter.RefreshCalculator.
func (renewal) RefreshAfterReloadFailure(otter.Entry[string, token], error) time.Duration {
	return renewRetry
}

func (c *Client) newTokenCache(size int) *otter.Cache[string, token] {
	return otter.Must(&otter.Options[string, token]{
		MaximumSize:       size,
		ExpiryCalculator:  otter.ExpiryWritingFunc(func(e otter.Entry[string, token]) time.Duration { return e.Value.life() }),
		RefreshCalculator: renewal{},
		Executor:          c.background.Go,
		Logger:            cacheLogger{c.logger},
	})
}

// Token returns a valid tenant_access_token of the app and when it expires; the error is a *Error. A PersonalBaseToken is its own token,
// of which nothing is asked: its expiry is the zero Time.
func (c *Client) Token(ctx context.Context, app feishu.App) (secret.Text, time.Time, error) {
	t, err := c.token(ctx, c.session(app))
	if err != nil {
		return secret.Text{}, time.Time{}, err
	}
	return secret.New(t.value), t.expiry, nil
}

// token returns the cached token or fetches one; any number of callers share one fetch.
func (c *Client) token(ctx context.Context, s session) (token, *feishu.Error) {
	if s.app.IsPersonal() {
		return token{value: s.app.Secret.Reveal()}, nil
	}
	t, err := c.tokenFor(ctx, s)
	switch {
	case err == nil && t.refusal != nil:
		refusal := *t.refusal
		return token{}, &refusal
	case err == nil:
		return t, nil
	}
	return token{}, asError(feishu.APIToken, err)
}

// tokenFor reads through the cache. A fetch is shared, so it ends neither with the caller who began it nor holds another for
// longer than its own time; it ends with the client.
func (c *Client) tokenFor(ctx context.Context, s session) (token, error) {
	if _, ok := c.tokens.GetIfPresent(s.digest); ok {
		return c.tokens.Get(ctx, s.digest, tokenLoader{c, s}) // at once; it may begin a renewal
	}
	type answer struct {
		token token
		err   error
	}
	answered := make(chan answer, 1)
	c.background.Go(func() {
		fetching, cancel := context.WithCancel(context.WithoutCancel(ctx))
		defer cancel()
		defer context.AfterFunc(c.life, cancel)()
		t, err := c.tokens.Get(fetching, s.digest, tokenLoader{c, s})
		answered <- answer{t, err}
	})
	select {
	case a := <-answered:
		return a.token, a.err
	case <-ctx.Done():
		return token{}, ctx.Err()
	}
}

// dropToken forgets the token that Feishu refused, unless it has been replaced already.
func (c *Client) dropToken(s session, refused string) {
	c.tokens.ComputeIfPresent(s.digest, func(cached token) (token, otter.ComputeOp) {
		if cached.value == refused {
			return cached, otter.InvalidateOp
		}
		return cached, otter.CancelOp
	})
}

// tokenLoader fetches the token of one session.
type tokenLoader struct {
	client  *Client
	session session
}

// Load fetches a token on a caller's time. A refused credential is an answer too, kept for refusalKept.
func (l tokenLoader) Load(ctx context.Context, _ string) (token, error) {
	t, err := l.client.fetchToken(ctx, l.session)
	switch {
	case err == nil:
		return t, nil
	case err.Code != 0 && err.Class == feishu.ClassAccess:
		return token{refusal: err}, nil
	}
	return token{}, err
}

// Reload renews in the background, on the client's own time; when it fails, the old token is served as long as it holds.
func (l tokenLoader) Reload(_ context.Context, _ string, _ token) (token, error) {
	t, err := l.client.fetchToken(l.client.life, l.session)
	if err != nil {
		return token{}, err
	}
	return t, nil
}

// fetchToken asks Feishu for a token, with the repeats of a read.
func (c *Client) fetchToken(ctx context.Context, s session) (token, *feishu.Error) {
	body, _ := json.Marshal(map[string]string{"app_id": s.app.ID, "app_secret": s.app.Secret.Reveal()}) // strings always marshal
	for attempt := 1; ; attempt++ {
		var answer struct {
			Token  string `json:"tenant_access_token"`
			Expire int64  `json:"expire"` // seconds
		}
		asked := time.Now()
		err := c.send(ctx, s, outgoing{api: feishu.APIToken, url: s.host.base + "/open-apis" + feishu.APIToken.Path, body: body, head: &answer})
		if err == nil && (answer.Token == "" || answer.Expire <= 0) {
			err = feishu.APIToken.NewError(feishu.ClassServer, "the answer contains no token", nil)
		}
		if err == nil {
			life := min(time.Duration(answer.Expire)*time.Second, maxTokenLife)
			return token{value: answer.Token, expiry: asked.Add(life)}, nil
		}
		if !c.again(ctx, s.host, err, attempt) {
			return token{}, err
		}
	}
}

// asError returns the *Error in err, or wraps the end of a context.
func asError(api *feishu.API, err error) *feishu.Error {
	if e, ok := err.(*feishu.Error); ok { //nolint:errorlint // our own, never wrapped
		return e
	}
	return api.NewError(feishu.ClassUnreachable, "the caller gave up", err)
}

// cacheLogger passes on what the token cache reports: a renewal that failed. The error holds no secret.
type cacheLogger struct{ logger *slog.Logger }

// Warn implements otter.Logger.
func (l cacheLogger) Warn(ctx context.Context, _ string, err error) {
	l.logger.WarnContext(ctx, "token renewal failed", slog.Any("error", err))
}

// Error implements otter.Logger.
func (l cacheLogger) Error(ctx context.Context, _ string, err error) {
	l.logger.ErrorContext(ctx, "token renewal failed", slog.Any("error", err))
}
