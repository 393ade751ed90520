package docs_test

import (
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"strconv"
	"strings"
)

// citation is a document, or a section of one, that a file names.
type citation struct {
	line     int
	document string // as it is written, "" where only a section is named
	section  string // "3.1", "" for the document as a whole
}

var (
	// documentName is a path that ends in .md; the character before it tells whether it is part of an address.
	documentName = regexp.MustCompile(`[^\s\x60"'()\[\]<>{}|,;]*[\w-]\.md\b`)
	// sectionList is one or more sections, each a number such as 2.3 or a range.
	sectionList = regexp.MustCompile(`§\d[\d.]*(?:[–-]\d[\d.]*)?(?:(?:,| and| or)\s+§\d[\d.]*(?:[–-]\d[\d.]*)?)*`)
	sectionItem = regexp.MustCompile(`§(\d[\d.]*)(?:[–-](\d[\d.]*))?`)
	// namedBefore is what stands directly before a list of sections: a document, an RFC or another word.
	namedBefore = regexp.MustCompile(`(?:(RFC\s+\d+)|([^\s\x60"'()\[\]<>{}|,;]*[\w-]\.md)\x60?|([\w-]+))\s+$`)
)

// citationsOf finds the documents and sections that a file names. Addresses of other sites, and sections of an RFC, are none.
func citationsOf(file source) []citation {
	var found []citation
	for _, at := range documentName.FindAllStringIndex(file.text, -1) {
		name := file.text[at[0]:at[1]]
		if !strings.Contains(name, "://") && !strings.Contains(name, "@") {
			found = append(found, citation{line: lineOf(file.text, at[0]), document: name})
		}
	}
	for _, at := range sectionList.FindAllStringIndex(file.text, -1) {
		document := ""
		if before := namedBefore.FindStringSubmatch(file.text[:at[0]]); before != nil {
			switch {
			case before[1] != "":
				continue
			case before[2] != "":
				document = before[2]
			case retired[before[3]]:
				document = before[3]
			}
		}
		for _, section := range sections(file.text[at[0]:at[1]]) {
			found = append(found, citation{line: lineOf(file.text, at[0]), document: document, section: section})
		}
	}
	return found
}

// retired are names under which documents were cited that are no more.
var retired = map[string]bool{"facts": true, "api": true}

// sections spells a list of sections out; a range is each of its members.
func sections(list string) []string {
	var all []string
	for _, item := range sectionItem.FindAllStringSubmatch(list, -1) {
		first, last := strings.TrimRight(item[1], "."), strings.TrimRight(item[2], ".")
		all = append(all, first)
		if last == "" {
			continue
		}
		stem, from := cutLast(first)
		_, to := cutLast(last)
		for n := from + 1; n <= to; n++ {
			all = append(all, stem+strconv.Itoa(n))
		}
	}
	return all
}

// cutLast parts the last number of a section from what is before it: "3.12" is "3." and 12.
func cutLast(section string) (stem string, number int) {
	at := strings.LastIndexByte(section, '.') + 1
	number, _ = strconv.Atoi(section[at:]) // digits, by sectionItem
	return section[:at], number
}

func lineOf(text string, at int) int { return strings.Count(text[:at], "\n") + 1 }

// library is every document of a tree with its numbered sections.
type library map[string]map[string]bool

func newLibrary(tree fs.FS) (library, error) {
	all := library{}
	err := walk(tree, func(file string) error {
		if path.Ext(file) != ".md" {
			return nil
		}
		text, err := fs.ReadFile(tree, file)
		all[file] = headings(string(text))
		return err
	})
	return all, err
}

var heading = regexp.MustCompile(`^#+ (\d+(?:\.\d+)*)\.? `)

// headings returns the numbers of a document's sections.
func headings(text string) map[string]bool {
	numbers := map[string]bool{}
	fenced := false
	for line := range strings.SplitSeq(text, "\n") {
		if strings.HasPrefix(strings.TrimSpace(line), "```") {
			fenced = !fenced
		}
		if match := heading.FindStringSubmatch(line); match != nil && !fenced {
			numbers[match[1]] = true
		}
	}
	return numbers
}

// faults returns the citations of a file that lead nowhere. A document is looked for beside the file, in docs and at the root;
// a section without a document is the document's own, and in any other file a fault.
func (l library) faults(file source, citations []citation) []string {
	var faults []string
	for _, one := range citations {
		found := file.path
		if one.document != "" || !file.isDocument() {
			found = l.find(path.Dir(file.path), one.document)
		}
		where := fmt.Sprintf("%s:%d", file.path, one.line)
		switch {
		case one.document == "" && found == "":
			faults = append(faults, fmt.Sprintf("%s: §%s names no document", where, one.section))
		case found == "" && one.section != "" && path.Ext(one.document) == ".md":
			// the document alone is a citation of its own, and says so
		case found == "":
			faults = append(faults, fmt.Sprintf("%s: there is no document %s", where, one.document))
		case one.section != "" && !l[found][one.section]:
			faults = append(faults, fmt.Sprintf("%s: %s has no §%s", where, found, one.section))
		}
	}
	return faults
}

// find returns the path of the document that a file of a folder names, "" if there is none.
func (l library) find(folder, name string) string {
	for _, base := range []string{folder, "docs", "."} {
		if file := path.Join(base, name); name != "" && l[file] != nil {
			return file
		}
	}
	return ""
}
