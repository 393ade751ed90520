package directory_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/rowgate/rowgate/internal/bitable"
	"github.com/rowgate/rowgate/internal/directory"
	"github.com/rowgate/rowgate/internal/feishu"
	"github.com/rowgate/rowgate/internal/problem"
	"github.com/rowgate/rowgate/internal/secret"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// source is a Feishu of one base with counted calls.
type source struct {
	mu     sync.Mutex
	fields []feishu.Field
	tables []feishu.Table
	zone   string
	appErr error

	fieldCalls, tableCalls, appCalls, nodeCalls atomic.Int32
	release                                     chan struct{} // if set, ListFields waits for it
}

func (s *source) ListFields(ctx context.Context, _ feishu.TableRef) ([]feishu.Field, error) {
	s.fieldCalls.Add(1)
	if s.release != nil {
		select {
		case <-s.release:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.fields, nil
}

func (s *source) ListTables(context.Context, feishu.App, string) ([]feishu.Table, error) {
	s.tableCalls.Add(1)
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.tables, nil
}

func (s *source) GetApp(context.Context, feishu.App, string) (feishu.AppInfo, error) {
	s.appCalls.Add(1)
	return feishu.AppInfo{TimeZone: s.zone}, s.appErr
}

func (s *source) GetNode(_ context.Context, _ feishu.App, token string) (feishu.Node, error) {
	s.nodeCalls.Add(1)
	kind := "bitable"
	if strings.HasPrefix(token, "doc") {
		kind = "docx"
	}
	return feishu.Node{ObjType: kind, ObjToken: "bascnExample"}, nil
}

func setup(t *testing.T, s *source) *directory.Directory {
	t.Helper()
	d := directory.New(s, func(app feishu.App) string { return app.ID + "/" + app.Secret.Reveal() })
	t.Cleanup(d.Close)
	return d
}

func sample() *source {
	return &source{
		fields: []feishu.Field{{ID: "fldExample", Name: "标题", Type: feishu.TypeText, Primary: true}},
		tables: []feishu.Table{{ID: "tblExample1", Name: "订单"}, {ID: "tblExample2", Name: "Videos"}, {ID: "tblExample3", Name: "videos "}},
		zone:   "Asia/Tokyo",
	}
}

var (
	app = feishu.App{Brand: feishu.BrandFeishu, ID: "cli_example", Secret: secret.New("right")}
	ref = feishu.TableRef{App: app, AppToken: "bascnExample", TableID: "tblExample1"}
)

func TestTable(t *testing.T) {
	t.Parallel()

	t.Run("asks once for any number of callers and gives the base's zone", func(t *testing.T) {
		t.Parallel()
		s := sample()
		s.release = make(chan struct{})
		d := setup(t, s)
		var wg sync.WaitGroup
		for range 20 {
			wg.Go(func() {
				table, err := d.Table(t.Context(), ref)
				if err != nil {
					t.Error(err)
				} else if table.Zone.String() != "Asia/Tokyo" || len(table.Fields) != 1 {
					t.Errorf("table = %v fields in %v", len(table.Fields), table.Zone)
				}
			})
		}
		close(s.release)
		wg.Wait()
		if n := s.fieldCalls.Load(); n != 1 {
			t.Errorf("ListFields was called %d times, want 1", n)
		}
	})

	t.Run("a change drops the table for every credential and no other table", func(t *testing.T) {
		t.Parallel()
		s := sample()
		d := setup(t, s)
		second, other := ref, ref
		second.App.ID, other.TableID = "cli_second", "tblExample2"
		load := func() {
			t.Helper()
			for _, table := range []feishu.TableRef{ref, second, other} {
				if _, err := d.Table(t.Context(), table); err != nil {
					t.Fatal(err)
				}
			}
		}
		load()
		d.Changed(ref)
		load()
		if n := s.fieldCalls.Load(); n != 5 {
			t.Errorf("ListFields was called %d times, want 3 and then 2", n)
		}
	})

	t.Run("a caller who gives up fails alone", func(t *testing.T) {
		t.Parallel()
		s := sample()
		s.release = make(chan struct{})
		d := setup(t, s)
		hasty, cancel := context.WithCancel(t.Context())
		first := make(chan error, 1)
		go func() {
			_, err := d.Table(hasty, ref)
			first <- err
		}()
		for s.fieldCalls.Load() == 0 { // the hasty caller's look-up is under way
			select {
			case <-t.Context().Done():
				t.Fatal("no look-up")
			default:
			}
		}
		cancel()
		close(s.release)
		if err := <-first; err != nil && !errors.Is(err, context.Canceled) {
			t.Errorf("the hasty caller got %v", err)
		}
		if _, err := d.Table(t.Context(), ref); err != nil {
			t.Errorf("the patient caller got %v", err)
		}
	})

	t.Run("another secret of the same app is asked for by itself", func(t *testing.T) {
		t.Parallel()
		s := sample()
		d := setup(t, s)
		other := ref
		other.App.Secret = secret.New("wrong")
		for _, r := range []feishu.TableRef{ref, ref, other} {
			if _, err := d.Table(t.Context(), r); err != nil {
				t.Fatal(err)
			}
		}
		if n := s.fieldCalls.Load(); n != 2 {
			t.Errorf("ListFields was called %d times, want 2", n)
		}
	})

	t.Run("an app that may not read the base's description gets the default zone", func(t *testing.T) {
		t.Parallel()
		s := sample()
		s.zone, s.appErr = "", problem.New(problem.ScopeMissing, problem.Text{})
		table, err := setup(t, s).Table(t.Context(), ref)
		if err != nil || table.Zone.String() != directory.DefaultTimeZone {
			t.Errorf("Table = %v, %v, want zone %s", table, err, directory.DefaultTimeZone)
		}
	})

	t.Run("any other refusal is the caller's answer", func(t *testing.T) {
		t.Parallel()
		s := sample()
		s.appErr = problem.New(problem.AppNotCollaborator, problem.Text{})
		_, err := setup(t, s).Table(t.Context(), ref)
		if problem.From(err).Code != problem.AppNotCollaborator {
			t.Errorf("err = %v, want app_not_collaborator", err)
		}
	})
}

func TestFreshness(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := sample()
		d := directory.New(s, func(feishu.App) string { return "tenant" })
		defer d.Close()
		known, err := d.Table(t.Context(), ref)
		if err != nil {
			t.Fatal(err)
		}
		if again, err := d.Refresh(t.Context(), known); err != nil || again != known {
			t.Errorf("a table of this moment was asked for again: %v", err)
		}
		time.Sleep(directory.SettledAfter + time.Second) // fake clock
		fresh, err := d.Refresh(t.Context(), known)
		if err != nil || fresh == known {
			t.Errorf("an older table was not asked for again: %v", err)
		}
		calls := s.fieldCalls.Load()
		time.Sleep(directory.FreshFor + time.Second) // fake clock
		if _, err := d.Table(t.Context(), ref); err != nil || s.fieldCalls.Load() != calls+1 {
			t.Errorf("after FreshFor the columns were not asked for again (%v)", err)
		}
	})
}

