package bitable

import (
	"encoding/json"
	"testing"

	"github.com/rowgate/rowgate/internal/feishu"
	"github.com/rowgate/rowgate/internal/problem"
)

func badValuesSchema() *Schema {
	tags := selectField(feishu.TypeMultiSelect, "A")
	tags.Name = "tags"
	return NewSchema([]feishu.Field{
		{Name: "title", Type: feishu.TypeText},
		{Name: "n", Type: feishu.TypeNumber},
		tags,
		{Name: "who", Type: feishu.TypeUser},
		{Name: "file", Type: feishu.TypeAttachment},
		{Name: "sum", Type: feishu.TypeFormula},
	})
}

func skipping(o *Options) { o.SkipBadValues = true }

func TestBadValuesAreSkipped(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		row, sent, rules string
		with             func(*Options)
		code             problem.RowCode
	}{
		"value_mismatch":     {row: `{"title":"a","n":"1.2万+"}`, sent: `{"title":"a"}`, rules: "bad_value_skipped"},
		"the_first_cell":     {row: `{"n":"x","title":"a"}`, sent: `{"title":"a"}`, rules: "bad_value_skipped"},
		"a_read_only_column": {row: `{"title":"a","sum":3}`, sent: `{"title":"a"}`, rules: "bad_value_skipped"},
		"an_unknown_option": {
			row: `{"title":"a","tags":["A","x"]}`, sent: `{"title":"a"}`, rules: "bad_value_skipped",
			with: rejecting,
		},
		"no_option_of_a_skipped_cell": {row: `{"title":"a","tags":["new",{}]}`, sent: `{"title":"a"}`, rules: "bad_value_skipped"},
		"not_the_only_value_of_a_row": {row: `{"n":"x"}`, code: problem.RowEmpty, rules: "bad_value_skipped"},
		"not_an_unknown_column":       {row: `{"title":"a","x":1}`, code: problem.RowFieldNotFound},
		"not_two_keys_of_one_column":  {row: `{"title":"a","TITLE":"b"}`, code: problem.RowDuplicateColumn},
		"not_a_key_column": {
			row: `{"title":"a","n":"x"}`, code: problem.RowValueMismatch,
			with: func(o *Options) { o.KeyFields = []string{"N"} },
		},
		"nothing_where_it_is_not_wanted": {
			row: `{"title":"a","n":"x"}`, code: problem.RowValueMismatch,
			with: func(o *Options) { o.SkipBadValues = false },
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := defaults()
			skipping(&o)
			if test.with != nil {
				test.with(&o)
			}
			plan := badValuesSchema().Coerce(messages(test.row), o)
			if got := ruleNames(plan); got != test.rules {
				t.Errorf("rules %q, want %q", got, test.rules)
			}
			if len(plan.NewOptions()) > 0 {
				t.Errorf("options %v", plan.NewOptions())
			}
			if test.code != "" {
				if plan.ErrorCount() != 1 || plan.Errors()[0].Code != test.code {
					t.Errorf("errors %+v, want %s", plan.Errors(), test.code)
				}
				return
			}
			if rows := plan.Rows(); len(rows) != 1 || string(rows[0].Fields) != test.sent {
				t.Errorf("rows %+v, errors %+v", rows, plan.Errors())
			}
		})
	}
}

func TestBadLookupsAreSkipped(t *testing.T) {
	t.Parallel()
	refused := RowError{Code: problem.RowPersonNotFound, Message: reasonPrefix, Expected: reasonPrefix}
	for name, test := range map[string]struct {
		row, sent string
		with      func(*Options)
		code      problem.RowCode
	}{
		"the_first_cell": {row: `{"who":["a@b.cn","c@d.cn"],"title":"a"}`, sent: `{"title":"a"}`},
		"one_between_others": {
			row:  `{"n":1,"who":"a@b.cn","title":"a","file":"https://a.cn/1.png"}`,
			sent: `{"n":1,"title":"a","file":[{"file_token":"f"}]}`,
		},
		"the_last_cell":     {row: `{"title":"a","who":"a@b.cn"}`, sent: `{"title":"a"}`},
		"not_the_only_cell": {row: `{"who":"a@b.cn"}`, code: problem.RowEmpty},
		"not_a_key_column": {
			row: `{"who":"a@b.cn","title":"a"}`, code: problem.RowPersonNotFound,
			with: func(o *Options) { o.KeyFields = []string{"who"} },
		},
		"nothing_by_defaults": {
			row: `{"who":"a@b.cn","title":"a"}`, code: problem.RowPersonNotFound,
			with: func(o *Options) { o.SkipBadValues = false },
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := defaults()
			skipping(&o)
			if test.with != nil {
				test.with(&o)
			}
			plan := badValuesSchema().Coerce(messages(test.row), o)
			for _, l := range plan.Pending() {
				if l.Kind == PendingEmail {
					plan.Reject(l, refused)
				} else {
					plan.Resolve(l, json.RawMessage(`{"file_token":"f"}`))
				}
			}
			if len(plan.Pending()) > 0 {
				t.Errorf("still open: %v", plan.Pending())
			}
			if test.code != "" {
				if plan.ErrorCount() != 1 || plan.Errors()[0].Code != test.code {
					t.Errorf("errors %+v, want %s", plan.Errors(), test.code)
				}
				return
			}
			if rows := plan.Rows(); len(rows) != 1 || string(rows[0].Fields) != test.sent {
				t.Errorf("rows %+v, errors %+v", rows, plan.Errors())
			}
		})
	}
}

// TestBadValues_alone holds that a row emptied by bad_values: skip names a value that was left out, found at once or by a lookup.
func TestBadValues_alone(t *testing.T) {
	t.Parallel()
	o := defaults()
	skipping(&o)
	schema := NewSchema([]feishu.Field{
		{Name: "n", Type: feishu.TypeNumber}, {Name: "d", Type: feishu.TypeDateTime}, {Name: "who", Type: feishu.TypeUser},
	})
	plan := schema.Coerce(messages(`{"n":"x","d":"y"}`, `{"who":"a@example.com"}`, `{"n":""}`, `{"n":1}`), o)
	for _, l := range plan.Pending() {
		plan.Reject(l, RowError{Code: problem.RowPersonNotFound})
	}
	errs := plan.Errors()
	if len(errs) != 3 || len(plan.Rows()) != 1 {
		t.Fatalf("errors %+v, rows %v", errs, plan.Rows())
	}
	for i, want := range []RowError{
		{Index: 0, Field: "n", Got: "x", Message: nothingFits.Message},
		{Index: 1, Field: "who", Got: "a@example.com", Message: nothingFits.Message},
		{Index: 2, Message: emptyRow.Message},
	} {
		got := errs[i]
		if want.Code, want.Expected = problem.RowEmpty, got.Expected; got != want {
			t.Errorf("got %+v, want %+v", got, want)
		}
	}
}
