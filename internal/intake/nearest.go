package intake

import "strings"

// nearest returns the parameter whose name is most like the given one, "" if none has anything in common with it.
func nearest(name string, params []Param) string {
	const longest = 64 // runes; longer names are cut, they are like nothing anyway
	given := []rune(fold(name))
	given = given[:min(len(given), longest)]
	best, least := "", -1
	for i := range params {
		known := []rune(fold(params[i].Name))
		if d := distance(given, known); d < max(len(given), len(known)) && (least < 0 || d < least) {
			best, least = params[i].Name, d
		}
	}
	return best
}

// fold drops what people vary in a name: case, '-' and '_'.
func fold(name string) string {
	return strings.NewReplacer("-", "", "_", "").Replace(strings.ToLower(name))
}

// distance is the Levenshtein distance.
func distance(a, b []rune) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i, ra := range a {
		diagonal := row[0]
		row[0] = i + 1
		for j, rb := range b {
			cost := diagonal
			if ra != rb {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, diagonal+1)
		}
	}
	return row[len(b)]
}
