package table_test

import (
	"fmt"
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

func TestCreateFields(t *testing.T) {
	t.Parallel()
	noIDs := cmpopts.IgnoreFields(table.MadeColumn{}, "FieldID")

	t.Run("makes what is missing and leaves what exists as it is", func(t *testing.T) {
		t.Parallel()
		m := setupMaking(t, sandbox.Options{})
		made, err := m.createFields(
			`"fields":[{"name":"状态","type":"single_select","options":["进行中","完成"]},{"name":"数量","type":"date"},{"name":" 备注 "}]`,
		)
		if err != nil {
			t.Fatal(err)
		}
		wantCreated := []table.MadeColumn{
			{Name: "状态", Type: "single_select", Options: []string{"进行中", "完成"}},
			{Name: "备注", Type: "text", Options: []string{}},
		}
		if diff := cmp.Diff(wantCreated, made.Created, noIDs); diff != "" {
			t.Errorf("created (-want +got):\n%s", diff)
		}
		wantExisting := []table.MadeColumn{{Name: "数量", Type: "number", AskedType: "date", Options: []string{}}}
		if diff := cmp.Diff(wantExisting, made.Existing, noIDs); diff != "" {
			t.Errorf("existing (-want +got):\n%s", diff)
		}
		for _, column := range append(made.Created, made.Existing...) {
			if !strings.HasPrefix(column.FieldID, "fld") {
				t.Errorf("column %q has the id %q", column.Name, column.FieldID)
			}
		}
		if diff := cmp.Diff([]string{"标题:1", "数量:2", "状态:3", "备注:1"}, m.columns(m.ref.TableID)); diff != "" {
			t.Errorf("columns (-want +got):\n%s", diff)
		}
	})

	t.Run("infers types from sample rows and says what they rest on", func(t *testing.T) {
		t.Parallel()
		m := setupMaking(t, sandbox.Options{})
		made, err := m.createFields(`"sample_rows":[{"标题":"a","日期":"2026-03-04","价格":"1.25"},{"fields":{"日期":"2026-03-05","价格":3,"完成":true}}]`)
		if err != nil {
			t.Fatal(err)
		}
		want := []table.MadeColumn{
			{Name: "日期", Type: "date", Options: []string{}, Evidence: "全部 2 个值都是日期。"},
			{Name: "价格", Type: "number", Options: []string{}, Evidence: "全部 2 个值都是数字。"},
			{Name: "完成", Type: "checkbox", Options: []string{}, Evidence: "全部 1 个值都是布尔值。"},
		}
		if diff := cmp.Diff(want, made.Created, noIDs); diff != "" || len(made.Existing) != 1 {
			t.Errorf("existing %v, created (-want +got):\n%s", made.Existing, diff)
		}
	})

	t.Run("makes nothing when it is repeated", func(t *testing.T) {
		t.Parallel()
		m := setupMaking(t, sandbox.Options{})
		for range 2 {
			if _, err := m.createFields(`"fields":[{"name":"备注"}]`); err != nil {
				t.Fatal(err)
			}
		}
		if calls := m.box.CallCount("field.create", "cli_example"); calls != 1 {
			t.Errorf("%d calls, want 1", calls)
		}
	})

	t.Run("makes the new column known at once", func(t *testing.T) {
		t.Parallel()
		m := setupMaking(t, sandbox.Options{})
		if _, err := m.directory.Table(t.Context(), m.ref); err != nil {
			t.Fatal(err)
		}
		if _, err := m.createFields(`"fields":[{"name":"备注"}]`); err != nil {
			t.Fatal(err)
		}
		known, err := m.directory.Table(t.Context(), m.ref)
		if err != nil || len(known.Fields) != 3 {
			t.Errorf("%d columns are known, %v", len(known.Fields), err)
		}
	})
}

func TestCreateFields_makes_one_column_whatever_happens(t *testing.T) {
	t.Parallel()
	create := "field.create"
	for name, c := range map[string]struct {
		options sandbox.Options
		fault   sandbox.Fault
	}{
		"write conflicts":                   {fault: sandbox.Fault{Action: sandbox.ActionError, Code: 1254291, Count: 3}},
		"a rate limit":                      {fault: sandbox.Fault{Action: sandbox.ActionError, Code: 99991400, Count: 1}},
		"cut before it is made":             {fault: sandbox.Fault{Action: sandbox.ActionCut, Count: 2}},
		"cut after it is made":              {fault: sandbox.Fault{Action: sandbox.ActionCut, When: sandbox.AfterCommit, Count: 1}},
		"a gateway's page after it is made": {fault: sandbox.Fault{Action: sandbox.ActionHTML, When: sandbox.AfterCommit, Count: 1}},
		"a lost answer, then a token conflict": {
			sandbox.Options{ClientToken: sandbox.ClientTokenConflict, CreationLag: 5 * time.Second},
			sandbox.Fault{Action: sandbox.ActionCut, When: sandbox.AfterCommit, Count: 1},
		},
		"a lost answer, then a repeat refused": {
			sandbox.Options{ClientToken: sandbox.ClientTokenRepeat, CreationLag: 5 * time.Second},
			sandbox.Fault{Action: sandbox.ActionCut, When: sandbox.AfterCommit, Count: 1},
		},
		"a lost answer, then the first one": {sandbox.Options{CreationLag: 2 * time.Second}, sandbox.Fault{
			Action: sandbox.ActionCut,
			When:   sandbox.AfterCommit, Count: 1,
		}},
		"a column that is listed seconds later": {
			options: sandbox.Options{CreationLag: 3 * time.Second},
			fault:   sandbox.Fault{Action: sandbox.ActionDelay},
		},
		"a time-out of Feishu's after it landed": {fault: sandbox.Fault{
			Action: sandbox.ActionError, Code: 1255040,
			When: sandbox.AfterCommit, Count: 1,
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				m := setupMaking(t, c.options)
				c.fault.Endpoint = create
				m.fault(c.fault)
				made, err := m.createFields(`"fields":[{"name":"备注"}]`)
				if err != nil {
					t.Fatal(err)
				}
				if len(made.Created) != 1 || len(made.Existing) != 0 {
					t.Errorf("created %v, existing %v", made.Created, made.Existing)
				}
				if diff := cmp.Diff([]string{"标题:1", "数量:2", "备注:1"}, m.columns(m.ref.TableID)); diff != "" {
					t.Errorf("columns (-want +got):\n%s", diff)
				}
			})
		})
	}
}

