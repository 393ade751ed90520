package source_test

import (
	"os"
	"strings"
	"testing"

	"github.com/rowgate/rowgate/internal/source"
)

func filesIn(dir string) ([]os.DirEntry, error) { return os.ReadDir(dir) }

func TestJSONL(t *testing.T) {
	t.Parallel()
	deep := strings.Repeat("[", 30) + strings.Repeat("]", 30)
	for name, test := range map[string]struct {
		text    string
		columns string
		want    []string
	}{
		"reads_objects": {
			"{\"a\":1.50,\"b\":\"x\"}\n\n{\"b\":null,\"c\":[1,{\"d\":2}]}", "a b c",
			[]string{`1.50|"x"|`, `|null|[1,{"d":2}]`},
		},
		"keeps_a_number_as_it_is_spelled": {`{"a":12345678901234567890}`, "a", []string{`12345678901234567890`}},
		"finds_NUL_and_half_a_pair": {`{"a":"x\u0000"}` + "\n" + `{"a":"\ud83d"}` + "\n" + `{"a":"\ud83d\ude00\\u0000"}`, "a", []string{
			`"x\u0000" !bad_text a`, `"\ud83d" !bad_text a`, `"\ud83d\ude00\\u0000"`,
		}},
		"finds_a_number_beyond_a_double": {`{"a":1e999}` + "\n" + `{"a":[1e999]}` + "\n" + `{"a":"1e999"}`, "a", []string{
			`1e999 !bad_number a`, `[1e999] !bad_number a`, `"1e999"`,
		}},
		"finds_what_is_nested_too_deep": {`{"a":` + deep + "}", "a", []string{deep + ` !too_deep a`}},
		"takes_what_only_looks_nested": {`{"a":"` + strings.Repeat("[", 30) + `\""}`, "a", []string{
			`"` + strings.Repeat("[", 30) + `\""`,
		}},
		"takes_an_object_without_members":     {`{"a":1}` + "\n{}\n", "a", []string{`1`, ``}},
		"takes_white_space_around_the_object": {"  {\"a\" : 1}  \r\n", "a", []string{`1`}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := open(t, write(t, "rows.jsonl", []byte(test.text)), source.FileOptions{})
			if got := strings.Join(names(f), " "); got != test.columns {
				t.Errorf("columns %s", got)
			}
			wantLines(t, shown(t, f), test.want...)
		})
	}
}

func TestJSONLRefusals(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ text, says string }{
		"refuses_a_broken_line":           {"{\"a\":1}\n\n{\"a\":\n", "Line 3 is not a whole JSON object"},
		"refuses_a_list":                  {"{\"a\":1}\n[1]\n", "Line 2 is not a whole JSON object"},
		"refuses_an_object_over_lines":    {"{\n\"a\":1\n}\n", "Line 1 is not a whole JSON object"},
		"refuses_two_objects_on_one_line": {"{\"a\":1} {\"a\":2}\n", "Line 1 is not a whole JSON object"},
		"refuses_a_name_that_comes_twice": {"{\"a\":1,\"b\":2,\"a\":3}\n", "Line 1 has “a” twice"},
		"refuses_an_empty_name":           {"{\"\":1}\n", "Line 1 has a name that is empty"},
		"refuses_a_line_without_end":      {"{\"a\":\"" + strings.Repeat("x", source.MaxRowBytes) + "\"}", "Line 1 is larger than 4 MiB"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			wantRefusal(t, write(t, "rows.jsonl", []byte(test.text)), source.FileOptions{}, test.says)
		})
	}
}

func TestJSONLRefused(t *testing.T) {
	t.Parallel()
	f := open(t, write(t, "rows.jsonl", []byte("{\"a\":1.50}\n{\"a\":2}\n{}\n")), source.FileOptions{})
	path := t.TempDir() + "/refused.jsonl"
	if n, err := f.WriteRefused(t.Context(), path, func(yield func(int, string) bool) {
		_ = yield(1, "甲 \"x\"") && yield(3, "y")
	}); err != nil || n != 2 {
		t.Fatal(n, err)
	}
	data, err := os.ReadFile(path)
	if want := "{\"rowgate_error\":\"甲 \\\"x\\\"\",\"a\":1.50}\n{\"rowgate_error\":\"y\"}\n"; err != nil || string(data) != want {
		t.Errorf("%s, %v", data, err)
	}
}
