package bitable

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/rowgate/rowgate/internal/feishu"
	"github.com/rowgate/rowgate/internal/problem"
)

// cellCase is one value for one column: what is sent and by which rules, or why it is refused.
type cellCase struct {
	name       string
	in         string
	sent       string // JSON; "" if nothing is sent
	rules      string // space-separated, in order
	code       problem.RowCode
	reason     problem.Text
	suggestion string
	with       func(*Options)
}

var shanghai = mustLoad("Asia/Shanghai")

func mustLoad(name string) *time.Location {
	zone, err := time.LoadLocation(name)
	if err != nil {
		panic(err)
	}
	return zone
}

func defaults() Options {
	return Options{
		TimeZone: shanghai, EmptyValues: EmptySkip, UnknownFields: PolicyReject, UnknownOptions: PolicyCreate,
		UserIDType: "open_id",
	}
}

func updating(o *Options) { o.Mode = Update }
func clearing(o *Options) { o.Mode, o.EmptyValues = Update, EmptyClear }
func rejecting(o *Options) {
	o.UnknownOptions = PolicyReject
}

// runCells coerces each value in a row of its own: {"c": value}, in Update mode with a record_id.
func runCells(t *testing.T, f feishu.Field, cases []cellCase) {
	t.Helper()
	f.Name = "c"
	s := NewSchema([]feishu.Field{f})
	for _, tc := range cases {
		t.Run(strings.ReplaceAll(tc.name, " ", "_"), func(t *testing.T) {
			t.Parallel()
			o := defaults()
			if tc.with != nil {
				tc.with(&o)
			}
			row := `{"c":` + tc.in + `}`
			if o.Mode == Update {
				row = `{"record_id":"rec1","c":` + tc.in + `}`
			}
			plan := s.Coerce([]json.RawMessage{json.RawMessage(row)}, o)
			checkCell(t, plan, tc)
		})
	}
}

func checkCell(t *testing.T, plan *Plan, tc cellCase) {
	t.Helper()
	if tc.code != "" {
		if len(plan.Rows()) != 0 || !plan.Bad(0) || plan.ErrorCount() != 1 {
			t.Fatalf("rows %v, errors %+v: want one error and no row", plan.Rows(), plan.Errors())
		}
		e := plan.Errors()[0]
		if e.Code != tc.code || e.Field != "c" || e.Suggestion != tc.suggestion {
			t.Errorf("error %+v: want code %q, field c, suggestion %q", e, tc.code, tc.suggestion)
		}
		if !tc.reason.IsZero() && e.Message != tc.reason {
			t.Errorf("message %q: want %q", e.Message.EN, tc.reason.EN)
		}
		checkTexts(t, e)
		return
	}
	if got := ruleNames(plan); got != tc.rules {
		t.Errorf("rules %q: want %q", got, tc.rules)
	}
	if tc.sent == "" {
		if plan.ErrorCount() != 1 || plan.Errors()[0].Code != problem.RowEmpty {
			t.Fatalf("rows %v, errors %+v: want an empty row", plan.Rows(), plan.Errors())
		}
		return
	}
	if plan.ErrorCount() != 0 {
		t.Fatalf("errors %+v: want none", plan.Errors())
	}
	rows := plan.Rows()
	if want := `{"c":` + tc.sent + `}`; len(rows) != 1 || string(rows[0].Fields) != want {
		t.Fatalf("rows %+v: want %s", rows, want)
	}
	if !json.Valid(rows[0].Fields) {
		t.Errorf("%s is no JSON", rows[0].Fields)
	}
}

// checkTexts refuses an error without a message or an expectation in either language.
func checkTexts(t *testing.T, e RowError) {
	t.Helper()
	for _, text := range []problem.Text{e.Message, e.Expected} {
		if text.ZH == "" || text.EN == "" {
			t.Errorf("error %+v lacks a text", e)
		}
	}
}

func ruleNames(plan *Plan) string {
	var rules []string
	for _, w := range plan.Warnings() {
		rules = append(rules, w.Rule)
	}
	return strings.Join(rules, " ")
}

func selectField(t feishu.FieldType, options ...string) feishu.Field {
	f := feishu.Field{Type: t, Property: &feishu.FieldProperty{}}
	for _, name := range options {
		f.Property.Options = append(f.Property.Options, feishu.Option{Name: name})
	}
	return f
}

