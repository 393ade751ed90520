package table_test

import (
	"context"
	"encoding/json"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rowgate/rowgate/internal/bitable"
	"github.com/rowgate/rowgate/internal/directory"
	"github.com/rowgate/rowgate/internal/feishu/client"
	"github.com/rowgate/rowgate/internal/sandbox"
	"github.com/rowgate/rowgate/tool/table"
)

// unknown is a column that rows name, with one value.
func unknown(name, sample string) bitable.UnknownColumn {
	return bitable.UnknownColumn{Name: name, Samples: []json.RawMessage{json.RawMessage(sample)}}
}

func TestMaker_makes_a_column_once(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		makers  int
		options sandbox.Options
	}{
		"for many requests of one process": {1, sandbox.Options{Write: sandbox.Latency{PerCall: 300 * time.Millisecond}}},
		"for requests of several processes": {3, sandbox.Options{
			Write: sandbox.Latency{PerCall: 300 * time.Millisecond}, ConflictScope: sandbox.ScopeNone,
		}},
		"for several processes that exclude each other": {3, sandbox.Options{Write: sandbox.Latency{PerCall: 300 * time.Millisecond}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				m := setupMaking(t, c.options)
				known := &directory.Table{Ref: m.ref}
				var makers []*table.Maker
				for range c.makers {
					makers = append(makers, table.NewMaker(m.client))
				}
				var mu sync.Mutex
				var created []string
				var wg sync.WaitGroup
				for i := range 12 {
					wg.Go(func() {
						names, err := makers[i%c.makers].Create(
							t.Context(),
							known,
							[]bitable.UnknownColumn{unknown("日期", `"2026-03-04"`), unknown("备注", `"x"`)},
						)
						if err != nil {
							t.Error(err)
						}
						mu.Lock()
						defer mu.Unlock()
						created = append(created, names...)
					})
				}
				wg.Wait()
				slices.Sort(created)
				if diff := cmp.Diff([]string{"备注", "日期"}, created); diff != "" {
					t.Errorf("created (-want +got):\n%s", diff)
				}
				if diff := cmp.Diff([]string{"标题:1", "数量:2", "日期:5", "备注:1"}, m.columns(m.ref.TableID)); diff != "" {
					t.Errorf("columns (-want +got):\n%s", diff)
				}
				if calls := m.box.CallCount("field.create", "cli_example"); c.makers == 1 && calls != 2 {
					t.Errorf("%d calls for 2 columns", calls)
				}
			})
		})
	}
}

func TestMaker(t *testing.T) {
	t.Parallel()

	t.Run("takes a column that differs in case or width for the same", func(t *testing.T) {
		t.Parallel()
		m := setupMaking(t, sandbox.Options{})
		known := &directory.Table{Ref: m.ref}
		if _, err := m.maker.Create(t.Context(), known, []bitable.UnknownColumn{unknown("Note", `"x"`)}); err != nil {
			t.Fatal(err)
		}
		names, err := m.maker.Create(t.Context(), known, []bitable.UnknownColumn{unknown("ｎｏｔｅ", `"x"`)})
		if err != nil || len(names) != 0 {
			t.Errorf("created %v, %v", names, err)
		}
	})

	t.Run("waits for its turn no longer than the caller", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			m := setupMaking(t, sandbox.Options{Write: sandbox.Latency{PerCall: 10 * time.Second}})
			known := &directory.Table{Ref: m.ref}
			var wg sync.WaitGroup
			wg.Go(func() {
				if _, err := m.maker.Create(t.Context(), known, []bitable.UnknownColumn{unknown("一", `1`)}); err != nil {
					t.Error(err)
				}
			})
			synctest.Wait()
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			began := time.Now()
			if _, err := m.maker.Create(ctx, known, []bitable.UnknownColumn{unknown("二", `2`)}); err == nil || time.Since(began) != time.Second {
				t.Errorf("%v after %v, want an error after 1s", err, time.Since(began))
			}
			wg.Wait()
		})
	})

	t.Run("does not say that it is done before Feishu lists the columns", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			m := setupMaking(t, sandbox.Options{CreationLag: 3 * time.Second})
			if _, err := m.maker.Create(t.Context(), &directory.Table{Ref: m.ref}, []bitable.UnknownColumn{unknown("一", `1`)}); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff([]string{"标题:1", "数量:2", "一:2"}, m.columns(m.ref.TableID)); diff != "" {
				t.Errorf("columns (-want +got):\n%s", diff)
			}
		})
	})

	t.Run("says so if Feishu never lists them", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			m := setupMaking(t, sandbox.Options{CreationLag: time.Hour})
			if _, err := m.maker.Create(t.Context(), &directory.Table{Ref: m.ref}, []bitable.UnknownColumn{unknown("一", `1`)}); err == nil {
				t.Error("it is done")
			}
		})
	})
}

// The client makes what the maker asks for.
var _ table.Source = (*client.Client)(nil)
