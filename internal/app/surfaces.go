package app

import (
	"context"
	"encoding/json"
	"net"
	"net/http"
	"net/netip"
	"slices"

	"github.com/go-chi/chi/v5"

	"github.com/rowgate/rowgate/internal/egress"
	"github.com/rowgate/rowgate/internal/feishu"
	"github.com/rowgate/rowgate/internal/httpd"
	"github.com/rowgate/rowgate/internal/intake"
	"github.com/rowgate/rowgate/internal/problem"
	"github.com/rowgate/rowgate/internal/request"
	"github.com/rowgate/rowgate/internal/surface/feishuproxy"
	"github.com/rowgate/rowgate/internal/surface/learning"
	"github.com/rowgate/rowgate/internal/surface/mcp"
	"github.com/rowgate/rowgate/internal/surface/single"
	"github.com/rowgate/rowgate/internal/tenant"
	"github.com/rowgate/rowgate/tool"
)

// wholeBodies are the paths of surfaces whose bodies are read whole.
func wholeBodies() []string {
	paths := append([]string{mcp.Path}, feishuproxy.ProxyWholeBodies()...)
	return append(paths, learning.SyncWholeBodies()...)
}

// hostPaths are the paths of surfaces that may trust whoever reaches a loopback listener, or that browsers are known to attack.
func hostPaths() []string { return append([]string{mcp.Path}, learning.SyncWholeBodies()...) }

// admitEarly judges the caller of a large body by its headers. The proxy's callers are judged by the proxy itself.
func (a *App) admitEarly(r *http.Request) error {
	switch path := httpd.RoutePath(r); {
	case slices.Contains(learning.SyncWholeBodies(), path):
		return a.guard.Token(r.Context())
	case slices.Contains(feishuproxy.ProxyWholeBodies(), path):
		return nil
	default:
		return a.admitMCP(r)
	}
}

// surfaces adds to router the surfaces that are not tools: MCP for the same catalogue, and the drop-ins for one configured app.
func (a *App) surfaces(router chi.Router, renderer httpd.Renderer, p parts, tools tool.Catalogue, version string) error {
	server, err := a.newMCP(renderer, tools, version)
	if err != nil {
		return err
	}
	router.Handle(mcp.Path, server.Handler(a.admitMCP))

	feishuproxy.RouteProxy(router, renderer, &feishuproxy.Proxy{Guard: a.guard, Feishu: a.client}, a.bounds.Proxied)

	own := a.config.SingleTenant
	admit := a.guard.Token
	if own.AppID == "" || own.BaseToken == "" {
		admit = func(context.Context) error { return single.Off() }
	}
	p.callers = a.configured()
	write, _ := catalogue(p).Find("write_records")
	learning.RouteSync(router, renderer, intake.Parse, admit, &learning.Sync{Write: write, UserIDType: own.UserIDType})
	return nil
}

// newGuard returns the authenticator of the drop-ins.
func (a *App) newGuard() *single.Guard {
	own := a.config.SingleTenant
	return single.New(single.Options{
		Token:  own.AuthToken,
		App:    feishu.App{ID: own.AppID, Secret: own.AppSecret, Brand: feishu.BrandFeishu},
		Access: &tool.Access{Authenticator: a.authenticator, Directory: a.directory, Digest: a.client.Digest},
	})
}

// newEgress returns the guard of addresses that callers name. The listeners are known once they listen, before any caller is served.
func (a *App) newEgress() *egress.Guard {
	return egress.New(egress.Options{Allow: a.config.EgressAllow, Listeners: func() []netip.AddrPort {
		var own []netip.AddrPort
		for _, server := range []*httpd.Server{a.public, a.admin} {
			if server == nil {
				continue
			}
			if address, ok := server.Addr().(*net.TCPAddr); ok {
				own = append(own, address.AddrPort())
			}
		}
		return own
	}})
}

// configured is the configured app, limited to its base and table where they are configured.
func (a *App) configured() single.Configured {
	own := a.config.SingleTenant
	return single.Configured{AppID: own.AppID, AppSecret: own.AppSecret, AppToken: own.BaseToken, TableID: own.TableID}
}

func (a *App) newMCP(renderer httpd.Renderer, tools tool.Catalogue, version string) (*mcp.Server, error) {
	return mcp.New(mcp.Options{
		Catalogue: tools, Parse: intake.Parse, Renderer: renderer, Jobs: a.outbox, Version: version, Logger: a.logger,
		Families: a.families,
	})
}

// passphraseHeader reads a passphrase as the tools do.
var passphraseHeader = intake.Spec{Params: []intake.Param{{Name: "passphrase", Header: "X-Passphrase", Secret: true}}}

// admitMCP authenticates a request to MCP by its passphrase or connection key; the tools check which app it may use.
func (a *App) admitMCP(r *http.Request) error {
	// Other query parameters of MCP clients are ignored; a secret among them is refused.
	_, err := intake.Parse(intake.Spec{}, intake.Input{Query: r.URL.Query(), RawQuery: r.URL.RawQuery})
	if err != nil && problem.From(err).Code == problem.SecretInQuery {
		return err
	}
	read, err := intake.Parse(passphraseHeader, intake.Input{Header: r.Header})
	if err != nil {
		return err
	}
	var conn tool.Connection
	if err := json.Unmarshal(read.JSON, &conn); err != nil {
		return err
	}
	identity, err := a.authenticator.Admit(r.Context(), tenant.Claim{Passphrase: conn.Passphrase})
	request.CallFrom(r.Context()).SetCaller(identity.Name)
	return err
}
