package intake_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/rowgate/rowgate/internal/intake"
	"github.com/rowgate/rowgate/internal/problem"
)

const (
	typeJSON = "application/json"
	typeForm = "application/x-www-form-urlencoded"
	typeCSV  = "text/csv"
)

// repeated returns n copies of part with sep between.
func repeated(part, sep string, n int) string {
	return strings.TrimSuffix(strings.Repeat(part+sep, n), sep)
}

func parse(tool, contentType, body string) (*intake.Result, error) {
	return intake.Parse(specs[tool], intake.Input{ContentType: contentType, Body: []byte(body)})
}

// TestBounds tries each bound at the last size that is taken and at the first that is refused.
func TestBounds(t *testing.T) {
	t.Parallel()
	parts := func(n int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, "--x\r\nContent-Disposition: form-data; name=\"fields.c%d\"\r\n\r\n1\r\n", i)
		}
		return b.String() + "--x--\r\n"
	}
	for name, bound := range map[string]struct {
		tool, contentType string
		body              func(n int) string
		last              int
		code              problem.Code
	}{
		"bytes_of_a_body": {"write", typeJSON, func(n int) string {
			return `[{"a":"` + strings.Repeat("x", n-len(`[{"a":""}]`)) + `"}]`
		}, intake.MaxBodyBytes, problem.BodyTooLarge},
		"rows_in_a_list": {"write", typeJSON, func(n int) string {
			return `{"records":[` + repeated(`{"a":1}`, ",", n) + `]}`
		}, intake.MaxRows, problem.TooManyRows},
		"rows_in_a_bare_list": {"write", typeJSON, func(n int) string {
			return "[" + repeated(`{}`, ",", n) + "]"
		}, intake.MaxRows, problem.TooManyRows},
		"rows_in_text": {"write", typeJSON, func(n int) string {
			return toJSON(map[string]any{"records": "[" + repeated(`{}`, ",", n) + "]"})
		}, intake.MaxRows, problem.TooManyRows},
		"rows_in_texts_of_a_list": {"write", typeJSON, func(n int) string {
			return `["[` + repeated(`{}`, ",", n-1) + `]","{}"]`
		}, intake.MaxRows, problem.TooManyRows},
		"rows_in_JSON_Lines": {"write", typeJSON, func(n int) string {
			return repeated(`{"a":1}`, "\n", n)
		}, intake.MaxRows, problem.TooManyRows},
		"rows_in_CSV": {"write", typeCSV, func(n int) string {
			return "a,b\n" + strings.Repeat("1,2\n", n)
		}, intake.MaxRows, problem.TooManyRows},
		"rows_in_a_table": {"write", "text/plain", func(n int) string {
			return "|a|\n|-|\n" + strings.Repeat("|1|\n", n)
		}, intake.MaxRows, problem.TooManyRows},
		"ids_in_a_list": {"delete", typeJSON, func(n int) string {
			return `{"record_ids":[` + repeated(`"recA"`, ",", n) + `]}`
		}, intake.MaxRows, problem.TooManyRows},
		"ids_in_text": {"delete", typeForm, func(n int) string {
			return "record_ids=" + repeated("recA", ",", n)
		}, intake.MaxRows, problem.TooManyRows},
		"keys_of_an_object": {"write", typeJSON, func(n int) string {
			var b strings.Builder
			for i := range n {
				fmt.Fprintf(&b, `,"k%d":1`, i)
			}
			return "[{" + b.String()[1:] + "}]"
		}, intake.MaxKeys, problem.BadBody},
		"cells_of_a_CSV_line": {"write", typeCSV, func(n int) string {
			var b strings.Builder
			for i := range n {
				fmt.Fprintf(&b, ",c%d", i)
			}
			return b.String()[1:] + "\n"
		}, intake.MaxKeys, problem.BadBody},
		"columns_of_a_table": {"write", "text/plain", func(n int) string {
			var b strings.Builder
			for i := range n {
				fmt.Fprintf(&b, "|c%d", i)
			}
			return b.String() + "|\n" + strings.Repeat("|-", n) + "|\n"
		}, intake.MaxKeys, problem.BadBody},
		"keys_of_a_form": {"write", typeForm, func(n int) string {
			return repeated("fields.a=1", "&", n)
		}, intake.MaxFormParts, problem.BadBody},
		"parts_of_a_multipart_body": {"write", "multipart/form-data; boundary=x", parts, intake.MaxFormParts, problem.BadBody},
		"thinking_blocks": {"write", typeJSON, func(n int) string {
			return strings.Repeat("<think></think>", n) + "{\"a\":1}"
		}, intake.MaxThinkBlocks, problem.BadBody},
		"nested_lists": {"write", typeJSON, func(n int) string {
			return `{"a":` + strings.Repeat("[", n-1) + strings.Repeat("]", n-1) + "}"
		}, intake.MaxDepth, problem.BadBody},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := parse(bound.tool, bound.contentType, bound.body(bound.last)); err != nil {
				t.Errorf("%d: %v", bound.last, err)
			}
			_, err := parse(bound.tool, bound.contentType, bound.body(bound.last+1))
			if err == nil || problem.From(err).Code != bound.code {
				t.Errorf("%d: got %v, want %s", bound.last+1, err, bound.code)
			}
		})
	}
}

