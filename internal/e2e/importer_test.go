package e2e_test

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/rowgate/rowgate/openapi"
)

// TestDifyTool imports the document that the running service serves and calls its tools as Dify does.
func TestDifyTool(t *testing.T) {
	t.Parallel()
	text := "他说 \"好\"，it's fine\n第二行 {a: [1]} C:\\new"
	for name, records := range map[string]any{
		"records as JSON text":               `[{"标题":"葱油拌面","平台":"抖音","播放量":1200,"已发布":true}]`,
		"one row as JSON text":               `{"标题":"葱油拌面","平台":"抖音","播放量":"1,200","已发布":"是"}`,
		"what a model wrote":                 "好的：\n```json\n[{\"标题\":\"葱油拌面\",\"平台\":\"抖音\",\"播放量\":1200,\"已发布\":true}]\n```",
		"a variable that is a dict":          map[string]any{"标题": "葱油拌面", "平台": "抖音", "播放量": 1200, "已发布": true, "电话": nil},
		"a variable that is a list of dicts": []any{map[string]any{"标题": "葱油拌面", "平台": "抖音", "播放量": 1200, "已发布": true}},
		"a variable that holds rows beneath fields": []any{map[string]any{"fields": map[string]any{
			"标题": "葱油拌面", "平台": "抖音", "播放量": 1200,
			"已发布": true,
		}}},
	} {
		t.Run(name+" lands", func(t *testing.T) {
			t.Parallel()
			h := setup(t, options{})
			got := h.callImported(openapi.ProfileDify, "write_records", map[string]any{"records": records})
			if got.status != http.StatusOK || got.Created != 1 {
				t.Fatalf("%d %s", got.status, got.raw)
			}
			landed(t, h.rows(), []map[string]any{{"标题": "葱油拌面", "平台": "抖音", "播放量": 1200, "已发布": true}})
		})
	}

	t.Run("text with quotes, newlines, braces and backslashes survives a dict variable", func(t *testing.T) {
		t.Parallel()
		h := setup(t, options{})
		got := h.callImported(openapi.ProfileDify, "write_records", map[string]any{"records": map[string]any{"标题": text}})
		if got.status != http.StatusOK {
			t.Fatalf("%d %s", got.status, got.raw)
		}
		landed(t, h.rows(), []map[string]any{{"标题": text}})
	})

	t.Run("empty and stringified options are options", func(t *testing.T) {
		t.Parallel()
		h := setup(t, options{})
		args := map[string]any{"records": `[{"标题":"一"},{"标题":"二"}]`, "timeout_ms": "20000", "dry_run": "false", "typecast": true}
		for name, param := range imported(t, documents(t).Profiles[openapi.ProfileDify])["write_records"].params {
			if _, given := args[name]; !given && param.Type == "string" {
				args[name] = ""
			}
		}
		got := h.callImported(openapi.ProfileDify, "write_records", args)
		if got.status != http.StatusOK || got.Created != 2 {
			t.Fatalf("%d %s", got.status, got.raw)
		}
	})

	t.Run("rows are upserted, changed and deleted", func(t *testing.T) {
		t.Parallel()
		h := setup(t, options{})
		call := func(name string, args map[string]any) reply {
			t.Helper()
			got := h.callImported(openapi.ProfileDify, name, args)
			if got.status != http.StatusOK {
				t.Fatalf("%s: %d %s", name, got.status, got.raw)
			}
			return got
		}
		call("write_records", map[string]any{"records": map[string]any{"标题": "一", "播放量": 1}})
		again := call("write_records", map[string]any{"records": map[string]any{"标题": "一", "播放量": 2}, "key_fields": []any{"标题"}})
		if again.Updated != 1 {
			t.Fatalf("the upsert: %s", again.raw)
		}
		call("update_records", map[string]any{"records": []any{map[string]any{"record_id": again.RecordID, "播放量": "3"}}})
		landed(t, h.rows(), []map[string]any{{"标题": "一", "播放量": 3}})
		if gone := call("delete_records", map[string]any{"record_ids": []any{again.RecordID}}); gone.Deleted != 1 || len(h.rows()) != 0 {
			t.Errorf("the deletion: %s", gone.raw)
		}
	})

	t.Run("an error keeps its body, which Dify shows for statuses that are no 429 and no 5xx", func(t *testing.T) {
		t.Parallel()
		h := setup(t, options{})
		got := h.callImported(openapi.ProfileDify, "write_records", map[string]any{"records": map[string]any{"标提": "一"}})
		if got.status != http.StatusUnprocessableEntity || len(got.Errors) != 1 || got.Errors[0].Suggestion != "标题" {
			t.Errorf("%d %s", got.status, got.raw)
		}
	})
}

