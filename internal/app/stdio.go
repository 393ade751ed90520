package app

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/rowgate/rowgate/internal/httpd"
	"github.com/rowgate/rowgate/internal/problem"
	"github.com/rowgate/rowgate/internal/secret"
	"github.com/rowgate/rowgate/internal/tenant"
)

// ErrNoConnection is returned by ServeMCP if neither a connection key nor an app is configured.
var ErrNoConnection = errors.New("no connection is configured: set ROWGATE_CONNECTION_KEY, or FEISHU_APP_ID and FEISHU_APP_SECRET " +
	"(没有可用的连接：请设置 ROWGATE_CONNECTION_KEY，或 FEISHU_APP_ID 和 FEISHU_APP_SECRET)")

// testKey refuses a connection key that no call could use, before a client is told of any tool.
func (a *App) testKey(ctx context.Context, key secret.Text) error {
	if key.IsZero() {
		return nil
	}
	if _, err := a.authenticator.Admit(tenant.WithCaller(ctx, tenant.Caller{Bearer: key}), tenant.Claim{}); err != nil {
		said := problem.From(err)
		fix := cmp.Or(said.Fix, problem.Lookup(said.Code).Fix)
		return fmt.Errorf("ROWGATE_CONNECTION_KEY: %s %s (%s%s)", said.Detail.EN, fix.EN, said.Detail.ZH, fix.ZH)
	}
	return nil
}

// ServeMCP is the service for the one MCP client at the other end of in and out: the same store, write path and tools, and no
// listener. Every call is made with the connection key, or, if it is empty, as the configured app, limited to the configured
// base and table where there are any. It returns when in ends or ctx does, once the lanes are drained.
func ServeMCP(ctx context.Context, o Options, key secret.Text, in io.ReadCloser, out io.WriteCloser) (err error) {
	if key.IsZero() && o.Config.SingleTenant.AppID == "" {
		return ErrNoConnection
	}
	if _, err := Catalogue().ParseFamilies(o.Families); err != nil {
		return err
	}
	a := newApp(o)
	a.publicURL = a.config.PublicURL // nothing listens here: without one, a problem's type is a path alone
	defer func() { err = errors.Join(err, a.close()) }()
	if err := a.open(ctx); err != nil {
		return err
	}
	if err := a.testKey(ctx, key); err != nil {
		return err
	}
	p := a.parts(a.keyring)
	if key.IsZero() {
		p.callers = a.configured()
	}
	server, err := a.newMCP(httpd.Renderer{PublicURL: a.publicURL, Logger: a.logger}, catalogue(p), o.Version)
	if err != nil {
		return err
	}
	if err := a.outbox.Start(ctx); err != nil {
		return err
	}
	if err := a.jobs.Start(ctx); err != nil { // close stops it
		return err
	}
	a.background(ctx)
	defer func() { err = errors.Join(err, a.outbox.Stop(context.WithoutCancel(ctx))) }()
	return server.Run(tenant.WithCaller(ctx, tenant.Caller{Bearer: key}), in, out)
}
