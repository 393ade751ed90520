// Package feishuproxy passes calls of Feishu's Open API through the service. Status, body and the relevant headers are unchanged in
// both directions; only the token is replaced.
//
// The proxy does not coerce, merge or repeat anything, and the outcome of a lost answer is unknown to the caller: only the tools
// write exactly once. An Idempotency-Key of a create becomes Feishu's client_token. It shares the token cache, the
// limiter and the breakers with them.
package feishuproxy

import (
	"context"
	"io"
	"strings"
	"time"

	"github.com/rowgate/rowgate/internal/feishu"
	"github.com/rowgate/rowgate/internal/feishu/client"
	"github.com/rowgate/rowgate/internal/problem"
	"github.com/rowgate/rowgate/internal/secret"
	"github.com/rowgate/rowgate/internal/surface/single"
)

// Feishu makes the calls. *client.Client implements it.
type Feishu interface {
	Forward(ctx context.Context, app feishu.App, f client.Forward) (*client.Answer, error)
	Token(ctx context.Context, app feishu.App) (secret.Text, time.Time, error)
}

// Proxy passes on calls. It is safe for concurrent use.
type Proxy struct {
	Guard  *single.Guard
	Feishu Feishu
}

// Call is a call of the Open API as its caller made it.
type Call struct {
	Method   string
	Path     string // below /open-apis, as sent
	RawQuery string // as sent
	Header   map[string][]string
	Body     io.Reader // nil for none; an io.Seeker can be sent again
	Length   int64     // of Body in bytes, -1 if it is not known
}

// Answer is Feishu's answer, returned unchanged. Its body must be closed.
type Answer = client.Answer

const (
	versioned   = "/bitable/v1/apps/"
	unversioned = "/bitable/apps/" // the same calls, with the paths of an earlier proxy
	table       = ":table_id"
	records     = ":table_id/records"
)

// Forward makes the call with the app that the caller may use. Errors are problems: the guard's; key_scope for a call beyond the
// caller's key; not_found for a call that is not served; those of a call without an answer.
func (p *Proxy) Forward(ctx context.Context, c Call) (*Answer, error) {
	path := strings.TrimSuffix(c.Path, "/") // some programs end their paths with a slash
	if rest, ok := strings.CutPrefix(path, unversioned); ok {
		path = versioned + rest
	}
	api, params, known := feishu.Match(c.Method, path)
	if !known || !isServed(api) {
		if _, err := p.Guard.Any(ctx); err != nil { // a caller without valid credentials does not learn which calls exist
			return nil, err
		}
		return nil, problem.New(problem.NotFound, problem.Text{
			ZH: "这里没有转发这个飞书接口。", EN: "This call of Feishu's is not served here.",
		})
	}
	app, check, err := p.admit(ctx, api, params, &c)
	if err != nil {
		return nil, err
	}
	c.Path = path // the same call under both its paths
	query, repeatable, err := withToken(api, &c)
	if err != nil {
		return nil, err
	}
	answer, err := p.Feishu.Forward(ctx, app, client.Forward{
		API: api, Params: params, RawQuery: query, Header: c.Header, Body: c.Body, ContentLength: c.Length,
	})
	if err != nil {
		if refused := check.refusal(); refused != nil { // the body was not sent to its end
			return nil, refused
		}
		return nil, lost(err, api, repeatable)
	}
	return answer, nil
}

// admit returns the app to use. A key that is limited to a base or table opens what the path names of it, and of media and wiki nodes
// what query or body name of it. The check is of a body that is checked while it is sent, else nil.
func (p *Proxy) admit(ctx context.Context, api *feishu.API, params []string, c *Call) (feishu.App, *checkedUpload, error) {
	if strings.HasPrefix(api.Path, versioned) {
		app, err := p.Guard.App(ctx, resourceOf(api, params))
		return app, nil, err
	}
	target, err := p.Guard.Scope(ctx)
	if err != nil || target.AppToken == "" {
		return target.App, nil, err
	}
	check, err := p.keepWithin(ctx, &target, api, c)
	return target.App, check, err
}

// resourceOf returns base and table of the call: the first parameters of its path. What writes fields, views or tables alters them:
// bodies of such calls name other tables (link, lookup and formula fields).
func resourceOf(api *feishu.API, params []string) single.Resource {
	resource := single.Resource{AppToken: params[0], Alters: !api.Read && !strings.Contains(api.Path, records)}
	if strings.Contains(api.Path, table) {
		resource.TableID = params[1]
	}
	return resource
}
