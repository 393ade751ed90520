package bitable

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/rowgate/rowgate/internal/feishu"
)

// docs/contract.md §4: an attachment cell takes {"url","name"}.
func TestNamedFile(t *testing.T) {
	t.Parallel()
	const token = "boxcnExampleToken0000001"
	s := NewSchema([]feishu.Field{{Name: "c", Type: feishu.TypeAttachment}})
	for name, tc := range map[string]struct {
		in    string
		want  []Pending
		fails bool
	}{
		"one": {
			in:   `{"url":"https://example.com/a","name":"封面.png"}`,
			want: []Pending{{Kind: PendingURL, Value: "https://example.com/a", Name: "封面.png"}},
		},
		"a data: URI": {
			in:   `[{"url":"data:,x","name":"a.txt"}]`,
			want: []Pending{{Kind: PendingData, Value: "data:,x", Name: "a.txt"}},
		},
		"without a name": {
			in: `{"url":"https://example.com/a"}`, fails: true,
		},
		"a name of null": {
			in: `{"url":"https://example.com/a","name":null}`, fails: true,
		},
		"in text": {
			in:   `"{\"url\":\"https://example.com/a\",\"name\":\"b\"}"`,
			want: []Pending{{Kind: PendingURL, Value: "https://example.com/a", Name: "b"}},
		},
		"two names": {
			in: `[{"url":"https://example.com/a","name":"1"},{"url":"https://example.com/a","name":"2"}]`,
			want: []Pending{
				{Kind: PendingURL, Value: "https://example.com/a", Name: "1"},
				{Kind: PendingURL, Value: "https://example.com/a", Name: "2"},
			},
		},
		"a file_token":    {in: `{"file_token":"` + token + `","url":"https://example.com/a","name":"x"}`},
		"an empty name":   {in: `{"url":"data:,x","name":""}`, want: []Pending{{Kind: PendingData, Value: "data:,x"}}},
		"no address":      {in: `{"url":"x","name":"a"}`, fails: true},
		"a token as url":  {in: `{"url":"` + token + `"}`, fails: true},
		"a name in parts": {in: `{"url":"https://example.com/a","name":["a"]}`, fails: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			plan := s.Coerce([]json.RawMessage{json.RawMessage(`{"c":` + tc.in + `}`)}, defaults())
			for i := range tc.want {
				tc.want[i].Column = "c"
			}
			if got := plan.Pending(); (plan.ErrorCount() > 0) != tc.fails || !slices.Equal(got, tc.want) {
				t.Errorf("got %v and errors %v, want %v", got, plan.Errors(), tc.want)
			}
		})
	}
}
