package record_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/rowgate/rowgate/internal/sandbox"
)

// The property below says what a where object means in the plainest words: plain rows, filtered one by one. It knows nothing
// of filters, pages or read shapes.

// guess is one drawn comparison: how it is written, and which plain values it finds (nil for an empty cell).
type guess struct {
	json string
	test func(any) bool
}

var (
	someTexts   = []string{"", "苹果", "苹果派", "a", "A\"b\\", "3"}
	someNumbers = []float64{-2, 0, 0.5, 3, 1e9}
	someOptions = []string{"完成", "进行中", "搁置"}
	someTags    = []string{"甲", "乙", "丙"}
	somePeople  = []string{"ou_ann", "ou_bob"}
	someMoments = []string{
		"2026-03-07T23:59:59-05:00", "2026-03-08T00:00:00-05:00", "2026-03-08T01:59:59-05:00", "2026-03-08T03:00:00-04:00",
		"2026-03-08T23:59:59-04:00", "2026-03-09T00:00:00-04:00", "2026-11-01T01:30:00-04:00",
	}
	someDays = []string{"2026-03-07", "2026-03-08", "2026-03-09", "2026-11-01"}
)

// newYork has a day of 23 hours in March and one of 25 in November.
const newYork = "America/New_York"

func drawRow(t *rapid.T) map[string]any {
	row := map[string]any{}
	maybe := func(name string, value func() any) {
		if rapid.Bool().Draw(t, "has "+name) {
			row[name] = value()
		}
	}
	maybe("标题", func() any { return rapid.SampledFrom(someTexts[1:]).Draw(t, "标题") })
	maybe("数量", func() any { return rapid.SampledFrom(someNumbers).Draw(t, "数量") })
	maybe("状态", func() any { return rapid.SampledFrom(someOptions).Draw(t, "状态") })
	maybe("标签", func() any {
		return rapid.SliceOfNDistinct(rapid.SampledFrom(someTags), 1, 3, rapid.ID).Draw(t, "标签")
	})
	maybe("日期", func() any { return moment(rapid.SampledFrom(someMoments).Draw(t, "日期")).UnixMilli() })
	maybe("上架", func() any { return rapid.Bool().Draw(t, "上架") })
	maybe("负责人", func() any {
		var people []any
		for _, id := range rapid.SliceOfNDistinct(rapid.SampledFrom(somePeople), 1, 2, rapid.ID).Draw(t, "负责人") {
			people = append(people, map[string]any{"id": id})
		}
		return people
	})
	return row
}

func moment(text string) time.Time {
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		panic(err)
	}
	return at
}

func quote(v any) string {
	data, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(data)
}

// drawGuess draws a comparison for a column.
func drawGuess(t *rapid.T, name string) guess {
	if name != "上架" && rapid.IntRange(0, 7).Draw(t, "empty?") == 0 {
		return rapid.SampledFrom([]guess{
			{`null`, func(v any) bool { return v == nil }},
			{`{"empty":false}`, func(v any) bool { return v != nil }},
			{`{"!=":null}`, func(v any) bool { return v != nil }},
		}).Draw(t, "empty")
	}
	switch name {
	case "标题":
		text := rapid.SampledFrom(someTexts[1:]).Draw(t, "text")
		if rapid.Bool().Draw(t, "contains?") {
			part := string([]rune(text)[:1])
			has := func(v any) bool { s, _ := v.(string); return strings.Contains(s, part) }
			return negatable(t, "contains", "not_contains", quote(part), has)
		}
		return oneOf(t, []any{text, rapid.SampledFrom(someTexts[1:]).Draw(t, "other")}, func(v, want any) bool { return v == want })
	case "数量":
		number := rapid.SampledFrom(someNumbers).Draw(t, "number")
		if rapid.Bool().Draw(t, "ordered?") {
			return ordered(t, quote(number), func(v any) (int, bool) {
				have, ok := v.(float64)
				return sign(have - number), ok
			})
		}
		return oneOf(t, []any{number, 3.0}, func(v, want any) bool { return v == want })
	case "状态":
		return oneOf(t, []any{rapid.SampledFrom(someOptions).Draw(t, "option"), "完成"}, func(v, want any) bool { return v == want })
	case "标签":
		return oneOf(t, []any{rapid.SampledFrom(someTags).Draw(t, "tag"), "甲"}, func(v, want any) bool {
			list, _ := v.([]any)
			return slices.Contains(list, want)
		})
	case "负责人":
		return oneOf(t, []any{rapid.SampledFrom(somePeople).Draw(t, "person"), "ou_nobody"}, func(v, want any) bool {
			list, _ := v.([]any)
			return slices.ContainsFunc(list, func(v any) bool {
				person, _ := v.(map[string]any)
				return person["id"] == want
			})
		})
	case "上架":
		want := rapid.Bool().Draw(t, "checked")
		return negatable(t, "=", "!=", quote(want), func(v any) bool { return (v == true) == want })
	default:
		return drawDate(t)
	}
}