func TestText(t *testing.T) {
	t.Parallel()
	runCells(t, feishu.Field{Type: feishu.TypeText}, []cellCase{
		{name: "keeps text byte for byte", in: `"  a\n\"b\"\\ ＡＢ  "`, sent: `"  a\n\"b\"\\ ＡＢ  "`},
		{name: "keeps white space only", in: `"  "`, sent: `"  "`},
		{name: "keeps the spelling of a number", in: `1.50`, sent: `"1.50"`, rules: "text_scalar"},
		{name: "keeps a list of one address as JSON", in: `["a@b.c"]`, sent: quote(`["a@b.c"]`), rules: "text_json"},
		{name: "writes a boolean as a word", in: `true`, sent: `"true"`, rules: "text_scalar"},
		{
			name:  "writes an object compactly in source order",
			in:    `{"b": "中\u6587<", "a": [1.0, null]}`,
			sent:  `"{\"b\":\"中文<\",\"a\":[1.0,null]}"`,
			rules: "text_json",
		},
		{name: "writes an empty list as JSON", in: `[]`, sent: `"[]"`, rules: "text_json"},
		{
			name:  "joins segments of the read shape",
			in:    `[{"type":"text","text":"a "},{"type":"url","text":"b","link":"https://b"},{"type":"mention","text":"@c","token":"x"}]`,
			sent:  `"a b@c"`,
			rules: "text_joined",
		},
		{
			name:  "takes segments without a word for an empty text",
			in:    `[{"type":"text","text":""}]`,
			rules: "text_joined empty_skipped",
			with:  updating,
		},
		{
			name:  "takes a list of other objects for JSON",
			in:    `[{"type":"image","text":"a"}]`,
			sent:  `"[{\"type\":\"image\",\"text\":\"a\"}]"`,
			rules: "text_json",
		},
		{name: "leaves out an empty text on create", in: `""`, rules: "empty_skipped"},
		{name: "leaves an empty text untouched on update", in: `""`, rules: "empty_skipped", with: updating},
		{name: "clears by an empty text when told", in: `""`, sent: `null`, rules: "empty_cleared", with: clearing},
		{name: "leaves out null on create", in: `null`, rules: "null_skipped"},
		{name: "clears by null on update", in: `null`, sent: `null`, with: updating},
		{name: "takes the longest text", in: `"` + strings.Repeat("长", MaxTextRunes) + `"`, sent: `"` + strings.Repeat("长", MaxTextRunes) + `"`},
		{name: "refuses a longer text", in: `"` + strings.Repeat("长", MaxTextRunes+1) + `"`, code: problem.RowTooLarge},
		{name: "refuses longer JSON", in: `["` + strings.Repeat("a", MaxTextRunes) + `"]`, code: problem.RowTooLarge},
		{name: "sends anything as it is without typecast", in: `[{"type": 1}]`, sent: `[{"type": 1}]`, with: func(o *Options) { o.Raw = true }},
		{name: "sends an empty text without typecast", in: `""`, sent: `""`, with: func(o *Options) { o.Raw = true }},
	})
}

