package e2e_test

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/rowgate/rowgate/internal/app"
	"github.com/rowgate/rowgate/internal/config"
	"github.com/rowgate/rowgate/internal/problem"
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

	t.Run("a tag of an operation is declared, and nothing of 3.0.3 stands beside a reference, where it would not be read", func(t *testing.T) {
		t.Parallel()
		for name, document := range map[string][]byte{"3.1": d.JSON, "3.0.3": d.JSON30, "client": d.Profiles[openapi.DocumentClient]} {
			var content map[string]any
			var described struct {
				Tags  []struct{ Name string }
				Paths map[string]map[string]struct{ Tags []string }
			}
			if err := errors.Join(json.Unmarshal(document, &content), json.Unmarshal(document, &described)); err != nil {
				t.Fatal(err)
			}
			for path, operations := range described.Paths {
				for _, operation := range operations {
					if len(described.Tags) != 1 || len(operation.Tags) != 1 || operation.Tags[0] != described.Tags[0].Name {
						t.Errorf("%s: %s has the tags %v, declared are %v", name, path, operation.Tags, described.Tags)
					}
				}
			}
			if name != "3.1" {
				withoutSiblings(t, name, content)
			}
		}
	})

	t.Run("nothing in them trips an importer or leads elsewhere", func(t *testing.T) {
		t.Parallel()
		for _, document := range [][]byte{d.JSON, d.JSON30, d.Pages[problem.ZH], d.Pages[problem.EN]} {
			for _, trap := range []string{`"$schema"`, "cdn.", "unpkg", "jsdelivr", "<script"} {
				if bytes.Contains(document, []byte(trap)) {
					t.Errorf("a document has %q", trap)
				}
			}
		}
		pages := slices.Concat(d.Pages[problem.ZH], d.Pages[problem.EN])
		for _, link := range regexp.MustCompile(`(?:src|href)="([^"]*)"`).FindAllSubmatch(pages, -1) {
			if target := string(link[1]); !strings.HasPrefix(target, "/") && !strings.HasPrefix(target, "#") {
				t.Errorf("the page fetches or links %s", target)
			}
		}
	})
}

// withoutSiblings fails where a $ref has neighbours: OpenAPI 3.0 ignores them.
func withoutSiblings(t *testing.T, at string, value any) {
	t.Helper()
	switch v := value.(type) {
	case map[string]any:
		if _, ref := v["$ref"].(string); ref && len(v) > 1 {
			t.Errorf("%s: a reference with neighbours", at)
		}
		for key, inner := range v {
			withoutSiblings(t, at+"/"+key, inner)
		}
	case []any:
		for _, inner := range v {
			withoutSiblings(t, at, inner)
		}
	}
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
			what = cmp.Or(openapi.Meaning(one.Name), one.Title.ZH)
		}
		b.WriteString("| `" + one.Name + "` | `" + one.Path + "` | " + strings.ReplaceAll(what, "|", "\\|") + " |\n")
	}
	return b.String()
}
