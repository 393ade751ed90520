package bitable

import (
	"os"
	"regexp"
	"testing"

	"github.com/rowgate/rowgate/internal/problem"
)

func TestEveryRuleIsExplained(t *testing.T) {
	t.Parallel()
	source, err := os.ReadFile("rules.go")
	if err != nil {
		t.Fatal(err)
	}
	rules := regexp.MustCompile(`(?m)^\tRule\w+ += "(\w+)"$`).FindAllSubmatch(source, -1)
	if len(rules) < 29 {
		t.Fatalf("%d rules were found", len(rules))
	}
	for _, rule := range rules {
		if _, ok := problem.LookupRule(string(rule[1])); !ok {
			t.Errorf("%s is not explained", rule[1])
		}
	}
}