func TestNumber(t *testing.T) {
	t.Parallel()
	cases := []cellCase{
		{name: "keeps the spelling of a number", in: `1.50`, sent: `1.50`},
		{name: "keeps an exponent", in: `1.5e3`, sent: `1.5e3`},
		{name: "keeps 2 to the 53", in: `-9007199254740992`, sent: `-9007199254740992`},
		{name: "leaves out white space only", in: `"　 "`, rules: "empty_skipped"},
		{name: "clears by white space when told", in: `" "`, sent: `null`, rules: "empty_cleared", with: clearing},
		{name: "clears by null on update", in: `null`, sent: `null`, with: updating},
		{name: "sends text as it is without typecast", in: `"12"`, sent: `"12"`, with: func(o *Options) { o.Raw = true }},
	}
	for in, sent := range map[string]string{
		`12`: `12`, ` 1.50 `: `1.50`, `1,234.5`: `1234.5`, `1,234,567`: `1234567`, `-1,000`: `-1000`, `+5`: `5`, `007`: `7`, `.5`: `0.5`,
		`-0.50`: `-0.50`,
		`1.5e3`: `1.5e3`, `2E-3`: `2E-3`, `¥12`: `12`, `￥1,234.50`: `1234.50`, `12¥`: `12`, `$ 3.5`: `3.5`, `-$3`: `-3`, `$-3`: `-3`,
		`€3`: `3`, `3 £`: `3`,
		`CNY 12`: `12`, `12 CNY`: `12`, `USD12`: `12`, `12元`: `12`, `12.5 元`: `12.5`, `12%`: `0.12`, `12.5%`: `0.125`, `100%`: `1`,
		`-5 %`: `-0.05`, `0.5%`: `0.005`,
		`1,200%`: `12`, `１２．５`: `12.5`, `１，２３４`: `1234`, `１２％`: `0.12`, `9007199254740992`: `9007199254740992`,
	} {
		cases = append(cases, cellCase{name: "reads " + in, in: quote(in), sent: sent, rules: "number_text"})
	}
	for _, in := range []string{
		`12kg`, `1,23`, `12,34.5`, `1,2345`, `0,123`, `1.234,5`, `(12)`, `--5`, `1 234`, `five`, `¥`, `%`, `.`, `5.`, `1e`, `12%%`, `¥12%`,
		`€12元`, `元12`, `0x10`, `Infinity`, `1e3%`, `1.2万+`, `10w`, `10w+`, `60分钟`, `1e3万`, `12万%`, `万`, `12千`, `1.2万万`, `12亿万`, `￥1.2万€`,
		`12美元`, `1_000`, `12 34`, `①`, `+`, `1,`, `,123`,
	} {
		cases = append(cases, cellCase{name: "refuses " + in, in: quote(in), code: problem.RowValueMismatch, reason: reasonNumber})
	}
	for in, sent := range map[string]string{
		`￥1.2万元`: `12000`, `1.2万`: `12000`, `1.23456万`: `12345.6`, `3 亿`: `300000000`, `1.5万亿`: `1500000000000`, `-2万`: `-20000`,
		`1,234.5万 元`: `12345000`,
		`CNY 3万`:     `30000`, `3万USD`: `30000`, `0.00001万`: `0.1`,
	} {
		cases = append(cases, cellCase{name: "multiplies out " + in, in: quote(in), sent: sent, rules: "number_scaled"})
	}
	for in, sent := range map[string]string{
		`￥1,299.00元`: `1299.00`, `HK$12`: `12`, `HK$ 1,200.5`: `1200.5`, `人民币100元`: `100`, `人民币 100`: `100`, `US$3`: `3`, `$3 USD`: `3`,
		`¥12 JPY`: `12`, `CNY12元`: `12`, `-HK$3`: `-3`,
		`NT$5`: `5`,
	} {
		cases = append(cases, cellCase{name: "reads one currency in " + in, in: quote(in), sent: sent, rules: "number_text"})
	}
	longest := "0." + strings.Repeat("1", maxNumberBytes-2)
	cases = append(
		cases,
		cellCase{name: "reads the longest text", in: quote(longest), sent: longest, rules: "number_text number_rounded"},
		cellCase{
			name:  "warns of digits that a double has not",
			in:    `0.1234567890123456789`,
			sent:  `0.1234567890123456789`,
			rules: "number_rounded",
		},
		cellCase{name: "warns of them before the point", in: `123456789012.123456789`, sent: `123456789012.123456789`, rules: "number_rounded"},
		cellCase{name: "keeps the longest digits of a double", in: `0.30000000000000004`, sent: `0.30000000000000004`},
		cellCase{name: "keeps zeros at the end", in: `0.10000000000000000000`, sent: `0.10000000000000000000`},
		cellCase{name: "keeps a small number", in: `1e-300`, sent: `1e-300`},
		cellCase{name: "keeps a zero with an exponent", in: `0e-400`, sent: `0e-400`},
		cellCase{name: "refuses what would become zero", in: `1e-400`, code: problem.RowValueMismatch, reason: reasonTiny},
		cellCase{name: "refuses it as text", in: `"1e-400"`, code: problem.RowValueMismatch, reason: reasonTiny},
		cellCase{
			name:   "refuses it in plain decimals",
			in:     `0.` + strings.Repeat("0", 400) + `1`,
			code:   problem.RowValueMismatch,
			reason: reasonTiny,
		},
		cellCase{name: "refuses longer text", in: quote(longest + "1"), code: problem.RowValueMismatch, reason: reasonNumber},
	)
	for _, in := range []string{`true`, `[1]`, `{"value":1}`} {
		cases = append(cases, cellCase{name: "refuses " + in, in: in, code: problem.RowValueMismatch, reason: reasonShape})
	}
	for _, in := range []string{
		`9007199254740993`, `-9007199254740993`, `12345678901234567890`, `1e17`, `9007199254740992.5`,
		`"9,007,199,254,740,993"`, `"1e400"`,
	} {
		cases = append(cases, cellCase{name: "refuses " + in, in: in, code: problem.RowValueMismatch, reason: reasonPrecision})
	}
	runCells(t, feishu.Field{Type: feishu.TypeNumber}, cases)
}

