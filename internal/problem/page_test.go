package problem_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"html"
	"regexp"
	"strings"
	"testing"

	"github.com/rowgate/rowgate/internal/problem"
)

// TestOutcomeUnknownPage: only a key protects where a proxy gives up before the service answers, and the page says so.
func TestOutcomeUnknownPage(t *testing.T) {
	t.Parallel()
	entry := problem.Lookup(problem.UnknownOutcome)
	for _, text := range []string{entry.Explanation.ZH, entry.Explanation.EN} {
		if !strings.Contains(text, "timeout_ms") || !strings.Contains(text, "Idempotency-Key") {
			t.Errorf("says %s", text)
		}
	}
}

// TestFixesNameTheStep: the step that people missed.
func TestFixesNameTheStep(t *testing.T) {
	t.Parallel()
	for _, one := range []struct {
		code   problem.Code
		zh, en string
	}{
		{problem.IdempotencyConflict, "在循环或迭代里，键要加上这一项的序号", "in a loop or iteration, add the item's index to the key"},
		{problem.AdvancedPermission, "「可阅读」，改为「可编辑」", "“Can view”, set it to “Can edit”"},
	} {
		if fix := problem.Lookup(one.code).Fix; !strings.Contains(fix.ZH, one.zh) || !strings.Contains(fix.EN, one.en) {
			t.Errorf("%s says %+v", one.code, fix)
		}
	}
}

func TestPage(t *testing.T) {
	t.Parallel()
	t.Run("explains every code in both languages", func(t *testing.T) {
		t.Parallel()
		for _, code := range problem.Codes() {
			entry := problem.Lookup(code)
			page := pageOf(t, string(code))
			for _, text := range []problem.Text{entry.Title, entry.Explanation, entry.Fix} {
				if !strings.Contains(page, text.ZH) || !strings.Contains(page, text.EN) {
					t.Errorf("%s: the page does not say %q", code, text)
				}
			}
		}
		for _, code := range problem.RowCodes() {
			entry, _ := problem.LookupRow(code)
			if page := pageOf(t, string(code)); !strings.Contains(page, entry.Meaning.ZH) || !strings.Contains(page, entry.Fix.EN) {
				t.Errorf("row code %s is not explained", code)
			}
		}
	})
	t.Run("explains every rule of warnings in both languages", func(t *testing.T) {
		t.Parallel()
		index := render(t, problem.ExplainAll())
		for _, rule := range problem.Rules() {
			entry, ok := problem.LookupRule(rule)
			if !ok || entry.Meaning.ZH == "" || entry.Meaning.EN == "" {
				t.Errorf("%s is explained as %+v", rule, entry.Meaning)
			}
			if page := pageOf(t, rule); !strings.Contains(page, entry.Meaning.ZH) || !strings.Contains(page, entry.Meaning.EN) {
				t.Errorf("the page of %s does not explain it", rule)
			}
			if !strings.Contains(index, `id="warning-`+rule+`"`) || !strings.Contains(index, `href="errors/`+rule+`"`) {
				t.Errorf("the index does not have %s", rule)
			}
		}
	})
	t.Run("shows both where a name is a problem and a row code", func(t *testing.T) {
		t.Parallel()
		page, ok := problem.Explain("field_not_found")
		if !ok || len(page.Problems) != 1 || len(page.RowCodes) != 1 {
			t.Errorf("got %+v", page)
		}
	})
	t.Run("has an index that links every code", func(t *testing.T) {
		t.Parallel()
		page := render(t, problem.ExplainAll())
		for _, code := range problem.Codes() {
			if !strings.Contains(page, `href="errors/`+string(code)+`"`) {
				t.Errorf("no link to %s", code)
			}
		}
		for _, code := range problem.RowCodes() {
			if !strings.Contains(page, `id="row-`+string(code)+`"`) {
				t.Errorf("no row code %s", code)
			}
		}
	})
	t.Run("knows no other name", func(t *testing.T) {
		t.Parallel()
		if _, ok := problem.Explain("<script>"); ok {
			t.Error("a name that is no code was explained")
		}
	})
	t.Run("loads nothing and has just the style that its policy allows", func(t *testing.T) {
		t.Parallel()
		page := render(t, problem.ExplainAll())
		styles := regexp.MustCompile(`(?s)<style>(.*?)</style>`).FindAllStringSubmatch(page, -1)
		if len(styles) != 1 {
			t.Fatalf("%d styles", len(styles))
		}
		sum := sha256.Sum256([]byte(styles[0][1]))
		if got, want := problem.PageStyleSource(), "'sha256-"+base64.StdEncoding.EncodeToString(sum[:])+"'"; got != want {
			t.Errorf("policy allows %s, the page has %s", got, want)
		}
		for _, word := range []string{"<script", "src=", "style=", "http://", "@import", "<link"} {
			if strings.Contains(page, word) {
				t.Errorf("the page has %s", word)
			}
		}
	})
}

func pageOf(t *testing.T, name string) string {
	t.Helper()
	page, ok := problem.Explain(name)
	if !ok {
		t.Fatalf("%s is not explained", name)
	}
	return render(t, page)
}

// render returns the page's HTML with its character references resolved.
func render(t *testing.T, page problem.Page) string {
	t.Helper()
	var body bytes.Buffer
	if err := page.WriteHTML(&body); err != nil {
		t.Fatal(err)
	}
	return html.UnescapeString(body.String())
}
