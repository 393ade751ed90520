package intake_test

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/rowgate/rowgate/internal/intake"
	"github.com/rowgate/rowgate/internal/problem"
)

// docs/contract.md §2: "In a body of write_records and update_records only beside `records` or `fields`, since a flat row may have
// such a column."
func TestLanguage(t *testing.T) {
	t.Parallel()
	write := intake.Spec{
		Params: []intake.Param{
			{Name: "records", Kind: intake.Rows},
			{Name: "fields", Kind: intake.Row},
			{Name: "app_token", Kind: intake.Text},
			{Name: "language", Kind: intake.Text, Header: "X-Language", Query: true, BesideRows: true},
		},
		Rows: "records", Row: "fields", RowsRequired: true, FlatRow: true,
	}
	update := write
	update.Params, update.Row = append([]intake.Param{write.Params[0]}, write.Params[2:]...), ""
	update.RowParts = []string{"record_id", "id", "fields"}
	search := intake.Spec{Params: []intake.Param{{Name: "language", Kind: intake.Text, Header: "X-Language", Query: true}}}
	for name, tc := range map[string]struct {
		spec              intake.Spec
		body, kind, query string
		header            string
		want              problem.Lang
		row               string // the first row; "" for none
		code              problem.Code
	}{
		"beside records": {spec: write, body: `{"records":[{"a":1}],"language":"en"}`, want: problem.EN, row: `{"a":1}`},
		"beside fields": {
			spec: write, body: `{"language":"en","fields":{"a":1}}`,
			want: problem.EN, row: `{"fields":{"a":1}}`,
		},
		"in a form": {
			spec: write, body: `language=en&fields.a=1`, kind: "application/x-www-form-urlencoded",
			want: problem.EN, row: `{"fields":{"a":"1"}}`,
		},
		"a column of a flat row": {spec: write, body: `{"a":1,"language":"en"}`, row: `{"a":1,"language":"en"}`},
		"a column of a row":      {spec: write, body: `{"records":[{"language":"en"}]}`, row: `{"language":"en"}`},
		"a column of a text":     {spec: write, body: `{"records":"{\"language\":\"en\"}"}`, row: `{"language":"en"}`},
		"a flat row beside query": {
			spec: write, body: `{"language":"en"}`, query: "language=zh",
			want: problem.ZH, row: `{"language":"en"}`,
		},
		"an update's parts": {
			spec: update, body: `{"record_id":"rec1","fields":{"a":1},"language":"en"}`, want: problem.EN,
			row: `{"record_id":"rec1","fields":{"a":1}}`,
		},
		"an update's flat row": {spec: update, body: `{"record_id":"rec1","language":"en"}`, row: `{"record_id":"rec1","language":"en"}`},
		"a tool without rows":  {spec: search, body: `{"language":"en"}`, want: problem.EN},
		"the query":            {spec: search, body: `{}`, query: "language=en", want: problem.EN},
		"the header":           {spec: search, body: `{}`, header: "en", want: problem.EN},
		"the body before all":  {spec: search, body: `{"language":"en"}`, query: "language=zh", header: "zh", want: problem.EN},
		"nothing in the body":  {spec: search, body: `{"language":""}`, header: "en", want: problem.EN},
		"none":                 {spec: search, body: `{}`},
		"a refusal": {
			spec: write, body: `{"records":[{}],"language":"en","nonsense":1}`,
			want: problem.EN, code: problem.UnknownParameter,
		},
		"a refusal of no rows":    {spec: write, body: `{"records":null,"language":"en"}`, want: problem.EN, code: problem.NoRows},
		"parameters without rows": {spec: write, body: `{"app_token":"x","language":"en"}`, code: problem.UnknownParameter},
		"text that had to be dug": {
			spec: write, body: "```json\n{\"records\":[],\"language\":\"en\"}\n```",
			code: problem.UnknownParameter,
		},
		"a language of no message": {spec: search, body: `{"language":"fr"}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			kind := tc.kind
			if kind == "" {
				kind = "application/json"
			}
			result, err := intake.Parse(tc.spec, intake.Input{
				Body: []byte(tc.body), ContentType: kind, RawQuery: tc.query, Header: http.Header{"X-Language": {tc.header}},
			})
			if tc.code != "" {
				if e := problem.From(err); e.Code != tc.code || e.Lang != tc.want {
					t.Fatalf("got %s in %q, want %s in %q", e.Code, e.Lang, tc.code, tc.want)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			row := ""
			if len(result.Rows) > 0 {
				row = string(result.Rows[0])
			}
			if result.Language != tc.want || row != tc.row {
				t.Errorf("language %q, row %s; want %q, %s", result.Language, row, tc.want, tc.row)
			}
		})
	}
}

func TestLanguageWithoutBody(t *testing.T) {
	t.Parallel()
	query, header := url.Values{"language": {"en"}}, http.Header{"X-Language": {"zh"}}
	for name, tc := range map[string]struct{ got, want problem.Lang }{
		"the query goes before the header": {intake.Language(query, header), problem.EN},
		"the header":                       {intake.Language(nil, header), problem.ZH},
		"neither":                          {intake.Language(nil, nil), ""},
		"a wrong one":                      {intake.Language(url.Values{"language": {"fr"}}, nil), ""},
	} {
		if tc.got != tc.want {
			t.Errorf("%s: got %q, want %q", name, tc.got, tc.want)
		}
	}
}