func TestCurrency(t *testing.T) {
	t.Parallel()
	fits := func(in string) cellCase {
		return cellCase{name: "takes " + in, in: quote(in), sent: `12`, rules: "number_text"}
	}
	differs := func(in string) cellCase {
		return cellCase{name: "refuses " + in, in: quote(in), code: problem.RowValueMismatch, reason: reasonCurrency}
	}
	for code, cases := range map[string][]cellCase{
		"CNY": {fits("¥12"), fits("￥12"), fits("12元"), fits("RMB 12"), fits("12"), differs("$12"), differs("HK$12"), differs("12 EUR")},
		"JPY": {fits("¥12"), fits("12 JPY"), differs("12元"), differs("¥12元"), differs("$12")},
		"HKD": {fits("$12"), fits("HK$12"), fits("12 HKD"), differs("US$12"), differs("¥12")},
		"XXX": {fits("$12"), fits("12元")},
	} {
		runCells(t, feishu.Field{Type: feishu.TypeNumber, UIType: "Currency", Property: &feishu.FieldProperty{CurrencyCode: code}}, cases)
	}
}

func quote(s string) string { return string(appendQuoted(nil, s)) }

func TestSingleSelect(t *testing.T) {
	t.Parallel()
	runCells(t, selectField(feishu.TypeSingleSelect, "进行中", "In Progress", "Ａ级", "twin", "TWIN", "x,y"), []cellCase{
		{name: "takes an option", in: `"进行中"`, sent: `"进行中"`},
		{name: "takes an escaped option", in: `"\u8fdb行中"`, sent: `"进行中"`},
		{name: "takes an option with a comma", in: `"x,y"`, sent: `"x,y"`},
		{name: "takes a list of one", in: `["进行中"]`, sent: `"进行中"`, rules: "option_unwrapped"},
		{name: "takes a list of one as text", in: `"[\"进行中\"]"`, sent: `"进行中"`, rules: "option_unwrapped"},
		{name: "takes a Python list of one as text", in: `"['进行中']"`, sent: `"进行中"`, rules: "option_unwrapped"},
		{name: "takes an object with text", in: `{"id":"opt1","text":"进行中"}`, sent: `"进行中"`, rules: "option_unwrapped"},
		{name: "takes an object with name", in: `[{"name":"进行中","color":3}]`, sent: `"进行中"`, rules: "option_unwrapped"},
		{name: "matches without regard to case", in: `"in progress"`, sent: `"In Progress"`, rules: "option_matched"},
		{name: "matches without regard to white space", in: `" In　Progress"`, sent: `"In Progress"`, rules: "option_matched"},
		{name: "matches without regard to width", in: `"a级"`, sent: `"Ａ级"`, rules: "option_matched"},
		{name: "prefers the exact twin", in: `"TWIN"`, sent: `"TWIN"`},
		{name: "refuses what two options match", in: `"Twin"`, code: problem.RowValueMismatch, reason: reasonTwins},
		{name: "creates an option, trimmed, not folded", in: `" Ｎｅｗ，x "`, sent: `"Ｎｅｗ，x"`, rules: "option_created"},
		{name: "refuses an unknown option when told", in: `"进行种"`, code: problem.RowOptionNotFound, suggestion: "进行中", with: rejecting},
		{name: "refuses two values", in: `["进行中","x"]`, code: problem.RowValueMismatch, reason: reasonTwoOptions},
		{name: "refuses a broken list as text", in: `"['a' 'b']"`, code: problem.RowValueMismatch, reason: reasonElement},
		{name: "takes a number as its text", in: `2024`, sent: `"2024"`, rules: "text_scalar option_created"},
		{name: "keeps the spelling of a number", in: `1.50`, sent: `"1.50"`, rules: "text_scalar option_created"},
		{name: "takes a boolean as its text", in: `true`, sent: `"true"`, rules: "text_scalar option_created"},
		{name: "refuses a list of a number", in: `[2024]`, code: problem.RowValueMismatch, reason: reasonShape},
		{name: "takes an object as text", in: quote(`{"name":"进行中"}`), sent: `"进行中"`, rules: "option_unwrapped"},
		{name: "takes a Python object as text", in: quote(`{'text': '进行中', 'id': None}`), sent: `"进行中"`, rules: "option_unwrapped"},
		{name: "refuses an object without a name", in: `{"id":"opt1"}`, code: problem.RowValueMismatch},
		{name: "leaves out white space", in: `" "`, rules: "empty_skipped"},
		{name: "leaves out a list of nothing", in: `[""]`, rules: "option_unwrapped empty_skipped"},
		{name: "clears by an empty list on update", in: `[]`, sent: `null`, rules: "empty_cleared", with: clearing},
		{name: "leaves out an empty list on create", in: `[]`, rules: "empty_skipped"},
	})
}

