package query

import (
	"testing"

	"github.com/rowgate/rowgate/internal/bitable"
	"github.com/rowgate/rowgate/internal/feishu"
)

func TestEveryKindOfColumnCanBeAskedOrIsRefused(t *testing.T) {
	t.Parallel()
	for _, kind := range bitable.Kinds(func(bitable.Kind) bool { return true }) {
		asked, known := operators[kind.Compare]
		if !known || (len(asked) == 0) != (kind.Compare == bitable.CompareNone) {
			t.Errorf("%s has the operators %v", kind.Name, asked)
		}
		f := feishu.Field{Name: "c", Type: kind.Type, UIType: kind.UIType}
		if _, ok := filterValues(f, `"x"`); ok != kind.KeyFilter {
			t.Errorf("%s is filtered by its keys: %v", kind.Name, ok)
		}
		if _, ok := Filters([]feishu.Field{f}, [][]string{{`"x"`}}); ok != kind.KeyFilter {
			t.Errorf("%s has a filter of its keys: %v", kind.Name, ok)
		}
	}
}
