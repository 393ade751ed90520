package config_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rowgate/rowgate/internal/config"
)

func TestVariables(t *testing.T) {
	t.Parallel()

	t.Run("are the comments of the struct", func(t *testing.T) {
		t.Parallel()
		var want []string
		for _, v := range config.Variables() {
			want = append(want, v.Name+" ("+v.Default.EN+"): "+v.Meaning.EN)
		}
		if diff := cmp.Diff(want, fieldComments(t)); diff != "" {
			t.Errorf("(-Variables +comments):\n%s", diff)
		}
	})

	t.Run("are what is read", func(t *testing.T) {
		t.Parallel()
		asked := map[string]bool{}
		config.Check(func(name string) string { asked[name] = true; return "" })
		if !asked["PORT"] {
			t.Error("PORT is not read")
		}
		delete(asked, "PORT") // stands in the meaning of ROWGATE_LISTEN
		for _, v := range config.Variables() {
			if !asked[v.Name] || v.Secret != asked[v.Name+"_FILE"] {
				t.Errorf("%s is documented otherwise than it is read", v.Name)
			}
			delete(asked, v.Name)
			delete(asked, v.Name+"_FILE")
		}
		if len(asked) > 0 {
			t.Errorf("read but not documented: %v", asked)
		}
	})

	t.Run("are documented in both languages", func(t *testing.T) {
		t.Parallel()
		for _, v := range config.Variables() {
			if v.Meaning.ZH == "" || v.Meaning.EN == "" || v.Default.ZH == "" || v.Default.EN == "" {
				t.Errorf("%s is documented in halves", v.Name)
			}
		}
	})
}

func TestTable(t *testing.T) {
	t.Parallel()
	for _, lang := range []string{"zh", "en"} {
		t.Run("has a line of three cells for every variable in "+lang, func(t *testing.T) {
			t.Parallel()
			lines := strings.Split(strings.TrimSuffix(config.Table(lang), "\n"), "\n")
			if len(lines) != 2+len(config.Variables()) {
				t.Fatalf("%d lines", len(lines))
			}
			for i, v := range config.Variables() {
				line := lines[2+i]
				if !strings.HasPrefix(line, "| `"+v.Name+"`") || strings.Count(line, "|") != 4 ||
					v.Secret != strings.Contains(line, "`"+v.Name+"_FILE`") {
					t.Errorf("%s: %s", v.Name, line)
				}
				if strings.Contains(strings.ReplaceAll(line, `\<`, ""), "<") {
					t.Errorf("%s: Markdown takes < for a tag: %s", v.Name, line)
				}
			}
		})
	}
	if zh, en := config.Table("zh"), config.Table("en"); !strings.Contains(zh, "含义") || !strings.Contains(en, "meaning") {
		t.Error("the languages are mixed up")
	}
}

// fieldComments are the comments of Config and SingleTenant that document a variable, in their order.
func fieldComments(t *testing.T) []string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "config.go", nil, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	var comments []string
	for _, name := range []string{"Config", "SingleTenant"} {
		var fields []*ast.Field
		ast.Inspect(file, func(node ast.Node) bool {
			if spec, ok := node.(*ast.TypeSpec); ok && spec.Name.Name == name {
				if of, ok := spec.Type.(*ast.StructType); ok {
					fields = of.Fields.List
				}
			}
			return true
		})
		for _, field := range fields {
			comment := strings.Join(strings.Fields(field.Doc.Text()), " ") // its lines are one
			if variable, _, _ := strings.Cut(comment, " "); variable != "" && variable == strings.ToUpper(variable) {
				comments = append(comments, comment)
			}
		}
	}
	return comments
}
