// Package nearest finds the names that a misspelled one may mean. A name that is nothing like any has no suggestion.
package nearest

import (
	"iter"
	"slices"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// Bounds of a search.
const (
	MaxFound = 3    // names returned
	MaxNames = 1000 // names looked at; those behind them are not found
	maxRunes = 32   // runes of a name that are compared
)

// Names returns up to MaxFound of the candidates that are spelled most like name, the nearest first, equal ones in their order.
// Case, width, white space, '-' and '_' make no difference. A candidate is near if at most half of the runes of the longer
// spelling have to be inserted, deleted, replaced or swapped with their neighbours, or one, and if not all of them have to be.
func Names(name string, candidates iter.Seq[string]) []string {
	type candidate struct {
		name     string
		distance int
	}
	given := spelling(name)
	var found []candidate
	looked := 0
	for known := range candidates {
		if looked++; looked > MaxNames {
			break
		}
		other := spelling(known)
		longer := max(len(given), len(other))
		if d := distance(given, other); d <= max(1, longer/2) && d < longer {
			found = append(found, candidate{known, d})
		}
	}
	slices.SortStableFunc(found, func(a, b candidate) int { return a.distance - b.distance })
	found = found[:min(len(found), MaxFound)]
	names := make([]string, len(found))
	for i, c := range found {
		names[i] = c.name
	}
	return names
}

// spelling drops what people vary in a name, and what is too long to compare.
func spelling(name string) []rune {
	runes := make([]rune, 0, maxRunes)
	for _, r := range norm.NFKC.String(name[:min(len(name), maxNameBytes)]) {
		if r == '-' || r == '_' || unicode.IsSpace(r) {
			continue
		}
		if runes = append(runes, unicode.ToLower(r)); len(runes) == maxRunes {
			break
		}
	}
	return runes
}

// maxNameBytes is what is normalised of a name: enough for maxRunes and what is dropped between them.
const maxNameBytes = 16 * maxRunes

// distance is the least number of insertions, deletions, replacements and swaps of neighbours that make b of a. Neither is longer
// than maxRunes.
func distance(a, b []rune) int {
	var rows [3][maxRunes + 1]int
	before, last, current := &rows[0], &rows[1], &rows[2]
	for j := range len(b) + 1 {
		last[j] = j
	}
	for i := range a {
		current[0] = i + 1
		for j := range b {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			current[j+1] = min(last[j+1]+1, current[j]+1, last[j]+cost)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				current[j+1] = min(current[j+1], before[j-1]+1)
			}
		}
		before, last, current = last, current, before
	}
	return last[len(b)]
}
