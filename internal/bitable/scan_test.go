package bitable

import (
	"encoding/json"
	"testing"
)

// TestBrokenRows: rows are valid JSON by contract. What is not must cost nothing but its own row.
func TestBrokenRows(t *testing.T) {
	t.Parallel()
	s := NewSchema(nil)
	const whole = `{"fields":{"a":{"b":[1,"x\"y"]},"c":null},"record_id":"recExample"}`
	rows := []json.RawMessage{
		nil, json.RawMessage(`{"a":}`), json.RawMessage(`{"a"}`), json.RawMessage(`{"a":]`),
		json.RawMessage(`{"fields":{"a":}`), json.RawMessage(`{"record_id":}`),
	}
	for i := range whole {
		rows = append(rows, json.RawMessage(whole[:i]), json.RawMessage(whole[i:]))
	}
	for _, mode := range []Mode{Create, Upsert, Update} {
		if plan := s.Coerce(rows, Options{Mode: mode, UnknownFields: PolicyIgnore, EmptyValues: EmptySkip}); plan.Total() != len(rows) {
			t.Errorf("%v: %d of %d rows", mode, plan.Total(), len(rows))
		}
	}
}

func TestWrappedRows(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		row  string
		mode Mode
		want string // the columns with their values, or the error's code
	}{
		"nested values":              {`{"fields":{"a":{"fields":{"x":1}},"b":[{}]}}`, Create, `a={"fields":{"x":1}} b=[{}]`},
		"white space":                {` { "fields" : { "a" : 1 , "b" : 2 } } `, Create, `a=1 b=2`},
		"an id behind the fields":    {`{"fields":{"a":1},"record_id":"recExample"}`, Update, `a=1`},
		"an id before the fields":    {`{"record_id":"recExample","fields":{"a":1}}`, Update, `a=1`},
		"a column named record_id":   {`{"fields":{"record_id":1}}`, Create, `record_id=1`},
		"a column named fields":      {`{"fields":1,"a":2}`, Create, `fields=1 a=2`},
		"a column behind the fields": {`{"fields":{"a":1},"b":2}`, Create, "ambiguous_row"},
		"a column before the fields": {`{"b":2,"fields":{"a":1}}`, Create, "ambiguous_row"},
		"no columns":                 {`{"fields":{}}`, Create, "empty_row"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			plan := NewSchema(nil).Coerce([]json.RawMessage{json.RawMessage(test.row)}, Options{Mode: test.mode, UnknownFields: PolicyCreate})
			got := ""
			for _, e := range plan.Errors() {
				got = string(e.Code)
			}
			for i, column := range plan.UnknownColumns() {
				if i > 0 {
					got += " "
				}
				got += column.Name + "=" + string(column.Samples[0])
			}
			if got != test.want {
				t.Errorf("%s: got %q, want %q", test.row, got, test.want)
			}
		})
	}
}
