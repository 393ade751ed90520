package openapi

import (
	_ "embed" // the Chinese of the documentation page
	"strings"
)

//go:embed page_chinese.tsv
var chineseSource string

// chinese is the Chinese of what tools do, by their names, and of what parameters and members of answers mean, by the English of
// their doc tags.
var chinese = parseChinese(chineseSource)

func parseChinese(source string) map[string]string {
	texts := map[string]string{}
	for line := range strings.Lines(source) {
		if english, text, ok := strings.Cut(strings.TrimSuffix(line, "\n"), "\t"); ok && !strings.HasPrefix(line, "#") {
			texts[english] = text
		}
	}
	return texts
}

// Meaning returns what the tool of this name does, in Chinese; "" if that is not written yet.
func Meaning(name string) string { return chinese[name] }