func TestMultiSelect(t *testing.T) {
	t.Parallel()
	many := make([]string, MaxChosenOptions+1)
	for i := range many {
		many[i] = strings.Repeat("a", i%7) + string(rune('一'+i))
	}
	all, _ := json.Marshal(many)                     //nolint:errchkjson // strings
	most, _ := json.Marshal(many[:MaxChosenOptions]) //nolint:errchkjson // strings
	runCells(t, selectField(feishu.TypeMultiSelect, "A", "B", "x,y", "Go 语言"), []cellCase{
		{name: "takes a list", in: `["A","B"]`, sent: `["A","B"]`},
		{name: "never splits an element", in: `["A,B"]`, sent: `["A,B"]`, rules: "option_created"},
		{name: "splits text", in: `"A, B，C、D;E；F\r\nG"`, sent: `["A","B","C","D","E","F","G"]`, rules: "text_split option_created"},
		{name: "takes text that is an option whole", in: `"x,y"`, sent: `["x,y"]`, rules: "text_split"},
		{name: "takes text that matches an option whole", in: `"X, Y"`, sent: `["x,y"]`, rules: "text_split option_matched"},
		{name: "reads a JSON list as text", in: `"[\"A\", \"x,y\"]"`, sent: `["A","x,y"]`, rules: "text_split"},
		{name: "reads a Python list as text", in: `"['A', \"B\", 'it\\'s']"`, sent: `["A","B","it's"]`, rules: "text_split option_created"},
		{
			name:  "reads a Python list of objects as text",
			in:    `"[{'text': 'A', 'color': None}, {'name': 'B'}]"`,
			sent:  `["A","B"]`,
			rules: "text_split option_unwrapped",
		},
		{
			name:  "reads the escapes of a Python list",
			in:    quote(`['a\n\t\\', '\xa0b\u200b', '\U0001f600']`),
			sent:  `["a\n\t\\","b` + "\u200b" + `","😀"]`,
			rules: "text_split option_created",
		},
		{name: "refuses unknown escapes of a Python list", in: quote(`['\q']`), code: problem.RowValueMismatch, reason: reasonElement},
		{name: "refuses half a character in a Python list", in: quote(`['\ud83d']`), code: problem.RowValueMismatch, reason: reasonElement},
		{name: "refuses U+0000 in a Python list", in: quote(`['\x00']`), code: problem.RowValueMismatch, reason: reasonElement},
		{name: "refuses a cut escape of a Python list", in: quote(`['\x4']`), code: problem.RowValueMismatch, reason: reasonElement},
		{name: "refuses a Python list of nothing", in: quote(`[None]`), code: problem.RowValueMismatch, reason: reasonElement},
		{name: "refuses broken objects as text", in: quote(`[{'text': 'A}]`), code: problem.RowValueMismatch, reason: reasonElement},
		{name: "takes objects", in: `[{"text":"A","id":"opt1"},{"name":"B"}]`, sent: `["A","B"]`, rules: "option_unwrapped"},
		{name: "removes empty parts and repetitions", in: `["A",""," ","A","a"]`, sent: `["A"]`, rules: "parts_dropped option_matched"},
		{name: "matches options", in: `["go语言"]`, sent: `["Go 语言"]`, rules: "option_matched"},
		{name: "takes a form's repeated key", in: `["A","B"]`, sent: `["A","B"]`, with: func(o *Options) { o.Repeated = []string{"c"} }},
		{name: "keeps a bracketed word", in: `"[重要]"`, sent: `["[重要]"]`, rules: "text_split option_created"},
		{name: "refuses a broken list as text", in: `"['a' 'b']"`, code: problem.RowValueMismatch, reason: reasonElement},
		{name: "refuses a bare list as text", in: `"[a, b]"`, code: problem.RowValueMismatch, reason: reasonElement},
		{name: "refuses a list of numbers as text", in: `"[1, 2]"`, code: problem.RowValueMismatch, reason: reasonElement},
		{name: "refuses numbers", in: `["A",1]`, code: problem.RowValueMismatch, reason: reasonElement},
		{name: "refuses a number", in: `1`, code: problem.RowValueMismatch, reason: reasonShape},
		{name: "refuses a lone object", in: `{"text":"A"}`, code: problem.RowValueMismatch, reason: reasonShape},
		{name: "refuses an unknown option when told", in: `["A","C"]`, code: problem.RowOptionNotFound, with: rejecting},
		{name: "leaves out separators only", in: `", ,"`, rules: "text_split parts_dropped empty_skipped"},
		{name: "leaves a list of nothing untouched", in: `[""]`, rules: "parts_dropped empty_skipped", with: updating},
		{name: "clears by an empty list", in: `[]`, sent: `null`, rules: "empty_cleared", with: clearing},
		{name: "takes as many options as a cell holds", in: string(most), sent: string(most), rules: "option_created"},
		{name: "refuses more parts of text than a cell holds", in: quote(strings.Repeat("a,", MaxChosenOptions+1)), code: problem.RowTooLarge},
		{name: "refuses more options than a cell holds", in: string(all), code: problem.RowTooLarge},
	})
}

