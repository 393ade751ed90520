package table_test

import (
	"strings"
	"testing"
	"testing/synctest"

	"github.com/rowgate/rowgate/internal/feishu"
	"github.com/rowgate/rowgate/internal/problem"
	"github.com/rowgate/rowgate/internal/sandbox"
	"github.com/rowgate/rowgate/tool/table"
)

func (m *making) createView(options string) (*table.CreatedView, *problem.Error) {
	m.t.Helper()
	return run[table.CreatedView](m, table.CreateView(m.service, m.maker, m.client), options)
}

// viewNames lists the views of the table.
func (m *making) viewNames() []string {
	m.t.Helper()
	views, err := m.client.ListViews(m.t.Context(), m.ref)
	if err != nil {
		m.t.Fatal(err)
	}
	var names []string
	for _, view := range views {
		names = append(names, view.Name)
	}
	return names
}

// filterOf is Feishu's filter of one condition on the column 数量.
func filterOf(operator, value string) string {
	return `{"conjunction":"and","conditions":[{"field_name":"数量","operator":"` + operator + `","value":[` + value + `]}]}`
}

func TestCreateView(t *testing.T) {
	t.Parallel()

	for name, c := range map[string]struct {
		options string
		rows    int // of 0 to 9, each 标题 and 数量
	}{
		"without a filter":       {`"name":"全部"`, 10},
		"of a kind":              {`"name":"看板","kind":"kanban"`, 10},
		"with where":             {`"name":"大","where":{"数量":{">=":7},"标题":{"contains":"行"}}`, 3},
		"with where of any":      {`"name":"两行","where":{"$or":[{"数量":1},{"数量":{">":8}}]}`, 2},
		"with where of a list":   {`"name":"两行","where":{"数量":[1,2]}`, 2},
		"with where of nothing":  {`"name":"大","where":{ },"filter":` + filterOf("isGreater", `"7"`), 2},
		"with filter of nothing": {`"name":"大","where":{"数量":{">":7}},"filter":{}`, 2},
		"with Feishu's filter":   {`"name":"大","filter":` + filterOf("isGreater", `"7"`), 2},
		"with a filter of empty": {`"name":"空","filter":` + filterOf("isEmpty", ""), 0},
		"with one of children":   {`"name":"小","filter":{"conjunction":"and","children":[` + filterOf("is", `"1"`) + `]}`, 1},
	} {
		t.Run("makes a view "+name, func(t *testing.T) {
			t.Parallel()
			m := setupMaking(t, sandbox.Options{})
			var rows []feishu.Fields
			for _, digit := range "0123456789" {
				rows = append(rows, feishu.Fields(`{"标题":"行`+string(digit)+`","数量":`+string(digit)+`}`))
			}
			if _, err := m.client.BatchCreate(t.Context(), m.ref, rows, feishu.WriteOptions{}); err != nil {
				t.Fatal(err)
			}
			made, err := m.createView(c.options)
			if err != nil {
				t.Fatal(err)
			}
			page, failed := m.client.Search(t.Context(), m.ref, feishu.SearchRequest{ViewID: made.ViewID})
			if failed != nil || page.Total != c.rows || len(made.Views) != 1 || made.Views[0].ViewID != made.ViewID {
				t.Errorf("%d rows in %+v, %v", page.Total, made, failed)
			}
		})
	}

	for name, c := range map[string]struct {
		options string
		code    problem.Code
		says    string
	}{
		"no name":           {`"kind":"grid"`, problem.BadParameter, "1 to 100"},
		"a bracket":         {`"name":"a[b]"`, problem.BadParameter, "none of [ ]"},
		"both filters":      {`"name":"a","where":{"数量":1},"filter":{"conjunction":"and","conditions":[]}`, problem.BadParameter, "not both"},
		"an unknown column": {`"name":"a","where":{"没有":1}`, problem.FieldNotFound, "没有"},
		"a filter of an unknown column": {
			`"name":"a","filter":{"conjunction":"and","conditions":[{"field_name":"没有","operator":"is","value":["1"]}]}`,
			problem.FieldNotFound, "没有",
		},
		"what is no filter":    {`"name":"a","filter":{"filter":{}}`, problem.BadParameter, "1 to 50"},
		"two levels":           {`"name":"a","where":{"标题":"x","$or":[{"数量":1},{"数量":2}]}`, problem.BadParameter, "one level"},
		"a name that is taken": {`"name":"表格"`, problem.UpstreamRejected, "ViewNameDuplicated"},
		"an operator that Feishu refuses": {
			`"name":"a","filter":` + filterOf("like", `"1"`), problem.UpstreamRejected, "InvalidFilter",
		},
	} {
		t.Run("leaves no view behind for "+name, func(t *testing.T) {
			t.Parallel()
			m := setupMaking(t, sandbox.Options{})
			_, err := m.createView(c.options)
			if err == nil || err.Code != c.code || !strings.Contains(err.Detail.EN, c.says) {
				t.Errorf("got %v", err)
			}
			if names := m.viewNames(); len(names) != 1 {
				t.Errorf("views %v", names)
			}
		})
	}

	t.Run("names people by open_id alone", func(t *testing.T) {
		t.Parallel()
		m := setupMaking(t, sandbox.Options{})
		_, err := m.createFields(`"fields":[{"name":"负责人","type":"person"}]`)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := m.createView(`"name":"我的","where":{"负责人":"u1"},"user_id_type":"user_id"`); err == nil || err.Code != problem.BadParameter {
			t.Errorf("got %v", err)
		}
		if _, err := m.createView(`"name":"我的","where":{"负责人":null},"user_id_type":"user_id"`); err != nil {
			t.Errorf("an empty cell names nobody: %v", err)
		}
	})

	for _, endpoint := range []string{"view.create", "view.update"} {
		for _, when := range []sandbox.Moment{sandbox.BeforeCommit, sandbox.AfterCommit} {
			t.Run("makes one view where the answer of "+endpoint+" was lost "+string(when)+" commit", func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					m := setupMaking(t, sandbox.Options{})
					m.fault(sandbox.Fault{Endpoint: endpoint, Action: sandbox.ActionCut, When: when, Count: 1})
					made, err := m.createView(`"name":"大","where":{"数量":{">":1}}`)
					if names := m.viewNames(); err != nil || len(names) != 2 || made.Views[0].Name != "大" {
						t.Errorf("views %v, %v", names, err)
					}
				})
			})
		}
	}

	t.Run("deletes the view whose filter is never confirmed", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			m := setupMaking(t, sandbox.Options{})
			m.fault(sandbox.Fault{Endpoint: "view.update", Action: sandbox.ActionCut, When: sandbox.AfterCommit})
			_, err := m.createView(`"name":"大","where":{"数量":{">":1}}`)
			if names := m.viewNames(); err == nil || err.Code != problem.UpstreamUnavailable || len(names) != 1 {
				t.Errorf("views %v, %v", names, err)
			}
		})
	})

	t.Run("says that the view is there where it cannot be deleted", func(t *testing.T) {
		t.Parallel()
		m := setupMaking(t, sandbox.Options{})
		m.fault(sandbox.Fault{Endpoint: "view.update", Action: sandbox.ActionError, Code: 1254018})
		m.fault(sandbox.Fault{Endpoint: "view.delete", Action: sandbox.ActionError, Code: 1254302})
		_, err := m.createView(`"name":"大","where":{"数量":{">":1}}`)
		if err == nil || err.Outcome != problem.Partial || !strings.Contains(err.Detail.EN, "without its filter") || len(m.viewNames()) != 2 {
			t.Errorf("views %v, %v", m.viewNames(), err)
		}
	})
}
