package e2e_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/rowgate/rowgate/internal/sandbox"
)

func TestTheFamilyTables(t *testing.T) {
	t.Parallel()

	t.Run("is_open_to_keys_as_far_as_they_reach", func(t *testing.T) {
		t.Parallel()
		s := setupSingle(t, options{})
		calls := map[string]string{
			"/v1/fields/update": `{"field":"笔记","name":"随笔"}`,
			"/v1/views":         `{"name":"三月","where":{"主题":{"contains":"三"}}}`,
			"/v1/bases":         `{"name":"新库"}`,
		}
		for _, c := range []struct {
			name, base, table string
			opens             []string
		}{
			{"a table's key", baseName, s.table, nil},
			{"a base's key", baseName, "", []string{"/v1/fields/update", "/v1/views"}},
			{"a key without a base", "", "", []string{"/v1/bases"}},
		} {
			header := bearer(s.key(c.base, c.table))
			header["X-App-Id"], header["X-App-Secret"] = "", ""
			if c.base != "" && c.table == "" {
				header["X-Table-Id"] = s.table
			}
			if c.base == "" {
				header["X-App-Token"], header["X-Table-Id"] = "", ""
			}
			for path, body := range calls {
				got := s.do(request{path: path, body: body, header: header})
				opens := strings.Contains(strings.Join(c.opens, " "), path)
				switch {
				case opens && got.status != http.StatusOK:
					t.Errorf("%s, %s: %d %s", c.name, path, got.status, got.raw)
				case c.base != "" && !opens && (got.status != http.StatusForbidden || got.Code != "key_scope"):
					t.Errorf("%s, %s: %d %s", c.name, path, got.status, got.raw)
				}
			}
		}
		if got := len(s.sandbox.Bases()); got != 2 {
			t.Errorf("%d bases, want the one that the key without a base made and the one that was there", got)
		}
	})

	t.Run("changes_columns_that_every_credential_sees_at_its_next_write", func(t *testing.T) {
		t.Parallel()
		h := setup(t, options{})
		if err := h.sandbox.AddApp(sandbox.AppSpec{ID: "cli_second", Secret: "secretsecond"}); err != nil {
			t.Fatal(err)
		}
		base, err := h.sandbox.AddBase(sandbox.BaseSpec{Token: "bascnShared1", Collaborators: []string{appID, "cli_second"}})
		if err != nil {
			t.Fatal(err)
		}
		shared, err := base.AddTable("共用", sandbox.FieldSpec{Name: "标题", Type: 1}, sandbox.FieldSpec{Name: "数量", Type: 2})
		if err != nil {
			t.Fatal(err)
		}
		first := map[string]string{"X-App-Token": "bascnShared1", "X-Table-Id": shared}
		second := map[string]string{"X-App-Token": "bascnShared1", "X-Table-Id": shared, "X-App-Id": "cli_second", "X-App-Secret": "secretsecond"}
		write := func(header map[string]string, body string) reply { return h.do(request{header: header, body: body}) }
		for _, header := range []map[string]string{first, second} { // the columns are known to both
			if got := write(header, `{"fields":{"标题":"a","数量":1}}`); got.status != http.StatusOK {
				t.Fatal(got.raw)
			}
		}
		change := func(body string) {
			t.Helper()
			if got := h.do(request{path: "/v1/fields/update", header: first, body: body}); got.status != http.StatusOK {
				t.Fatal(got.raw)
			}
		}
		change(`{"field":"数量","name":"件数"}`)
		for _, header := range []map[string]string{first, second} {
			if got := write(header, `{"fields":{"标题":"b","件数":2}}`); got.status != http.StatusOK || got.Created != 1 {
				t.Errorf("under the new name: %s", got.raw)
			}
			got := write(header, `{"fields":{"标题":"c","数量":3}}`)
			if got.status != http.StatusUnprocessableEntity || len(got.Errors) != 1 || got.Errors[0].Code != "field_not_found" {
				t.Errorf("under the old name: %s", got.raw)
			}
		}
		change(`{"field":"件数","type":"text"}`)
		if got := write(first, `{"fields":{"标题":"d","件数":"四件"}}`); got.status != http.StatusOK || got.Created != 1 {
			t.Errorf("as text: %s", got.raw)
		}
	})
}
