package feishu

import (
	"net/http"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/rowgate/rowgate/internal/problem"
)

func TestErrorTable(t *testing.T) {
	t.Parallel()
	used := make(map[fixKey]bool)
	for code, row := range codeTable {
		if row.Name == "" || row.Problem == "" || row.Class.String() == "unknown" {
			t.Errorf("%d is incomplete: %+v", code, row)
		}
		if (row.Problem == problem.InvalidRows) != (row.Row != "") && row.Problem != problem.RecordNotFound {
			t.Errorf("%d: invalid_rows and a row code belong together: %+v", code, row)
		}
		used[row.fix] = true
		for _, write := range []bool{false, true} {
			p := (&Error{Code: code, Msg: row.Name, Class: row.Class, Write: write}).Problem()
			if p.Code == "" || p.Outcome == "" || p.Feishu.Code != code {
				t.Errorf("%d gives %+v", code, p)
			}
			if entry := problem.Lookup(p.Code); entry.Retryable != (&Error{Class: row.Class}).Repeatable() {
				t.Errorf("%d: class %v is answered with %s: only what a repeat can mend may be retryable", code, row.Class, p.Code)
			}
			for what, text := range map[string]problem.Text{"fix": p.Fix, "detail": p.Detail} {
				if !isBilingual(text) {
					t.Errorf("%d: %s is not in both languages: %+v", code, what, text)
				}
			}
		}
	}
	for class := ClassData; class <= ClassOpen; class++ {
		used[classFixes[class]] = true
		if p := (&Error{Class: class, Write: true}).Problem(); p.Code == "" || !isBilingual(p.Fix) || !isBilingual(p.Detail) {
			t.Errorf("class %v gives %+v", class, p)
		}
	}
	for key := range fixes {
		if !used[key] {
			t.Errorf("advice %q is never given", key)
		}
	}
}

// isBilingual reports whether both halves are there, the Chinese one with Chinese in it and the English one without.
func isBilingual(text problem.Text) bool {
	han := func(s string) bool {
		return strings.ContainsFunc(s, func(r rune) bool { return unicode.Is(unicode.Han, r) })
	}
	return han(text.ZH) && text.EN != "" && !han(text.EN)
}

func TestBlamedField(t *testing.T) {
	t.Parallel()
	message := func(inner string) string {
		return "Invalid request parameter: 'fields." + inner + "'. Correct format : the value of 'Date' must be a unix timestamp. " +
			"Please check and modify accordingly."
	}
	t.Run("is_the_unknown_column_with_its_own_quotes", func(t *testing.T) {
		t.Parallel()
		e := &Error{Code: 1254045, Message: "Invalid request parameter: 'fields.'媒体名称''. " +
			"Correct format : field_name not found. Please check and modify accordingly."}
		if e.FieldName() != "'媒体名称'" || e.ValueText() != "" {
			t.Fatalf("got %q, %q", e.FieldName(), e.ValueText())
		}
	})
	for name, test := range map[string]struct{ message, field, value string }{
		"is_the_column_of_the_pattern":   {message("发出时间.fieldValue./.fieldName.发出时间"), "发出时间", "/"},
		"may_have_a_composite_value":     {message("状态.fieldValue.map[text:AI编程].fieldName.状态"), "状态", "map[text:AI编程]"},
		"may_hold_dots_and_quotes":       {message("a.b'c.fieldValue.x.fieldName.a.b'c"), "a.b'c", "x"},
		"may_hold_the_patterns_own_word": {message("a.fieldValue.b.fieldValue.v.fieldName.a.fieldValue.b"), "a.fieldValue.b", "v"},
		"may_have_a_value_like_it":       {message("a.fieldValue.x.fieldName.b.fieldName.a"), "a", "x.fieldName.b"},
		"may_have_an_empty_value":        {message("a.fieldValue..fieldName.a"), "a", ""},
		"is_nothing_without_a_column":    {"Invalid request parameter: 'fields.x'. Correct format : something.", "", ""},
		"is_nothing_in_other_messages":   {"something else", "", ""},
		"is_nothing_in_a_broken_pattern": {message("a.fieldValue.x.fieldName.b"), "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := &Error{Message: test.message}
			if e.FieldName() != test.field || e.ValueText() != test.value {
				t.Fatalf("got %q, %q, want %q, %q", e.FieldName(), e.ValueText(), test.field, test.value)
			}
		})
	}
}

func TestUnknownCodes(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		code, status int
		want         Class
	}{
		{1254999, http.StatusOK, ClassData},
		{1255999, http.StatusOK, ClassServer},
		{5, http.StatusOK, ClassAccess},
		{5, http.StatusTooManyRequests, ClassRate},
		{1254999, http.StatusInternalServerError, ClassServer},
		{1254999, http.StatusGatewayTimeout, ClassReadBack},
	} {
		if got := statusClass(test.code, test.status); got != test.want {
			t.Errorf("%d with %d: got %v, want %v", test.code, test.status, got, test.want)
		}
	}
}

func TestMsgIsCutAtACharacter(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("长", maxMsgBytes)
	p := (&Error{Code: 1254064, Msg: long}).Problem()
	if got := p.Feishu.Msg; len(got) > maxMsgBytes || len(got) < maxMsgBytes-3 || !strings.HasPrefix(long, got) || !utf8.ValidString(got) {
		t.Errorf("passed on %d bytes", len(got))
	}
	if strings.Contains(p.Detail.ZH, "长") {
		t.Error("the detail repeats a long msg")
	}
}
