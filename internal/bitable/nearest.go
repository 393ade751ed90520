package bitable

import "slices"

// Bounds of the search for a name that was meant.
const (
	maxSuggestions      = 3    // names
	maxDistanceRunes    = 32   // runes of a name that are compared
	maxNearestNames     = 1000 // names looked at in one search
	maxNearestSearches  = 50   // searches in one coercion; later errors have no suggestion
	nearestShareOfRunes = 2    // a name is near if at most 1/2 of its runes differ
)

// nearest returns up to maxSuggestions of n names that are spelled most like name, the nearest first, equal ones in order.
func nearest(name string, n int, at func(int) string) []string {
	type candidate struct {
		name     string
		distance int
	}
	want := spelling(name)
	var found []candidate
	for i := range min(n, maxNearestNames) {
		have := spelling(at(i))
		limit := max(1, max(len(want), len(have))/nearestShareOfRunes)
		if d := distance(want, have); d <= limit && d < max(len(want), len(have)) {
			found = append(found, candidate{at(i), d})
		}
	}
	slices.SortStableFunc(found, func(a, b candidate) int { return a.distance - b.distance })
	found = found[:min(len(found), maxSuggestions)]
	names := make([]string, len(found))
	for i, c := range found {
		names[i] = c.name
	}
	return names
}

func spelling(name string) []rune {
	r := []rune(foldOption(name))
	return r[:min(len(r), maxDistanceRunes)]
}

// distance is the least number of insertions, deletions, replacements and swaps of neighbours that make b of a.
func distance(a, b []rune) int {
	var rows [3][maxDistanceRunes + 1]int
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
