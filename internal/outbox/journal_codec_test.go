package outbox

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/rowgate/rowgate/internal/bitable"
	"github.com/rowgate/rowgate/internal/feishu"
	"github.com/rowgate/rowgate/internal/secret"
)

func drawSubmission(t *rapid.T) *Submission {
	text := rapid.String()
	s := &Submission{
		Table: feishu.TableRef{
			App:      feishu.App{Brand: feishu.BrandLark, ID: text.Draw(t, "app"), Secret: secret.New(text.Draw(t, "secret"))},
			AppToken: text.Draw(t, "base"), TableID: text.Draw(t, "table"),
		},
		Op:     rapid.SampledFrom([]Op{OpCreate, OpUpdate, OpDelete, OpUpsert}).Draw(t, "op"),
		Write:  feishu.WriteOptions{UserIDType: text.Draw(t, "user"), IgnoreConsistencyCheck: rapid.Bool().Draw(t, "loose")},
		Atomic: rapid.Bool().Draw(t, "atomic"), KeyFields: rapid.SliceOfN(text, 0, 2).Draw(t, "keys"),
		Fields:        []feishu.Field{{ID: "fld1", Name: text.Draw(t, "column"), Type: feishu.TypeNumber, UIType: "Currency"}},
		SkipBadValues: rapid.Bool().Draw(t, "skip"), AppendFiles: rapid.Bool().Draw(t, "append"),
		NewOptions: map[string][]string{"状态": {text.Draw(t, "option")}},
		Tenant:     text.Draw(t, "caller"), Memo: rapid.SliceOf(rapid.Byte()).Draw(t, "memo"),
	}
	for range rapid.IntRange(0, 5).Draw(t, "rows") {
		s.Rows = append(s.Rows, bitable.Row{
			Index: rapid.Int().Draw(t, "index"), RecordID: text.Draw(t, "record"), Fields: json.RawMessage(text.Draw(t, "fields")),
		})
	}
	return s
}

func TestPayload(t *testing.T) {
	t.Parallel()

	t.Run("comes_back_as_it_was", func(t *testing.T) {
		t.Parallel()
		rapid.Check(t, func(t *rapid.T) {
			want := drawSubmission(t)
			data, err := encodePayload(want)
			if err != nil {
				t.Fatal(err)
			}
			got, err := decodePayload(data)
			if err != nil {
				t.Fatal(err)
			}
			secrets := cmp.Comparer(func(a, b secret.Text) bool { return a.Reveal() == b.Reveal() })
			if diff := cmp.Diff(want, got, secrets, cmpopts.EquateEmpty()); diff != "" {
				t.Fatal(diff)
			}
		})
	})

	t.Run("is_refused_when_anything_is_cut_off_or_added", func(t *testing.T) {
		t.Parallel()
		rapid.Check(t, func(t *rapid.T) {
			data, err := encodePayload(drawSubmission(t))
			if err != nil {
				t.Fatal(err)
			}
			cut := data[:rapid.IntRange(0, len(data)-1).Draw(t, "cut")]
			for _, bad := range [][]byte{cut, append(slices.Clip(data), 0), append([]byte{payloadVersion + 1}, data[1:]...)} {
				if _, err := decodePayload(bad); err == nil {
					t.Fatalf("no error for %d of %d bytes", len(bad), len(data))
				}
			}
		})
	})
}

func TestPartsOf_writes_rows_as_runs(t *testing.T) {
	t.Parallel()
	a, b := &entry{id: "a"}, &entry{id: "b"}
	items := []item{{entry: a, pos: 0}, {entry: a, pos: 1}, {entry: b, pos: 5}, {entry: a, pos: 2}, {entry: a, pos: 4}}
	want := []Part{{"a", 0, 2}, {"b", 5, 6}, {"a", 2, 3}, {"a", 4, 5}}
	if diff := cmp.Diff(want, partsOf(items)); diff != "" {
		t.Error(diff)
	}
}
