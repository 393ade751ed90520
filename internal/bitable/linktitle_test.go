package bitable

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/rowgate/rowgate/internal/feishu"
	"github.com/rowgate/rowgate/internal/problem"
)

// TestTitlesOfLinks holds which values are titles under link_by: title, and what becomes of one that no row has.
func TestTitlesOfLinks(t *testing.T) {
	t.Parallel()
	schema := NewSchema([]feishu.Field{
		{Name: "标题", Type: feishu.TypeText},
		{Name: "链", Type: feishu.TypeDuplexLink},
		{Name: "单", Type: feishu.TypeSingleLink, Property: &feishu.FieldProperty{Multiple: new(bool)}},
		{Name: "号", Type: feishu.TypeSingleLink},
	})
	known := map[string]string{"甲": `"recA"`, "乙": `"recB"`, "无": `"recN"`, "12": `"rec12"`, "同": `"recA"`}
	for name, test := range map[string]struct {
		row   string
		mode  Mode
		clear bool
		want  string // "" for an error
		code  problem.RowCode
		asked []string
	}{
		"text":                          {row: `{"链":" 甲 "}`, want: `{"链":["recA"]}`, asked: []string{"甲"}},
		"a list":                        {row: `{"链":["甲",12,"甲"]}`, want: `{"链":["recA","rec12"]}`, asked: []string{"甲", "12"}},
		"a list as text":                {row: `{"链":"[\"甲\",\"乙\"]"}`, want: `{"链":["recA","recB"]}`, asked: []string{"甲", "乙"}},
		"two titles of one row":         {row: `{"链":["甲","同"]}`, want: `{"链":["recA"]}`, asked: []string{"甲", "同"}},
		"ids in objects":                {row: `{"链":[{"id":"recX"},{"record_id":"recY"}]}`, want: `{"链":["recX","recY"]}`},
		"the shape of a read":           {row: `{"链":{"link_record_ids":["recX"]}}`, want: `{"链":["recX"]}`},
		"no id in an object":            {row: `{"链":{"id":"甲"}}`, code: problem.RowValueMismatch},
		"a boolean":                     {row: `{"链":true}`, code: problem.RowValueMismatch},
		"two where one is allowed":      {row: `{"单":["甲","乙"]}`, code: problem.RowValueMismatch},
		"a column that goes by id":      {row: `{"号":"甲"}`, code: problem.RowValueMismatch},
		"a title that is a word":        {row: `{"链":"无"}`, want: `{"链":["recN"]}`, asked: []string{"无"}},
		"a word among titles":           {row: `{"链":["甲","n/a"]}`, want: `{"链":["recA"]}`, asked: []string{"甲", "n/a"}},
		"a word beside another cell":    {row: `{"标题":"x","链":"-"}`, want: `{"标题":"x"}`, asked: []string{"-"}},
		"a word in front":               {row: `{"链":"-","标题":"x"}`, want: `{"标题":"x"}`, asked: []string{"-"}},
		"a word alone":                  {row: `{"链":"-"}`, code: problem.RowEmpty, asked: []string{"-"}},
		"a word that clears":            {row: `{"链":["-","--"]}`, mode: Upsert, clear: true, want: `{"链":null}`, asked: []string{"-", "--"}},
		"a word that clears no new row": {row: `{"标题":"x","链":"-"}`, clear: true, want: `{"标题":"x"}`, asked: []string{"-"}},
		"a title that no row has":       {row: `{"链":["甲","丁"]}`, code: problem.RowValueMismatch, asked: []string{"甲", "丁"}},
		"template text":                 {row: `{"链":"{{x}}"}`, code: problem.RowValueMismatch, asked: []string{"{{x}}"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := Options{Mode: test.mode, LinksByTitle: []string{"链", "单"}, UnknownFields: PolicyReject, EmptyValues: EmptySkip}
			if test.clear {
				o.EmptyValues = EmptyClear
			}
			plan := schema.Coerce([]json.RawMessage{json.RawMessage(test.row)}, o)
			var asked []string
			for _, l := range plan.Pending() {
				asked = append(asked, l.Value)
				if id, ok := known[l.Value]; ok && l.Kind == PendingTitle {
					plan.Resolve(l, json.RawMessage(id))
				} else {
					plan.RejectTitle(l, RowError{Code: problem.RowValueMismatch})
				}
			}
			if !slices.Equal(asked, test.asked) || len(plan.Pending()) != 0 {
				t.Errorf("asked for %q, open %v", asked, plan.Pending())
			}
			if test.want == "" {
				if errs := plan.Errors(); len(errs) != 1 || errs[0].Code != test.code || len(plan.Rows()) != 0 {
					t.Errorf("errors %+v, rows %v", errs, plan.Rows())
				}
				return
			}
			if rows := plan.Rows(); len(rows) != 1 || string(rows[0].Fields) != test.want {
				t.Errorf("rows %+v, errors %+v", rows, plan.Errors())
			}
		})
	}
}

// TestTitlesOfLinks_expected holds that a column that goes by title does not ask for link_by: title.
func TestTitlesOfLinks_expected(t *testing.T) {
	t.Parallel()
	schema := NewSchema([]feishu.Field{{Name: "链", Type: feishu.TypeDuplexLink}, {Name: "号", Type: feishu.TypeSingleLink}})
	o := Options{LinksByTitle: []string{"链"}, UnknownFields: PolicyReject, EmptyValues: EmptySkip}
	errs := schema.Coerce([]json.RawMessage{json.RawMessage(`{"链":[["甲"]],"号":"甲"}`)}, o).Errors()
	if len(errs) != 2 || errs[0].Expected != ExpectedTitle() || errs[1].Expected != Expected(feishu.Field{Type: feishu.TypeSingleLink}) {
		t.Errorf("errors %+v", errs)
	}
}