func TestTableID(t *testing.T) {
	t.Parallel()

	t.Run("takes an id as it is, without a call", func(t *testing.T) {
		t.Parallel()
		s := sample()
		id, err := setup(t, s).TableID(t.Context(), app, "bascnExample", "tblExample9")
		if err != nil || id != "tblExample9" || s.tableCalls.Load() != 0 {
			t.Errorf("TableID = %q, %v after %d calls", id, err, s.tableCalls.Load())
		}
	})

	t.Run("finds a table by its name, in any width and case if that is unique", func(t *testing.T) {
		t.Parallel()
		d := setup(t, sample())
		for name, want := range map[string]string{"订单": "tblExample1", " 订单 ": "tblExample1", "Videos": "tblExample2"} {
			if id, err := d.TableID(t.Context(), app, "bascnExample", name); err != nil || id != want {
				t.Errorf("TableID(%q) = %q, %v, want %s", name, id, err, want)
			}
		}
	})

	t.Run("does not guess between two and names the nearest", func(t *testing.T) {
		t.Parallel()
		d := setup(t, sample())
		for _, name := range []string{"VIDEOS", "定单"} {
			_, err := d.TableID(t.Context(), app, "bascnExample", name)
			e, ok := errors.AsType[*problem.Error](err)
			if !ok || e.Code != problem.TableNotFound || e.Detail.ZH == "" || e.Detail.EN == "" {
				t.Errorf("TableID(%q): %v, want table_not_found", name, err)
			}
		}
	})

	t.Run("looks a second time for a table that was made since", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			s := sample()
			d := directory.New(s, func(feishu.App) string { return "tenant" })
			defer d.Close()
			if _, err := d.TableID(t.Context(), app, "bascnExample", "新表"); err == nil {
				t.Fatal("a table that does not exist was found")
			}
			s.mu.Lock()
			s.tables = append(s.tables, feishu.Table{ID: "tblExample4", Name: "新表"})
			s.mu.Unlock()
			time.Sleep(directory.SettledAfter + time.Second) // fake clock
			if id, err := d.TableID(t.Context(), app, "bascnExample", "新表"); err != nil || id != "tblExample4" {
				t.Errorf("TableID = %q, %v after the table was made", id, err)
			}
		})
	})
}

func TestBase(t *testing.T) {
	t.Parallel()
	s := sample()
	d := setup(t, s)
	for range 2 {
		if token, err := d.Base(t.Context(), app, bitable.Link{WikiToken: "wikcnExample"}); err != nil || token != "bascnExample" {
			t.Errorf("Base(wiki) = %q, %v", token, err)
		}
	}
	if n := s.nodeCalls.Load(); n != 1 {
		t.Errorf("the node was asked for %d times, want 1", n)
	}
	if _, err := d.Base(t.Context(), app, bitable.Link{WikiToken: "docExample"}); problem.From(err).Code != problem.BadLink {
		t.Errorf("a node that holds a document: %v, want bad_link", err)
	}
	if token, err := d.Base(t.Context(), app, bitable.Link{AppToken: "bascnOther"}); err != nil || token != "bascnOther" {
		t.Errorf("Base(token) = %q, %v", token, err)
	}
}