// TestTableBytes tries the bound on what a small table with a long header would grow to.
func TestTableBytes(t *testing.T) {
	t.Parallel()
	header := strings.Repeat("h", 100_000)
	last := intake.MaxTableBytes / len(`{"`+header+`":"1"},`)
	for name, text := range map[string]struct{ contentType, head, line string }{
		"CSV":              {typeCSV, header + "\n", "1\n"},
		"a_Markdown_table": {"text/plain", "|" + header + "|\n|-|\n", "|1|\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := parse("write", text.contentType, text.head+strings.Repeat(text.line, last)); err != nil {
				t.Errorf("%d rows: %v", last, err)
			}
			_, err := parse("write", text.contentType, text.head+strings.Repeat(text.line, last+1))
			if err == nil || !strings.Contains(err.Error(), "table is too large") {
				t.Errorf("%d rows: %v", last+1, err)
			}
		})
	}
	t.Run("rows_past_the_bound_are_counted", func(t *testing.T) {
		t.Parallel()
		for contentType, body := range map[string]string{
			typeCSV:      "a\n" + strings.Repeat("1\n", 2*intake.MaxRows),
			typeJSON:     "a,b\n" + strings.Repeat("1,2\n", 2*intake.MaxRows),
			"text/plain": "|a|\n|-|\n" + strings.Repeat("|1|\n", 2*intake.MaxRows),
		} {
			_, err := parse("write", contentType, body)
			if err == nil || problem.From(err).Code != problem.TooManyRows || !strings.Contains(err.Error(), "20000") {
				t.Errorf("%s: %v", contentType, err)
			}
		}
	})
}

