package bitable

import (
	"encoding/json"
	"testing"

	"github.com/rowgate/rowgate/internal/feishu"
)

// docs/contract.md §3, "A row": "`[]` in a typed column is nothing, as `""`."
func TestEmptyListIsNothing(t *testing.T) {
	t.Parallel()
	for _, kind := range Kinds(func(k Kind) bool { return k.Writable && k.Type != feishu.TypeText }) {
		t.Run(kind.Name, func(t *testing.T) {
			t.Parallel()
			s := NewSchema([]feishu.Field{{Name: "c", Type: kind.Type, UIType: kind.UIType}, {Name: "t", Type: feishu.TypeText}})
			for name, change := range map[string]func(*Options){
				"create": func(*Options) {}, "update": updating, "update with clear": clearing, "upsert": func(o *Options) { o.Mode = Upsert },
			} {
				o := defaults()
				change(&o)
				sent := func(value string) (string, string) {
					row := `{"t":"x","c":` + value + `}`
					if o.Mode == Update {
						row = `{"record_id":"recA","t":"x","c":` + value + `}`
					}
					plan := s.Coerce([]json.RawMessage{json.RawMessage(row)}, o)
					if plan.ErrorCount() > 0 {
						t.Fatalf("%s of %s: %v", name, value, plan.Errors())
					}
					return string(plan.Rows()[0].Fields), plan.Warnings()[0].Rule
				}
				wantRow, wantRule := sent(`""`)
				for _, list := range []string{`[]`, `[ ]`} {
					if row, rule := sent(list); row != wantRow || rule != wantRule {
						t.Errorf("%s of %s: %s %s, want %s %s", name, list, row, rule, wantRow, wantRule)
					}
				}
			}
		})
	}
}
