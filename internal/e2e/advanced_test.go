package e2e_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/rowgate/rowgate/internal/sandbox"
)

// advanced is a harness with a base that has advanced permissions, and the headers that lead to its table.
type advanced struct {
	*harness

	table  string
	header map[string]string
}

func setupAdvanced(t *testing.T, spec sandbox.BaseSpec, o options, rows ...map[string]any) advanced {
	t.Helper()
	h := setup(t, o)
	spec.Token = "bascnAdvanced"
	base, err := h.sandbox.AddBase(spec)
	if err != nil {
		t.Fatal(err)
	}
	id, err := base.AddTable("数据", sandbox.FieldSpec{Name: "标题", Type: 1}, sandbox.FieldSpec{Name: "数量", Type: 2})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := base.AddRows(id, rows...); err != nil {
		t.Fatal(err)
	}
	return advanced{h, id, map[string]string{"X-App-Token": "bascnAdvanced", "X-Table-Id": id}}
}

func (a advanced) post(path, body string) reply {
	a.t.Helper()
	return a.do(request{path: path, body: body, header: a.header})
}

func (a advanced) count() int { return a.sandbox.RowCount("bascnAdvanced", a.table) }

const upsertA = `{"fields":{"标题":"a","数量":2},"key_fields":"标题"}`

// TestAnEmptyReadIsNotAnEmptyTable (docs/contract.md §3): with advanced permissions a search that may read nothing succeeds without rows.
func TestAnEmptyReadIsNotAnEmptyTable(t *testing.T) {
	t.Parallel()
	editor := sandbox.BaseSpec{Editors: []string{appID}, Advanced: true}
	manager := sandbox.BaseSpec{Collaborators: []string{appID}, Advanced: true}
	row := map[string]any{"标题": "a", "数量": 1}

	for name, hiddenAbsent := range map[string]bool{"forbidden": false, "absent": true} {
		o := options{sandbox: sandbox.Options{HiddenAbsent: hiddenAbsent}}

		t.Run("an_upsert_writes_nothing_where_rows_may_be_hidden_as_"+name, func(t *testing.T) {
			t.Parallel()
			a := setupAdvanced(t, editor, o, row)
			for _, option := range []string{"", `"dry_run":true,`, `"on_error":"skip",`} {
				body := "{" + option + strings.TrimPrefix(upsertA, "{")
				got := a.post("/v1/records", body)
				if got.status != http.StatusForbidden || got.Code != "advanced_permission" || got.Outcome != "not_written" || got.Retryable {
					t.Errorf("%s: %s", body, got.raw)
				}
			}
			if got := a.post("/v1/records", `{"fields":{"标题":"b"}}`); got.Created != 1 { // a create needs no look
				t.Errorf("a create: %s", got.raw)
			}
			if got := a.post("/v1/records", upsertA); got.Code != "advanced_permission" || a.count() != 2 { // its own row proves nothing
				t.Errorf("%d rows, %s", a.count(), got.raw)
			}
		})

		t.Run("a_delete_whose_answer_was_lost_is_sent_again_where_rows_are_hidden_as_"+name, func(t *testing.T) {
			t.Parallel()
			a := setupAdvanced(t, editor, o)
			made := a.post("/v1/records", `{"fields":{"标题":"b"}}`)
			a.fault(sandbox.Fault{Endpoint: "record.batch_delete", Action: sandbox.ActionCut, When: sandbox.BeforeCommit, Count: 1})
			got := a.post("/v1/records/delete", `{"record_ids":["`+made.RecordID+`"]}`)
			if got.Deleted != 1 || a.count() != 0 {
				t.Errorf("%d rows are left: %s", a.count(), got.raw)
			}
		})

		t.Run("a_read_says_that_rows_may_be_hidden_as_"+name, func(t *testing.T) {
			t.Parallel()
			a := setupAdvanced(t, editor, o, row)
			rows, err := a.sandbox.Rows("bascnAdvanced", a.table)
			if err != nil {
				t.Fatal(err)
			}
			for path, body := range map[string]string{
				"/v1/records/search": `{"where":{"标题":"a"}}`, "/v1/records/get": `{"record_ids":["` + rows[0].ID + `"]}`,
			} {
				if got := a.post(path, body); got.status != http.StatusOK || !strings.Contains(got.Message, "高级权限") {
					t.Errorf("%s: %s", path, got.raw)
				}
			}
		})
	}

	t.Run("a_row_that_is_seen_proves_the_right_to_read", func(t *testing.T) {
		t.Parallel()
		a := setupAdvanced(t, manager, options{}, map[string]any{"标题": "other"})
		if got := a.post("/v1/records", upsertA); got.Created != 1 {
			t.Errorf("%s", got.raw)
		}
		if got := a.post("/v1/records", upsertA); got.Unchanged != 1 || a.count() != 2 {
			t.Errorf("%s", got.raw)
		}
		if got := a.post("/v1/records/search", `{"where":{"标题":"none"}}`); got.status != http.StatusOK || got.Message != "" {
			t.Errorf("%s", got.raw)
		}
	})

	t.Run("a_record_that_was_just_written_proves_it", func(t *testing.T) {
		t.Parallel()
		a := setupAdvanced(t, manager, options{sandbox: sandbox.Options{SearchLag: 1 << 40}}) // search shows nothing yet
		if got := a.post("/v1/records", upsertA); got.Code != "advanced_permission" {
			t.Errorf("unproved: %s", got.raw)
		}
		if got := a.post("/v1/records", `{"fields":{"标题":"first"}}`); got.Created != 1 {
			t.Errorf("%s", got.raw)
		}
		if got := a.post("/v1/records", upsertA); got.Created != 1 || a.count() != 2 {
			t.Errorf("proved: %s", got.raw)
		}
	})

	t.Run("an_empty_table_of_a_base_without_them_is_empty", func(t *testing.T) {
		t.Parallel()
		a := setupAdvanced(t, sandbox.BaseSpec{Editors: []string{appID}}, options{})
		if got := a.post("/v1/records", upsertA); got.Created != 1 {
			t.Errorf("%s", got.raw)
		}
		if got := a.post("/v1/records/search", `{"where":{"标题":"none"}}`); got.Message != "" {
			t.Errorf("%s", got.raw)
		}
	})

	t.Run("an_app_that_may_not_ask_is_told_which_scope_it_lacks", func(t *testing.T) {
		t.Parallel()
		a := setupAdvanced(t, sandbox.BaseSpec{Collaborators: []string{appID}}, options{})
		if err := a.sandbox.AddApp(sandbox.AppSpec{ID: appID, Secret: a.secrets.app, Scopes: []string{
			"base:field:read", "base:record:retrieve", "base:record:create", "base:record:update", "base:record:read", "base:table:read",
		}}); err != nil {
			t.Fatal(err)
		}
		if got := a.post("/v1/records", upsertA); got.status != http.StatusForbidden || got.Code != "scope_missing" || a.count() != 0 {
			t.Errorf("%s", got.raw)
		}
		if got := a.post("/v1/records", `{"fields":{"标题":"first"}}`); got.Created != 1 {
			t.Errorf("%s", got.raw)
		}
		if got := a.post("/v1/records", upsertA); got.Created != 1 {
			t.Errorf("a row is seen: %s", got.raw)
		}
	})
}
