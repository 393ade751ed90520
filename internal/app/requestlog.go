package app

import (
	"context"
	"log/slog"
	"net/http"

	"github.com/rowgate/rowgate/internal/httpd"
	"github.com/rowgate/rowgate/internal/outbox/sqlite"
	"github.com/rowgate/rowgate/internal/requestlog"
	logstore "github.com/rowgate/rowgate/internal/requestlog/sqlite"
)

// logSuffix makes the name of the request log's file, beside the database.
const logSuffix = ".requests"

// answersSecret is the tool whose answer holds a secret: nothing of it is kept.
const answersSecret = "create_connection"

// openLog opens the request log, and what is kept of contents if the operator wants that. On PostgreSQL it is in memory.
func (a *App) openLog(ctx context.Context) (err error) {
	path := logstore.Memory
	if file := a.config.Database.Path; file != "" && file != sqlite.Memory {
		path = file + logSuffix
	}
	if a.logStore, err = logstore.Open(ctx, path); err != nil {
		return err
	}
	if a.log, err = requestlog.Open(ctx, requestlog.Options{
		Store: a.logStore, Keyring: a.keyring, Logger: a.logger, Metrics: a.registry,
	}); err != nil {
		return err
	}
	if a.config.ConsoleContents {
		a.contents = requestlog.NewKeeper(ctx, a.logStore, a.keyring, a.logger)
	}
	return nil
}

// closeLog stores what is left of the log.
func (a *App) closeLog() {
	if a.contents != nil {
		a.contents.Close()
	}
	if a.log != nil {
		a.log.Close()
	}
	if a.logStore != nil {
		if err := a.logStore.Close(); err != nil {
			a.logger.Warn("request log not closed", slog.Any("error", err))
		}
	}
}

// record logs a finished request of a caller who is known. Pages, health checks and strangers are nobody's requests.
func (a *App) record(r *http.Request, f httpd.Finished) {
	if f.Caller == "" && f.Tool != "" {
		f.Caller = a.authenticator.NameOf(r.Context())
	}
	if f.Caller == "" {
		return
	}
	line := requestlog.Line{
		At: f.Began, Took: f.Took, RequestID: f.RequestID, Caller: f.Caller, Tenant: f.Tenant, Tool: f.Tool, Route: f.Route, Table: f.Table,
		Code: f.Code, Status: f.Status, LogID: f.LogID, JobID: f.JobID, Rows: f.Rows, Calls: f.UpstreamCalls + f.SharedCalls,
		Replay: f.Replay, Left: r.Context().Err() != nil, Marks: f.Marks, Upstream: f.Upstream,
	}
	if origin := requestlog.OriginFrom(r.Context()); origin != nil {
		line.Origin = origin.Name
		origin.Tenant = f.Tenant
	}
	a.log.Record(line)
}

// keep keeps what a request held and was answered.
func (a *App) keep(e httpd.Exchange) {
	a.contents.Keep(requestlog.Content{
		RequestID: e.RequestID, Tenant: e.Tenant, Path: e.Path, Request: e.Request, Answer: e.Answer, Status: e.Status,
	})
}