// TestCozeAndActions send what those callers build of their documents: the types of the document, structures as JSON text.
func TestCozeAndActions(t *testing.T) {
	t.Parallel()
	for _, profile := range []string{openapi.ProfileCoze, openapi.ProfileActions} {
		t.Run(profile+" writes, describes and reads on", func(t *testing.T) {
			t.Parallel()
			h := setup(t, options{})
			got := h.callTyped(profile, "write_records", map[string]any{
				"records": `[{"标题":"葱油拌面","平台":"抖音","发布日期":"2026-03-24"}]`, "key_fields": "标题", "on_error": "", "time_zone": "",
				"typecast": true, "timeout_ms": 20000,
			})
			if got.status != http.StatusOK || got.Created != 1 {
				t.Fatalf("%d %s", got.status, got.raw)
			}
			landed(t, h.rows(), []map[string]any{{"标题": "葱油拌面", "平台": "抖音"}})
			if got := h.callTyped(profile, "describe_table", nil); got.status != http.StatusOK || !strings.Contains(got.raw, "发布日期") {
				t.Errorf("%d %s", got.status, got.raw)
			}
		})
	}

	t.Run("every structure of a document is read as its example shows it", func(t *testing.T) {
		t.Parallel()
		h := setup(t, options{})
		for name, one := range imported(t, documents(t).Profiles[openapi.ProfileCoze]) {
			if name == "create_fields" { // its answer is no receipt; create_table takes the same lists
				continue
			}
			needed := map[string]any{}
			for _, required := range one.required {
				needed[required] = one.params[required].Example
			}
			for param, property := range one.params {
				if !strings.Contains(property.Description, "JSON text") {
					continue
				}
				args := maps.Clone(needed)
				args[param] = property.Example
				if name == "create_table" {
					args["name"] = "表 " + param
				}
				got := h.callTyped(openapi.ProfileCoze, name, args)
				if slices.Contains([]string{"bad_body", "unknown_parameter", "bad_parameter", "internal_error"}, got.Code) {
					t.Errorf("%s with %s: %s", name, param, got.raw)
				}
			}
		}
	})
}

// callImported calls a tool of a document that the service serves, as Dify converts the arguments.
func (h *harness) callImported(profile, name string, args map[string]any) reply {
	h.t.Helper()
	one := h.importTool(profile, name)
	return h.do(request{path: one.path, header: withKey(h.key()), body: one.difyBody(h.t, args)})
}

// callTyped calls a tool with the arguments as they are.
func (h *harness) callTyped(profile, name string, args map[string]any) reply {
	h.t.Helper()
	if args == nil {
		args = map[string]any{}
	}
	one := h.importTool(profile, name)
	for param := range args {
		if _, ok := one.params[param]; !ok {
			h.t.Fatalf("%s has no parameter %s", name, param)
		}
	}
	return h.do(request{path: one.path, header: withKey(h.keyFor(name)), body: bodyJSON(h.t, args)})
}

func (h *harness) importTool(profile, name string) *importedTool {
	h.t.Helper()
	served := h.get("/openapi/" + profile + ".json")
	if served.status != http.StatusOK || served.header.Get("Content-Type") != "application/json" {
		h.t.Fatalf("%d %s", served.status, served.header.Get("Content-Type"))
	}
	one := imported(h.t, []byte(served.raw))[name]
	if one == nil {
		h.t.Fatalf("%s has no %s", profile, name)
	}
	return one
}

// landed compares the columns of want with the rows of the table; other columns are not looked at.
func landed(t *testing.T, rows, want []map[string]any) {
	t.Helper()
	if len(rows) != len(want) {
		t.Fatalf("%d rows landed, want %d: %v", len(rows), len(want), rows)
	}
	for i, row := range want {
		for column, value := range row {
			if have, want := bodyJSON(t, rows[i][column]), bodyJSON(t, value); have != want {
				t.Errorf("row %d has %s %s, want %s", i, column, have, want)
			}
		}
	}
}
