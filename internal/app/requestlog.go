package app

import (
	"context"
	"errors"
	"log/slog"
	"math"
	"net/http"
	"os"
	"time"

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
	if a.logStore, err = a.openLogStore(ctx, path); err != nil {
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

// openLogStore opens the file of the request log. A log is no reason not to write rows: a file that is damaged is renamed, and where
// none can be made the log is in memory.
func (a *App) openLogStore(ctx context.Context, path string) (*logstore.Store, error) {
	store, err := soundLog(ctx, path)
	if err == nil || path == logstore.Memory {
		return store, err
	}
	aside := path + ".damaged-" + time.Now().UTC().Format("20060102T150405")
	a.logger.WarnContext(ctx, "the request log cannot be read: it is renamed, and a new one begins",
		slog.String("file", aside), slog.Any("error", err))
	for _, suffix := range []string{"", "-wal", "-shm"} {
		_ = os.Rename(path+suffix, aside+suffix) // what is not there needs no moving; what cannot be moved is seen by the next line
	}
	if store, err = soundLog(ctx, path); err == nil {
		return store, nil
	}
	a.logger.WarnContext(ctx, "the request log is kept in memory until the next start", slog.Any("error", err))
	return soundLog(ctx, logstore.Memory)
}

// soundLog opens a request log and reads from it.
func soundLog(ctx context.Context, path string) (*logstore.Store, error) {
	store, err := logstore.Open(ctx, path)
	if err != nil {
		return nil, err
	}
	if _, err := store.BlocksBefore(ctx, math.MaxInt64, 1); err != nil {
		return nil, errors.Join(err, store.Close())
	}
	return store, nil
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
