package e2e_test

import (
	"net/http"
	"strings"
	"testing"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/rowgate/rowgate/internal/app"
	"github.com/rowgate/rowgate/internal/sandbox"
	"github.com/rowgate/rowgate/openapi"
)

func TestFamilies(t *testing.T) {
	t.Parallel()
	s := setupSingle(t, options{settings: map[string]string{"ROWGATE_PUBLIC_URL": goldenURL}}) // else no document has an ETag

	t.Run("a document has the families that are asked for, and an ETag of its own", func(t *testing.T) {
		tags := map[string]bool{}
		for _, path := range []string{"/openapi.json", "/openapi-3.0.yaml", "/openapi/dify.json", "/openapi/actions.json"} {
			for query, want := range map[string][2]bool{ // write_records, list_views
				"": {true, false}, "?families=records": {true, false}, "?families=tables": {false, true},
				"?families=tables,records": {true, true}, "?families=all": {true, true},
			} {
				got := s.get(path + query)
				has := [2]bool{strings.Contains(got.raw, "/v1/records/search"), strings.Contains(got.raw, "/v1/views/list")}
				if got.status != http.StatusOK || has != want || !strings.Contains(got.raw, "/v1/jobs/get") {
					t.Errorf("%s%s: %d, shows %v, want %v", path, query, got.status, has, want)
				}
				tags[got.header.Get("Etag")] = true
			}
		}
		if len(tags) != 4*3 {
			t.Errorf("%d ETags for 4 documents of 3 sets", len(tags))
		}
	})

	t.Run("an unknown family is refused with those that there are", func(t *testing.T) {
		for _, path := range []string{"/openapi.json", "/openapi/coze.json"} {
			got := s.get(path + "?families=records,vews")
			if got.status != http.StatusBadRequest || !strings.Contains(got.raw, "records, tables, all") {
				t.Errorf("%d %s", got.status, got.raw)
			}
		}
		got := s.do(request{path: "/mcp", query: "families=vews", body: `{"jsonrpc":"2.0","id":1,"method":"tools/list"}`})
		if got.status != http.StatusBadRequest || !strings.Contains(got.raw, "records, tables, all") {
			t.Errorf("%d %s", got.status, got.raw)
		}
	})

	t.Run("an MCP session calls what it lists and nothing else", func(t *testing.T) {
		header := bearer(s.key(baseName, s.table))
		few, all := s.connect(header), s.connectTo("/mcp?families=all", header)
		listed, err := all.ListTools(t.Context(), nil)
		if err != nil || len(listed.Tools) != len(openapi.Importable(app.Catalogue())) {
			t.Errorf("%d tools, %v", len(listed.Tools), err)
		}
		if got, failed := all.call("list_views", map[string]any{}); failed || got["table_id"] != s.table {
			t.Errorf("list_views: %v", got)
		}
		_, err = few.CallTool(t.Context(), &sdk.CallToolParams{Name: "list_views"})
		if err == nil || !strings.Contains(err.Error(), "unknown tool") {
			t.Errorf("a tool that is not shown: %v", err)
		}
	})
}

func TestDeleteField(t *testing.T) {
	t.Parallel()
	s := setupSingle(t, options{})
	remove := func(field string, header map[string]string) reply {
		return s.do(request{path: "/v1/fields/delete", body: `{"field":"` + field + `"}`, header: header})
	}
	has := func(name string) bool {
		return strings.Contains(s.do(request{path: "/v1/tables/describe", body: `{}`}).raw, `"name":"`+name+`"`)
	}
	if !has("标签") {
		t.Fatal("the table lacks the column")
	}
	key := bearer(s.key(baseName, s.table))
	key["X-App-Id"], key["X-App-Secret"] = "", ""
	if got := remove("标签", key); got.status != http.StatusForbidden || got.Code != "key_scope" || !has("标签") {
		t.Errorf("with a table's key: %d %s", got.status, got.raw)
	}
	if got := remove("没有", nil); got.Code != "field_not_found" {
		t.Errorf("no such column: %d %s", got.status, got.raw)
	}
	s.fault(sandbox.Fault{Endpoint: "field.delete", Action: sandbox.ActionCut, When: sandbox.AfterCommit, Count: 1})
	if got := remove("标签", nil); got.status != http.StatusOK || !strings.Contains(got.raw, `"field":"标签"`) || has("标签") {
		t.Errorf("with a lost answer: %d %s", got.status, got.raw)
	}
}
