package table_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/rowgate/rowgate/internal/problem"
	"github.com/rowgate/rowgate/internal/sandbox"
	"github.com/rowgate/rowgate/tool/table"
)

func TestCreateTable(t *testing.T) {
	t.Parallel()

	t.Run("makes a table of the columns, whichever can be primary first", func(t *testing.T) {
		t.Parallel()
		m := setupMaking(t, sandbox.Options{})
		made, err := m.createTable(
			`"name":" 任务 ","fields":[{"name":"完成","type":"checkbox"},{"name":"状态","type":"single_select","options":["甲"]},{"name":"名称"},` +
				`{"name":"评分","type":"rating"}]`,
		)
		if err != nil {
			t.Fatal(err)
		}
		want := &table.NewTable{
			OK: true, AppToken: m.ref.AppToken, TableID: made.TableID, TableName: "任务",
			Fields: []table.MadeColumn{
				{Name: "名称", Type: "text", Primary: true, Options: []string{}},
				{Name: "完成", Type: "checkbox", Options: []string{}},
				{Name: "状态", Type: "single_select", Options: []string{"甲"}},
				{Name: "评分", Type: "rating", Options: []string{}},
			},
		}
		if diff := cmp.Diff(want, made, cmpopts.IgnoreFields(table.MadeColumn{}, "FieldID")); diff != "" {
			t.Errorf("answer (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff([]string{"名称:1", "完成:7", "状态:3", "评分:2"}, m.columns(made.TableID)); diff != "" {
			t.Errorf("columns (-want +got):\n%s", diff)
		}
	})

	t.Run("makes a table that fits sample rows, without writing them", func(t *testing.T) {
		t.Parallel()
		m := setupMaking(t, sandbox.Options{})
		made, err := m.createTable(`"name":"任务","sample_rows":[{"标签":["甲","乙"],"名称":"a","开始":"2026-03-04 10:00"},{"标签":["丙"],"名称":3}]`)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]string{"名称:1", "标签:4", "开始:5"}, m.columns(made.TableID)); diff != "" {
			t.Errorf("columns (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff([]string{"甲", "乙", "丙"}, made.Fields[1].Options); diff != "" || made.Fields[1].Evidence == "" {
			t.Errorf("evidence %q, options (-want +got):\n%s", made.Fields[1].Evidence, diff)
		}
		if rows := m.box.RowCount(m.ref.AppToken, made.TableID); rows != 0 {
			t.Errorf("%d rows were written", rows)
		}
	})
}

func TestCreateTable_makes_one_table_whatever_happens(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		lag   time.Duration
		fault sandbox.Fault
	}{
		"conflicts":                    {0, sandbox.Fault{Action: sandbox.ActionError, Code: 1254291, Count: 2}},
		"a rate limit":                 {0, sandbox.Fault{Action: sandbox.ActionError, Code: 99991400, Count: 1}},
		"cut before it is made":        {0, sandbox.Fault{Action: sandbox.ActionCut, Count: 2}},
		"cut after it is made":         {0, sandbox.Fault{Action: sandbox.ActionCut, When: sandbox.AfterCommit, Count: 1}},
		"a time-out after it":          {0, sandbox.Fault{Action: sandbox.ActionError, Code: 1255040, When: sandbox.AfterCommit, Count: 1}},
		"cut, and known seconds later": {5 * time.Second, sandbox.Fault{Action: sandbox.ActionCut, When: sandbox.AfterCommit, Count: 1}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				m := setupMaking(t, sandbox.Options{CreationLag: c.lag})
				c.fault.Endpoint = "table.create"
				m.fault(c.fault)
				made, err := m.createTable(`"name":"任务","fields":[{"name":"名称"},{"name":"完成","type":"checkbox"}]`)
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff([]string{"名称:1", "完成:7"}, m.columns(made.TableID)); diff != "" ||
					!strings.HasPrefix(made.Fields[0].FieldID, "fld") {
					t.Errorf("ids %v, columns (-want +got):\n%s", made.Fields, diff)
				}
				tables, listErr := m.client.ListTables(t.Context(), m.ref.App, m.ref.AppToken)
				if listErr != nil || len(tables) != 2 {
					t.Errorf("tables %v, %v", tables, listErr)
				}
			})
		})
	}
}

func TestCreateTable_refuses(t *testing.T) {
	t.Parallel()
	m := setupMaking(t, sandbox.Options{})
	columns := `"fields":[{"name":"名称"}]`
	for name, c := range map[string]struct {
		options string
		code    problem.Code
		says    string
	}{
		"no name":                    {columns, problem.BadParameter, "100"},
		"a name that is too long":    {`"name":"` + strings.Repeat("长", 101) + `",` + columns, problem.BadParameter, "100"},
		"a name that Feishu forbids": {`"name":"a/b",` + columns, problem.BadParameter, "/"},
		"a name that is taken":       {`"name":"视频",` + columns, problem.UpstreamRejected, "TableNameDuplicated"},
		"no columns":                 {`"name":"任务"`, problem.BadParameter, "sample_rows"},
		"no column that is primary":  {`"name":"任务","sample_rows":[{"完成":true}]`, problem.BadParameter, "primary"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := m.createTable(c.options); err == nil || err.Code != c.code || !strings.Contains(err.Detail.EN, c.says) {
				t.Errorf("%v, want %s with %q", err, c.code, c.says)
			}
		})
	}

	t.Run("a table of the name that is not the one it made", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			m := setupMaking(t, sandbox.Options{})
			m.fault(sandbox.Fault{Endpoint: "table.create", Action: sandbox.ActionCut, Count: 1})
			if _, err := m.createTable(`"name":"视频",` + columns); err == nil || err.Code != problem.UpstreamRejected {
				t.Errorf("%v, want upstream_rejected", err)
			}
		})
	})
}
