package intake

import (
	"os"
	"regexp"
	"testing"

	"github.com/rowgate/rowgate/internal/problem"
)

func TestEveryRepairIsExplained(t *testing.T) {
	t.Parallel()
	source, err := os.ReadFile("repair.go")
	if err != nil {
		t.Fatal(err)
	}
	rules := regexp.MustCompile(`(?m)^\tRule\w+ += "(\w+)"$`).FindAllSubmatch(source, -1)
	if len(rules) < 16 {
		t.Fatalf("%d rules were found", len(rules))
	}
	for _, rule := range rules {
		if _, ok := problem.LookupRule(string(rule[1])); !ok {
			t.Errorf("%s is not explained", rule[1])
		}
	}
}
