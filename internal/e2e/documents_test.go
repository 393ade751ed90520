package e2e_test

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/rowgate/rowgate/internal/app"
	"github.com/rowgate/rowgate/internal/config"
	"github.com/rowgate/rowgate/openapi"
	"github.com/rowgate/rowgate/tool"
)

// update rewrites the golden files and the generated parts of the READMEs: go test ./internal/e2e -run 'Golden|Readme' -update
var update = flag.Bool("update", false, "rewrite golden files and the generated parts of the READMEs")

// What golden documents call the service.
const (
	goldenURL     = "https://rowgate.example.com"
	goldenVersion = "1.0.0"
)

// records are the tools that are shown unless more are asked for.
func records() tool.Catalogue { return app.Catalogue().Select(string(tool.Records)) }

func documents(t *testing.T) *openapi.Documents { return documentsOf(t, "") }

// documentsOf are the documents of families, as ?families= has them.
func documentsOf(t *testing.T, families string) *openapi.Documents {
	t.Helper()
	documents, err := app.Documents(goldenURL, goldenVersion, families)
	if err != nil {
		t.Fatal(err)
	}
	return documents
}

func TestGoldenDocuments(t *testing.T) {
	t.Parallel()
	d := documents(t)
	for name, got := range map[string][]byte{
		"openapi.json": d.JSON, "openapi.yaml": d.YAML, "openapi-3.0.json": d.JSON30, "openapi-3.0.yaml": d.YAML30,
	} {
		t.Run(name+" is what is under version control", func(t *testing.T) {
			t.Parallel()
			path := filepath.Join("..", "..", "openapi", "golden", name)
			if *update {
				if err := os.WriteFile(path, got, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got, want) {
				t.Errorf(
					"%s differs from openapi/golden/%s: a renamed operation or field breaks workflows. If it is meant, run with -update.",
					name,
					name,
				)
			}
		})
	}
}

func TestDocuments(t *testing.T) {
	t.Parallel()
	d := documents(t)

	t.Run("the 3.0.3 document is valid", func(t *testing.T) {
		t.Parallel()
		document, err := openapi3.NewLoader().LoadFromData(d.JSON30)
		if err != nil {
			t.Fatal(err)
		}
		if err := document.Validate(context.Background()); err != nil {
			t.Error(err)
		}
		if document.OpenAPI != "3.0.3" {
			t.Errorf("openapi is %s, want 3.0.3", document.OpenAPI)
		}
	})

	t.Run("the 3.1 document describes the same operations", func(t *testing.T) {
		t.Parallel()
		var old, current struct {
			OpenAPI string                    `json:"openapi"`
			Paths   map[string]map[string]any `json:"paths"`
		}
		if err := json.Unmarshal(d.JSON30, &old); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(d.JSON, &current); err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(current.OpenAPI, "3.1") || len(current.Paths) != len(old.Paths) || len(old.Paths) != len(records()) {
			t.Errorf("%s has %d paths, 3.0.3 has %d, the catalogue %d", current.OpenAPI, len(current.Paths), len(old.Paths), len(records()))
		}
	})

	t.Run("nothing in them trips an importer or leads elsewhere", func(t *testing.T) {
		t.Parallel()
		for _, document := range [][]byte{d.JSON, d.JSON30, d.Page} {
			for _, trap := range []string{`"$schema"`, "cdn.", "unpkg", "jsdelivr", "<script"} {
				if bytes.Contains(document, []byte(trap)) {
					t.Errorf("a document has %q", trap)
				}
			}
		}
		for _, link := range regexp.MustCompile(`(?:src|href)="([^"]*)"`).FindAllSubmatch(d.Page, -1) {
			if target := string(link[1]); !strings.HasPrefix(target, "/") && !strings.HasPrefix(target, "#") {
				t.Errorf("the page fetches or links %s", target)
			}
		}
	})
}

func TestCatalogue(t *testing.T) {
	t.Parallel()
	name := regexp.MustCompile(`^[a-z][a-z0-9_]{0,62}$`)
	seen := map[string]bool{}
	for _, one := range app.Catalogue() {
		t.Run(one.Name+" describes itself", func(t *testing.T) {
			t.Parallel()
			if !name.MatchString(one.Name) {
				t.Errorf("the name is no operationId that every importer takes")
			}
			if n := utf8.RuneCountInString(one.Description); n == 0 || n > tool.MaxDescription {
				t.Errorf("the description has %d characters, want 1 to %d", n, tool.MaxDescription)
			}
			if one.Title.ZH == "" || one.Title.EN == "" || one.Family == "" || one.Risk == "" {
				t.Errorf("title, family or risk is missing: %+v", one.Meta)
			}
			_, example, ok := strings.Cut(one.Description, "Example: ")
			if !ok || !json.Valid([]byte(example)) {
				t.Errorf("the description has no example in JSON: %q", example)
			}
			var given map[string]json.RawMessage
			_ = json.Unmarshal([]byte(example), &given)
			for key := range given {
				known := false
				for _, param := range one.Spec.Params {
					known = known || param.Name == key
				}
				if !known {
					t.Errorf("the example has a parameter %q that the tool has not", key)
				}
			}
		})
		if seen[one.Name] || seen[one.Path] {
			t.Errorf("%s or its path stands twice", one.Name)
		}
		seen[one.Name], seen[one.Path] = true, true
	}
}

// TestReadme keeps the generated parts of the READMEs and of the pages of settings true.
func TestReadme(t *testing.T) {
	t.Parallel()
	for file, part := range map[string]struct{ name, body string }{
		"README.md": {"tools", toolTable("en")}, "README.zh-CN.md": {"tools", toolTable("zh")},
		"docs/settings.md": {"settings", config.Table("en")}, "docs/settings.zh-CN.md": {"settings", config.Table("zh")},
	} {
		t.Run(file, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join("..", "..", file)
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			want := splice(t, string(text), part.name, part.body)
			if *update {
				if err := os.WriteFile(path, []byte(want), 0o600); err != nil {
					t.Fatal(err)
				}
				return
			}
			if string(text) != want {
				t.Errorf("a generated part of %s is out of date: run go test ./internal/e2e -run TestReadme -update", file)
			}
		})
	}
}

