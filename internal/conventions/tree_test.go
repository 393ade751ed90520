package conventions_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"strings"
	"testing"
)

// source is one text file of the tree.
type source struct {
	path string // from the root of the tree, with slashes
	text string
}

// finding is one place that breaks a convention.
type finding struct {
	line   int
	advice string // what is wrong there, and what to write instead
}

// minGoFiles is fewer than the tree has: with less, the walk itself is broken.
const minGoFiles = 100

// tree returns the sources whose path is wanted, without what the tests of a package use as input.
func tree(t *testing.T, wanted func(string) bool) []source {
	t.Helper()
	root := os.DirFS("../..")
	var sources []source
	err := fs.WalkDir(root, ".", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && (name != "." && strings.HasPrefix(entry.Name(), ".") || entry.Name() == "testdata" ||
			entry.Name() == "node_modules"): // packages of the official MCP clients, where they are installed
			return fs.SkipDir
		case entry.IsDir() || !wanted(name):
			return nil
		}
		text, err := fs.ReadFile(root, name)
		sources = append(sources, source{path: name, text: string(text)})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return sources
}

// goFiles returns every Go file of the tree, tests included.
func goFiles(t *testing.T) []source {
	t.Helper()
	files := tree(t, func(name string) bool { return path.Ext(name) == ".go" })
	if len(files) < minGoFiles {
		t.Fatalf("the tree has only %d Go files: the walk is broken", len(files))
	}
	return files
}

// report fails the test once for each finding in file.
func report(t *testing.T, file source, findings []finding) {
	t.Helper()
	for _, found := range findings {
		t.Errorf("%s:%d: %s", file.path, found.line, found.advice)
	}
}

// parse returns the syntax of a Go file.
func parse(t *testing.T, file source) (*token.FileSet, *ast.File) {
	t.Helper()
	positions := token.NewFileSet()
	syntax, err := parser.ParseFile(positions, file.path, file.text, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	return positions, syntax
}

// quoted returns text in quotation marks, shortened.
func quoted(text string) string {
	const most = 60 // runes
	if runes := []rune(text); len(runes) > most {
		text = string(runes[:most]) + "…"
	}
	return fmt.Sprintf("%q", text)
}