// TestHostileBodies holds bodies made to be slow to a time that only work growing with the square of their size exceeds.
func TestHostileBodies(t *testing.T) {
	t.Parallel()
	const (
		size    = 1 << 20          // bytes
		longest = 20 * time.Second // linear work takes milliseconds, quadratic minutes
	)
	for name, unit := range map[string]struct{ head, part, tail string }{
		"braces":             {"", "{", ""},
		"brackets":           {"", "[", ""},
		"objects_in_words":   {"x", "[{", ""},
		"keys_in_words":      {"x", `{"`, "```"},
		"placeholders":       {"x", "{t}", "```json\n{\"a\":1}\n```"},
		"open_objects":       {"x```\n{\"a\":1}\n```", `{"a":[`, ""},
		"fences":             {"x", "```\n", ""},
		"bars":               {"", "|\n", ""},
		"delimiter_lines":    {"", "|-|\n", ""},
		"tables":             {"", "|a|\n|-|\n|1|\n\n", ""},
		"thinking_ends":      {"a", "[</think>", ""},
		"thinking_in_values": {"", "x {\"a\":\"</think>\"} ", ""},
		"texts_of_rows":      {"[", `"[]",`, "]"},
		"spaces":             {"x[", " ", "["},
		"no-break_spaces":    {"", "\u00a0", ""},
		"quotes":             {"[", "'a',", ""},
		"backslashes":        {`"`, `\\`, `"`},
		"ampersands":         {"fields.a=1", "&", ""},
		"cells":              {strings.Repeat("a,", 8000) + "b\n", strings.Repeat(",", 8000) + "\n", ""},
		"lines":              {"a,b\n", ",\n", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			body := unit.head + strings.Repeat(unit.part, size/len(unit.part)) + unit.tail
			for _, contentType := range []string{typeJSON, typeCSV, typeForm} {
				start := time.Now()
				_, err := parse("write", contentType, body)
				if took := time.Since(start); took > longest {
					t.Errorf("%s took %v (%v)", contentType, took, err)
				}
			}
		})
	}
}

func TestExcerpt(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("很长的正文", 50)
	for name, body := range map[string]string{
		"cuts_text_before_and_behind": `{"fields":{"正文":"` + long + `"引用"` + long + `"}}`,
		"cuts_an_unknown_name":        `{"records":[],"` + long + `":1}`,
		"cuts_a_wrong_value":          `{"records":[],"dry_run":"` + long + `"}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := parse("write", typeJSON, body)
			if err == nil {
				t.Fatal("accepted")
			}
			detail := problem.From(err).Detail.EN
			shown := strings.Count(detail, "很") + strings.Count(detail, "长") + strings.Count(detail, "的") +
				strings.Count(detail, "正") + strings.Count(detail, "文")
			if shown == 0 || shown > intake.MaxExcerptRunes {
				t.Errorf("%d runes of the body in %s", shown, detail)
			}
			if !utf8.ValidString(detail) {
				t.Errorf("no UTF-8: %q", detail)
			}
		})
	}
	for name, in := range map[string]intake.Input{
		"hides_a_secret_in_JSON":         {ContentType: typeJSON, Body: []byte(`{"app_secret": "canary7", x}`)},
		"hides_a_secret_in_a_string":     {ContentType: typeJSON, Body: []byte(`"{\"passphrase\":\"canary7\" x}"`)},
		"hides_a_secret_in_Python":       {ContentType: typeJSON, Body: []byte(`{'passphrase': 'canary7' x}`)},
		"hides_a_secret_with_a_quote":    {ContentType: typeJSON, Body: []byte(`{"app_secret":"can"ary7","a":1}`)},
		"hides_a_secret_in_a_form":       {ContentType: typeForm, Body: []byte(`app_secret=canary7&fields.a=%zz`)},
		"hides_a_broken_secret":          {ContentType: typeForm, Body: []byte(`passphrase=canary7%zz`)},
		"hides_a_secret_in_prose":        {ContentType: typeJSON, Body: []byte("passphrase: canary7 {}}")},
		"hides_an_authorization":         {ContentType: typeJSON, Body: []byte("Authorization: Bearer canary7 ok {x}")},
		"hides_a_connection_key":         {ContentType: typeJSON, Body: []byte(`{"k":"rgk_canary7" x}`)},
		"hides_a_secret_before_the_cut":  {ContentType: typeJSON, Body: []byte(`{"app_secret":"` + strings.Repeat("canary7", 20))},
		"hides_a_secret_of_a_wrong_kind": {ContentType: typeJSON, Body: []byte(`{"app_secret":["canary7"],"records":[]}`)},
		"hides_a_secret_in_the_query":    {RawQuery: "token=canary7"},
		"hides_a_secret_in_a_multipart_body": {
			ContentType: "multipart/form-data; boundary=x",
			Body: []byte("--x\r\nContent-Disposition: form-data; " +
				"name=\"app_secret\"\r\n\r\ncanary7\r\n--x\r\nContent-Disposition: form-data; name=\"app_secret\"\r\n\r\ncanary7\r\n--x--\r\n"),
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := intake.Parse(specs["write"], in)
			if err == nil {
				t.Fatal("accepted")
			}
			e := problem.From(err)
			if all := e.Detail.ZH + e.Detail.EN + e.Error(); strings.Contains(all, "ary7") {
				t.Errorf("shown: %s", all)
			}
		})
	}
}

