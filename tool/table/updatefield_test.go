package table_test

import (
	"strings"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"github.com/rowgate/rowgate/internal/feishu"
	"github.com/rowgate/rowgate/internal/problem"
	"github.com/rowgate/rowgate/internal/sandbox"
	"github.com/rowgate/rowgate/tool/table"
)

func (m *making) updateField(options string) (*table.FieldNow, *problem.Error) {
	m.t.Helper()
	return run[table.FieldNow](m, table.UpdateField(m.service, m.maker, m.client), options)
}

// definition is a column as Feishu has it.
func (m *making) definition(name string) feishu.FieldDefinition {
	m.t.Helper()
	all, err := m.client.ListDefinitions(m.t.Context(), m.ref)
	if err != nil {
		m.t.Fatal(err)
	}
	for _, one := range all {
		if one.Name == name {
			return one
		}
	}
	m.t.Fatalf("no column %s", name)
	return feishu.FieldDefinition{}
}

// setupDefined is a making with a column of each kind that update_field has to keep whole.
func setupDefined(t *testing.T, options sandbox.Options) *making {
	t.Helper()
	m := setupMaking(t, options)
	for _, base := range m.box.Bases() {
		id, err := base.AddTable("定义",
			sandbox.FieldSpec{Name: "标题", Type: 1},
			sandbox.FieldSpec{Name: "状态", Type: 3, Property: map[string]any{
				"options": []any{map[string]any{"name": "完成"}, map[string]any{"name": "进行中"}}, "kept": "whole",
			}},
			sandbox.FieldSpec{Name: "评分", Type: 2, UIType: "Rating", Property: map[string]any{
				"formatter": "0", "min": 0, "max": 5, "rating": map[string]any{"symbol": "star"},
			}})
		if err != nil {
			t.Fatal(err)
		}
		m.ref.TableID = id
	}
	return m
}

