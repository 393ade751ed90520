package conventions_test

import (
	"fmt"
	"go/ast"
	"go/token"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"
)

// maxColumns bounds a line of a Go file, in characters; a tab is one, as linters count it.
const maxColumns = 140

func TestLinesAreShort(t *testing.T) {
	t.Parallel()
	for _, file := range goFiles(t) {
		report(t, file, longLines(file.text))
	}
}

func TestFunctionsTakeOneContext(t *testing.T) {
	t.Parallel()
	for _, file := range goFiles(t) {
		report(t, file, manyContexts(parse(t, file)))
	}
}

func TestLongLines(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		text string
		want int // line of the finding, 0 for none
	}{
		"takes a line of 140 columns":              {"a\n" + strings.Repeat("x", 140) + "\n", 0},
		"finds a line of 141 columns":              {"a\n" + strings.Repeat("x", 141) + "\n", 2},
		"takes a long struct tag":                  {"\tA int `json:\"a\" doc:\"" + strings.Repeat("x", 141) + "\"`\n", 0},
		"finds a long raw string":                  {"\ta := `" + strings.Repeat("x", 141) + "`\n", 1},
		"counts a Chinese character as one column": {strings.Repeat("行", 140), 0},
		"finds a last line without an end":         {strings.Repeat("行", 141), 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			check(t, longLines(test.text), test.want)
		})
	}
}

func TestManyContexts(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		code string
		want int
	}{
		"takes one context":                    {"import \"context\"\nfunc f(ctx context.Context, n int) {}", 0},
		"finds two parameters":                 {"import \"context\"\nfunc f(a context.Context, n int, b context.Context) {}", 3},
		"finds two names of one type":          {"import \"context\"\nfunc f(a, b context.Context) {}", 3},
		"finds a method of an interface":       {"import \"context\"\ntype T interface {\n\tM(a, b context.Context)\n}", 4},
		"finds a function without names":       {"import \"context\"\nvar f = func(context.Context, context.Context) {}", 3},
		"knows the package by its path":        {"import std \"context\"\nfunc f(a, b std.Context) {}", 3},
		"does not take another package for it": {"import \"example.org/x/context\"\nfunc f(a, b context.Context) {}", 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			check(t, manyContexts(parse(t, source{path: "x.go", text: "package x\n" + test.code})), test.want)
		})
	}
}

// check wants one finding in the line, or none for line 0.
func check(t *testing.T, found []finding, line int) {
	t.Helper()
	if line == 0 && len(found) > 0 || line > 0 && (len(found) != 1 || found[0].line != line) {
		t.Errorf("got %v, want line %d", found, line)
	}
}

// structTag is a field's tag at the end of its line, perhaps with a comment: one token, which Go cannot break and reflect reads as
// it stands.
var structTag = regexp.MustCompile("\\s`[a-z_]+:\".*\"`(\\s*//.*)?$")

// longLines finds the lines over maxColumns, but for those that are long by a struct tag.
func longLines(text string) []finding {
	var found []finding
	number := 0
	for line := range strings.SplitSeq(text, "\n") {
		number++
		if columns := utf8.RuneCountInString(line); columns > maxColumns && !structTag.MatchString(line) {
			found = append(found, finding{number, fmt.Sprintf("%d columns: break the line, %d are the most", columns, maxColumns)})
		}
	}
	return found
}

// manyContexts finds the functions, methods and function types with more than one parameter of type context.Context.
func manyContexts(positions *token.FileSet, file *ast.File) []finding {
	name := contextName(file)
	if name == "" {
		return nil
	}
	var found []finding
	ast.Inspect(file, func(node ast.Node) bool {
		function, ok := node.(*ast.FuncType)
		if !ok {
			return true
		}
		contexts := 0
		for _, field := range function.Params.List {
			if isContext(field.Type, name) {
				contexts += max(1, len(field.Names))
			}
		}
		if contexts > 1 {
			found = append(found, finding{
				positions.Position(function.Params.Pos()).Line,
				"takes more than one context: take one, and give what is needed of the other (its error, its deadline) as a value",
			})
		}
		return true
	})
	return found
}

// contextName returns the name by which the file calls package context, "" if it does not import it.
func contextName(file *ast.File) string {
	for _, spec := range file.Imports {
		if imported, err := strconv.Unquote(spec.Path.Value); err != nil || imported != "context" {
			continue
		}
		if spec.Name != nil {
			return spec.Name.Name
		}
		return "context"
	}
	return ""
}

func isContext(expr ast.Expr, name string) bool {
	selector, ok := expr.(*ast.SelectorExpr)
	if !ok || selector.Sel.Name != "Context" {
		return false
	}
	ident, ok := selector.X.(*ast.Ident)
	return ok && ident.Name == name
}