func TestCheckbox(t *testing.T) {
	t.Parallel()
	cases := []cellCase{
		{name: "takes true", in: `true`, sent: `true`},
		{name: "takes false", in: `false`, sent: `false`},
		{name: "reads 1", in: `1`, sent: `true`, rules: "checkbox_text"},
		{name: "reads 0", in: `0`, sent: `false`, rules: "checkbox_text"},
		{name: "leaves out white space", in: `" "`, rules: "empty_skipped"},
		{name: "clears by null", in: `null`, sent: `null`, with: updating},
	}
	for sent, words := range map[string][]string{
		"true":  {"1", "true", "True", " TRUE ", "ｔｒｕｅ", "yes", "Y", "on", "是", "对", "√", "✓", "✔", "✔\ufe0f", "✅", "☑", "☑\ufe0f"},
		"false": {"0", "false", "False", "no", "N", "OFF", "否", "错", "×", "✗", "❌", "☐", "☐\ufe0e"},
	} {
		for _, word := range words {
			cases = append(cases, cellCase{name: "reads the word " + word, in: quote(word), sent: sent, rules: "checkbox_text"})
		}
	}
	for _, in := range []string{`2`, `1.0`, `"t"`, `"ok"`, `"不是"`, `"x"`, `[true]`, `{}`} {
		cases = append(cases, cellCase{name: "refuses " + in, in: in, code: problem.RowValueMismatch, reason: reasonShape})
	}
	runCells(t, feishu.Field{Type: feishu.TypeCheckbox}, cases)
}

func TestPhone(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("1", MaxPhoneBytes)
	runCells(t, feishu.Field{Type: feishu.TypePhone}, []cellCase{
		{name: "takes digits", in: `"+8613800138000"`, sent: `"+8613800138000"`},
		{name: "removes signs", in: `"+86 (138) 0013-8000"`, sent: `"+8613800138000"`, rules: "phone_cleaned"},
		{name: "folds width", in: `"（０１０）１２３４"`, sent: `"0101234"`, rules: "phone_cleaned"},
		{name: "takes an integer", in: `13800138000`, sent: `"13800138000"`, rules: "phone_cleaned"},
		{name: "takes the longest", in: quote(long), sent: quote(long)},
		{name: "refuses a longer one", in: quote(long + "1"), code: problem.RowValueMismatch},
		{name: "refuses letters", in: `"ext 12"`, code: problem.RowValueMismatch},
		{name: "refuses a later plus", in: `"86+138"`, code: problem.RowValueMismatch},
		{name: "refuses signs alone", in: `"+-"`, code: problem.RowValueMismatch},
		{name: "refuses a fraction", in: `1.5`, code: problem.RowValueMismatch},
		{name: "refuses a spreadsheet's fraction", in: `"13800000000.0"`, code: problem.RowValueMismatch},
		{name: "refuses a negative", in: `-1`, code: problem.RowValueMismatch},
		{name: "refuses a list", in: `["1"]`, code: problem.RowValueMismatch},
	})
}

