package outbox_test

import (
	"context"
	"errors"
	"sync"

	"github.com/rowgate/rowgate/internal/feishu"
	"github.com/rowgate/rowgate/internal/outbox"
)

var errDead = errors.New("the process is dead")

// mortal stands between an outbox and its store and base, and cuts all ties at once after a number of events, as kill -9 does.
// A write that is the last event is carried out or not, by late.
type mortal struct {
	outbox.Store
	*fakeBase

	mu   sync.Mutex
	left int  // events to live
	late bool // the last write lands
	died func()
}

// alive counts an event; last is true for the one that the process dies of.
func (m *mortal) alive() (ok, last bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.left <= 0 {
		return false, false
	}
	m.left--
	if m.left == 0 && m.died != nil {
		m.died()
	}
	return true, m.left == 0
}

func (m *mortal) Apply(ctx context.Context, c *outbox.Changes) error {
	ok, last := m.alive()
	if !ok || last && !m.late {
		return errDead
	}
	if err := m.Store.Apply(ctx, c); err != nil || last {
		return errors.Join(err, errDead)
	}
	return nil
}

func (m *mortal) isDead() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.left <= 0
}

func (m *mortal) Load(ctx context.Context, lane string) ([]outbox.Entry, []outbox.Batch, error) {
	if m.isDead() {
		return nil, nil, errDead
	}
	return m.Store.Load(ctx, lane)
}

func (m *mortal) Find(ctx context.Context, by outbox.Lookup) (outbox.Entry, bool, error) {
	if m.isDead() {
		return outbox.Entry{}, false, errDead
	}
	return m.Store.Find(ctx, by)
}

// write lets a write through while the process lives; its answer is lost if it dies of it.
func (m *mortal) write(call func() error) error {
	ok, last := m.alive()
	if !ok || last && !m.late {
		return &feishu.Error{Class: feishu.ClassOpen}
	}
	if err := call(); err != nil || !last {
		return err
	}
	return interrupted()
}

func (m *mortal) BatchCreate(
	ctx context.Context,
	table feishu.TableRef,
	rows []feishu.Fields,
	opts feishu.WriteOptions,
) (ids []string, err error) {
	err = m.write(func() error {
		ids, err = m.fakeBase.BatchCreate(ctx, table, rows, opts)
		return err
	})
	return ids, err
}

func (m *mortal) BatchUpdate(ctx context.Context, table feishu.TableRef, rows []feishu.RecordUpdate, opts feishu.WriteOptions) error {
	return m.write(func() error { return m.fakeBase.BatchUpdate(ctx, table, rows, opts) })
}

func (m *mortal) BatchDelete(ctx context.Context, table feishu.TableRef, ids []string) error {
	return m.write(func() error { return m.fakeBase.BatchDelete(ctx, table, ids) })
}
