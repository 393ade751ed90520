// Package importer writes the rows of a source into a table, through the public HTTP API of a service: rowgate import. It can be ended at
// any time; the same import goes on where it stopped, and no row is written twice.
package importer

import (
	"context"
	"errors"
	"io"
	"net/http"
	"time"

	"github.com/rowgate/rowgate/internal/problem"
	"github.com/rowgate/rowgate/internal/secret"
	"github.com/rowgate/rowgate/internal/source"
)

// Sizes of an import. A request is as large as the largest batch that Feishu takes: such requests keep their order in the lane, so that
// the rows stand in the table as in the file, and a few of them keep the lane busy.
const (
	requestRows  = 1_000   // rows of a request; the service takes 10,000 (docs/contract.md §3)
	requestBytes = 8 << 20 // bytes of a request's rows; the service takes 20 MiB
	maxRowBytes  = 8 << 20 // bytes of one row in a request, its column names included
	ahead        = 4       // requests that are accepted and not done
	sampleRows   = 10_000  // rows from which the columns of a new table are inferred
	sampleBytes  = 8 << 20 // bytes of those rows
)

// Credentials are how the service knows the caller: a connection key, or the three others.
type Credentials struct {
	ConnectionKey, Passphrase, AppID, AppSecret secret.Text
}

// Options are what an import is asked to do.
type Options struct {
	URL         string // of the service, without a slash at the end
	Table       string // link of the table, or of the base with CreateTable
	Credentials Credentials
	Map         []string // SOURCE=COLUMN
	Skip        []string // columns of the source that are left out
	Keys        []string // columns by which rows are found; upsert
	CreateTable string   // name of a new table; "": the table is there
	DryRun      bool
	Errors      string // file of the refused rows
	FromRow     int    // row of the source to begin at, which begins anew; 0: go on
	StateDir    string // where checkpoints are kept
	Language    problem.Lang
}

// Doer makes HTTP calls. It is implemented by *http.Client.
type Doer interface {
	Do(request *http.Request) (*http.Response, error)
}

// Terminal is where an import reports.
type Terminal struct {
	Out      io.Writer // what was found and what became of the rows
	Progress io.Writer // how far it is
	Bar      bool      // Progress is a terminal: it gets a bar in place of lines
}

// Result is how an import ended.
type Result struct {
	Rows    int // rows that the service answered for, in this run and those before it that it continues
	Refused int // rows that were not written; Errors has them
}

// Failure is why an import stopped, with what to do about it.
type Failure struct {
	Text problem.Text
}

// Error implements error.
func (f *Failure) Error() string { return f.Text.EN }

func fail(zh, en string) error { return &Failure{problem.Text{ZH: zh, EN: en}} }

// run is one import under way.
type run struct {
	options  *Options
	file     *source.File
	client   *client
	say      *speaker
	table    description
	mapping  *mapping
	state    *state
	progress *progress
	began    time.Time
	warnings *warnings // of this run alone
}

// Run imports a file. Errors: a *Failure or *source.Refusal, a *Refused of the service, that of ctx, or the system's.
func Run(ctx context.Context, file *source.File, options *Options, doer Doer, terminal Terminal) (Result, error) {
	r := &run{
		options: options, file: file, client: &client{doer: doer, options: options}, say: &speaker{terminal.Out, options.Language},
		began: time.Now(), warnings: &warnings{},
	}
	r.progress = newProgress(terminal, options.Language)
	r.client.waiting = r.progress.waiting
	defer r.release()
	if err := r.open(ctx); err != nil {
		return Result{}, err
	}
	if options.DryRun {
		return r.rehearse(ctx)
	}
	return r.write(ctx)
}

// release lets another command import the file.
func (r *run) release() {
	if r.state != nil && r.state.held != nil {
		_ = r.state.held.Close() // nothing was written to it
	}
}

// open finds the table, or what will be one, and maps the columns of the source to its own.
func (r *run) open(ctx context.Context) error {
	r.say.line("%s: %s · %s 行 · %d 列", "%s: %s · %s rows · %d columns",
		r.file.Path, r.file.About.In(r.options.Language), grouped(r.file.Total), len(r.file.Columns()))
	if r.file.Faulty > 0 {
		r.say.line("其中 %s 行有问题，不会写入，原因见错误文件。", "%s of the rows are faulty and will not be written; the errors file says why.",
			grouped(r.file.Faulty))
	}
	if r.options.CreateTable != "" {
		return r.openNew(ctx)
	}
	err := r.describe(ctx, "")
	if err == nil {
		r.state, err = openState(r.options, r.file, r.table.AppToken+" "+r.table.TableID)
	}
	if err == nil {
		r.mapping, err = mapColumns(r.file.Columns(), r.table.Fields, r.options)
	}
	return err
}

// openNew makes the table, or finds the one that this import made before it was ended.
func (r *run) openNew(ctx context.Context) (err error) {
	if r.state, err = openState(r.options, r.file, r.options.Table+" "+r.options.CreateTable); err != nil {
		return err
	}
	if r.state.Table != "" {
		err := r.describe(ctx, r.state.Table)
		if refused, ok := errors.AsType[*Refused](err); !ok || refused.Code != problem.TableNotFound || r.options.FromRow == 0 {
			if err == nil {
				r.mapping, err = mapColumns(r.file.Columns(), r.table.Fields, r.options)
			}
			return err
		}
	}
	r.mapping, err = mapColumns(r.file.Columns(), nil, r.options)
	if err != nil || r.options.DryRun {
		return err
	}
	return r.create(ctx)
}

// describe asks for the table's columns; id is that of a table that this import made, else "".
func (r *run) describe(ctx context.Context, id string) error {
	body := object{"app_token": r.options.Table}
	if id != "" {
		body["table_id"] = id
	}
	if err := r.client.ask(ctx, "/v1/tables/describe", body, &r.table); err != nil {
		return err
	}
	r.say.line("→ 表“%s”（%s），服务 %s", "→ table “%s” (%s), service %s", r.table.TableName, r.table.TableID, r.options.URL)
	return nil
}

// create makes the table from the first rows and notes its id, so that the same command does not make another one.
func (r *run) create(ctx context.Context) error {
	samples, err := r.samples(ctx)
	if err != nil {
		return err
	}
	var made struct {
		AppToken string `json:"app_token"`
		TableID  string `json:"table_id"`
		Fields   []struct {
			Name string `json:"name"`
			Type string `json:"type"`
		} `json:"fields"`
	}
	body := object{"app_token": r.options.Table, "name": r.options.CreateTable, "sample_rows": samples}
	if err := r.client.ask(ctx, "/v1/tables", body, &made); err != nil {
		return err
	}
	r.state.Table = made.TableID
	if err := r.state.save(); err != nil {
		return err
	}
	r.table = description{AppToken: made.AppToken, TableID: made.TableID, TableName: r.options.CreateTable}
	r.say.line("新建了表“%s”（%s）：", "Made the table “%s” (%s):", r.options.CreateTable, made.TableID)
	for _, field := range made.Fields {
		r.say.line("  %s  %s", "  %s  %s", pad(field.Name, 24), field.Type)
	}
	return nil
}