func TestURL(t *testing.T) {
	t.Parallel()
	runCells(t, feishu.Field{Type: feishu.TypeURL}, []cellCase{
		{name: "takes the write shape", in: `{"text":"t","link":"https://a.cn/x"}`, sent: `{"text":"t","link":"https://a.cn/x"}`},
		{
			name:  "takes an address",
			in:    `" https://a.cn/x?a=1&b=(2) "`,
			sent:  `{"text":"https://a.cn/x?a=1&b=(2)","link":"https://a.cn/x?a=1&b=(2)"}`,
			rules: "url_wrapped",
		},
		{
			name:  "never folds an address",
			in:    `"https://a.cn/ＡＢ"`,
			sent:  `{"text":"https://a.cn/ＡＢ","link":"https://a.cn/ＡＢ"}`,
			rules: "url_wrapped",
		},
		{name: "takes a Markdown link", in: `"[a [b]](https://a.cn)"`, sent: `{"text":"a [b]","link":"https://a.cn"}`, rules: "url_markdown"},
		{name: "takes mailto", in: `"mailto:a@b.cn"`, sent: `{"text":"mailto:a@b.cn","link":"mailto:a@b.cn"}`, rules: "url_wrapped"},
		{name: "takes any case of scheme", in: `"HTTPS://A.cn"`, sent: `{"text":"HTTPS://A.cn","link":"HTTPS://A.cn"}`, rules: "url_wrapped"},
		{
			name:  "fills in a missing text",
			in:    `{"link":"https://a.cn"}`,
			sent:  `{"text":"https://a.cn","link":"https://a.cn"}`,
			rules: "url_wrapped",
		},
		{
			name:  "trims the link that stands for a missing text",
			in:    `{"link":" https://a.cn "}`,
			sent:  `{"text":"https://a.cn","link":"https://a.cn"}`,
			rules: "url_wrapped",
		},
		{
			name:  "drops other members",
			in:    `{"link":"https://a.cn","text":"t","type":"url"}`,
			sent:  `{"text":"t","link":"https://a.cn"}`,
			rules: "members_dropped",
		},
		{
			name:       "completes no bare host but suggests",
			in:         `"www.a.cn/x"`,
			code:       problem.RowValueMismatch,
			reason:     reasonURL,
			suggestion: "https://www.a.cn/x",
		},
		{name: "refuses other schemes", in: `"ftp://a.cn"`, code: problem.RowValueMismatch, reason: reasonURL},
		{name: "refuses a script", in: `"javascript:alert(1)"`, code: problem.RowValueMismatch, reason: reasonURL},
		{name: "refuses a lack of host", in: `"https://"`, code: problem.RowValueMismatch, reason: reasonURL},
		{
			name:  "finds the link behind text",
			in:    `"see https://a.cn"`,
			sent:  `{"text":"see https://a.cn","link":"https://a.cn"}`,
			rules: "url_found",
		},
		{
			name:  "finds the link in a share text",
			in:    `"【抖音】复制打开看看 https://v.douyin.com/abc123/ 好看"`,
			sent:  `{"text":"【抖音】复制打开看看 https://v.douyin.com/abc123/ 好看","link":"https://v.douyin.com/abc123/"}`,
			rules: "url_found",
		},
		{
			name:  "ends a found link at its punctuation",
			in:    `"见（https://a.cn/x）。"`,
			sent:  `{"text":"见（https://a.cn/x）。","link":"https://a.cn/x"}`,
			rules: "url_found",
		},
		{name: "refuses two links", in: `"https://a.cn https://b.cn"`, code: problem.RowValueMismatch, reason: reasonURL},
		{name: "refuses two links with a comma between", in: `"https://a.cn,https://b.cn"`, code: problem.RowValueMismatch, reason: reasonURL},
		{
			name:  "takes a link in the query of another",
			in:    `"https://a.cn/?u=https://b.cn/"`,
			sent:  `{"text":"https://a.cn/?u=https://b.cn/","link":"https://a.cn/?u=https://b.cn/"}`,
			rules: "url_wrapped",
		},
		{name: "refuses text without a link", in: `"没有链接"`, code: problem.RowValueMismatch, reason: reasonURL},
		{
			name:  "takes off a full stop",
			in:    `"https://example.com/a。"`,
			sent:  `{"text":"https://example.com/a","link":"https://example.com/a"}`,
			rules: "url_trimmed",
		},
		{
			name:  "takes off several marks",
			in:    `"https://a.cn/x)!."`,
			sent:  `{"text":"https://a.cn/x","link":"https://a.cn/x"}`,
			rules: "url_trimmed",
		},
		{
			name:  "keeps a bracket that it opens",
			in:    `"https://a.cn/x_(y)"`,
			sent:  `{"text":"https://a.cn/x_(y)","link":"https://a.cn/x_(y)"}`,
			rules: "url_wrapped",
		},
		{name: "takes off angle brackets", in: `"<https://a.cn>"`, sent: `{"text":"https://a.cn","link":"https://a.cn"}`, rules: "url_trimmed"},
		{name: "takes off quotes", in: `"“https://a.cn”"`, sent: `{"text":"https://a.cn","link":"https://a.cn"}`, rules: "url_trimmed"},
		{
			name:  "takes off straight quotes",
			in:    quote(`"https://a.cn"`),
			sent:  `{"text":"https://a.cn","link":"https://a.cn"}`,
			rules: "json_text url_wrapped",
		},
		{
			name:  "takes an object with url",
			in:    `{"url":"https://a.cn"}`,
			sent:  `{"text":"https://a.cn","link":"https://a.cn"}`,
			rules: "url_wrapped",
		},
		{
			name:  "takes an object with name",
			in:    `{"name":"t","url":"https://a.cn"}`,
			sent:  `{"text":"t","link":"https://a.cn"}`,
			rules: "url_wrapped",
		},
		{
			name:  "takes a segment",
			in:    `[{"type":"url","text":"t","link":"https://a.cn"}]`,
			sent:  `{"text":"t","link":"https://a.cn"}`,
			rules: "list_unwrapped members_dropped",
		},
		{name: "refuses a text alone", in: `{"text":"t"}`, code: problem.RowValueMismatch},
		{name: "refuses an empty link", in: `{"text":"t","link":""}`, code: problem.RowValueMismatch},
		{
			name:  "takes a list of one",
			in:    `["https://a.cn"]`,
			sent:  `{"text":"https://a.cn","link":"https://a.cn"}`,
			rules: "list_unwrapped url_wrapped",
		},
		{name: "refuses a list of two", in: `["https://a.cn","https://b.cn"]`, code: problem.RowValueMismatch},
	})
}

