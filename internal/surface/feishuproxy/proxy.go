// Package feishuproxy lets a caller speak Feishu's own Open API through the service: status, headers worth keeping and body go
// through as they are, in both directions, and only the token is another one.
//
// What goes through here is the caller's own business, by its contract: nothing is coerced, merged or repeated, and a lost
// answer leaves its outcome open. Exactly once is what the tools give; the proxy shares with them the token cache, the
// limiter and the breakers.
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

// Feishu makes the calls. *client.Client is one.
type Feishu interface {
	Forward(ctx context.Context, app feishu.App, f client.Forward) (*client.Answer, error)
	Token(ctx context.Context, app feishu.App) (secret.Text, time.Time, error)
}

// Proxy passes calls on. It is safe for concurrent use.
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

// Answer is Feishu's answer, to be passed back as it is. Its body must be closed.
type Answer = client.Answer

const (
	versioned   = "/bitable/v1/apps/"
	unversioned = "/bitable/apps/" // the same calls, as a predecessor of this proxy spelled them
	table       = ":table_id"
)

// Forward makes the call with the app that the caller may use. The error is a problem: the guard's, not_found for a call that
// is not about a base's records, fields, tables or views, or why Feishu gave no answer.
func (p *Proxy) Forward(ctx context.Context, c Call) (*Answer, error) {
	path := c.Path
	if rest, ok := strings.CutPrefix(path, unversioned); ok {
		path = versioned + rest
	}
	api, params, known := feishu.Match(c.Method, path)
	if !known || !strings.HasPrefix(path, versioned) {
		if _, err := p.Guard.Any(ctx); err != nil { // strangers learn nothing, not even this
			return nil, err
		}
		return nil, problem.New(problem.NotFound, problem.Text{
			ZH: "这里只转发多维表格的记录、字段、数据表和视图接口（/open-apis/bitable/v1/apps/…）。",
			EN: "Only the calls on a base's records, fields, tables and views are passed on (/open-apis/bitable/v1/apps/…).",
		})
	}
	app, err := p.Guard.App(ctx, placeOf(api, params))
	if err != nil {
		return nil, err
	}
	return p.Feishu.Forward(ctx, app, client.Forward{
		API: api, Params: params, RawQuery: c.RawQuery, Header: c.Header, Body: c.Body, ContentLength: c.Length,
	})
}

// placeOf reads base and table from the path: they are its first parameters.
func placeOf(api *feishu.API, params []string) single.Place {
	place := single.Place{AppToken: params[0]}
	if strings.Contains(api.Path, table) {
		place.TableID = params[1]
	}
	return place
}
