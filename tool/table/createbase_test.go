package table_test

import (
	"strings"
	"testing"
	"testing/synctest"

	"github.com/rowgate/rowgate/internal/problem"
	"github.com/rowgate/rowgate/internal/sandbox"
	"github.com/rowgate/rowgate/tool/table"
)

func (m *making) createBase(options string) (*table.NewBase, *problem.Error) {
	m.t.Helper()
	return run[table.NewBase](m, table.CreateBase(m.service.Access, m.maker, m.client), options)
}

func TestCreateBase(t *testing.T) {
	t.Parallel()
	folders := sandbox.AppSpec{ID: "cli_example", Secret: "right", Folders: []string{"fldcnExample"}}

	for name, options := range map[string]string{
		"in the root folder":      `"name":"内容库"`,
		"in a folder":             `"name":"内容库","folder_token":"fldcnExample"`,
		"in a folder by its link": `"name":"内容库","folder_token":"https://example.feishu.cn/drive/folder/fldcnExample?from=from_copylink"`,
	} {
		t.Run("makes a base "+name, func(t *testing.T) {
			t.Parallel()
			m := setupMaking(t, sandbox.Options{})
			if err := m.box.AddApp(folders); err != nil {
				t.Fatal(err)
			}
			made, err := m.createBase(options)
			if err != nil {
				t.Fatal(err)
			}
			tables, failed := m.client.ListTables(t.Context(), m.ref.App, made.AppToken)
			if failed != nil || len(tables) != 1 || tables[0].ID != made.TableID || !strings.HasSuffix(made.Link, made.AppToken) {
				t.Errorf("got %+v with %v, %v", made, tables, failed)
			}
		})
	}

	for name, c := range map[string]struct {
		options string
		code    problem.Code
		says    string
	}{
		"no name":              {`"folder_token":"x"`, problem.BadParameter, "1 to 255"},
		"a long name":          {`"name":"` + strings.Repeat("长", table.MaxBaseNameRunes+1) + `"`, problem.BadParameter, "1 to 255"},
		"an unknown folder":    {`"name":"a","folder_token":"fldcnNone"`, problem.NotFound, "fldcnNone"},
		"the folder of others": {`"name":"a","folder_token":"fldcnOther"`, problem.AppNotCollaborator, "fldcnOther"},
	} {
		t.Run("refuses "+name, func(t *testing.T) {
			t.Parallel()
			m := setupMaking(t, sandbox.Options{})
			if err := m.box.AddApp(sandbox.AppSpec{ID: "cli_other", Secret: "x", Folders: []string{"fldcnOther"}}); err != nil {
				t.Fatal(err)
			}
			_, err := m.createBase(c.options)
			if err == nil || err.Code != c.code || !strings.Contains(err.Detail.EN, c.says) || len(m.box.Bases()) != 1 {
				t.Errorf("got %v, %d bases", err, len(m.box.Bases()))
			}
		})
	}

	for name, fault := range map[string]sandbox.Fault{
		"its answer is lost":          {Endpoint: "app.create", Action: sandbox.ActionCut, When: sandbox.AfterCommit},
		"its answer is a gateway's":   {Endpoint: "app.create", Action: sandbox.ActionHTML, When: sandbox.AfterCommit, Status: 502},
		"Feishu has an error within":  {Endpoint: "app.create", Action: sandbox.ActionError, Code: 1255001, When: sandbox.AfterCommit},
		"Feishu's own time was over":  {Endpoint: "app.create", Action: sandbox.ActionError, Code: 1255040, When: sandbox.AfterCommit},
		"it was cut before it got on": {Endpoint: "app.create", Action: sandbox.ActionCut, When: sandbox.BeforeCommit},
	} {
		t.Run("sends a call once where "+name+", and says not to repeat it", func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				m := setupMaking(t, sandbox.Options{})
				m.fault(fault)
				_, err := m.createBase(`"name":"内容库"`)
				if err == nil || err.Code != problem.UpstreamRejected || err.Outcome != problem.OutcomeUnknown ||
					!strings.Contains(err.Fix.EN, "before you repeat") {
					t.Errorf("got %v", err)
				}
				if n := m.box.CallCount("app.create", "cli_example"); n != 1 {
					t.Errorf("%d calls", n)
				}
			})
		})
	}

	t.Run("waits where Feishu says that it was not carried out", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			m := setupMaking(t, sandbox.Options{})
			m.fault(sandbox.Fault{Endpoint: "app.create", Action: sandbox.ActionError, Code: 1254290, Count: 2})
			if _, err := m.createBase(`"name":"内容库"`); err != nil || len(m.box.Bases()) != 2 {
				t.Errorf("%d bases, %v", len(m.box.Bases()), err)
			}
		})
	})
}
