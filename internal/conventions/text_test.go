package conventions_test

import (
	"go/ast"
	"go/token"
	"path"
	"strconv"
	"strings"
	"testing"
)

func TestStringsAreInPlainEnglish(t *testing.T) {
	t.Parallel()
	for _, file := range goFiles(t) {
		if !strings.HasSuffix(file.path, "_test.go") {
			report(t, file, refusedLiterals(parse(t, file)))
		}
	}
}

func TestTemplatesAndReadmesAreInPlainEnglish(t *testing.T) {
	t.Parallel()
	files := tree(t, func(name string) bool {
		switch path.Ext(name) {
		case ".html", ".gohtml", ".tmpl":
			return true
		}
		return strings.HasPrefix(path.Base(name), "README") && path.Ext(name) == ".md"
	})
	if len(files) < 4 { // two READMEs, the page of errors, the page of documents
		t.Fatalf("only %d templates and READMEs: the walk is broken", len(files))
	}
	for _, file := range files {
		report(t, file, refusedLines(file.text))
	}
}

// TestRefused shows what the deny list refuses and what it must let pass.
func TestRefused(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"Mend the rows that errors lists.", "Skipped: mend the key first.", "a column that the table has not.", "keys which we have not",
		"The app is no collaborator of the base", "It is no http address.", "Expected is a number.", "furnished with rows",
		"as the house does", "shown at the door", "Two gates are open.", "set adrift", "a row is put aside", "This is no token of ours.",
		"what Feishu owns up to", "1254302 or one of its kin", "The request was turned away.", "Ask whoever runs this service.",
		"Wait the seconds of Retry-After.", "never ignored in silence", "what became of the rows", "the output of the step before",
		"the rows thereof", "密钥文件读不出来", "新密钥写不进文件", "飞书回答 91403", "等待 Retry-After 的秒数后重试",
	} {
		if len(refused(text)) == 0 {
			t.Errorf("%q is not refused", text)
		}
	}
	for _, text := range []string{
		"Amend the commit.", "We recommend this.", "the row has not been written", "There is no such column.", "where there is no key",
		"It is no longer in use.", "The expected value is a number.", "a gateway of Rowgate", "outdoors", "household", "besides",
		"The token was issued by this service.", "akin", "the number of seconds in Retry-After",
		"the previous step", "therefore", "飞书返回 91403",
	} {
		if advice := refused(text); len(advice) > 0 {
			t.Errorf("%q: %v", text, advice)
		}
	}
}

func TestRefusedLiterals(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		code string
		want int // line of the finding, 0 for none
	}{
		"finds a string":                        {"const s = \"Mend it.\"", 2},
		"finds a raw string":                    {"const s = `Mend it.`", 2},
		"finds a struct tag":                    {"type T struct {\n\tA int `doc:\"the rows to mend\"`\n}", 3},
		"finds a phrase across a concatenation": {"var s = \"a column that the table\" +\n\t\" has not.\"", 2},
		"takes no variable for a word":          {"var s = \"it ha\" + x + \"s not.\"", 0},
		"leaves identifiers and comments alone": {"var gate int // the door of the house\n", 0},
		"leaves import paths alone":             {"import _ \"example.org/the/gate\"", 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			check(t, refusedLiterals(parse(t, source{path: "x.go", text: "package x\n" + test.code})), test.want)
		})
	}
}

// refusedLiterals finds what the deny list refuses in the string literals of a file; literals that are added up are one text.
func refusedLiterals(positions *token.FileSet, file *ast.File) []finding {
	var found []finding
	read := func(node ast.Node, text string) {
		for _, advice := range refused(text) {
			found = append(found, finding{positions.Position(node.Pos()).Line, advice})
		}
	}
	ast.Inspect(file, func(node ast.Node) bool {
		switch node := node.(type) {
		case *ast.ImportSpec:
			return false
		case *ast.BinaryExpr:
			if text, ok := sum(node); ok {
				read(node, text)
				return false
			}
		case *ast.BasicLit:
			if text, err := strconv.Unquote(node.Value); err == nil && node.Kind == token.STRING {
				read(node, text)
			}
		}
		return true
	})
	return found
}

// variable stands in a text for what is only known at run time; no phrase of the deny list has it.
const variable = "\x00"

// sum returns the text of literals and variables that are added up; false where a call or another expression is among them,
// whose own literals are then read one by one.
func sum(expr ast.Expr) (string, bool) {
	switch expr := expr.(type) {
	case *ast.BasicLit:
		text, err := strconv.Unquote(expr.Value)
		return text, err == nil && expr.Kind == token.STRING
	case *ast.Ident, *ast.SelectorExpr:
		return variable, true
	case *ast.BinaryExpr:
		left, leftOK := sum(expr.X)
		right, rightOK := sum(expr.Y)
		return left + right, expr.Op == token.ADD && leftOK && rightOK
	}
	return "", false
}

// refusedLines finds what the deny list refuses in the lines of a text.
func refusedLines(text string) []finding {
	var found []finding
	number := 0
	for line := range strings.SplitSeq(text, "\n") {
		number++
		for _, advice := range refused(line) {
			found = append(found, finding{number, advice})
		}
	}
	return found
}
