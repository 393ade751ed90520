package intake_test

import (
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/rowgate/rowgate/internal/intake"
	"github.com/rowgate/rowgate/internal/problem"
)

// FuzzParse holds every body to this: it is refused in both languages, or it comes out as valid JSON that reads as itself
// without repair; and where nothing was repaired and the body is JSON, its rows hold what encoding/json reads in them.
func FuzzParse(f *testing.F) {
	f.Add([]byte(`{"reCords":[]}`), typeJSON, "", uint(0))
	tools := slices.Sorted(maps.Keys(specs))
	for _, c := range readCorpus(f) {
		for i, tool := range tools {
			if reflect.DeepEqual(specs[tool], c.spec) {
				f.Add(c.in.Body, c.in.ContentType, c.in.RawQuery, uint(i))
			}
		}
	}
	f.Fuzz(func(t *testing.T, body []byte, contentType, query string, tool uint) {
		spec := specs[tools[tool%uint(len(tools))]]
		result, err := intake.Parse(spec, intake.Input{Body: body, ContentType: contentType, RawQuery: query})
		if err != nil {
			e := problem.From(err)
			if e.Code == problem.InternalError || e.Detail.ZH == "" || e.Detail.EN == "" {
				t.Fatalf("not a whole refusal: %+v", e)
			}
			return
		}
		canonical := []byte(together(spec, result))
		if !json.Valid(canonical) {
			t.Fatalf("no JSON: %s", canonical)
		}
		checkIdempotent(t, spec, canonical)
		if query == "" && len(result.Repairs) == 0 && spec.Rows == "records" {
			checkSameRows(t, body, canonical)
		}
	})
}

func checkIdempotent(t *testing.T, spec intake.Spec, canonical []byte) {
	t.Helper()
	again, err := intake.Parse(spec, intake.Input{Body: canonical, ContentType: "application/json"})
	if err != nil {
		if strings.Contains(err.Error(), "deeper than") { // rows of the deepest kind, now under their parameter
			return
		}
		t.Fatalf("%v\ncanonical: %s", err, canonical)
	}
	repairs := slices.DeleteFunc(again.Repairs, func(r intake.Repair) bool {
		return r.Rule == intake.RuleKeySelector // changes nothing
	})
	if text := together(spec, again); text != string(canonical) || len(repairs) > 0 {
		t.Fatalf("read again as %s, repairs %v\ncanonical: %s", text, again.Repairs, canonical)
	}
}

// checkSameRows compares with encoding/json where the body is JSON with its rows in a list. Members are read by a map, since
// encoding/json takes other-cased names for a struct's fields.
func checkSameRows(t *testing.T, body, canonical []byte) {
	t.Helper()
	var top map[string]json.RawMessage
	list := body
	if json.Unmarshal(body, &top) == nil {
		list = top["records"]
	}
	var want, got []map[string]any
	if json.Unmarshal(list, &want) != nil || want == nil {
		return
	}
	var row map[string]any
	if len(want) == 0 && json.Unmarshal(top["fields"], &row) == nil && len(row) > 0 { // the empty list is absent
		want = []map[string]any{{"fields": row}}
	}
	if err := json.Unmarshal(canonical, &top); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(top["records"], &got); err != nil || !reflect.DeepEqual(want, got) {
		t.Fatalf("rows changed: %v\nwant %v\ngot  %v", err, want, got)
	}
}

// FuzzSettle holds wrappers to this: what comes out are JSON objects, at most MaxRows, which are left as they are when they are
// looked at again; a row with a column at its top is never touched.
func FuzzSettle(f *testing.F) {
	for _, body := range []string{
		`{"data":{"records":[{"a":1}]}}`, `[{"json":{"a":1},"pairedItem":0},{"a":2}]`, `{"text":"{\"a\":1}\n{\"a\":2}"}`,
		`{"code":1,"data":null}`, `{"brand":1,"a":2}`, `{"list":["{\"a\":1}","[{\"b\":2}]"]}`, `{"data":{"result":{"output":{"a":1}}}}`,
	} {
		f.Add([]byte(body))
	}
	has := hasColumns("a", "b", "brand")
	f.Fuzz(func(t *testing.T, body []byte) {
		result, err := intake.Parse(specs["write"], intake.Input{Body: body, ContentType: typeJSON})
		if err != nil {
			return
		}
		settled, err := result.Settle(has)
		if err != nil {
			if e := problem.From(err); e.Code == problem.InternalError || e.Detail.ZH == "" || e.Detail.EN == "" {
				t.Fatalf("not a whole refusal: %+v", e)
			}
			return
		}
		for i, row := range settled.Rows {
			var object map[string]json.RawMessage
			if err := json.Unmarshal(row, &object); err != nil || object == nil {
				t.Fatalf("row %d is no object: %s", i, row)
			}
		}
		if len(settled.Rows) > intake.MaxRows {
			t.Fatalf("%d rows", len(settled.Rows))
		}
		for _, row := range result.Rows {
			var object map[string]json.RawMessage
			if json.Unmarshal(row, &object) == nil && object["a"] != nil && !slices.ContainsFunc(settled.Rows, func(r json.RawMessage) bool {
				return string(r) == string(row)
			}) {
				t.Fatalf("the row %s is gone", row)
			}
		}
	})
}
