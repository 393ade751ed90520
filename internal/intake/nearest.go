package intake

import "strings"

// foreignNames are names, folded, that other systems have for our parameters.
var foreignNames = map[string]string{
	"rows": "records", "items": "records", "data": "records", "list": "records", "record": "fields", "values": "fields",
	"ids": "record_ids", "pagesize": "limit", "perpage": "limit", "maxrecords": "limit", "pagetoken": "cursor", "offset": "cursor",
	"performupsert": "key_fields", "fieldstomergeon": "key_fields", "uniquekeys": "key_fields", "upsert": "key_fields",
	"baseid": "app_token", "base": "app_token", "tablename": "table_id", "table": "table_id", "viewname": "view_id",
	"timezone": "time_zone", "timeout": "timeout_ms", "condition": "where",
}

// nearest returns the parameter that is meant by a name of another system, else the one that is spelled most like it, "" if more
// than half of the letters differ.
func nearest(name string, params []Param) string {
	if own, ok := foreignNames[fold(name)]; ok {
		for i := range params {
			if params[i].Name == own {
				return own
			}
		}
	}
	const longest = 64 // runes; longer names are cut, they are like nothing anyway
	given := []rune(fold(name))
	given = given[:min(len(given), longest)]
	best, least := "", -1
	for i := range params {
		known := []rune(fold(params[i].Name))
		if d := distance(given, known); d <= max(len(given), len(known))/2 && (least < 0 || d < least) {
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
