package docs_test

import (
	"go/scanner"
	"go/token"
	"io/fs"
	"path"
	"slices"
	"strings"
)

// source is the part of one file of the tree that may cite documents: the comments of Go, all of any other file.
// Lines keep their numbers.
type source struct {
	path string // from the module's root
	text string
}

func (s source) isDocument() bool { return path.Ext(s.path) == ".md" }

// sources returns the files whose citations are checked.
func sources(tree fs.FS) ([]source, error) {
	var files []source
	err := walk(tree, func(file string) error {
		if !mayCite(file) {
			return nil
		}
		text, err := fs.ReadFile(tree, file)
		if err != nil {
			return err
		}
		one := source{path: file, text: string(text)}
		if path.Ext(file) == ".go" {
			one.text = comments(text)
		}
		files = append(files, one)
		return nil
	})
	return files, err
}

func mayCite(file string) bool {
	if path.Base(file) == "Dockerfile" {
		return true
	}
	return slices.Contains([]string{".go", ".md", ".tmpl", ".gohtml", ".html", ".yml", ".yaml", ".toml"}, path.Ext(file))
}

// walk calls visit for every file of the tree but fixtures, what npm installs and what is hidden; continuous integration counts as shown.
func walk(tree fs.FS, visit func(file string) error) error {
	return fs.WalkDir(tree, ".", func(file string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := entry.Name()
		switch {
		case !entry.IsDir():
			return visit(file)
		case name == "testdata", name == "node_modules", strings.HasPrefix(name, ".") && name != "." && name != ".github":
			return fs.SkipDir
		}
		return nil
	})
}

// comments returns the comments of Go source, each on its own lines, without the slashes that begin them.
func comments(src []byte) string {
	var (
		scan  scanner.Scanner
		files = token.NewFileSet()
		lines = make([]string, strings.Count(string(src), "\n")+1)
	)
	file := files.AddFile("", files.Base(), len(src))
	scan.Init(file, src, nil, scanner.ScanComments)
	for {
		at, kind, text := scan.Scan()
		if kind == token.EOF {
			return strings.Join(lines, "\n")
		}
		if kind != token.COMMENT {
			continue
		}
		first := file.Line(at) - 1
		for i, line := range strings.Split(text, "\n") {
			lines[first+i] += strings.TrimPrefix(line, "//")
		}
	}
}

// packagesOf returns the directories that hold Go files, from the module's root; this one is left out.
func packagesOf(tree fs.FS) ([]string, error) {
	var packages []string
	err := walk(tree, func(file string) error {
		folder := path.Dir(file)
		if path.Ext(file) == ".go" && folder != "docs" && !slices.Contains(packages, folder) {
			packages = append(packages, folder)
		}
		return nil
	})
	return packages, err
}

// unnamed returns the packages whose path does not stand in backticks in text.
func unnamed(packages []string, text string) []string {
	return slices.DeleteFunc(slices.Clone(packages), func(one string) bool { return strings.Contains(text, "`"+one+"`") })
}
