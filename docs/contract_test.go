package docs_test

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// notBuilt marks in a document what the code does not have yet.
const notBuilt = "*(not built yet)*"

// row is one line of a table: its cells, and whether the marker stands in a heading above it.
type row struct {
	cells   []string
	pending bool
}

// rowsOf returns the rows of every table of a document whose header begins with the given cells.
func rowsOf(document string, header ...string) []row {
	var (
		rows    []row
		wanted  bool     // the table under way is one of them
		inTable bool     // its header was read
		above   []string // headings over the line under way, by depth
	)
	for line := range strings.SplitSeq(document, "\n") {
		if depth := len(line) - len(strings.TrimLeft(line, "#")); depth > 0 {
			above = append(above[:min(depth-1, len(above))], line)
		}
		cells := cellsOf(line)
		switch {
		case cells == nil:
			inTable = false
		case !inTable:
			inTable = true
			wanted = len(cells) >= len(header) && slices.Equal(cells[:len(header)], header)
		case wanted && strings.Trim(line, "|-: ") != "":
			rows = append(rows, row{cells: cells, pending: slices.ContainsFunc(above, isMarked)})
		}
	}
	return rows
}

func isMarked(text string) bool { return strings.Contains(text, notBuilt) }

// cellsOf splits a line of a table; nil for any other line.
func cellsOf(line string) []string {
	inner, ok := strings.CutPrefix(strings.TrimSpace(line), "|")
	if !ok {
		return nil
	}
	inner = strings.ReplaceAll(strings.TrimSuffix(inner, "|"), `\|`, "\x00")
	cells := strings.Split(inner, "|")
	for i := range cells {
		cells[i] = strings.ReplaceAll(strings.TrimSpace(cells[i]), "\x00", "|")
	}
	return cells
}

var name = regexp.MustCompile("`([a-z][a-z0-9_]*)`( " + regexp.QuoteMeta(notBuilt) + ")?")

// toolsOf returns the tools in the tables of a document; true for those that are marked as not built, which the whole cell is.
func toolsOf(document string) map[string]bool {
	tools := map[string]bool{}
	for _, one := range rowsOf(document, "operationId", "path") {
		for _, match := range name.FindAllStringSubmatch(one.cells[0], -1) {
			tools[match[1]] = one.pending || isMarked(one.cells[0])
		}
	}
	return tools
}

var remark = regexp.MustCompile(`\([^()]*\)`)

// codesOf returns the codes in the tables of a document; true for those that are marked, each for itself.
func codesOf(document string) map[string]bool {
	codes := map[string]bool{}
	for _, one := range rowsOf(document, "status", "codes") {
		maps.Copy(codes, marked(one.cells[1]))
	}
	return codes
}

// rowCodesOf returns the codes in the list of row codes, likewise.
func rowCodesOf(document string) map[string]bool {
	_, list, _ := strings.Cut(document, "- Row codes: ")
	list, _, _ = strings.Cut(list, "\n- ")
	return marked(strings.Join(strings.Fields(list), " "))
}

// marked returns the names in backticks, remarks in parentheses left out; true for those that the marker follows.
func marked(text string) map[string]bool {
	const held = "\x00"
	text = strings.ReplaceAll(text, notBuilt, held)
	text = strings.ReplaceAll(remark.ReplaceAllString(text, ""), held, notBuilt)
	names := map[string]bool{}
	for _, match := range name.FindAllStringSubmatch(text, -1) {
		names[match[1]] = match[2] != ""
	}
	return names
}

// disagreements compares what the code has with what is documented; documented names are true while they are not built.
func disagreements(kind string, built []string, documented map[string]bool) []string {
	var faults []string
	for _, one := range built {
		switch pending, known := documented[one]; {
		case !known:
			faults = append(faults, fmt.Sprintf("the contract lacks the %s %s", kind, one))
		case pending:
			faults = append(faults, fmt.Sprintf("the %s %s is built: remove %s from the contract", kind, one, notBuilt))
		}
	}
	for _, one := range slices.Sorted(maps.Keys(documented)) {
		if !documented[one] && !slices.Contains(built, one) {
			faults = append(faults, fmt.Sprintf("the code lacks the %s %s: mark it %s", kind, one, notBuilt))
		}
	}
	return faults
}