func TestLocation(t *testing.T) {
	t.Parallel()
	runCells(t, feishu.Field{Type: feishu.TypeLocation}, []cellCase{
		{name: "takes the write shape", in: `"116.397755,39.903179"`, sent: `"116.397755,39.903179"`},
		{name: "tidies text", in: `"１１６．５， 39"`, sent: `"116.5,39"`, rules: "location_text"},
		{name: "takes lng and lat", in: `{"lng":116.50,"lat":"39.9"}`, sent: `"116.50,39.9"`, rules: "location_object"},
		{name: "takes numbers with an exponent", in: `{"lng":1e-05,"lat":3.99E1}`, sent: `"0.00001,39.9"`, rules: "location_object"},
		{name: "takes longitude and latitude", in: `{"latitude":-39.9,"longitude":-116}`, sent: `"-116,-39.9"`, rules: "location_object"},
		{name: "takes the read shape", in: `{"location":"116.3,39.9","name":"天安门","pname":"北京"}`, sent: `"116.3,39.9"`, rules: "members_dropped"},
		{name: "refuses out of range", in: `"181,39"`, code: problem.RowValueMismatch, reason: reasonRange},
		{name: "suggests the other order", in: `"39.9,116.3"`, code: problem.RowValueMismatch, reason: reasonRange, suggestion: "116.3,39.9"},
		{name: "refuses a place name", in: `"北京"`, code: problem.RowValueMismatch},
		{name: "refuses one number", in: `116.3`, code: problem.RowValueMismatch},
		{name: "refuses three numbers", in: `"1,2,3"`, code: problem.RowValueMismatch},
		{name: "refuses a list", in: `[116.3,39.9]`, code: problem.RowValueMismatch},
		{name: "refuses half an object", in: `{"lng":1}`, code: problem.RowValueMismatch},
		{name: "refuses names that no fact gives", in: `{"lat":39.9,"lon":116.4}`, code: problem.RowValueMismatch},
	})
}

func TestReadOnlyColumns(t *testing.T) {
	t.Parallel()
	ignoring := func(o *Options) { o.UnknownFields = PolicyIgnore }
	for _, kind := range Kinds(func(k Kind) bool { return !k.Writable }) {
		f := feishu.Field{Type: kind.Type}
		t.Run(kind.Name, func(t *testing.T) {
			t.Parallel()
			runCells(t, f, []cellCase{
				{name: "refuses a value", in: `1`, code: problem.RowReadOnlyField},
				{name: "leaves out null", in: `null`, rules: "read_only_dropped"},
				{name: "leaves out null on update", in: `null`, rules: "read_only_dropped", with: updating},
				{name: "leaves out an empty text", in: `""`, rules: "empty_skipped"},
				{name: "drops a value when told", in: `1`, rules: "read_only_dropped", with: ignoring},
				{name: "sends a value without typecast", in: `1`, sent: `1`, with: func(o *Options) { o.Raw = true }},
				{
					name:  "drops a value without typecast when told",
					in:    `1`,
					rules: "read_only_dropped",
					with:  func(o *Options) { o.Raw, o.UnknownFields = true, PolicyIgnore },
				},
			})
		})
	}
}
