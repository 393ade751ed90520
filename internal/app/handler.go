package app

import (
	"log/slog"
	"net/http"

	"github.com/go-chi/chi/v5"

	"github.com/rowgate/rowgate/internal/attachment"
	"github.com/rowgate/rowgate/internal/directory"
	"github.com/rowgate/rowgate/internal/feishu/client"
	"github.com/rowgate/rowgate/internal/httpd"
	"github.com/rowgate/rowgate/internal/intake"
	"github.com/rowgate/rowgate/internal/memory"
	"github.com/rowgate/rowgate/internal/outbox"
	"github.com/rowgate/rowgate/internal/problem"
	"github.com/rowgate/rowgate/internal/secret"
	"github.com/rowgate/rowgate/internal/surface/feishuproxy"
	"github.com/rowgate/rowgate/internal/surface/mcp"
	"github.com/rowgate/rowgate/internal/surface/snippet"
	"github.com/rowgate/rowgate/internal/telemetry"
	"github.com/rowgate/rowgate/openapi"
	"github.com/rowgate/rowgate/tool"
	files "github.com/rowgate/rowgate/tool/attachment"
	"github.com/rowgate/rowgate/tool/connection"
	"github.com/rowgate/rowgate/tool/diagnose"
	"github.com/rowgate/rowgate/tool/job"
	"github.com/rowgate/rowgate/tool/link"
	"github.com/rowgate/rowgate/tool/record"
	"github.com/rowgate/rowgate/tool/table"
)

// fingerprintPurpose separates what makes two requests the same write from every other MAC.
const fingerprintPurpose = "request fingerprint"

// parts holds the dependencies of the catalogue's tools.
type parts struct {
	callers       tool.Authenticator // authenticates callers: authenticator, except for the surfaces of one configured app
	authenticator connection.Authenticator
	directory     *directory.Directory
	outbox        *outbox.Outbox
	client        *client.Client
	identify      func(parts ...[]byte) [32]byte // a MAC: what makes two requests the same write
	publicURL     string
	fetcher       *attachment.Fetcher
	uploader      *attachment.Uploader
	people        *attachment.People
	found         *memory.Budget // of the rows that searches find
}

// catalogue lists every tool, in the order of the documents.
func catalogue(p parts) tool.Catalogue {
	access := &tool.Access{Authenticator: p.callers, Directory: p.directory, Digest: p.client.Digest}
	records := &record.Service{
		Access: access, Tables: p.directory, Outbox: mcp.Watched{Outbox: p.outbox, Digest: p.client.Digest}, Rows: p.client,
		Print: p.identify, Files: files.Parts,
		Found:   p.found,
		Lookups: &files.Resolver{Fetcher: p.fetcher, Uploader: p.uploader, People: p.people},
	}
	maker := table.NewMaker(p.client)
	records.Columns = maker
	tables := &table.Service{Access: access, Directory: p.directory}
	return tool.Catalogue{
		record.Write(records),
		record.Update(records),
		record.Delete(records),
		record.Search(records),
		record.Get(records),
		job.Get(access, p.outbox, p.publicURL),
		table.Describe(tables),
		table.List(tables),
		table.Create(tables, maker),
		table.CreateFields(tables, maker),
		link.Resolve(access),
		files.Upload(access, p.fetcher, p.uploader),
		diagnose.Diagnose(&diagnose.Service{Access: access, Client: p.client, Tables: p.directory}),
		connection.Create(p.authenticator, p.client),
		job.Cancel(access, p.outbox, p.publicURL),
		table.CreateBase(access, maker, p.client),
		table.UpdateField(tables, maker, p.client),
		table.DeleteField(tables, maker, p.client),
		table.ListViews(tables, p.client),
		table.CreateView(tables, maker, p.client),
	}
}

// parts returns the dependencies of this service's tools.
func (a *App) parts(keyring *secret.Keyring) parts {
	return parts{
		callers: a.authenticator, authenticator: a.authenticator,
		directory: a.directory, outbox: a.outbox, client: a.client, publicURL: a.publicURL,
		fetcher: attachment.NewFetcher(attachment.FetcherOptions{Guard: a.newEgress()}), uploader: a.uploader, people: a.people,
		found:    a.bounds.found,
		identify: func(parts ...[]byte) [32]byte { return keyring.MACBytes(fingerprintPurpose, parts...) },
	}
}

// handler is the whole public surface.
func (a *App) handler(keyring *secret.Keyring, version string) (http.Handler, error) {
	options := httpd.Options{
		PublicURL: a.publicURL, FromRequest: a.config.PublicURL == "", Logger: a.logger, Health: a.health, Parse: intake.Parse,
		BodyLimits:     feishuproxy.ProxyBodyLimits(),
		Dialect:        feishuproxy.Dialect,
		TrustedProxies: a.config.TrustedProxies, AllowedOrigins: a.config.AllowedOrigins, WholeBodies: wholeBodies(),
		Admit: a.admitEarly, BufferedBytes: a.bounds.Bodies, Finished: a.record,
	}
	if a.contents != nil {
		options.Exchanged = a.keep
	}
	options.Hosts, options.GuardHosts = httpd.LoopbackHosts(a.config.Listen, a.public.Addr(), a.config.PublicURL)
	options.HostPaths = hostPaths()
	options.OriginPaths = []string{mcp.Path}
	renderer := options.Renderer()
	p := a.parts(keyring)
	tools := catalogue(p)
	options.Tools = make(map[string]httpd.Tool, len(tools))
	names := make([]string, 0, len(tools))
	for _, t := range tools {
		options.Tools[t.Path] = httpd.Tool{Name: t.Name, Spec: t.Spec, Keeps: t.Name != answersSecret}
		names = append(names, t.Name)
	}
	codes := make([]string, 0, len(problem.Codes()))
	for _, code := range problem.Codes() {
		codes = append(codes, string(code))
	}
	options.Metrics = telemetry.NewMetrics(a.registry, names, codes)
	router, err := httpd.NewRouter(options)
	if err != nil {
		return nil, err
	}
	named := a.publicURL
	if options.FromRequest {
		named = openapi.FromRequest
	}
	documents, err := openapi.Serve(router, tools, openapi.Options{PublicURL: named, Version: version, Renderer: renderer})
	if err != nil {
		return nil, err
	}
	documents.Routes(router)
	describe, _ := tools.Find("describe_table")
	snippet.Routes(router, snippet.Options{PublicURL: a.publicURL, Describe: describe, Problems: renderer})
	whole := openapi.WithRenderer(renderer)(router)
	if err := a.routeConsole(router, whole, version); err != nil {
		return nil, err
	}
	if err := a.surfaces(router, renderer, p, tools, version); err != nil {
		return nil, err
	}
	if a.config.MetricsPublic {
		router.Handle("/metrics", httpd.Metrics(a.registry))
	}
	return whole, nil
}

// Catalogue lists every tool without what runs it, for documents and tests.
func Catalogue() tool.Catalogue { return catalogue(parts{client: &client.Client{}}) }

// Documents renders what the service publishes about itself, without a service. families are as ?families= has them.
func Documents(publicURL, version, families string) (*openapi.Documents, error) {
	renderer := httpd.Renderer{PublicURL: publicURL, Logger: slog.New(slog.DiscardHandler)}
	library, err := openapi.Serve(chi.NewRouter(), Catalogue(), openapi.Options{PublicURL: publicURL, Version: version, Renderer: renderer})
	if err != nil {
		return nil, err
	}
	return library.Documents(families)
}
