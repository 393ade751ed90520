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

// place is one app with one base and one table: a credential, a lane, a rate limit of its own.
type place struct {
	appID, secret, base, table string
}

// site is a simulated Feishu, a service that writes to it, and the callers' way in.
type site struct {
	feishu     *sandbox.Sandbox
	feishuURL  string
	places     []place
	service    *process
	caller     *caller
	passphrase string // of most callers
	other      string // of those that must be told apart from them
	admin      string // the service's address of profiles; "" without --profile
	dir        string
}

// siteOptions of a site.
type siteOptions struct {
	places  int // default 1
	sandbox sandbox.Options
}

// open makes a site and starts its service; close it. Feishu's rate limits are off: what is measured is Rowgate, which keeps to
// them by itself.
func (b *bench) open(ctx context.Context, o siteOptions) (*site, error) {
	s := &site{passphrase: secret.GenerateKey()[:20], other: secret.GenerateKey()[:20]}
	if err := s.openFeishu(o); err != nil {
		return nil, errors.Join(err, s.close())
	}
	if err := s.openService(ctx, b); err != nil {
		return nil, errors.Join(err, s.close())
	}
	return s, nil
}

func (s *site) openFeishu(o siteOptions) error {
	o.sandbox.RatesOff = true
	var err error
	if s.feishu, err = sandbox.New(o.sandbox); err != nil {
		return err
	}
	for i := range max(1, o.places) {
		p, err := s.furnish(i)
		if err != nil {
			return err
		}
		s.places = append(s.places, p)
	}
	s.feishuURL, err = s.feishu.Start()
	return err
}

// furnish makes the i-th app with its base and table.
func (s *site) furnish(i int) (place, error) {
	p := place{appID: fmt.Sprintf("cli_example%d", i), secret: secret.GenerateKey()}
	if err := s.feishu.AddApp(sandbox.AppSpec{ID: p.appID, Secret: p.secret, Tenant: p.appID}); err != nil {
		return p, err
	}
	base, err := s.feishu.AddBase(sandbox.BaseSpec{Name: "改写", Collaborators: []string{p.appID}})
	if err != nil {
		return p, err
	}
	channels, err := base.AddTable("频道", sandbox.FieldSpec{Name: "名称", Type: 1})
	if err != nil {
		return p, err
	}
	p.base = base.Token()
	p.table, err = base.AddTable("视频",
		sandbox.FieldSpec{Name: columnMark, Type: 1},
		sandbox.FieldSpec{Name: columnCount, Type: 2},
		sandbox.FieldSpec{Name: columnSelect, Type: 3, Options: []string{"抖音", "B站"}},
		sandbox.FieldSpec{Name: columnDate, Type: 5},
		sandbox.FieldSpec{Name: columnLink, Type: 18, Property: map[string]any{"table_id": channels}},
	)
	return p, err
}

// openService starts the service on a database of its own.
func (s *site) openService(ctx context.Context, b *bench) error {
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
	path, args := b.Rowgate, []string{"serve"}
	if path == "" {
		if path, err = os.Executable(); err != nil {
			return err
		}
		args = nil
	}
	s.service = newProcess(path, args, address,
		roleVariable+"="+roleService,
		"ROWGATE_LISTEN="+address,
		"ROWGATE_PASSPHRASE=bench:"+s.passphrase+",other:"+s.other,
		"ROWGATE_DATABASE_URL=sqlite:"+filepath.Join(s.dir, "rowgate.db"),
		"ROWGATE_KEY="+secret.GenerateKey(),
		"ROWGATE_LOG=warn",
		"FEISHU_BASE_URL="+s.feishuURL,
		"ROWGATE_ADMIN_LISTEN="+s.admin,
	)
	s.caller = newCaller(s.service.url)
	_, err = s.service.start(ctx)
	return err
}

// close ends the service and then Feishu.
func (s *site) close() error {
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

// warm makes each place known to the service: its token and its columns.
func (s *site) warm(ctx context.Context) error {
	for i := range s.places {
		if err := s.caller.mustWrite(ctx, s.write(i, fmt.Sprint("warm", i))); err != nil {
			return err
		}
	}
	s.feishu.ResetCalls()
	return nil
}

// warmMarks are the marks of the rows that warm writes.
func (s *site) warmMarks() map[string]bool {
	marks := make(map[string]bool)
	for i := range s.places {
		marks[fmt.Sprint("warm", i)] = true
	}
	return marks
}

// write is a call that writes one row with a mark into the i-th place.
func (s *site) write(i int, marks ...string) call {
	return call{place: s.places[i%len(s.places)], passphrase: s.passphrase, body: rowsBody(marks...)}
}

// calls counts the write calls that Feishu got, and those that it refused because another write was under way.
func (s *site) calls() (writes, conflicts int64) {
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

// landed counts the rows of all places.
func (s *site) landed() int {
	n := 0
	for _, p := range s.places {
		n += s.feishu.RowCount(p.base, p.table)
	}
	return n
}
