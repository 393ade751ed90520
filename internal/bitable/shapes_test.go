package bitable

import (
	"encoding/json"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"pgregory.net/rapid"

	"github.com/rowgate/rowgate/internal/feishu"
)

// writeShape checks a value as Feishu's field guide describes what a column takes. It shares nothing with the coercion.
func writeShape(f feishu.Field, v any) error {
	switch f.Type { // the writable ones
	case feishu.TypeText:
		return check(v, func(s string) bool { return s != "" && utf8.RuneCountInString(s) <= 100_000 })
	case feishu.TypeNumber:
		return check(v, func(n json.Number) bool {
			x, err := n.Float64()
			return err == nil && math.Abs(x) <= 9007199254740992
		})
	case feishu.TypeSingleSelect:
		return check(v, func(s string) bool { return strings.TrimSpace(s) != "" })
	case feishu.TypeMultiSelect:
		return checkList(v, 1000, func(e any) error { return check(e, func(s string) bool { return strings.TrimSpace(s) != "" }) })
	case feishu.TypeDateTime:
		return check(v, func(n json.Number) bool {
			ms, err := n.Int64()
			year := time.UnixMilli(ms).In(shanghai).Year()
			return err == nil && year >= 1900 && year <= 2200
		})
	case feishu.TypeCheckbox:
		return check(v, func(bool) bool { return true })
	case feishu.TypePhone:
		return check(v, func(s string) bool { return regexp.MustCompile(`^(\+)?\d{1,64}$`).MatchString(s) && len(s) <= 64 })
	case feishu.TypeURL:
		return check(v, func(m map[string]any) bool {
			_, text := m["text"].(string)
			link, _ := m["link"].(string)
			return text && len(m) == 2 && regexp.MustCompile(`(?i)^(https?://[^/?#\s]|mailto:.+@)\S*$`).MatchString(link)
		})
	case feishu.TypeUser:
		return checkList(v, 1000, func(e any) error { return checkMember(e, "id", `^ou_[\w-]+$`) })
	case feishu.TypeGroupChat:
		return checkList(v, 10, func(e any) error { return checkMember(e, "id", `^oc_[\w-]+$`) })
	case feishu.TypeAttachment:
		return checkList(v, 100, func(e any) error { return checkMember(e, "file_token", `^[A-Za-z0-9]{2,}$`) })
	case feishu.TypeSingleLink, feishu.TypeDuplexLink:
		return checkList(v, 500, func(e any) error {
			return check(e, func(s string) bool { return regexp.MustCompile(`^rec[A-Za-z0-9]+$`).MatchString(s) })
		})
	case feishu.TypeLocation:
		return check(v, func(s string) bool {
			var lng, lat float64
			n, err := fmt.Sscanf(s, "%g,%g", &lng, &lat)
			return n == 2 && err == nil && math.Abs(lng) <= 180 && math.Abs(lat) <= 90 && !strings.Contains(s, " ")
		})
	default:
		return fmt.Errorf("column type %d takes no values", f.Type)
	}
}

func check[T any](v any, ok func(T) bool) error {
	if typed, is := v.(T); !is || !ok(typed) {
		return fmt.Errorf("%v (%T) does not fit", v, v)
	}
	return nil
}

func checkList(v any, limit int, each func(any) error) error {
	list, ok := v.([]any)
	if !ok || len(list) == 0 || len(list) > limit {
		return fmt.Errorf("%v is no list of 1 to %d", v, limit)
	}
	for _, e := range list {
		if err := each(e); err != nil {
			return err
		}
	}
	return nil
}

func checkMember(v any, name, pattern string) error {
	return check(v, func(m map[string]any) bool {
		s, ok := m[name].(string)
		return ok && len(m) == 1 && regexp.MustCompile(pattern).MatchString(s)
	})
}

// writableTable has a column of every writable type, named by it.
func writableTable() []feishu.Field {
	var fields []feishu.Field
	for _, kind := range Kinds(func(k Kind) bool { return k.Writable && k.UIType == "" }) {
		f := feishu.Field{Type: kind.Type}
		if kind.Type == feishu.TypeSingleSelect || kind.Type == feishu.TypeMultiSelect {
			f = selectField(kind.Type, "A", "B b", "选项", "x,y")
		}
		f.Name = TypeName(f)
		fields = append(fields, f)
	}
	return fields
}

