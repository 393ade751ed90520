package sandbox

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rowgate/rowgate/internal/sandbox/state"
)

func TestOptions(t *testing.T) {
	t.Parallel()
	t.Run("survive_JSON_every_one", func(t *testing.T) {
		t.Parallel()
		var full Options
		for i := range reflect.TypeFor[Options]().NumField() {
			field := reflect.ValueOf(&full).Elem().Field(i)
			switch field.Interface().(type) {
			case Latency:
				field.Set(reflect.ValueOf(Latency{PerCall: time.Duration(i+1) * time.Second}))
			case bool:
				field.SetBool(true)
			case int, int64, time.Duration:
				field.SetInt(int64(i + 1))
			case uint64:
				field.SetUint(7)
			default:
				field.SetString("x")
			}
		}
		b, err := json.Marshal(full)
		if err != nil {
			t.Fatal(err)
		}
		var back Options
		if err := json.Unmarshal(b, &back); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(full, back); diff != "" {
			t.Error(diff)
		}
	})
	for name, options := range map[string]Options{
		"conflict_scope": {ConflictScope: "app"}, "client_token": {ClientToken: "x"}, "client_token_scope": {ClientTokenScope: ScopeBase},
		"read_only_write": {ReadOnlyWrite: "x"}, "overload": {Overload: "x"}, "secret_status": {SecretStatus: 99},
	} {
		t.Run("are_refused_by_name_"+name, func(t *testing.T) {
			t.Parallel()
			if _, err := New(options); err == nil || !strings.Contains(err.Error(), name) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestSeeding(t *testing.T) {
	t.Parallel()
	for name, seed := range map[string]func(b *bundle) error{
		"an_app_id_of_another_shape": func(b *bundle) error { return b.sb.AddApp(AppSpec{ID: "app", Secret: "s"}) },
		"a_base_token_of_another_shape": func(b *bundle) error {
			_, err := b.sb.AddBase(BaseSpec{Token: "a_b"})
			return err
		},
		"an_unknown_time_zone": func(b *bundle) error { _, err := b.sb.AddBase(BaseSpec{TimeZone: "Mars/Base"}); return err },
		"a_wiki_node_twice": func(b *bundle) error {
			_, _ = b.sb.AddBase(BaseSpec{WikiNode: "wikcnA"})
			_, err := b.sb.AddBase(BaseSpec{WikiNode: "wikcnA"})
			return err
		},
		"a_table_id_of_another_shape": func(b *bundle) error { _, err := b.base.AddTableSpec(TableSpec{ID: "x", Name: "a"}); return err },
		"a_table_id_twice":            func(b *bundle) error { _, err := b.base.AddTableSpec(TableSpec{ID: testTable, Name: "a"}); return err },
		"a_field_of_an_unknown_type":  func(b *bundle) error { _, err := b.base.AddTable("a", FieldSpec{Name: "a", Type: 99}); return err },
		"rows_of_an_unknown_table":    func(b *bundle) error { _, err := b.base.AddRows("tblUnknown1"); return err },
		"rows_that_are_no_JSON": func(b *bundle) error {
			_, err := b.base.AddRows(testTable, map[string]any{"标题": func() {}})
			return err
		},
		"counting_an_unknown_column": func(b *bundle) error { _, err := b.sb.CountBy(testBase, testTable, "x"); return err },
		"counting_an_unknown_base":   func(b *bundle) error { _, err := b.sb.CountBy("x", testTable, "x"); return err },
	} {
		t.Run("refuses_"+name, func(t *testing.T) {
			t.Parallel()
			if seed(setup(t, Options{})) == nil {
				t.Error("no error")
			}
		})
	}
	t.Run("counts_rows_by_value", func(t *testing.T) {
		t.Parallel()
		b := setup(t, Options{})
		_, err := b.base.AddRows(testTable, map[string]any{"标题": "a"}, map[string]any{"标题": "a"}, map[string]any{})
		b.must(err)
		got, err := b.sb.CountBy(testBase, testTable, "标题")
		b.must(err)
		if diff := cmp.Diff(map[string]int{"a": 2, "": 1}, got); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("takes_options_of_a_property_from_Go", func(t *testing.T) {
		t.Parallel()
		b := setup(t, Options{}, FieldSpec{Name: "a", Type: 1}, FieldSpec{
			Name: "s", Type: 3, FixedOptions: true, Property: map[string]any{"options": []map[string]any{{"name": "A", "color": 7}}},
		})
		b.create(map[string]any{"s": "A"}).wantOK(t)
		if o := b.stored().Tables[testTable].Fields[1].Options[0]; o.Color != 7 {
			t.Errorf("got %+v", o)
		}
	})
}

func TestVerify(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(*state.Table){
		"a_row_out_of_order":     func(t *state.Table) { t.Order[0].Seq = 99 },
		"a_row_that_is_no_index": func(t *state.Table) { delete(t.Rows, t.Order[0].ID) },
		"an_index_without_row":   func(t *state.Table) { t.Rows["recX"] = &state.Row{} },
		"an_id_that_comes_twice": func(t *state.Table) { t.Order[1].ID = t.Order[0].ID; t.Rows[t.Order[0].ID] = t.Order[1] },
		"a_foreign_option":       func(t *state.Table) { t.Order[0].Cells[t.ByName["single"].Slot] = &state.Option{ID: "optX"} },
		"a_foreign_option_of_many": func(t *state.Table) {
			t.Order[0].Cells[t.ByName["multi"].Slot] = []*state.Option{{ID: "optX"}}
		},
		"a_link_from_one_side": func(t *state.Table) {
			links, _ := t.Order[0].Cells[t.ByName["link"].Slot].([]string)
			t.Order[0].Cells[t.ByName["duplex"].Slot] = links[:1]
		},
	} {
		t.Run("finds_"+name, func(t *testing.T) {
			t.Parallel()
			b, targets := setupLinks(t, Options{})
			b.create(map[string]any{"link": targets}, map[string]any{"duplex": nil}).wantOK(t)
			// A copy is spoilt, because setup verifies the table itself at the end.
			original := b.stored().Tables[testTable]
			copied := state.Table{ID: original.ID, Fields: original.Fields, ByName: original.ByName, Rows: map[string]*state.Row{}}
			for _, r := range original.Order {
				twin := *r
				twin.Cells = append([]any{}, r.Cells...)
				copied.Order = append(copied.Order, &twin)
				copied.Rows[twin.ID] = &twin
			}
			if err := copied.Verify(b.stored(), map[string]bool{}); err != nil {
				t.Fatal(err)
			}
			spoil(&copied)
			if copied.Verify(b.stored(), map[string]bool{}) == nil {
				t.Error("not found")
			}
		})
	}
}

func TestJournal(t *testing.T) {
	t.Parallel()
	t.Run("keeps_the_newest_calls_up_to_its_size", func(t *testing.T) {
		t.Parallel()
		b := setup(t, Options{JournalCalls: 3})
		for range 5 {
			b.create(map[string]any{}, map[string]any{}).wantOK(t)
		}
		numbers := func() (out []int64) {
			for _, c := range b.sb.Journal() {
				out = append(out, c.Number)
			}
			return out
		}
		if diff := cmp.Diff([]int64{4, 5, 6}, numbers()); diff != "" {
			t.Error(diff)
		}
		b.must(b.sb.SetOptions(Options{JournalCalls: 2}))
		if diff := cmp.Diff([]int64{5, 6}, numbers()); diff != "" {
			t.Error(diff)
		}
		b.do("GET", "/nowhere", nil)
		if last := b.sb.Journal()[1]; last.Status != 404 || last.Endpoint != "" {
			t.Errorf("got %+v", last)
		}
		if n := b.sb.CallCount("record.batch_create", testApp); n != 5 {
			t.Errorf("%d calls", n)
		}
		if n := b.sb.CallCount("", ""); n != 6 {
			t.Errorf("%d calls in all", n)
		}
	})
}