func TestCreateFields_gives_up(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		code    int
		options string
		want    problem.Code
		most    int // calls
	}{
		"at once where a repeat is of no use":    {1254302, "", problem.AdvancedPermission, 1},
		"after some conflicts":                   {1254291, `,"timeout_ms":55000`, problem.RateLimited, 6},
		"in time for the caller":                 {1254291, `,"timeout_ms":2000`, problem.RateLimited, 3},
		"with the outcome unknown where it is":   {1255040, `,"timeout_ms":55000`, problem.UnknownOutcome, 6},
		"at once where Feishu dislikes a column": {1254029, "", problem.UpstreamRejected, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				m := setupMaking(t, sandbox.Options{})
				m.fault(sandbox.Fault{Endpoint: "field.create", Action: sandbox.ActionError, Code: c.code})
				_, err := m.createFields(`"fields":[{"name":"备注"}]` + c.options)
				if err == nil || err.Code != c.want {
					t.Errorf("%v, want %s", err, c.want)
				}
				if calls := m.box.CallCount("field.create", "cli_example"); calls < 1 || calls > c.most {
					t.Errorf("%d calls, want 1 to %d", calls, c.most)
				}
			})
		})
	}
}

func TestCreateFields_refuses(t *testing.T) {
	t.Parallel()
	m := setupMaking(t, sandbox.Options{})
	for name, c := range map[string]struct {
		options string
		code    problem.Code
		says    string
	}{
		"neither columns nor rows": {`"fields":[]`, problem.BadParameter, "sample_rows"},
		"columns and rows":         {`"fields":[{"name":"a"}],"sample_rows":[{"a":1}]`, problem.BadParameter, "sample_rows"},
		"an unknown type":          {`"fields":[{"name":"备注","type":"varchar"}]`, problem.BadParameter, "text"},
		"a type that needs more":   {`"fields":[{"name":"合计","type":"formula"}]`, problem.BadParameter, "Feishu"},
		"a name twice":             {`"fields":[{"name":"备注"},{"name":"备注 "}]`, problem.BadParameter, "备注"},
		"a column without a name":  {`"fields":[{"name":"  "}]`, problem.BadParameter, "empty"},
		"options of a text":        {`"fields":[{"name":"备注","options":["a"]}]`, problem.BadParameter, "single_select"},
		"an option twice": {
			`"fields":[{"name":"备注","type":"multi_select","options":["a","a "]}]`, problem.BadParameter,
			"twice",
		},
		"a sample that is no row": {`"sample_rows":[{"fields":{"a":1},"b":2}]`, problem.InvalidRows, ""},
		"more columns than a table has": {
			`"fields":[` + strings.TrimSuffix(strings.Repeat(`{"name":"x"},`, 301), ",") + `]`,
			problem.BadParameter, "x",
		},
		"more than a table can still take": {`"fields":[` + numbered(299) + `]`, problem.TableFull, "300"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := m.createFields(c.options)
			if err == nil || err.Code != c.code || !strings.Contains(err.Detail.EN, c.says) {
				t.Fatalf("%v, want %s with %q", err, c.code, c.says)
			}
			if calls := m.box.CallCount("field.create", "cli_example"); calls != 0 {
				t.Errorf("%d columns were made", calls)
			}
		})
	}
}

// numbered is a list of n columns of different names.
func numbered(n int) string {
	columns := make([]string, n)
	for i := range columns {
		columns[i] = fmt.Sprintf(`{"name":"列 %d"}`, i)
	}
	return strings.Join(columns, ",")
}