// splice puts body between <!-- name --> and <!-- /name -->.
func splice(t *testing.T, text, name, body string) string {
	t.Helper()
	begin, end := "<!-- "+name+" -->\n", "<!-- /"+name+" -->"
	head, rest, ok := strings.Cut(text, begin)
	_, tail, closed := strings.Cut(rest, end)
	if !ok || !closed {
		t.Fatalf("no place for %s", name)
	}
	return head + begin + body + end + tail
}

// chineseMeaning is what the Chinese README says of an operation, as the description does in English.
var chineseMeaning = map[string]string{
	"write_records":       "把行写入多维表格，或按 key_fields 更新或新建。普通的值会转换：文本日期、文本数字、按名称的选项。",
	"update_records":      "按 record_id 修改行；只改给出的列，null 清空单元格。",
	"delete_records":      "按 record_id 删除行。在这里无法撤销。",
	"search_records":      "按列的值查找行，可排序、分页；返回普通的值，也给出更新所需的 record_id。",
	"get_records":         "读取 record_id 已知的行；返回普通的值。",
	"get_job":             "查询回答为 202 并给出 job_id 的写入：状态和回执。",
	"describe_table":      "列出表的各列、类型、选项和一行示例，示例可直接交给 write_records。首次写入之前调用。",
	"list_tables":         "列出多维表格里的数据表及其 ID 和名称，用来找 table_id。",
	"create_table":        "在多维表格里新建数据表，列按类型给出，或由 sample_rows 推断（示例行不会写入）。",
	"create_fields":       "给数据表加列，按类型给出或由 sample_rows 推断；已有的列保持不变。",
	"resolve_link":        "把粘贴的飞书或 Lark 链接（多维表格、知识库、内嵌表格）变成 app_token、table_id 和 view_id。",
	"upload_attachment":   "上传一个文件，得到附件列用的 file_token；write_records 也接受网址。",
	"diagnose_connection": "查出连接为什么不通：依次检查密钥、权限、多维表格、数据表、列和写权限，每一步都给出办法。不改变任何东西。",
	"create_connection":   "把 app_id、app_secret、口令（以及给出的多维表格和数据表）封进一个用于 Authorization: Bearer 的密钥，工作流和模型不再持有密钥。",
}

func toolTable(lang string) string {
	var b strings.Builder
	if lang == "zh" {
		b.WriteString("| 操作 | 路径 | 作用 |\n|---|---|---|\n")
	} else {
		b.WriteString("| operation | path | does |\n|---|---|---|\n")
	}
	for _, one := range app.Catalogue() {
		what, _, _ := strings.Cut(one.Description, " Example: ")
		if lang == "zh" {
			what = cmp.Or(chineseMeaning[one.Name], one.Title.ZH)
		}
		b.WriteString("| `" + one.Name + "` | `" + one.Path + "` | " + strings.ReplaceAll(what, "|", "\\|") + " |\n")
	}
	return b.String()
}