func TestSoftErrors(t *testing.T) {
	t.Parallel()
	for query, want := range map[string]bool{
		"soft_errors=true": true, "soft_errors=True": true, "soft_errors=1": true, "soft_errors=+true": true,
		"": false, "soft_errors=": false, "soft_errors=false": false, "soft_errors=yes": false, "other=true": false,
	} {
		values, err := url.ParseQuery(query)
		if err != nil {
			t.Fatal(err)
		}
		if got := intake.SoftErrors(values); got != want {
			t.Errorf("%q: %v", query, got)
		}
	}
}

func TestParse(t *testing.T) {
	t.Parallel()
	t.Run("keeps_no_reference_to_the_body", func(t *testing.T) {
		t.Parallel()
		for _, c := range readCorpus(t) {
			result, err := intake.Parse(c.spec, c.in)
			if err != nil {
				continue
			}
			before := together(c.spec, result)
			for i := range c.in.Body {
				c.in.Body[i] = '#'
			}
			if together(c.spec, result) != before {
				t.Errorf("%s: the result changed with the body", c.name)
			}
			for _, file := range result.Files {
				if strings.Contains(string(file.Data), "#") {
					t.Errorf("%s: a file changed with the body", c.name)
				}
			}
		}
	})
	t.Run("reads_parsed_values_where_the_raw_query_is_missing", func(t *testing.T) {
		t.Parallel()
		result, err := intake.Parse(specs["write"], intake.Input{
			ContentType: typeJSON, Body: []byte(`[{"a":1}]`), Query: url.Values{"dry_run": {"true"}, "brand": {"lark"}},
		})
		if err != nil || together(specs["write"], result) != `{"records":[{"a":1}],"dry_run":true,"brand":"lark"}` {
			t.Errorf("%v %+v", err, result)
		}
		_, err = intake.Parse(specs["write"], intake.Input{Query: url.Values{"app_secret": {"x"}}})
		if err == nil || problem.From(err).Code != problem.SecretInQuery {
			t.Errorf("got %v", err)
		}
	})
	t.Run("advises_the_form_body_where_text_is_not_escaped", func(t *testing.T) {
		t.Parallel()
		_, err := parse("write", typeJSON, `{"fields":{"标题":"他说"好""}}`)
		fix := problem.From(err).Fix
		if !strings.Contains(fix.ZH, "fields.<列名>") || !strings.Contains(fix.EN, "fields.<column>") {
			t.Errorf("fix: %+v", fix)
		}
	})
}

func TestRepairsSayWhatTheyDid(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, c := range readCorpus(t) {
		result, err := intake.Parse(c.spec, c.in)
		if err != nil {
			continue
		}
		for _, repair := range result.Repairs {
			seen[repair.Rule] = true
			if text := explanation(repair.Rule); text.ZH == "" || text.EN == "" {
				t.Errorf("%s lacks a language", repair.Rule)
			}
		}
	}
	const rules = 20 // RuleWrapper is for Settle
	if len(seen) != rules {
		t.Errorf("the corpus uses %d of %d rules: %v", len(seen), rules, seen)
	}
}

func explanation(rule string) problem.Text {
	entry, _ := problem.LookupRule(rule)
	return entry.Meaning
}
