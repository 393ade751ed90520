// Package docs_test checks that the documents and the tree agree: what is cited exists, and what the code has is documented.
package docs_test

import (
	"maps"
	"os"
	"slices"
	"testing"

	"github.com/rowgate/rowgate/internal/app"
	"github.com/rowgate/rowgate/internal/problem"
)

// TestCitations checks every document and section that a comment, a template, a setting or a document of the tree names.
func TestCitations(t *testing.T) {
	t.Parallel()

	tree := os.DirFS("..")
	files, err := sources(tree)
	if err != nil {
		t.Fatal(err)
	}
	library, err := newLibrary(tree)
	if err != nil {
		t.Fatal(err)
	}
	cited := 0
	for _, file := range files {
		citations := citationsOf(file)
		cited += len(citations)
		for _, fault := range library.faults(file, citations) {
			t.Error(fault)
		}
	}
	if cited == 0 {
		t.Error("no citation was found in the whole tree: the search for them is broken")
	}
}

// TestTools compares the catalogue with the tables of tools in the contract.
func TestTools(t *testing.T) {
	t.Parallel()

	var built []string
	for _, one := range app.Catalogue() {
		built = append(built, one.Name)
	}
	documented := map[string]bool{}
	for _, name := range []string{"contract.md", "platform.md"} {
		maps.Copy(documented, toolsOf(read(t, name)))
	}
	for _, fault := range disagreements("tool", built, documented) {
		t.Error(fault)
	}
}

// TestCodes compares the error catalogue with the contract's tables of codes, and the row codes with its list of them.
func TestCodes(t *testing.T) {
	t.Parallel()

	contract := read(t, "contract.md")
	for _, fault := range disagreements("code", texts(problem.Codes()), codesOf(contract)) {
		t.Error(fault)
	}
	for _, fault := range disagreements("row code", texts(problem.RowCodes()), rowCodesOf(contract)) {
		t.Error(fault)
	}
}

// TestPackages looks for every package of the module in the map of the tree, by its path in backticks.
func TestPackages(t *testing.T) {
	t.Parallel()

	const page = "architecture.md"
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatalf("docs/%s is missing: it names every package by its path in backticks, as `internal/outbox/sqlite`: %v", page, err)
	}
	packages, err := packagesOf(os.DirFS(".."))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range unnamed(packages, string(text)) {
		t.Errorf("docs/%s does not name the package `%s`", page, path)
	}
}

func read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func texts[T ~string](codes []T) []string {
	names := make([]string, 0, len(codes))
	for _, code := range codes {
		names = append(names, string(code))
	}
	return slices.Clip(names)
}
