package e2e_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/rowgate/rowgate/internal/app"
	"github.com/rowgate/rowgate/internal/sandbox"
)

// scopedCalls are a good call of every tool that names scopes. ROW is a record of the table, FIELD a column of its own.
var scopedCalls = map[string]string{
	"write_records":       `{"records":[{"标题":"甲"},{"标题":"乙"}],"key_fields":"标题"}`,
	"update_records":      `{"records":[{"record_id":"ROW","标题":"丙"}]}`,
	"delete_records":      `{"record_ids":["ROW"]}`,
	"search_records":      `{"where":{"标题":"甲"}}`,
	"get_records":         `{"record_ids":["ROW"]}`,
	"describe_table":      `{}`,
	"list_tables":         `{}`,
	"create_table":        `{"name":"新表","fields":[{"name":"甲"}]}`,
	"create_fields":       `{"fields":[{"name":"新列"}]}`,
	"upload_attachment":   `{"url":"data:text/plain;base64,aGVsbG8=","name":"a.txt"}`,
	"resolve_link":        `{"link":"https://example.feishu.cn/wiki/wikcnScoped01"}`,
	"diagnose_connection": `{}`,
	"list_views":          `{}`,
	"delete_field":        `{"field":"FIELD"}`,
	"update_field":        `{"field":"FIELD","name":"改过的"}`,
	"create_view":         `{"name":"新视图","kind":"grid"}`,
	"create_base":         `{"name":"新的多维表格"}`,
}

// TestScopesOfToolsSuffice: an app that has only the scopes that the catalogue names of a tool can call it.
func TestScopesOfToolsSuffice(t *testing.T) {
	t.Parallel()
	h := setup(t, options{})
	for i, one := range app.Catalogue() {
		if len(one.Scopes) == 0 {
			continue
		}
		body, ok := scopedCalls[one.Name]
		if !ok {
			t.Errorf("%s has no call here", one.Name)
			continue
		}
		id, base := fmt.Sprintf("cli_scoped%02d", i), fmt.Sprintf("bascnScoped%02d", i)
		if err := h.sandbox.AddApp(sandbox.AppSpec{ID: id, Secret: "secret" + id, Scopes: one.Scopes}); err != nil {
			t.Fatal(err)
		}
		made, err := h.sandbox.AddBase(sandbox.BaseSpec{Token: base, Collaborators: []string{id}, WikiNode: fmt.Sprintf("wikcnScoped%02d", i)})
		if err != nil {
			t.Fatal(err)
		}
		own, err := made.AddTable("视频", sandbox.FieldSpec{Name: "标题", Type: 1}, sandbox.FieldSpec{Name: "多余", Type: 1})
		if err != nil {
			t.Fatal(err)
		}
		rows, err := made.AddRows(own, map[string]any{"标题": "丁"})
		if err != nil {
			t.Fatal(err)
		}
		body = strings.NewReplacer("ROW", rows[0], "FIELD", "多余", "wikcnScoped01", fmt.Sprintf("wikcnScoped%02d", i)).Replace(body)
		// Some answers have lists where a receipt has counts, so that only status and text are read.
		got, _ := h.try(t.Context(), request{path: one.Path, body: body, header: map[string]string{
			"X-App-Id": id, "X-App-Secret": "secret" + id, "X-App-Token": base, "X-Table-Id": own,
		}})
		refused := strings.Contains(got.raw, "99991672") && one.Name != "diagnose_connection" // which also asks for what only others need
		if got.status != http.StatusOK || refused {
			t.Errorf("%s with %v: %d %s", one.Name, one.Scopes, got.status, got.raw)
		}
	}
}