// anyValue draws JSON that a caller may send: near misses of every column type, and nonsense.
func anyValue() *rapid.Generator[string] {
	text := rapid.OneOf(
		rapid.String(),
		rapid.StringMatching(`[0-9,.¥$%元 eE+-]{1,12}`),
		rapid.StringMatching(`(19|20|21)[0-9]{2}[-/年.]1?[0-9][-/月.][123]?[0-9]日?([T ][012]?[0-9]:[0-5][0-9](:[0-5][0-9])?(Z|\+08:00)?)?`),
		rapid.StringMatching(`\[?['"]?[AB选项x, ，、;]{1,8}['"]?\]?`),
		rapid.StringMatching(`(https?|mailto|ftp):(//)?[a-z@.]{0,10}( x)?`),
		rapid.StringMatching(`-?[0-9]{1,3}(\.[0-9]{1,3})?[,，] ?-?[0-9]{1,3}`),
		rapid.StringMatching(`(ou_|on_|oc_|rec|tbl)?[a-z0-9]{0,25}`),
		rapid.SampledFrom(
			[]string{"是", "否", "true", "ＴＲＵＥ", "1", "√", "a@b.cn", "+86 138-0013-8000", "[t](https://a.cn)", " ", "", "boxcnExample0123456789"},
		),
	)
	scalar := rapid.OneOf(
		rapid.Map(text, quote),
		rapid.Map(rapid.Int64(), func(n int64) string { return fmt.Sprint(n) }),
		rapid.Map(rapid.Float64(), func(x float64) string { return fmt.Sprintf("%g", x) }),
		rapid.SampledFrom([]string{"null", "true", "false", "1", "0", "[]", "{}", "1774281600000", "1774281600", "20260304"}),
	)
	object := rapid.Map(rapid.SliceOfN(rapid.Custom(func(t *rapid.T) string {
		return quote(
			rapid.SampledFrom([]string{"id", "text", "name", "link", "type", "file_token", "lng", "lat", "location", "link_record_ids"}).
				Draw(t, "member"),
		) + ":" + scalar.Draw(
			t,
			"value",
		)
	}), 0, 3), func(members []string) string { return "{" + strings.Join(members, ",") + "}" })
	element := rapid.OneOf(scalar, object)
	list := rapid.Map(rapid.SliceOfN(element, 0, 4), func(elements []string) string { return "[" + strings.Join(elements, ", ") + "]" })
	return rapid.OneOf(scalar, object, list)
}

// Whatever is sent, each cell is either refused with a reason, left out with a warning, or in Feishu's write shape, and stays
// as it is if it is sent once more.
func TestCoercedValuesAreWriteShapes(t *testing.T) {
	t.Parallel()
	values := anyValue()
	rapid.Check(t, func(t *rapid.T) {
		f := rapid.SampledFrom(writableTable()).Draw(t, "column")
		in := values.Draw(t, "value")
		s := NewSchema([]feishu.Field{f})
		plan := s.Coerce(messages(`{`+quote(f.Name)+`:`+in+`}`), defaults())
		for _, l := range plan.Pending() {
			answer := `{"id":"ou_looked-up"}`
			if f.Type == feishu.TypeAttachment {
				answer = `{"file_token":"uploaded"}`
			}
			plan.Resolve(l, json.RawMessage(answer))
		}
		rows := plan.Rows()
		if len(rows) == 0 {
			e := plan.Errors()[0]
			if plan.ErrorCount() != 1 || e.Message.ZH == "" || e.Expected.EN == "" || utf8.RuneCountInString(e.Got) > 80 {
				t.Fatalf("errors %+v", plan.Errors())
			}
			if e.Code == "empty_row" && len(plan.Warnings()) == 0 {
				t.Fatalf("%s was left out in silence", in)
			}
			return
		}
		var sent map[string]any
		d := json.NewDecoder(strings.NewReader(string(rows[0].Fields)))
		d.UseNumber()
		if err := d.Decode(&sent); err != nil || len(sent) != 1 {
			t.Fatalf("%s: %v", rows[0].Fields, err)
		}
		if err := writeShape(f, sent[f.Name]); err != nil {
			t.Fatalf("%s: %s: %v", in, rows[0].Fields, err)
		}
		if n, ok := sent[f.Name].(json.Number); ok && f.Type == feishu.TypeDateTime && (len(n) < 11 || len(n) == 12) {
			return // milliseconds of early 1970 look like other numbers, those of 12 digits may read as YYYYMMDDhhmm
		}
		if created := plan.NewOptions()[f.Name]; len(created) > 0 {
			f.Property = &feishu.FieldProperty{Options: slices.Clone(f.Property.Options)}
			for _, name := range created {
				f.Property.Options = append(f.Property.Options, feishu.Option{Name: name})
			}
		}
		again := NewSchema([]feishu.Field{f}).Coerce([]json.RawMessage{rows[0].Fields}, defaults())
		if r := again.Rows(); f.Type != feishu.TypeAttachment && (len(r) != 1 || string(r[0].Fields) != string(rows[0].Fields)) {
			t.Fatalf("%s became %+v, %+v when sent again", rows[0].Fields, r, again.Errors())
		}
	})
}

func TestSampleRowIsTakenWithoutLoss(t *testing.T) {
	t.Parallel()
	fields := writableTable()
	for _, kind := range Kinds(func(k Kind) bool { return k.UIType != "" }) {
		fields = append(fields, feishu.Field{Name: kind.UIType, Type: kind.Type, UIType: kind.UIType})
	}
	fields = append(
		fields,
		feishu.Field{Name: "record_id", Type: feishu.TypeText},
		feishu.Field{Name: "sum", Type: feishu.TypeFormula},
		selectField(feishu.TypeMultiSelect),
	)
	fields[len(fields)-1].Name = "no options yet"
	for _, userIDType := range []string{"open_id", "union_id", "user_id"} {
		o := defaults()
		o.UserIDType = userIDType
		plan := NewSchema(fields).Coerce([]json.RawMessage{SampleRow(fields, userIDType)}, o)
		for _, l := range plan.Pending() {
			plan.Resolve(l, json.RawMessage(`{"file_token":"uploaded"}`))
		}
		rows := plan.Rows()
		if len(rows) != 1 {
			t.Fatalf("errors %+v", plan.Errors())
		}
		var sent map[string]any
		if err := json.Unmarshal(rows[0].Fields, &sent); err != nil {
			t.Fatal(err)
		}
		if len(sent) != len(fields)-1 {
			t.Errorf("%d cells: want one for each of %d writable columns", len(sent), len(fields)-1)
		}
	}
}
