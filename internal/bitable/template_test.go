package bitable

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/rowgate/rowgate/internal/feishu"
	"github.com/rowgate/rowgate/internal/problem"
)

// wordsForNothing are all of the contract, in some case.
var wordsForNothing = []string{
	"null", "NULL", "undefined", "None", "nil", "nan", "NaN", "NaT", "N/A", "#N/A", "<NA>", "无", "暂无", "-", "--", "—", " null ",
}

// residues are what template engines leave in place of a value.
var residues = []string{
	"{{#1700000000001.column_2#}}", "{{ $json.title }}", "{{}}", "${title}", "[object Object]", "1700000000001.column_2",
	"1700000000001.structured_output.name", "sys.workflow_run_id", "env.KEY", "conversation.topic", " {{x}} ",
}

func keyed(o *Options) { o.Mode, o.KeyFields = Upsert, []string{"c"} }

// typedFields is a column of each writable type but text.
func typedFields() []feishu.Field {
	var fields []feishu.Field
	for _, f := range writableTable() {
		if f.Type != feishu.TypeText {
			fields = append(fields, f)
		}
	}
	return fields
}

func TestWordsForNothingAreEmptyInTypedColumns(t *testing.T) {
	t.Parallel()
	for _, f := range typedFields() {
		for _, word := range wordsForNothing {
			for _, o := range []Options{defaults(), func() Options { o := defaults(); o.UnknownOptions = PolicyReject; return o }()} {
				o.Mode = Update
				plan := NewSchema([]feishu.Field{f}).Coerce(messages(`{"record_id":"rec1","`+f.Name+`":`+quote(word)+`}`), o)
				if plan.ErrorCount() != 1 || plan.Errors()[0].Code != problem.RowEmpty || !strings.Contains(ruleNames(plan), "placeholder") {
					t.Errorf("%s in %s: errors %+v, rules %s", word, TypeName(f), plan.Errors(), ruleNames(plan))
				}
				if len(plan.NewOptions()) > 0 {
					t.Errorf("%s made the option %v", word, plan.NewOptions())
				}
			}
		}
	}
}

func TestWordsForNothingThatAreSomethingElse(t *testing.T) {
	t.Parallel()
	runCells(t, selectField(feishu.TypeSingleSelect, "无", "N/A"), []cellCase{
		{name: "takes an option", in: `"无"`, sent: `"无"`},
		{name: "takes an option by its folded name", in: `"n/a"`, sent: `"N/A"`, rules: "option_matched"},
		{name: "clears when told", in: `"null"`, sent: `null`, rules: "placeholder empty_cleared", with: clearing},
		{name: "takes an element for nothing", in: `["null"]`, rules: "option_unwrapped placeholder empty_skipped"},
	})
	runCells(t, selectField(feishu.TypeMultiSelect, "无"), []cellCase{
		{name: "keeps an option among others", in: `["无","null","A"]`, sent: `["无","A"]`, rules: "placeholder parts_dropped option_created"},
		{name: "drops parts of text", in: `"A,N/A"`, sent: `["A"]`, rules: "text_split option_created placeholder parts_dropped"},
		{name: "leaves a longer word alone", in: `"nullable"`, sent: `["nullable"]`, rules: "text_split option_created"},
	})
	runCells(t, feishu.Field{Type: feishu.TypeText}, []cellCase{
		{name: "keeps it in text", in: `"N/A"`, sent: `"N/A"`},
		{name: "keeps it in a key of text", in: `"null"`, sent: `"null"`, with: keyed},
	})
	runCells(t, feishu.Field{Type: feishu.TypeUser}, []cellCase{
		{name: "takes a user_id for one", in: `"nan"`, sent: `[{"id":"nan"}]`, rules: "id_wrapped", with: asUserID},
		{name: "takes dashes for nothing", in: `"--"`, rules: "placeholder empty_skipped", with: asUserID},
		{name: "drops an element", in: `["ou_a","null"]`, sent: `[{"id":"ou_a"}]`, rules: "id_wrapped placeholder parts_dropped"},
	})
	runCells(t, feishu.Field{Type: feishu.TypeNumber}, []cellCase{
		{name: "folds width", in: `"Ｎ／Ａ"`, rules: "placeholder empty_skipped"},
		{name: "sends it without typecast", in: `"N/A"`, sent: `"N/A"`, with: func(o *Options) { o.Raw = true }},
		{
			name:   "is no value of a search",
			in:     `"N/A"`,
			code:   problem.RowValueMismatch,
			reason: reasonNumber,
			with:   func(o *Options) { o.Literal = true },
		},
	})
}

