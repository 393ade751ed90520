package intake

import "strings"

// fold drops what people vary in a name: case, '-' and '_'.
func fold(name string) string {
	return strings.NewReplacer("-", "", "_", "").Replace(strings.ToLower(name))
}
