package intake_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/rowgate/rowgate/internal/intake"
)

// cellText are texts with everything in them that wrappings could stumble over.
var cellText = rapid.OneOf(
	rapid.SampledFrom([]string{
		"", " ", "甲", `他说"你好"`, "it's", `C:\new\table`, "一\n二\r\n三\t", "```json\n{\"a\":1}\n```", "<think>", "</think>",
		"{x}", "}", "[1]", "]", `{"a":1}`, "a,b;c", "| a | b |", "True", "None", "\u00a0", "\ufeff", "🏃", "\u2028", "\x7f\x1b", "%41+&=", "null",
	}),
	rapid.StringMatching(`[ -~\n\t\\"'{}\[\],:一-龥]{0,20}`),
)

// column are names that are no parameter of write_records.
var column = rapid.OneOf(
	rapid.SampledFrom([]string{"标题", "播放量", "a b", `说"x"`, "时长(分钟)", "it's", "a.b", "x]"}),
	rapid.StringMatching(`列[a-z0-9]{1,6}`),
)

// cell draws any JSON value as Go decodes it.
func cell(t *rapid.T, depth int) any {
	kinds := 5
	if depth == 0 {
		kinds = 3
	}
	switch rapid.IntRange(0, kinds).Draw(t, "kind") {
	case 0:
		return rapid.SampledFrom([]any{nil, true, false}).Draw(t, "word")
	case 1:
		return json.Number(rapid.SampledFrom([]string{"0", "-0", "1.50", "12", "1e3", "-1E-7", "123456789012345678901"}).Draw(t, "number"))
	case 2, 3:
		return cellText.Draw(t, "text")
	case 4:
		list := make([]any, rapid.IntRange(0, 3).Draw(t, "length"))
		for i := range list {
			list[i] = cell(t, depth-1)
		}
		return list
	}
	return object(t, depth-1, 0)
}

func object(t *rapid.T, depth, least int) map[string]any {
	o := map[string]any{}
	for _, name := range rapid.SliceOfNDistinct(column, least, 4, rapid.ID).Draw(t, "columns") {
		o[name] = cell(t, depth)
	}
	return o
}

func drawRows(t *rapid.T) []any {
	rows := make([]any, rapid.IntRange(1, 4).Draw(t, "rows"))
	for i := range rows {
		rows[i] = object(t, 3, 1)
	}
	return rows
}

