package problem

import (
	"crypto/sha256"
	_ "embed" // the page's template and style
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"time"
)

//go:embed page.html
var pageSource string

//go:embed page.css
var pageStyle string

var pageTemplate = template.Must(template.New("page").Parse(pageSource))

// Page explains codes to people (WriteHTML) and programs (as JSON).
type Page struct {
	Home string `json:"-"` // address of the service, for a page that stands in for another one; "" on the page of its own

	Problems []Explanation     `json:"problems"`
	RowCodes []RowExplanation  `json:"row_codes"`
	Warnings []RuleExplanation `json:"warnings"`
}

// Explanation is what is to be known of a problem code.
type Explanation struct {
	Code        Code    `json:"code"`
	Status      int     `json:"status"`
	Retryable   bool    `json:"retryable"`
	Outcome     Outcome `json:"outcome"`
	RetryAfter  int     `json:"retry_after"` // seconds, if the answer does not say otherwise; 0 if not retryable
	Title       Text    `json:"title"`
	Explanation Text    `json:"explanation"`
	Fix         Text    `json:"fix"`
}

// RowExplanation is what is to be known of a row code.
type RowExplanation struct {
	Code    RowCode `json:"code"`
	Meaning Text    `json:"meaning"`
	Fix     Text    `json:"fix"`
}

// RuleExplanation is what is to be known of a rule of warnings.
type RuleExplanation struct {
	Rule    string `json:"rule"`
	Meaning Text   `json:"meaning"`
}

// Explain returns the page of one name, which may be a problem code, a row code, both, or a rule of warnings, and whether it is
// any.
func Explain(name string) (Page, bool) {
	page := Page{Problems: []Explanation{}, RowCodes: []RowExplanation{}, Warnings: []RuleExplanation{}}
	if entry, ok := find(Code(name)); ok {
		page.Problems = append(page.Problems, explanation(entry))
	}
	if entry, ok := LookupRow(RowCode(name)); ok {
		page.RowCodes = append(page.RowCodes, RowExplanation(entry))
	}
	if entry, ok := LookupRule(name); ok {
		page.Warnings = append(page.Warnings, RuleExplanation(entry))
	}
	return page, page.size() > 0
}

func (p Page) size() int { return len(p.Problems) + len(p.RowCodes) + len(p.Warnings) }

// ExplainAll returns the page of every code and every rule.
func ExplainAll() Page {
	var page Page
	for _, code := range Codes() {
		page.Problems = append(page.Problems, explanation(Lookup(code)))
	}
	for _, entry := range rowEntries {
		page.RowCodes = append(page.RowCodes, RowExplanation(entry))
	}
	for _, entry := range ruleEntries {
		page.Warnings = append(page.Warnings, RuleExplanation(entry))
	}
	return page
}

// WriteHTML writes the page, Chinese and English side by side. It loads nothing; its one inline style is allowed by
// PageStyleSource. Links are relative, so that it also works below a path.
func (p Page) WriteHTML(w io.Writer) error {
	return pageTemplate.Execute(w, struct {
		Page

		Style template.CSS
		Index bool
	}{p, template.CSS(pageStyle), p.size() > 2}) //nolint:gosec // our own file
}

// PageStyleSource returns the style-src of a Content-Security-Policy that allows the page's style and no other.
func PageStyleSource() string {
	sum := sha256.Sum256([]byte(pageStyle))
	return fmt.Sprintf("'sha256-%s'", base64.StdEncoding.EncodeToString(sum[:]))
}

func explanation(entry Entry) Explanation {
	return Explanation{
		Code:        entry.Code,
		Status:      entry.Status,
		Retryable:   entry.Retryable,
		Outcome:     entry.Outcome,
		RetryAfter:  int(entry.RetryAfter / time.Second),
		Title:       entry.Title,
		Explanation: entry.Explanation,
		Fix:         entry.Fix,
	}
}
