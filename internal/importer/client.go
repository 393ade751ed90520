package importer

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/rowgate/rowgate/internal/backoff"
	"github.com/rowgate/rowgate/internal/problem"
)

const (
	maxAnswerBytes = 64 << 20         // of an answer
	patience       = 15 * time.Minute // how long a service may be away before an import stops
	askPatience    = 30 * time.Second // the same for the calls before the first row, at which a person waits
	maxInternal    = 5                // attempts at a call that is answered 500
	longestWait    = 30 * time.Second // between two attempts, whatever Retry-After says
)

// waits are the waits between attempts.
var waits = backoff.Policy{Base: 500 * time.Millisecond, Cap: 10 * time.Second, Half: true}

type object map[string]any

// client calls the service. One goroutine may use it for writes while another asks for jobs.
type client struct {
	doer    Doer
	options *Options
	waiting func(why error, wait time.Duration) // told before a repeat
}

// Refused is a problem that the service answered and that a repeat does not mend.
type Refused struct {
	Status     int
	RetryAfter time.Duration

	problem.Document
}

// Error implements error: status, code and detail.
func (r *Refused) Error() string { return fmt.Sprintf("%d %s: %s", r.Status, r.Code, r.Detail) }

// unreachable is a call that got no answer of the service.
type unreachable struct{ cause error }

// Error implements error.
func (u *unreachable) Error() string { return u.cause.Error() }

// Unwrap returns the cause.
func (u *unreachable) Unwrap() error { return u.cause }

// ask makes a call before the first row: a service that is not there is an error soon.
func (c *client) ask(ctx context.Context, path string, body object, into any) error {
	data, err := json.Marshal(body)
	if err != nil {
		return err
	}
	err = c.repeat(ctx, path, data, into, askPatience)
	if gone, ok := errors.AsType[*unreachable](err); ok {
		return fail(
			fmt.Sprintf("连不上服务 %s（%v）。请确认它在运行（rowgate serve），或用 --url 指定地址。", c.options.URL, gone.cause),
			fmt.Sprintf("No service answers at %s (%v). Make sure that it runs (rowgate serve), or name it with --url.", c.options.URL, gone.cause))
	}
	return err
}

// call makes a call that is part of the import: it is repeated with the same body, and so the same idempotency key, for a long time.
func (c *client) call(ctx context.Context, path string, body []byte, into any) error {
	return c.repeat(ctx, path, body, into, patience)
}

// repeat makes a call until it is answered with something that a repeat does not change.
func (c *client) repeat(ctx context.Context, path string, body []byte, into any, within time.Duration) error {
	began, internal := time.Now(), 0
	for attempt := 1; ; attempt++ {
		err := c.once(ctx, path, body, into)
		if err == nil || ctx.Err() != nil {
			return errors.Join(err, ctx.Err())
		}
		wait := waits.Delay(attempt)
		refused, answered := errors.AsType[*Refused](err)
		_, lost := errors.AsType[*unreachable](err)
		switch {
		case answered:
			if refused.Status == http.StatusInternalServerError {
				internal++
			}
			if !refused.again() || internal >= maxInternal {
				return err
			}
			wait = min(max(wait, refused.RetryAfter), longestWait)
		case !lost || within == askPatience && attempt > 1 && isRefused(err):
			return err
		}
		if time.Since(began)+wait > within {
			return err
		}
		c.waiting(err, wait)
		if err := backoff.Wait(ctx, wait); err != nil {
			return err
		}
	}
}

// again reports whether the same request may be answered otherwise later.
func (r *Refused) again() bool {
	switch r.Status {
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout,
		http.StatusInternalServerError:
		return r.Code != problem.UnknownOutcome
	case http.StatusConflict:
		return r.Code == problem.InFlight
	}
	return false
}

// once makes a call once. Errors: *Refused, *unreachable.
func (c *client) once(ctx context.Context, path string, body []byte, into any) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, c.options.URL+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("X-Language", string(c.options.Language))
	c.options.Credentials.sign(request.Header)
	response, err := c.doer.Do(request)
	if err != nil {
		if failed, ok := errors.AsType[*url.Error](err); ok {
			err = failed.Err
		}
		return &unreachable{err}
	}
	defer response.Body.Close()
	data, err := io.ReadAll(io.LimitReader(response.Body, maxAnswerBytes))
	if err != nil {
		return &unreachable{err}
	}
	if response.StatusCode == http.StatusOK || response.StatusCode == http.StatusAccepted {
		if err := json.Unmarshal(data, into); err != nil {
			return notRowgate(c.options.URL)
		}
		return nil
	}
	refused := &Refused{Status: response.StatusCode}
	if seconds, err := strconv.Atoi(response.Header.Get("Retry-After")); err == nil {
		refused.RetryAfter = time.Duration(seconds) * time.Second
	}
	if err := json.Unmarshal(data, &refused.Document); err != nil || refused.Code == "" {
		if !refused.again() {
			return notRowgate(c.options.URL)
		}
		refused.Detail = http.StatusText(response.StatusCode)
	}
	return refused
}

// sign adds what the caller is known by.
func (c *Credentials) sign(header http.Header) {
	if !c.ConnectionKey.IsZero() {
		header.Set("Authorization", "Bearer "+c.ConnectionKey.Reveal())
		return
	}
	header.Set("X-Passphrase", c.Passphrase.Reveal())
	header.Set("X-App-Id", c.AppID.Reveal())
	header.Set("X-App-Secret", c.AppSecret.Reveal())
}

func notRowgate(at string) error {
	return fail(fmt.Sprintf("%s 的回答不是 Rowgate 的。请检查 --url，以及中间的代理。", at),
		fmt.Sprintf("What answers at %s is not Rowgate. Check --url, and the proxies in between.", at))
}
