package record

import (
	"testing"

	"github.com/rowgate/rowgate/internal/bitable"
	"github.com/rowgate/rowgate/internal/problem"
)

func TestExplained_says_in_both_languages_what_each_rule_changed(t *testing.T) {
	t.Parallel()
	for _, rule := range append(problem.Rules(), ruleColumnCreated) {
		kept := []bitable.Warning{{Rule: rule, Count: 1}}
		zh, en := explained(kept, problem.ZH)[0].Message, explained(kept, problem.EN)[0].Message
		if zh == "" || en == "" || zh == en {
			t.Errorf("%s says %q and %q", rule, zh, en)
		}
		if kept[0].Message != "" {
			t.Errorf("the memo of %s has the message of one answer", rule)
		}
	}
	if none := explained(nil, problem.ZH); none == nil {
		t.Error("no warnings are null, want an empty list")
	}
}