func toJSON(v any) string {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		panic(err)
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// toPython writes v as Python's repr does.
func toPython(v any) string {
	switch v := v.(type) {
	case nil:
		return "None"
	case bool:
		return map[bool]string{true: "True", false: "False"}[v]
	case json.Number:
		return v.String()
	case string:
		return pythonString(v)
	case []any:
		parts := make([]string, len(v))
		for i := range v {
			parts[i] = toPython(v[i])
		}
		return "[" + strings.Join(parts, ", ") + "]"
	case map[string]any:
		parts := make([]string, 0, len(v))
		for _, key := range slices.Sorted(maps.Keys(v)) {
			parts = append(parts, pythonString(key)+": "+toPython(v[key]))
		}
		return "{" + strings.Join(parts, ", ") + "}"
	}
	panic(fmt.Sprintf("no JSON value: %T", v))
}

func pythonString(s string) string {
	quote := "'"
	if strings.Contains(s, "'") && !strings.Contains(s, `"`) {
		quote = `"`
	}
	var b strings.Builder
	b.WriteString(quote)
	for _, r := range s {
		switch {
		case r == '\\', string(r) == quote:
			b.WriteString(`\` + string(r))
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\r':
			b.WriteString(`\r`)
		case r == '\t':
			b.WriteString(`\t`)
		case r < ' ', r == 0x7f, r == 0xa0:
			fmt.Fprintf(&b, `\x%02x`, r)
		case r == 0x2028, r == 0xfeff:
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			b.WriteRune(r)
		}
	}
	b.WriteString(quote)
	return b.String()
}

// envelopes are the wrappings that carry any text of rows.
var envelopes = map[string]func(string) string{
	"as it is":   func(s string) string { return s },
	"bom":        func(s string) string { return "\ufeff" + s },
	"fence":      func(s string) string { return "```json\n" + s + "\n```" },
	"open fence": func(s string) string { return "```\n" + s },
	"chatty fence": func(s string) string {
		return "好的，{title} 如下 [1]：\n```json\n" + s + "\n```\n还要别的吗？"
	},
	"think":          func(s string) string { return "<think>\n先写 {\"a\": 1}\n</think>\n" + s },
	"details":        func(s string) string { return "<details open><summary>Thinking</summary>x</details>\n\n" + s },
	"lone think end": func(s string) string { return "想一想 {\"a\": 1}\n</think>\n" + s },
	"prose":          func(s string) string { return "结果如下[1]：\n" + s + "\n请查收。" },
	"string layer":   func(s string) string { return toJSON(s) },
	"two layers":     func(s string) string { return toJSON(toJSON(s)) },
	"no-break space": func(s string) string { return "\u00a0" + s + "\u00a0\n" },
	"fence in layer": func(s string) string { return toJSON("```json\n" + s + "\n```") },
}

// decode reads JSON with numbers as spelled.
func decode(t *rapid.T, text []byte) any {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	return v
}

func checkRows(t *rapid.T, in intake.Input, want []any) {
	result, err := intake.Parse(specs["write"], in)
	if err != nil {
		t.Fatalf("%v\nbody: %s", err, in.Body)
	}
	if diff := cmp.Diff(map[string]any{"records": want}, decode(t, []byte(together(specs["write"], result)))); diff != "" {
		t.Fatalf("(-want +got):\n%s\nbody: %s", diff, in.Body)
	}
}

func TestRowsSurvive(t *testing.T) {
	t.Parallel()
	for name, wrap := range envelopes {
		t.Run(strings.ReplaceAll(name, " ", "_"), func(t *testing.T) {
			t.Parallel()
			rapid.Check(t, func(t *rapid.T) {
				rows := drawRows(t)
				text := rapid.SampledFrom([]func(any) string{toJSON, toPython}).Draw(t, "dialect")(rows)
				checkRows(t, intake.Input{ContentType: "application/json", Body: []byte(wrap(text))}, rows)
			})
		})
	}
	t.Run("as_text_of_the_parameter", func(t *testing.T) {
		t.Parallel()
		rapid.Check(t, func(t *rapid.T) {
			rows := drawRows(t)
			wrap := rapid.SampledFrom([]string{"as it is", "bom", "fence", "think", "prose", "string layer"}).Draw(t, "wrap")
			body := toJSON(map[string]any{"records": envelopes[wrap](toPython(rows))})
			checkRows(t, intake.Input{ContentType: "application/json", Body: []byte(body)}, rows)
		})
	})
	t.Run("as_JSON_Lines", func(t *testing.T) {
		t.Parallel()
		rapid.Check(t, func(t *rapid.T) {
			rows := drawRows(t)
			lines := make([]string, len(rows))
			for i := range rows {
				lines[i] = toJSON(rows[i])
			}
			checkRows(t, intake.Input{ContentType: "application/x-ndjson", Body: []byte(strings.Join(lines, "\n"))}, rows)
		})
	})
	t.Run("as_list_of_texts", func(t *testing.T) {
		t.Parallel()
		rapid.Check(t, func(t *rapid.T) {
			rows := drawRows(t)
			texts := make([]any, len(rows))
			for i := range rows {
				texts[i] = toJSON(rows[i])
			}
			checkRows(t, intake.Input{ContentType: "application/json", Body: []byte(toJSON(texts))}, rows)
		})
	})
}

func TestTextsSurvive(t *testing.T) {
	t.Parallel()
	draw := func(t *rapid.T) (columns []string, row map[string]string) {
		row = map[string]string{}
		for _, name := range rapid.SliceOfNDistinct(column, 1, 4, rapid.ID).Draw(t, "columns") {
			columns, row[name] = append(columns, name), cellText.Draw(t, "text")
		}
		return columns, row
	}
	check := func(name, contentType string, body func(t *rapid.T, columns []string, row map[string]string) string, wrapped bool) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rapid.Check(t, func(t *rapid.T) {
				columns, row := draw(t)
				cells := map[string]any{}
				for name, text := range row {
					cells[name] = text
				}
				want := []any{cells}
				if wrapped {
					want = []any{map[string]any{"fields": cells}}
				}
				checkRows(t, intake.Input{ContentType: contentType, Body: []byte(body(t, columns, row))}, want)
			})
		})
	}
	check("urlencoded", "application/x-www-form-urlencoded", func(_ *rapid.T, columns []string, row map[string]string) string {
		var pairs []string
		for _, name := range columns {
			pairs = append(pairs, percentEncode("fields."+name)+"="+percentEncode(row[name]))
		}
		return strings.Join(pairs, "&")
	}, true)
	check("multipart", "multipart/form-data; boundary=X-rowgate-X", func(_ *rapid.T, columns []string, row map[string]string) string {
		var b strings.Builder
		for _, name := range columns {
			fmt.Fprintf(&b, "--X-rowgate-X\r\nContent-Disposition: form-data; name=%s\r\n\r\n%s\r\n",
				strconv.Quote("fields."+name), row[name])
		}
		return b.String() + "--X-rowgate-X--\r\n"
	}, true)
	check("csv", "text/csv", func(_ *rapid.T, columns []string, row map[string]string) string {
		var header, cells []string
		for _, name := range columns {
			header = append(header, `"`+strings.ReplaceAll(name, `"`, `""`)+`"`)
			cells = append(cells, `"`+strings.ReplaceAll(row[name], `"`, `""`)+`"`)
		}
		return strings.Join(header, ",") + "\r\n" + strings.Join(cells, ",") + "\r\n"
	}, false)
}

// percentEncode encodes every byte but letters and digits.
func percentEncode(s string) string {
	var b strings.Builder
	for i := range len(s) {
		if c := s[i]; 'a' <= c && c <= 'z' || '0' <= c && c <= '9' {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}
