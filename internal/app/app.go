// Package app wires the packages together and runs them. End-to-end tests run the same App as main.
package app

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/sync/errgroup"

	"github.com/rowgate/rowgate/internal/attachment"
	"github.com/rowgate/rowgate/internal/config"
	"github.com/rowgate/rowgate/internal/directory"
	"github.com/rowgate/rowgate/internal/feishu/client"
	"github.com/rowgate/rowgate/internal/httpd"
	"github.com/rowgate/rowgate/internal/job"
	"github.com/rowgate/rowgate/internal/memory"
	"github.com/rowgate/rowgate/internal/outbox"
	"github.com/rowgate/rowgate/internal/outbox/postgres"
	"github.com/rowgate/rowgate/internal/requestlog"
	logstore "github.com/rowgate/rowgate/internal/requestlog/sqlite"
	"github.com/rowgate/rowgate/internal/secret"
	"github.com/rowgate/rowgate/internal/surface/console"
	"github.com/rowgate/rowgate/internal/surface/single"
	"github.com/rowgate/rowgate/internal/telemetry"
	"github.com/rowgate/rowgate/internal/tenant"
)

// answerFor bounds the time for answering the requests that wait for a write, after the lanes are empty.
const answerFor = 5 * time.Second

// Options of an App.
type Options struct {
	Config  *config.Config
	Logger  *slog.Logger
	Version string
	// Families are the families of tools that ServeMCP shows, as tool.Catalogue.ParseFamilies reads them.
	Families string
	// Advice is what main found of the environment beyond Config, for the console's settings check.
	Advice []config.Problem
}

// App is the running service. Its methods are safe for concurrent use.
type App struct {
	config        *config.Config
	logger        *slog.Logger
	registry      *prometheus.Registry
	store         database
	owner         *postgres.Owner // of lanes that several instances share; nil for SQLite
	client        *client.Client
	directory     *directory.Directory
	uploader      *attachment.Uploader
	people        *attachment.People
	outbox        *outbox.Outbox
	jobs          *job.Engine
	health        *httpd.Health
	keys          keyState        // of the database; sealAnew owns it once it runs
	keyring       *secret.Keyring // the configured keys with the database's name key
	authenticator *tenant.Authenticator
	guard         *single.Guard
	bounds        bounds
	publicURL     string
	families      string // of ServeMCP
	advice        []config.Problem
	console       *console.Console
	log           *requestlog.Recorder
	logStore      *logstore.Store
	contents      *requestlog.Keeper // nil if none are kept
	public        *httpd.Server
	admin         *httpd.Server // nil if off

	serving errgroup.Group
	behind  sync.WaitGroup // work that Stop cancels by quit
	quit    context.CancelFunc
	ended   chan struct{} // closed when a server ends by itself
	end     sync.Once     // of ended: both servers may end at once
	stop    sync.Once
	stopErr error
}

// Start opens the store, resumes what an earlier run left, and serves. Stop it in the end.
func Start(ctx context.Context, o Options) (*App, error) {
	a := newApp(o)
	err := a.open(ctx)
	if err == nil {
		err = a.listen(ctx, o.Version)
	}
	if err != nil {
		return nil, errors.Join(err, a.close())
	}
	a.background(ctx)
	a.serve(a.public)
	if a.admin != nil {
		a.serve(a.admin)
	}
	return a, nil
}

func newApp(o Options) *App {
	telemetry.QuietStandardLog(o.Logger) // libraries show what they received
	return &App{
		config: o.Config, logger: o.Logger, families: o.Families, advice: o.Advice, registry: telemetry.NewRegistry(),
		health: &httpd.Health{}, ended: make(chan struct{}), bounds: divide(memory.Limit()),
	}
}

// open makes every part, from the store up; what was opened before an error is closed by close.
func (a *App) open(ctx context.Context) error {
	var err error
	if err := a.openDatabase(ctx); err != nil {
		return err
	}
	keyring := a.keyring
	if a.client, err = client.New(client.Options{
		Keyring: keyring, BaseURL: a.config.FeishuBaseURL, Registerer: a.registry, Logger: a.logger,
		Answers: a.bounds.answers, MaxResponseBytes: a.bounds.Answer,
	}); err != nil {
		return err
	}
	a.directory = directory.New(a.client, a.client.Digest)
	a.uploader = attachment.NewUploader(attachment.UploaderOptions{
		Media: a.client, Digest: a.client.Digest, AllowRetry: a.client.AllowRetry,
	})
	a.people = attachment.NewPeople(a.client, a.client.Digest)
	if a.outbox, err = outbox.New(outbox.Options{
		Store: a.store, Writer: a.client, Reader: a.client, Keyring: keyring, Digest: a.client.Digest,
		AllowRetry: a.client.AllowRetry, Logger: a.logger, Metrics: a.registry,
		Memory: a.bounds.rows, Sealing: a.bounds.sealing, Sending: a.bounds.sending,
		Lane: a.bounds.lane, Tenant: a.bounds.tenant, Total: a.bounds.total, Owner: a.lanes(),
	}); err != nil {
		return err
	}
	if err := a.openJobs(ctx); err != nil {
		return err
	}
	if err := a.openLog(ctx); err != nil {
		return err
	}
	a.health.Checks = map[string]func(context.Context) error{"store": a.store.Ping}
	a.authenticator = tenant.NewAuthenticator(a.config.Passphrases, a.config.Keyring)
	a.guard = a.newGuard()
	return nil
}

