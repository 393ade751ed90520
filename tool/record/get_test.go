package record_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rowgate/rowgate/internal/problem"
	"github.com/rowgate/rowgate/internal/sandbox"
	"github.com/rowgate/rowgate/tool/record"
)

func TestGet(t *testing.T) {
	t.Parallel()
	s := setupReading(t).stock(t, sandbox.BaseSpec{}, sandbox.FieldSpec{Name: "标题", Type: 1}, sandbox.FieldSpec{Name: "数量", Type: 2})
	ids := s.add(map[string]any{"标题": "苹果", "数量": 3}, map[string]any{"标题": "梨"}, map[string]any{"标题": "桃", "数量": 1})
	get := func(options string) (*record.GotRecords, *problem.Error) {
		return call[record.GotRecords](s, record.Get(s.service), options)
	}
	list := func(ids ...string) string {
		data, _ := json.Marshal(ids)
		return `"record_ids":` + string(data)
	}

	t.Run("gives rows in the order of the ids, each once, and names what is missing", func(t *testing.T) {
		t.Parallel()
		got, err := get(list(ids[2], "recAbsentExample", ids[0], ids[2], "no id at all", "recAbsentExample"))
		if err != nil {
			t.Fatal(err)
		}
		want := []json.RawMessage{
			json.RawMessage(fmt.Sprintf(`{"record_id":%q,"标题":"桃","数量":1}`, ids[2])),
			json.RawMessage(fmt.Sprintf(`{"record_id":%q,"标题":"苹果","数量":3}`, ids[0])),
		}
		if diff := cmp.Diff(want, got.Records, cmp.Transformer("value", func(raw json.RawMessage) any {
			var value any
			_ = json.Unmarshal(raw, &value)
			return value
		})); diff != "" {
			t.Errorf("records (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff([]string{"recAbsentExample", "no id at all"}, got.Missing); diff != "" || got.Count != 2 {
			t.Errorf("count %d, missing (-want +got):\n%s", got.Count, diff)
		}
	})

	t.Run("gives the columns and the shape asked for", func(t *testing.T) {
		t.Parallel()
		got, err := get(list(ids[0]) + `,"fields":["数量"],"shape":"feishu"`)
		if err != nil {
			t.Fatal(err)
		}
		if want := fmt.Sprintf(`{"record_id":%q,"fields":{"数量":3}}`, ids[0]); string(got.Records[0]) != want {
			t.Errorf("record %s, want %s", got.Records[0], want)
		}
	})

	t.Run("asks Feishu nothing where no id can be one", func(t *testing.T) {
		t.Parallel()
		got, err := get(list("x"))
		if err != nil || len(got.Records) != 0 || got.Records == nil || !slices.Equal(got.Missing, []string{"x"}) {
			t.Errorf("got %+v, %v", got, err)
		}
	})

	for name, c := range map[string]struct {
		options string
		code    problem.Code
	}{
		"no ids":            {`"record_ids":[]`, problem.NoRows},
		"more than 100 ids": {list(strings.Split(strings.Repeat("recExample ", record.MaxGetRecords+1), " ")...), problem.BadParameter},
		"an unknown column": {list(ids[0]) + `,"fields":["没有"]`, problem.FieldNotFound},
	} {
		t.Run("refuses "+name, func(t *testing.T) {
			t.Parallel()
			if _, err := get(c.options); err == nil || err.Code != c.code {
				t.Errorf("%v, want %s", err, c.code)
			}
		})
	}
}