func drawDate(t *rapid.T) guess {
	value := rapid.SampledFrom(append(slices.Clone(someDays), someMoments...)).Draw(t, "date")
	zone, err := time.LoadLocation(newYork)
	if err != nil {
		t.Fatal(err)
	}
	first, err := time.ParseInLocation(time.DateOnly, value, zone)
	last := first.AddDate(0, 0, 1).Add(-time.Millisecond)
	if err != nil {
		first = moment(value)
		last = first
	}
	position := func(v any) (int, bool) {
		text, ok := v.(string)
		if !ok {
			return 0, false
		}
		switch at := moment(text); {
		case at.Before(first):
			return -1, true
		case at.After(last):
			return 1, true
		default:
			return 0, true
		}
	}
	if rapid.Bool().Draw(t, "ordered?") {
		return ordered(t, quote(value), position)
	}
	return oneOf(t, []any{value}, func(v, _ any) bool { at, ok := position(v); return ok && at == 0 })
}

func sign(n float64) int {
	switch {
	case n < 0:
		return -1
	case n > 0:
		return 1
	default:
		return 0
	}
}

// oneOf draws how a choice among values is written: bare, with = or !=, as a list, with in or not_in.
func oneOf(t *rapid.T, values []any, is func(v, want any) bool) guess {
	if rapid.Bool().Draw(t, "list?") {
		either := func(v any) bool { return slices.ContainsFunc(values, func(want any) bool { return is(v, want) }) }
		if rapid.Bool().Draw(t, "bare?") {
			return guess{quote(values), either}
		}
		return negatable(t, "in", "not_in", quote(values), either)
	}
	first := func(v any) bool { return is(v, values[0]) }
	if rapid.Bool().Draw(t, "bare?") {
		return guess{quote(values[0]), first}
	}
	return negatable(t, "=", "!=", quote(values[0]), first)
}

func negatable(t *rapid.T, op, not, value string, test func(any) bool) guess {
	if rapid.Bool().Draw(t, "not?") {
		return guess{fmt.Sprintf(`{%q:%s}`, not, value), func(v any) bool { return !test(v) }}
	}
	return guess{fmt.Sprintf(`{%q:%s}`, op, value), test}
}

func ordered(t *rapid.T, value string, position func(any) (int, bool)) guess {
	op := rapid.SampledFrom([]string{">", ">=", "<", "<="}).Draw(t, "op")
	return guess{fmt.Sprintf(`{%q:%s}`, op, value), func(v any) bool {
		at, ok := position(v)
		return ok && map[string]bool{">": at > 0, ">=": at >= 0, "<": at < 0, "<=": at <= 0}[op]
	}}
}

var guessable = []string{"标题", "数量", "状态", "标签", "日期", "上架", "负责人"}

// drawObject draws the conditions of one object, by column.
func drawObject(t *rapid.T, least, most int) (text string, test func(map[string]any) bool) {
	names := rapid.SliceOfNDistinct(rapid.SampledFrom(guessable), least, most, rapid.ID).Draw(t, "columns")
	guesses := map[string]guess{}
	var parts []string
	for _, name := range names {
		guesses[name] = drawGuess(t, name)
		parts = append(parts, quote(name)+":"+guesses[name].json)
	}
	return strings.Join(parts, ","), func(row map[string]any) bool {
		for name, g := range maps.All(guesses) {
			if !g.test(row[name]) {
				return false
			}
		}
		return true
	}
}

// TestSearch_any_where says that a search finds the rows that plain filtering finds, in their order, page by page.
func TestSearch_any_where(t *testing.T) {
	t.Parallel()
	r := setupReading(t)
	rapid.Check(t, func(rt *rapid.T) {
		s := r.stock(t, sandbox.BaseSpec{TimeZone: newYork}, stockFields[:7]...)
		s.add(rapid.SliceOfN(rapid.Custom(drawRow), 1, 25).Draw(rt, "rows")...)
		object, test := drawObject(rt, 0, 3)
		tests := []func(map[string]any) bool{test}
		if rapid.Bool().Draw(rt, "or?") {
			var branches []string
			var either []func(map[string]any) bool
			for range rapid.IntRange(1, 3).Draw(rt, "branches") {
				branch, test := drawObject(rt, 1, 2)
				branches, either = append(branches, "{"+branch+"}"), append(either, test)
			}
			tests = append(tests, func(row map[string]any) bool {
				return slices.ContainsFunc(either, func(test func(map[string]any) bool) bool { return test(row) })
			})
			if object != "" {
				object += ","
			}
			object += `"$or":[` + strings.Join(branches, ",") + `]`
		}
		var want []string
		for _, raw := range s.found(`"limit":5000`).Records {
			var row map[string]any
			if err := json.Unmarshal(raw, &row); err != nil {
				rt.Fatal(err)
			}
			if !slices.ContainsFunc(tests, func(test func(map[string]any) bool) bool { return !test(row) }) {
				want = append(want, fmt.Sprint(row["record_id"]))
			}
		}
		limit := rapid.IntRange(1, 30).Draw(rt, "limit")
		ids, last := s.pages(fmt.Sprintf(`"where":{%s},"fields":["数量"],"limit":%d`, object, limit), "record_id")
		var got []string
		for _, id := range ids {
			got = append(got, fmt.Sprint(id))
		}
		if diff := cmp.Diff(want, got); diff != "" {
			rt.Fatalf("where {%s} (-want +got):\n%s", object, diff)
		}
		if last.Total == nil || *last.Total != len(want) {
			rt.Fatalf("where {%s}: total %v, want %d", object, last.Total, len(want))
		}
	})
}
