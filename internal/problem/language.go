package problem

import (
	"strconv"
	"strings"
)

// ParseAcceptLanguage returns the language that an Accept-Language header prefers among those that messages exist in, and
// whether it names one at all. Of equal weights the first wins; a wildcard and other languages say nothing.
func ParseAcceptLanguage(header string) (Lang, bool) {
	var best Lang
	var bestWeight float64
	for entry := range strings.SplitSeq(header, ",") {
		tag, params, _ := strings.Cut(entry, ";")
		primary, _, _ := strings.Cut(strings.TrimSpace(tag), "-")
		lang := Lang(strings.ToLower(primary))
		if lang != ZH && lang != EN {
			continue
		}
		if weight := weightOf(params); weight > bestWeight {
			best, bestWeight = lang, weight
		}
	}
	return best, bestWeight > 0
}

// weightOf reads ";q=0.8": 1 if there is none, 0 if it cannot be read.
func weightOf(params string) float64 {
	name, value, ok := strings.Cut(strings.TrimSpace(params), "=")
	if !ok || !strings.EqualFold(strings.TrimSpace(name), "q") {
		return 1
	}
	weight, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
	if err != nil || !(weight >= 0 && weight <= 1) {
		return 0
	}
	return weight
}
