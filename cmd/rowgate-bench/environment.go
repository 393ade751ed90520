package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/rowgate/rowgate/internal/sandbox"
	"github.com/rowgate/rowgate/internal/secret"
)

// The columns of every table; columnMark names a row to the history.
const (
	columnMark   = "标题"
	columnCount  = "播放量"
	columnSelect = "平台"
	columnDate   = "发布日期"
	columnLink   = "频道"
)

// target is a table of a base, and an app that writes to it. Each has its own credential, lane and rate limit, but where
// environmentOptions say that all are of one base.
type target struct {
	appID, secret, base, table string
}

// environment is a simulated Feishu, a service process that writes to it, and a client of that service.
type environment struct {
	feishu     *sandbox.Sandbox
	feishuURL  string
	targets    []target
	service    *process
	caller     *caller
	passphrase string // of most callers
	other      string // of callers that count as another tenant
	admin      string // the service's address of profiles; "" without --profile
	dir        string
	power      *power // nil unless environmentOptions ask for it
}

// environmentOptions are the options of an environment.
type environmentOptions struct {
	targets int  // default 1
	oneBase bool // 2 apps and 2 tables of one base in place of targets: 4 of them
	sandbox sandbox.Options
	power   bool // the service's power can be cut
}

// open makes an environment and starts its service; the caller closes it. The rate limits of the simulated Feishu are off, because
// Rowgate keeps to them by itself and it is Rowgate that is measured.
func (b *bench) open(ctx context.Context, o environmentOptions) (*environment, error) {
	s := &environment{passphrase: secret.GenerateKey()[:20], other: secret.GenerateKey()[:20]}
	if err := s.openFeishu(o); err != nil {
		return nil, errors.Join(err, s.close())
	}
	if err := s.openService(ctx, b, o.power); err != nil {
		return nil, errors.Join(err, s.close())
	}
	return s, nil
}

func (s *environment) openFeishu(o environmentOptions) error {
	o.sandbox.RatesOff = true
	var err error
	if s.feishu, err = sandbox.New(o.sandbox); err != nil {
		return err
	}
	if o.oneBase {
		if s.targets, err = s.provisionBase([]string{"cli_example0", "cli_example1"}, 2); err != nil {
			return err
		}
	}
	for i := len(s.targets); i < max(1, o.targets); i++ {
		p, err := s.provisionBase([]string{fmt.Sprintf("cli_example%d", i)}, 1)
		if err != nil {
			return err
		}
		s.targets = append(s.targets, p...)
	}
	s.feishuURL, err = s.feishu.Start()
	return err
}

// provisionBase creates apps with a base that they share and its tables: a target for each app and table.
func (s *environment) provisionBase(apps []string, tables int) ([]target, error) {
	secrets := make([]string, len(apps))
	for i, app := range apps {
		secrets[i] = secret.GenerateKey()
		if err := s.feishu.AddApp(sandbox.AppSpec{ID: app, Secret: secrets[i], Tenant: apps[0]}); err != nil {
			return nil, err
		}
	}
	base, err := s.feishu.AddBase(sandbox.BaseSpec{Name: "改写", Collaborators: apps})
	if err != nil {
		return nil, err
	}
	channels, err := base.AddTable("频道", sandbox.FieldSpec{Name: "名称", Type: 1})
	if err != nil {
		return nil, err
	}
	var targets []target
	for i := range tables {
		table, err := base.AddTable(fmt.Sprint("视频", i+1),
			sandbox.FieldSpec{Name: columnMark, Type: 1},
			sandbox.FieldSpec{Name: columnCount, Type: 2},
			sandbox.FieldSpec{Name: columnSelect, Type: 3, Options: []string{"抖音", "B站"}},
			sandbox.FieldSpec{Name: columnDate, Type: 5},
			sandbox.FieldSpec{Name: columnLink, Type: 18, Property: map[string]any{"table_id": channels}},
		)
		if err != nil {
			return nil, err
		}
		for n, app := range apps {
			targets = append(targets, target{appID: app, secret: secrets[n], base: base.Token(), table: table})
		}
	}
	return targets, nil
}

// openService starts the service on a database of its own.
func (s *environment) openService(ctx context.Context, b *bench, outages bool) error {
	var err error
	if s.dir, err = os.MkdirTemp(b.dir, "service-"); err != nil {
		return err
	}
	address, err := freeAddress()
	if err != nil {
		return err
	}
	if b.Profile != "" {
		if s.admin, err = freeAddress(); err != nil {
			return err
		}
	}
	path, args, err := b.program()
	if err != nil {
		return err
	}
	s.service = newProcess(path, args, address,
		roleVariable+"="+roleService,
		"ROWGATE_LISTEN="+address,
		"ROWGATE_PASSPHRASE=bench:"+s.passphrase+",other:"+s.other,
		"ROWGATE_DATABASE_URL=sqlite:"+filepath.Join(s.dir, databaseFile),
		"ROWGATE_KEY="+secret.GenerateKey(),
		"ROWGATE_LOG=warn",
		"FEISHU_BASE_URL="+s.feishuURL,
		"ROWGATE_ADMIN_LISTEN="+s.admin,
	)
	if outages {
		s.power = &power{service: s.service, dir: s.dir}
		s.service.env = append(s.service.env, serviceWatch+"="+s.dir)
	}
	s.caller = newCaller(s.service.url)
	_, err = s.service.start(ctx)
	return err
}

// program is what a service process runs: the binary that was named, or this program in that role.
func (b *bench) program() (path string, args []string, err error) {
	if b.Rowgate != "" {
		return b.Rowgate, []string{"serve"}, nil
	}
	path, err = os.Executable()
	return path, nil, err
}

// close ends the service and then Feishu.
func (s *environment) close() error {
	var err error
	if s.service != nil {
		err = s.service.stop()
		s.caller.client.CloseIdleConnections()
	}
	if s.feishu != nil {
		err = errors.Join(err, s.feishu.Verify(), s.feishu.Close())
	}
	return err
}

// warm writes one row to each target, so that the service has its token and columns in its caches.
func (s *environment) warm(ctx context.Context) error {
	for i := range s.targets {
		if err := s.caller.mustWrite(ctx, s.write(i, fmt.Sprint("warm", i))); err != nil {
			return err
		}
	}
	s.feishu.ResetCalls()
	return nil
}

// warmMarks are the marks of the rows that warm writes.
func (s *environment) warmMarks() map[string]bool {
	marks := make(map[string]bool)
	for i := range s.targets {
		marks[fmt.Sprint("warm", i)] = true
	}
	return marks
}

// write is a call that writes one row with a mark into the i-th target.
func (s *environment) write(i int, marks ...string) call {
	return call{target: s.targets[i%len(s.targets)], passphrase: s.passphrase, body: rowsBody(marks...)}
}

// calls counts the write calls that Feishu got, and those that it refused because another write was under way.
func (s *environment) calls() (writes, conflicts int64) {
	const writeConflict = 1254291
	for _, count := range s.feishu.Calls() {
		switch count.Endpoint {
		case "record.create", "record.batch_create", "record.update", "record.batch_update":
			writes += count.Calls
			if count.Code == writeConflict {
				conflicts += count.Calls
			}
		}
	}
	return writes, conflicts
}

// landed counts the rows of all tables.
func (s *environment) landed() int {
	rows := make(map[string]int)
	for _, p := range s.targets {
		rows[p.table] = s.feishu.RowCount(p.base, p.table)
	}
	n := 0
	for _, of := range rows {
		n += of
	}
	return n
}
