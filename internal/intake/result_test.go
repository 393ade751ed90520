package intake_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/rowgate/rowgate/internal/intake"
)

// rowsText is the list of a result's rows as JSON; "" if it has none.
func rowsText(result *intake.Result) string {
	if result.Rows == nil {
		return ""
	}
	rows := make([]string, len(result.Rows))
	for i, row := range result.Rows {
		rows[i] = string(row)
	}
	return "[" + strings.Join(rows, ",") + "]"
}

// together is a result as one JSON text, rows before the parameters.
func together(spec intake.Spec, result *intake.Result) string {
	rows, params := rowsText(result), string(result.JSON)
	switch {
	case rows == "":
		return params
	case params == "{}":
		return "{" + toJSON(spec.Rows) + ":" + rows + "}"
	}
	return "{" + toJSON(spec.Rows) + ":" + rows + "," + params[1:]
}

// apart splits one JSON text into its parameters and its rows.
func apart(tb testing.TB, spec intake.Spec, whole string) (params, rows string) {
	tb.Helper()
	decoder := json.NewDecoder(strings.NewReader(whole))
	if _, err := decoder.Token(); err != nil {
		tb.Fatal(err)
	}
	var members []string
	for decoder.More() {
		name, err := decoder.Token()
		if err != nil {
			tb.Fatal(err)
		}
		var value json.RawMessage
		if err := decoder.Decode(&value); err != nil {
			tb.Fatal(err)
		}
		if name == spec.Rows {
			rows = string(value)
			continue
		}
		members = append(members, toJSON(name)+":"+string(value))
	}
	return "{" + strings.Join(members, ",") + "}", rows
}

func TestRows(t *testing.T) {
	t.Parallel()
	t.Run("cannot_be_overwritten_by_an_append_to_one_of_them", func(t *testing.T) {
		t.Parallel()
		for _, c := range readCorpus(t) {
			result, err := intake.Parse(c.spec, c.in)
			if err != nil {
				continue
			}
			before := together(c.spec, result)
			for _, row := range result.Rows {
				_ = append(row, "######"...)
			}
			if after := together(c.spec, result); after != before {
				t.Errorf("%s: %s became %s", c.name, before, after)
			}
		}
	})
	t.Run("keep_no_text_that_is_far_larger_than_they_are", func(t *testing.T) {
		t.Parallel()
		const space = 1 << 20
		padded := strings.Repeat(" ", space)
		for name, body := range map[string]string{
			"white space in a list": `{"records":[{"a":1},` + padded + `{"a":2}]}`,
			"white space in a row":  `{"records":{"a":1` + padded + `}}`,
			"beside a parameter":    `{"records":{"a":1},"app_token":"` + strings.Repeat("x", space) + `"}`,
			"in texts of a list":    `["{` + padded + `}","{}"]`,
		} {
			result, err := parse("write", typeJSON, body)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if kept := result.Memory() - len(result.JSON); kept > 100 {
				t.Errorf("%s: %d bytes are kept for %s", name, kept, rowsText(result))
			}
		}
	})
	t.Run("count_the_memory_that_they_keep", func(t *testing.T) {
		t.Parallel()
		for _, c := range readCorpus(t) {
			result, err := intake.Parse(c.spec, c.in)
			if err != nil {
				continue
			}
			if least := len(bytes.Join(toBytes(result.Rows), nil)) + len(result.JSON); result.Memory() < least {
				t.Errorf("%s: %d bytes for %d", c.name, result.Memory(), least)
			}
		}
	})
}

func toBytes(rows []json.RawMessage) [][]byte {
	out := make([][]byte, len(rows))
	for i, row := range rows {
		out[i] = row
	}
	return out
}