func TestUpdateField(t *testing.T) {
	t.Parallel()

	t.Run("renames a column and keeps all else of it", func(t *testing.T) {
		t.Parallel()
		m := setupDefined(t, sandbox.Options{})
		was := m.definition("评分")
		now, err := m.updateField(`"field":"评分","name":"星级"`)
		if err != nil || !now.Changed || now.Field != "星级" || now.Type != "rating" || now.FieldID != was.ID {
			t.Fatalf("got %+v, %v", now, err)
		}
		was.Name = "星级"
		if diff := cmp.Diff(was, m.definition("星级")); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})

	t.Run("adds and renames options, and keeps the ids of all", func(t *testing.T) {
		t.Parallel()
		m := setupDefined(t, sandbox.Options{})
		defined := m.definition("状态")
		was, err := defined.Field()
		if err != nil {
			t.Fatal(err)
		}
		now, refused := m.updateField(`"field":"状态","options":[{"name":"待定"},{"name":"完成","new_name":"已完成"}]`)
		if refused != nil || !now.Changed {
			t.Fatalf("got %+v, %v", now, refused)
		}
		if diff := cmp.Diff([]string{"已完成", "进行中", "待定"}, now.Options); diff != "" {
			t.Errorf("options (-want +got):\n%s", diff)
		}
		defined = m.definition("状态")
		is, err := defined.Field()
		if err != nil || is.Property.Options[0].ID != was.Property.Options[0].ID || is.Property.Options[1].ID != was.Property.Options[1].ID {
			t.Errorf("were %+v, are %+v, %v", was.Property.Options, is.Property.Options, err)
		}
		if kept := m.definition("状态").Property; !strings.Contains(string(kept), `"kept":"whole"`) {
			t.Errorf("the property lost a part: %s", kept)
		}
		again, refused := m.updateField(`"field":"状态","options":[{"name":"待定"},{"name":"完成","new_name":"已完成"}]`)
		if refused != nil || again.Changed || m.box.CallCount("field.update", "cli_example") != 1 {
			t.Errorf("repeated: %+v, %v", again, refused)
		}
	})

	t.Run("keeps the description of the column", func(t *testing.T) {
		t.Parallel()
		m := setupDefined(t, sandbox.Options{})
		was := m.definition("状态")
		was.Description = "谁都看得到"
		if _, err := m.client.UpdateField(t.Context(), m.ref, &was); err != nil {
			t.Fatal(err)
		}
		if _, err := m.updateField(`"field":"` + was.ID + `","name":"进度"`); err != nil {
			t.Fatal(err)
		}
		if got := m.definition("进度").Description; got != was.Description {
			t.Errorf("got %q", got)
		}
	})

	for name, c := range map[string]struct {
		options, kind string
		names         []string
	}{
		"another type, with options":  {`"field":"评分","type":"single_select","options":[{"name":"高"}]`, "single_select", []string{"高"}},
		"the other kind of select":    {`"field":"状态","type":"multi_select"`, "multi_select", []string{"完成", "进行中"}},
		"another kind of one type":    {`"field":"评分","type":"number"`, "number", []string{}},
		"a kind with its own ui_type": {`"field":"评分","type":"currency"`, "currency", []string{}},
	} {
		t.Run("makes of a column "+name, func(t *testing.T) {
			t.Parallel()
			m := setupDefined(t, sandbox.Options{})
			now, err := m.updateField(c.options)
			if err != nil || now.Type != c.kind || !now.Changed {
				t.Fatalf("got %+v, %v", now, err)
			}
			if diff := cmp.Diff(c.names, now.Options); diff != "" {
				t.Errorf("options (-want +got):\n%s", diff)
			}
		})
	}

	for name, c := range map[string]struct {
		options string
		code    problem.Code
		says    string
	}{
		"nothing":                      {`"field":"状态"`, problem.BadParameter, "name, type or options"},
		"no column":                    {`"name":"x"`, problem.BadParameter, "as field"},
		"an unknown column":            {`"field":"状","name":"x"`, problem.FieldNotFound, "状态"},
		"the name of another column":   {`"field":"状态","name":"标题"`, problem.BadParameter, "of this name"},
		"an option that is not there":  {`"field":"状态","options":[{"name":"没有","new_name":"x"}]`, problem.BadParameter, "完成, 进行中"},
		"two options of one name":      {`"field":"状态","options":[{"name":"完成","new_name":"进行中"}]`, problem.BadParameter, "cannot become one"},
		"an option without a name":     {`"field":"状态","options":[{"name":" "}]`, problem.BadParameter, "empty name"},
		"options of what is no select": {`"field":"标题","options":[{"name":"x"}]`, problem.BadParameter, "only single_select"},
		"a primary column of files":    {`"field":"标题","type":"attachment"`, problem.BadParameter, "primary column"},
		"a type that none can make":    {`"field":"评分","type":"formula"`, problem.BadParameter, "made in Feishu"},
	} {
		t.Run("refuses "+name, func(t *testing.T) {
			t.Parallel()
			m := setupDefined(t, sandbox.Options{})
			_, err := m.updateField(c.options)
			if err == nil || err.Code != c.code || !strings.Contains(err.Detail.EN, c.says) {
				t.Errorf("got %v", err)
			}
			if n := m.box.CallCount("field.update", "cli_example"); n != 0 {
				t.Errorf("%d calls", n)
			}
		})
	}

	for _, when := range []sandbox.Moment{sandbox.BeforeCommit, sandbox.AfterCommit} {
		t.Run("looks again where the answer was lost "+string(when)+" commit", func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				m := setupDefined(t, sandbox.Options{})
				m.fault(sandbox.Fault{Endpoint: "field.update", Action: sandbox.ActionCut, When: when, Count: 1})
				now, err := m.updateField(`"field":"状态","name":"进度","options":[{"name":"待定"},{"name":"完成","new_name":"已完成"}]`)
				if err != nil || !now.Changed || now.Field != "进度" {
					t.Fatalf("got %+v, %v", now, err)
				}
				if diff := cmp.Diff([]string{"已完成", "进行中", "待定"}, now.Options); diff != "" {
					t.Errorf("options (-want +got):\n%s", diff)
				}
			})
		})
	}

	t.Run("takes Feishu's word that nothing changes", func(t *testing.T) {
		t.Parallel()
		m := setupDefined(t, sandbox.Options{})
		m.fault(sandbox.Fault{Endpoint: "field.update", Action: sandbox.ActionError, Code: feishu.CodeDataNotChange})
		now, err := m.updateField(`"field":"状态","name":"进度"`)
		if err != nil || now.Changed || now.Field != "进度" {
			t.Errorf("got %+v, %v", now, err)
		}
	})
}
