package app

import (
	"context"
	"net/http"

	"github.com/go-chi/chi/v5"

	"github.com/rowgate/rowgate/internal/config"
	"github.com/rowgate/rowgate/internal/secret"
	"github.com/rowgate/rowgate/internal/surface/console"
)

// routeConsole adds the console to router. Its own calls go through whole, as everybody's do.
func (a *App) routeConsole(router chi.Router, whole http.Handler, version string) (err error) {
	a.console, err = console.New(console.Options{
		Service: whole, Authenticator: a.authenticator, PublicURL: a.publicURL, Logger: a.logger, Version: version, Check: a.findings,
		Log: a.log, Contents: a.contents, Gauges: a.gauges,
	})
	if err != nil {
		return err
	}
	router.Get("/", console.Home)
	a.console.Routes(router)
	return nil
}

// gauges are the metrics that are one number.
func (a *App) gauges() []console.Gauge {
	families, err := a.registry.Gather()
	if err != nil {
		return nil
	}
	var out []console.Gauge
	for _, family := range families {
		if family.GetType().String() == "GAUGE" && len(family.GetMetric()) == 1 {
			out = append(out, console.Gauge{Name: family.GetName(), Value: family.GetMetric()[0].GetGauge().GetValue()})
		}
	}
	return out
}

// SignInURL is the address of a one-time sign-in to the console for the owner of passphrase; the session offers sample to begin with.
func (a *App) SignInURL(passphrase secret.Text, sample console.Sample) string {
	return a.publicURL + a.console.OneTimeSignIn(passphrase, sample)
}

// findings is what `rowgate check` would say of this service, which runs: it has its port and its database.
func (a *App) findings(ctx context.Context) []console.Finding {
	var found Finding
	found.Problems = a.advice
	found.note("服务正在运行，地址 %s。", "The service is running at %s.", a.publicURL)
	if err := a.store.Ping(ctx); err != nil {
		found.refuse("ROWGATE_DATABASE_URL", "数据库不能写入：%v。", "The database cannot be written: %v.", oneLine(err))
	}
	found.retiredKeys(a.keys)
	if a.config.PublicURL == "" && a.config.BeyondLoopback() {
		found.Notes = append(found.Notes, config.PublicURLUnset)
	}
	var out []console.Finding
	for _, one := range found.Problems {
		out = append(out, console.Finding{Problem: true, Variable: one.Variable, Text: one.Text})
	}
	for _, note := range found.Notes {
		out = append(out, console.Finding{Text: note})
	}
	return out
}