// listen takes the addresses and begins what earlier runs left; nothing is answered before serve.
func (a *App) listen(ctx context.Context, version string) error {
	// The address is known once it is listened on, and the documents name it.
	var (
		handler http.Handler
		err     error
	)
	late := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { handler.ServeHTTP(w, r) })
	if a.public, err = httpd.Listen(ctx, a.config.Listen, late, a.logger); err != nil {
		return err
	}
	a.publicURL = cmp.Or(a.config.PublicURL, a.URL())
	if handler, err = a.handler(a.keyring, version); err != nil {
		return err
	}
	if a.config.AdminListen != "" {
		admin := httpd.Admin(a.registry)
		guarded := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { admin.ServeHTTP(w, r) })
		if a.admin, err = httpd.Listen(ctx, a.config.AdminListen, guarded, a.logger); err != nil {
			return err
		}
		if names, guard := httpd.LoopbackHosts(a.config.AdminListen, a.admin.Addr(), a.config.PublicURL); guard {
			admin = httpd.AdminHosts(httpd.Renderer{PublicURL: a.publicURL, Logger: a.logger}, names, admin)
		}
	}
	if err := a.outbox.Start(ctx); err != nil {
		return err
	}
	return a.jobs.Start(ctx)
}

// background begins the work that nobody waits for; close ends it.
func (a *App) background(ctx context.Context) {
	ctx, a.quit = context.WithCancel(context.WithoutCancel(ctx))
	first := a.keys.First // sealAnew owns the state from now on
	a.behind.Go(func() { a.sealAnew(ctx, a.keyring) })
	if a.owner != nil {
		a.behind.Go(func() { a.keepKey(ctx, first) })
	}
}

func (a *App) serve(server *httpd.Server) {
	a.serving.Go(func() error {
		err := server.Serve()
		if err != nil {
			a.logger.Error("server ended", slog.String("error", err.Error()))
			a.end.Do(func() { close(a.ended) })
		}
		return err
	})
}

// URL is the address of the public listener as this machine reaches it.
func (a *App) URL() string {
	host, port, _ := net.SplitHostPort(a.public.Addr().String())
	if ip := net.ParseIP(host); ip == nil || ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return "http://" + net.JoinHostPort(host, port)
}

// Wait serves until ctx is done or a server ends, then stops. It settles the memory of the process, which therefore has one App.
func (a *App) Wait(ctx context.Context) error {
	memory.Settle()
	select {
	case <-ctx.Done():
		a.logger.InfoContext(ctx, "stopping", slog.String("reason", context.Cause(ctx).Error()))
	case <-a.ended:
	}
	return a.Stop(context.WithoutCancel(ctx))
}

// Stop takes no new work, lets the lanes drain (outbox.DrainFor), answers who waits, and closes everything. What could not
// be written in time stays in the store for the next start. It may be called more than once.
func (a *App) Stop(ctx context.Context) error {
	a.stop.Do(func() {
		a.health.Drain()
		if a.console != nil {
			a.console.Close()
		}
		worked := make(chan error, 1)
		go func() { worked <- a.jobs.Stop(ctx) }() // while the lanes drain
		drained := errors.Join(a.outbox.Stop(ctx), <-worked)
		answering, cancel := context.WithTimeout(ctx, answerFor)
		defer cancel()
		stopped := a.public.Stop(answering)
		var admin error
		if a.admin != nil {
			admin = a.admin.Stop(answering)
		}
		a.stopErr = errors.Join(drained, stopped, admin, a.serving.Wait(), a.close())
	})
	return a.stopErr
}

func (a *App) close() error {
	if a.public != nil {
		_ = a.public.Stop(context.Background()) // nothing to do for one that is stopped already
	}
	if a.quit != nil {
		a.quit()
		a.behind.Wait()
	}
	if a.jobs != nil {
		_ = a.jobs.Stop(context.Background()) // nothing to do for one that is stopped already
	}
	a.closeLog()
	if a.authenticator != nil {
		a.authenticator.Close()
		a.guard.Close()
	}
	if a.directory != nil {
		a.directory.Close()
		a.uploader.Close()
		a.people.Close()
	}
	if a.client != nil {
		a.client.Close()
	}
	var left error
	if a.owner != nil {
		left = a.owner.Close()
	}
	if a.store != nil {
		return errors.Join(left, a.store.Close())
	}
	return left
}
