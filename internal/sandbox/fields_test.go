package sandbox

import (
	"fmt"
	"strings"
	"testing"

	"github.com/rowgate/rowgate/internal/sandbox/base"
)

func TestFields(t *testing.T) {
	t.Parallel()
	t.Run("are_listed_with_type_and_property", func(t *testing.T) {
		t.Parallel()
		b, _ := setupLinks(t, Options{})
		var list struct {
			Items []struct {
				ID       string `json:"field_id"`
				Name     string `json:"field_name"`
				Type     int
				UIType   string `json:"ui_type"`
				Primary  bool   `json:"is_primary"`
				Property map[string]any
			}
			Total   int
			HasMore bool `json:"has_more"`
		}
		b.do("GET", fieldsPath+"?page_size=100", nil).into(t, &list)
		if list.Total != len(everyField())+3 || list.HasMore || !list.Items[0].Primary || list.Items[1].Primary {
			t.Errorf("got %+v", list)
		}
		for _, item := range list.Items {
			got := fmt.Sprint(item.Type, " ", item.UIType)
			want, check := map[string]string{
				"text": "1 Text", "email": "1 Email", "progress": "2 Progress", "single": "3 SingleSelect",
				"duplex": "21 DuplexLink", "serial": "1005 AutoNumber",
			}[item.Name]
			if check && got != want {
				t.Errorf("%s is %s, want %s", item.Name, got, want)
			}
			switch item.Name {
			case "single":
				if names := fmt.Sprint(item.Property["options"]); !strings.Contains(names, "name:A") || !strings.Contains(names, "name:B") {
					t.Errorf("options %s", names)
				}
			case "duplex":
				if item.Property["back_field_name"] != "back" || item.Property["table_id"] != "tblOther1" || item.Property["table_name"] != "other" {
					t.Errorf("property %v", item.Property)
				}
			case "oneUser":
				if item.Property["multiple"] != false {
					t.Errorf("property %v", item.Property)
				}
			case "date":
				if item.Property["date_formatter"] != "yyyy/MM/dd" {
					t.Errorf("property %v", item.Property)
				}
			}
		}
		b.do("GET", fieldsPath+"?view_id=vewUnknown1", nil).want(t, 200, 1254042)
		b.do("GET", fieldsPath+"?text_field_as_array=x", nil).want(t, 400, 99992402)
	})
	t.Run("show_their_description_as_text_or_segments", func(t *testing.T) {
		t.Parallel()
		b := setup(t, Options{})
		made := b.do("POST", fieldsPath, `{"field_name":"a","type":2,"description":{"text":"说明","disable_sync":true}}`)
		made.wantOK(t)
		if !strings.Contains(made.raw, `"description":{"disable_sync":true,"text":"说明"}`) { // an object: the typed SDKs break on a text
			t.Errorf("got %s", made.raw)
		}
		if r := b.do("GET", fieldsPath, nil); !strings.Contains(r.raw, `"description":"说明"`) {
			t.Errorf("got %s", r.raw)
		}
		if r := b.do("GET", fieldsPath+"?text_field_as_array=true", nil); !strings.Contains(
			r.raw,
			`"description":[{"text":"说明","type":"text"}]`,
		) {
			t.Errorf("got %s", r.raw)
		}
	})
	for name, tc := range map[string]struct {
		body         string
		status, code int
	}{
		"no_name":                    {`{"type":1}`, 400, 99992402},
		"no_type":                    {`{"field_name":"a"}`, 400, 99992402},
		"an_unknown_type":            {`{"field_name":"a","type":6}`, 400, 99992402},
		"a_lookup":                   {`{"field_name":"a","type":19}`, 200, 1254012},
		"a_stage":                    {`{"field_name":"a","type":24}`, 200, 1254012},
		"a_button":                   {`{"field_name":"a","type":3001}`, 200, 1254012},
		"a_duplicate_name":           {`{"field_name":"标题","type":1}`, 200, 1254014},
		"a_blank_name":               {`{"field_name":"  ","type":1}`, 400, 1254028},
		"a_bracket_in_the_name":      {`{"field_name":"a[b]","type":1}`, 400, 1254029},
		"an_option_without_name":     {`{"field_name":"a","type":3,"property":{"options":[{"name":""}]}}`, 200, 1254026},
		"options_of_the_wrong_shape": {`{"field_name":"a","type":3,"property":{"options":["x"]}}`, 400, 1254082},
		"options_that_are_no_list":   {`{"field_name":"a","type":4,"property":{"options":"x"}}`, 400, 1254083},
		"a_color_over_54":            {`{"field_name":"a","type":3,"property":{"options":[{"name":"x","color":55}]}}`, 400, 1254082},
		"an_unknown_number_format":   {`{"field_name":"a","type":2,"property":{"formatter":"#"}}`, 400, 1254081},
		"an_unknown_date_format":     {`{"field_name":"a","type":5,"property":{"date_formatter":"YYYY"}}`, 400, 1254084},
		"a_ui_type_of_another_type":  {`{"field_name":"a","type":2,"ui_type":"Email"}`, 400, 1254081},
		"a_link_to_nowhere":          {`{"field_name":"a","type":18,"property":{"table_id":"tblUnknown1"}}`, 400, 1254089},
		"a_duplex_link_to_nowhere":   {`{"field_name":"a","type":21}`, 400, 1254092},
		"an_option_with_an_id":       {`{"field_name":"a","type":3,"property":{"options":[{"id":"optA","name":"x"}]}}`, 400, 1254082},
		"multiple_that_is_text":      {`{"field_name":"a","type":11,"property":{"multiple":"yes"}}`, 400, 1254086},
		"a_body_that_is_no_JSON":     {`{`, 200, 1254000},
	} {
		t.Run("are_not_created_with_"+name, func(t *testing.T) {
			t.Parallel()
			setup(t, Options{}).do("POST", fieldsPath, tc.body).want(t, tc.status, tc.code)
		})
	}
	t.Run("number_at_most_300", func(t *testing.T) {
		t.Parallel()
		columns := make([]FieldSpec, base.MaxFields)
		for i := range columns {
			columns[i] = FieldSpec{Name: fmt.Sprint("c", i), Type: 1}
		}
		setup(t, Options{}, columns...).do("POST", fieldsPath, `{"field_name":"a","type":1}`).want(t, 200, 1254105)
	})
	t.Run("hold_at_most_20000_options", func(t *testing.T) {
		t.Parallel()
		options := make([]string, base.MaxOptions)
		for i := range options {
			options[i] = fmt.Sprint("o", i)
		}
		b := setup(t, Options{}, FieldSpec{Name: "标题", Type: 1}, FieldSpec{Name: "s", Type: 3, Options: options})
		b.create(map[string]any{"s": "o1"}).wantOK(t)
		b.create(map[string]any{"s": "one more"}).want(t, 200, 1254062)
	})
	t.Run("are_created_once_for_a_client_token", func(t *testing.T) {
		t.Parallel()
		b := setup(t, Options{})
		create := func(token, name string) reply {
			return b.do("POST", fieldsPath+"?client_token="+token, `{"field_name":"`+name+`","type":1}`)
		}
		first, again := create(uuidA, "a"), create(uuidA, "a")
		again.wantOK(t)
		if string(first.Data) != string(again.Data) {
			t.Errorf("got %s, first %s", again.Data, first.Data)
		}
		create(uuidA, "b").want(t, 400, 1255006)
		create("x", "b").want(t, 400, 1254037)
	})
	t.Run("are_replaced_whole_so_that_unsent_options_go", func(t *testing.T) {
		t.Parallel()
		b := setup(
			t,
			Options{},
			FieldSpec{Name: "标题", Type: 1},
			FieldSpec{Name: "s", Type: 3, Options: []string{"A", "B", "C"}},
			FieldSpec{Name: "m", Type: 4, Options: []string{"A", "B"}},
		)
		b.create(map[string]any{"s": "A", "m": []string{"A", "B"}}, map[string]any{"s": "B"}, map[string]any{"s": "C", "m": []string{"B"}}).
			wantOK(t)
		single, multi := b.stored().Tables[testTable].Fields[1], b.stored().Tables[testTable].Fields[2]
		b.do("PUT", fieldsPath+"/"+single.ID, `{"field_name":"状态","type":3,"property":{"options":[{"id":"`+single.Options[0].ID+
			`","name":"甲"},{"name":"B"}]}}`).
			wantOK(t)
		b.do("PUT", fieldsPath+"/"+multi.ID, `{"field_name":"m","type":4,"property":{"options":[{"name":"A"}]}}`).wantOK(t)
		rows := b.rows()
		got := fmt.Sprint(rows[0].Write["状态"], rows[1].Write["状态"], rows[2].Write["状态"], rows[0].Write["m"], rows[2].Write["m"])
		if got != "甲B<nil> [A] <nil>" && got != "甲 B <nil> [A] <nil>" {
			t.Errorf("got %q", got)
		}
		b.create(map[string]any{"s": "A"}).want(t, 200, 1254045)
	})
	t.Run("keep_what_no_property_holds_when_they_are_replaced", func(t *testing.T) {
		t.Parallel()
		b := setup(t, Options{}, FieldSpec{Name: "标题", Type: 1},
			FieldSpec{Name: "性别", Type: 3, Options: []string{"男"}, FixedOptions: true}, FieldSpec{Name: "合计", Type: 20, Computed: []any{3}})
		b.create(map[string]any{"标题": "a"}).wantOK(t)
		table := b.stored().Tables[testTable]
		sex, sum := table.ByName["性别"], table.ByName["合计"]
		path := fieldsPath + "/" + sex.ID
		b.do("PUT", path, `{"field_name":"性别","type":3,"property":{"options":[{"id":"optOther","name":"男"}]}}`).want(t, 400, 1254082)
		b.do("PUT", path, `{"field_name":"s","type":3,"property":{"options":[{"id":"`+sex.Options[0].ID+`","name":"男"}]}}`).wantOK(t)
		b.create(map[string]any{"s": "女"}).want(t, 200, 1254062)
		b.do("PUT", fieldsPath+"/"+sum.ID, `{"field_name":"sum","type":20}`).wantOK(t)
		if r := b.do("POST", recordsPath+"/search", `{}`); !strings.Contains(r.raw, `"sum":{"type":1,"value":[3]}`) {
			t.Errorf("got %s", r.raw)
		}
	})
	t.Run("lose_their_cells_with_another_type", func(t *testing.T) {
		t.Parallel()
		b := setup(t, Options{}, FieldSpec{Name: "标题", Type: 1}, FieldSpec{Name: "n", Type: 1})
		b.create(map[string]any{"n": "1"}).wantOK(t)
		id := b.stored().Tables[testTable].Fields[1].ID
		b.do("PUT", fieldsPath+"/"+id, `{"field_name":"n","type":2}`).wantOK(t)
		if _, there := b.rows()[0].Write["n"]; there {
			t.Error("the text is still there")
		}
		b.create(map[string]any{"n": 1}).wantOK(t)
		b.do("PUT", fieldsPath+"/fldUnknown1", `{"field_name":"n","type":2}`).want(t, 200, 1254044)
		b.do("PUT", fieldsPath+"/"+id, `{"field_name":"标题","type":2}`).want(t, 200, 1254014)
		b.do("PUT", fieldsPath+"/"+id, `{"field_name":"n","type":19}`).want(t, 200, 1254012)
		primary := b.stored().Tables[testTable].Fields[0].ID
		b.do("PUT", fieldsPath+"/"+primary, `{"field_name":"标题","type":7}`).want(t, 200, 1254012)
	})
	t.Run("keep_the_two_sides_of_a_duplex_link_together_when_the_type_changes", func(t *testing.T) {
		t.Parallel()
		b, targets := setupLinks(t, Options{})
		b.create(map[string]any{"duplex": targets}).wantOK(t)
		table, other := b.stored().Tables[testTable], b.stored().Tables["tblOther1"]
		path := fieldsPath + "/" + table.ByName["duplex"].ID
		b.do("PUT", path, `{"field_name":"duplex","type":1}`).wantOK(t)
		if other.ByName["back"] != nil || b.rows()[0].Write["duplex"] != nil {
			t.Error("the other side or the cell is still there")
		}
		b.do("PUT", path, `{"field_name":"duplex","type":21,"property":{"table_id":"tblOther1","back_field_name":"again"}}`).wantOK(t)
		b.create(map[string]any{"duplex": targets}).wantOK(t)
		if other.ByName["again"] == nil {
			t.Error("no other side was made")
		}
	})
	t.Run("name_the_other_side_of_a_duplex_link_after_table_and_field", func(t *testing.T) {
		t.Parallel()
		b := setup(t, Options{})
		_, err := b.base.AddTableSpec(
			TableSpec{ID: "tblOther1", Name: "other", Fields: []FieldSpec{{Name: "name", Type: 1}, {Name: "数据-l", Type: 1}}},
		)
		b.must(err)
		b.do("POST", fieldsPath, `{"field_name":"l","type":21,"property":{"table_id":"tblOther1"}}`).wantOK(t)
		if b.stored().Tables["tblOther1"].ByName["数据-l 2"] == nil {
			t.Error("no field 数据-l 2")
		}
	})
	t.Run("are_deleted_but_not_the_primary_one", func(t *testing.T) {
		t.Parallel()
		b, targets := setupLinks(t, Options{})
		b.create(map[string]any{"text": "a", "number": 1, "duplex": targets}).wantOK(t)
		table := b.stored().Tables[testTable]
		r := b.do("DELETE", fieldsPath+"/"+table.ByName["number"].ID, nil)
		r.wantOK(t)
		if !strings.Contains(r.raw, `"deleted":true`) {
			t.Errorf("got %s", r.raw)
		}
		if _, there := b.rows()[0].Write["number"]; there {
			t.Error("the cell is still there")
		}
		b.do("POST", fieldsPath, `{"field_name":"number","type":1}`).wantOK(t)
		b.create(map[string]any{"number": "text now"}).wantOK(t)
		b.do("DELETE", fieldsPath+"/"+table.ByName["duplex"].ID, nil).wantOK(t)
		if b.stored().Tables["tblOther1"].ByName["back"] != nil {
			t.Error("the other side of the duplex link is still there")
		}
		b.do("DELETE", fieldsPath+"/"+table.Primary().ID, nil).want(t, 200, 1254046)
		b.do("DELETE", fieldsPath+"/fldUnknown1", nil).want(t, 200, 1254044)
	})
}