func TestTemplateTextIsNoDataInTypedColumns(t *testing.T) {
	t.Parallel()
	for _, f := range typedFields() {
		for _, text := range residues {
			in := quote(text)
			shapes := []string{in}
			if kindOf(f).holdsSeveral() {
				shapes = append(shapes, "["+in+"]")
			}
			if f.Type == feishu.TypeMultiSelect && !strings.Contains(text, "[") {
				shapes = append(shapes, quote("A,"+text))
			}
			for _, shape := range shapes {
				plan := NewSchema([]feishu.Field{f}).Coerce([]json.RawMessage{json.RawMessage(`{"` + f.Name + `":` + shape + `}`)}, defaults())
				if plan.ErrorCount() != 1 || plan.Errors()[0].Message != reasonTemplate || plan.Errors()[0].Code != problem.RowValueMismatch {
					t.Errorf("%s in %s: errors %+v", shape, TypeName(f), plan.Errors())
				}
				if len(plan.NewOptions()) > 0 {
					t.Errorf("%s made the option %v", shape, plan.NewOptions())
				}
			}
		}
	}
}

func TestTemplateText(t *testing.T) {
	t.Parallel()
	runCells(t, selectField(feishu.TypeSingleSelect, "sys.path", "{{x}}"), []cellCase{
		{name: "takes an option that looks like one", in: `"sys.path"`, sent: `"sys.path"`},
		{name: "takes an option in braces", in: `"{{x}}"`, sent: `"{{x}}"`},
		{name: "makes an option of a word with a dot", in: `"system.path"`, sent: `"system.path"`, rules: "option_created"},
		{name: "makes an option of twelve digits and a name", in: `"170000000001.name"`, sent: `"170000000001.name"`, rules: "option_created"},
		{
			name:   "says so where new options are refused",
			in:     `"sys.query"`,
			code:   problem.RowValueMismatch,
			reason: reasonTemplate,
			with:   rejecting,
		},
	})
	cases := []cellCase{
		{name: "keeps a selector in text", in: `"sys.path"`, sent: `"sys.path"`},
		{name: "keeps a selector of a node in text", in: `"1700000000001.column_2"`, sent: `"1700000000001.column_2"`},
		{name: "keeps braces inside text", in: `"use {{name}} here"`, sent: `"use {{name}} here"`},
		{name: "keeps a selector of a scope in a key", in: `"sys.path"`, sent: `"sys.path"`, with: keyed},
		{
			name:   "refuses a selector of a node in a key",
			in:     `"1700000000001.column_2"`,
			code:   problem.RowValueMismatch,
			reason: reasonTemplate,
			with:   keyed,
		},
	}
	for _, text := range []string{"{{#1700000000001.column_2#}}", "${title}", "[object Object]", " {{x}} "} {
		cases = append(cases,
			cellCase{name: "warns of " + text, in: quote(text), sent: quote(text), rules: "unrendered_template"},
			cellCase{name: "refuses in a key " + text, in: quote(text), code: problem.RowValueMismatch, reason: reasonTemplate, with: keyed},
			cellCase{name: "sends without typecast " + text, in: quote(text), sent: quote(text), with: func(o *Options) { o.Raw = true }})
	}
	runCells(t, feishu.Field{Type: feishu.TypeText}, cases)
}
