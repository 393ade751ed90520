package docs_test

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

// TestFindingCitations runs the check of citations over small trees: what it must find, and what it must leave alone.
func TestFindingCitations(t *testing.T) {
	t.Parallel()

	for name, c := range map[string]struct {
		path, text string
		want       []string // faults
	}{
		"a document that exists":       {"internal/a/a.go", "package a // see docs/contract.md §1.\n", nil},
		"a document beside the file":   {"docs/feishu/links.md", "errors.md §3.1, and `errors.md`", nil},
		"a document in docs":           {"docs/feishu/links.md", "`feishu/errors.md §3`", nil},
		"a section of the file itself": {"docs/contract.md", "## 1. One\n## 2. Two\n(§2)", nil},
		"a range and a list":           {"docs/other.md", "contract.md §1–3, §4 and §5", nil},
		"a section over a line break":  {"internal/a/a.go", "package a\n\n// see docs/contract.md\n// §2.\n", nil},
		"a section of an RFC":          {"internal/a/a.go", "package a // RFC 1035 §4.2.2\n", nil},
		"a document of another site": {
			"docs/other.md", "https://example.com/absent.md and owner/repo@1f2e3d/absent.md",
			nil,
		},
		"a name in Go code": {"internal/a/a.go", "package a\n\nconst page = \"absent.md §9\"\n", nil},
		"a document that does not exist": {
			"internal/a/a.go", "package a\n\n// see api.md, there\n",
			[]string{"internal/a/a.go:3: there is no document api.md"},
		},
		"a document that does not exist, §": {
			"internal/a/a.go", "package a // see api.md §5\n",
			[]string{"internal/a/a.go:1: there is no document api.md"},
		},
		"a missing document in a block": {
			"internal/a/a.go", "package a\n\n/* one\nabsent.md */\n",
			[]string{"internal/a/a.go:4: there is no document absent.md"},
		},
		"a missing document in a template": {
			"openapi/a.yml.tmpl", "# absent.md\n",
			[]string{"openapi/a.yml.tmpl:1: there is no document absent.md"},
		},
		"a missing document in a Dockerfile": {
			"Dockerfile", "# absent.md\n",
			[]string{"Dockerfile:1: there is no document absent.md"},
		},
		"a missing document in a setting": {
			".golangci.yml", "# absent.md\n",
			[]string{".golangci.yml:1: there is no document absent.md"},
		},
		"a missing document in a link": {
			"docs/other.md", "[text](absent.md)",
			[]string{"docs/other.md:1: there is no document absent.md"},
		},
		"a section that does not exist": {
			"docs/other.md", "`contract.md §6`",
			[]string{"docs/other.md:1: docs/contract.md has no §6"},
		},
		"a section behind a quoted name": {
			"docs/other.md", "`contract.md` §6",
			[]string{"docs/other.md:1: docs/contract.md has no §6"},
		},
		"the end of a range": {
			"docs/other.md", "contract.md §4–7",
			[]string{"docs/other.md:1: docs/contract.md has no §6", "docs/other.md:1: docs/contract.md has no §7"},
		},
		"the end of a list": {
			"docs/other.md", "contract.md §1, §9",
			[]string{"docs/other.md:1: docs/contract.md has no §9"},
		},
		"a section below one that exists": {
			"docs/other.md", "errors.md §3.2 of feishu/errors.md §3.2",
			[]string{
				"docs/other.md:1: there is no document errors.md",
				"docs/other.md:1: docs/feishu/errors.md has no §3.2",
			},
		},
		"a section that the file lacks": {
			"docs/other.md", "# Other\n\nas in §1",
			[]string{"docs/other.md:3: docs/other.md has no §1"},
		},
		"a heading in a fence": {
			"docs/other.md", "```\n## 1. One\n```\n§1",
			[]string{"docs/other.md:4: docs/other.md has no §1"},
		},
		"a section of nothing in a Go file": {
			"internal/a/a.go", "package a // as §5 says\n",
			[]string{"internal/a/a.go:1: §5 names no document"},
		},
		"a section of a name that is retired": {
			"docs/other.md", "## 3. Three\nfacts §3",
			[]string{"docs/other.md:2: there is no document facts"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			tree := fstest.MapFS{
				"docs/contract.md":      {Data: []byte("# C\n## 1. A\n## 2. B\n### 3 C\n## 4. D\n## 5. E\n")},
				"docs/feishu/errors.md": {Data: []byte("# Errors\n## 3. Errors\n### 3.1 Classes\n")},
			}
			tree[c.path] = &fstest.MapFile{Data: []byte(c.text)}
			if got := faultsAt(t, tree, c.path); !slices.Equal(got, c.want) {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

// faultsAt returns the faults of one file of a tree.
func faultsAt(t *testing.T, tree fstest.MapFS, path string) []string {
	t.Helper()
	files, err := sources(tree)
	if err != nil {
		t.Fatal(err)
	}
	documents, err := newLibrary(tree)
	if err != nil {
		t.Fatal(err)
	}
	at := slices.IndexFunc(files, func(one source) bool { return one.path == path })
	if at < 0 {
		t.Fatalf("%s is not looked at", path)
	}
	return documents.faults(files[at], citationsOf(files[at]))
}

// TestReadingTables reads tools and codes out of small documents, the marked ones as such.
func TestReadingTables(t *testing.T) {
	t.Parallel()

	const document = `# C
## 1. Tools

| operationId | path | does |
|---|---|---|
| ´a´ | ´/v1/a´ | takes ´b\|c´ |
| ´d´, ´e´ *(not built yet)* | ´/v1/d´ | |

| tool | request |
|---|---|
| ´elsewhere´ | |

## 2. More *(not built yet)*

### 2.1 Below

| operationId | path |
|---|---|
| ´f´ | ´/v1/f´ |

## 3. Errors

| operationId | path |
|---|---|
| ´g´ | ´/v1/g´ |

| status | codes |
|---|---|
| 400 | ´one´ (of ´not_a_code´), ´two´ *(not built yet)*, ´three´ *(not built yet)* (of ´nothing´) |

- Row codes: ´four´,
  ´five´ *(not built yet)*, ´six´.
- Not ´seven´.
`
	text := strings.ReplaceAll(document, "´", "`")
	for name, c := range map[string]struct{ got, want map[string]bool }{
		"tools":     {toolsOf(text), map[string]bool{"a": false, "d": true, "e": true, "f": true, "g": false}},
		"codes":     {codesOf(text), map[string]bool{"one": false, "two": true, "three": true}},
		"row codes": {rowCodesOf(text), map[string]bool{"four": false, "five": true, "six": false}},
		"nothing":   {toolsOf("no table"), map[string]bool{}},
	} {
		if !maps.Equal(c.got, c.want) {
			t.Errorf("%s: got %v, want %v", name, c.got, c.want)
		}
	}
}

// TestDisagreements compares small catalogues with small documents.
func TestDisagreements(t *testing.T) {
	t.Parallel()

	for name, c := range map[string]struct {
		built      []string
		documented map[string]bool
		want       []string
	}{
		"both agree":             {[]string{"a"}, map[string]bool{"a": false, "b": true}, nil},
		"the contract lacks one": {[]string{"a", "b"}, map[string]bool{"a": false}, []string{"the contract lacks the tool b"}},
		"the code lacks one":     {nil, map[string]bool{"a": false}, []string{"the code lacks the tool a: mark it *(not built yet)*"}},
		"a marked one has been built": {
			[]string{"a"},
			map[string]bool{"a": true},
			[]string{"the tool a is built: remove *(not built yet)* from the contract"},
		},
	} {
		if got := disagreements("tool", c.built, c.documented); !slices.Equal(got, c.want) {
			t.Errorf("%s: got %q, want %q", name, got, c.want)
		}
	}
}

// TestFindingPackages lists the packages of a small tree and looks for them on a small page.
func TestFindingPackages(t *testing.T) {
	t.Parallel()

	tree := fstest.MapFS{
		"cmd/a/main.go": {}, "internal/b/b.go": {}, "internal/b/b_test.go": {}, "internal/b/c/c_test.go": {}, "internal/d/d.sql": {},
		"internal/b/testdata/e/e.go": {}, ".cache/f/f.go": {}, "docs/docs_test.go": {},
	}
	packages, err := packagesOf(tree)
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"cmd/a", "internal/b", "internal/b/c"}; !slices.Equal(packages, want) {
		t.Errorf("packages: got %q, want %q", packages, want)
	}
	const page = "- `cmd/a`: one\n- internal/b and `internal/b/c/more`\n"
	if got, want := unnamed(packages, page), []string{"internal/b", "internal/b/c"}; !slices.Equal(got, want) {
		t.Errorf("unnamed: got %q, want %q", got, want)
	}
}
