package query

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/rowgate/rowgate/internal/bitable"
	"github.com/rowgate/rowgate/internal/feishu"
	"github.com/rowgate/rowgate/internal/problem"
)

// operators are what each kind of column can be asked.
var operators = map[bitable.Compare][]string{
	bitable.CompareNone:     nil,
	bitable.CompareText:     {opEqual, opNot, opContains, opLacks, opIn, opNotIn, opEmpty},
	bitable.ComparePhone:    {opEqual, opNot, opContains, opLacks, opIn, opNotIn, opEmpty},
	bitable.CompareNumber:   {opEqual, opNot, opGreater, opAtLeast, opLess, opAtMost, opIn, opNotIn, opEmpty},
	bitable.CompareOption:   {opEqual, opNot, opIn, opNotIn, opEmpty},
	bitable.CompareSet:      {opEqual, opNot, opContains, opLacks, opIn, opNotIn, opEmpty},
	bitable.CompareDate:     {opEqual, opNot, opGreater, opAtLeast, opLess, opAtMost, opIn, opNotIn, opEmpty},
	bitable.CompareCheckbox: {opEqual, opNot, opIn, opNotIn},
	bitable.CompareSerial:   {opEqual, opNot, opContains, opLacks, opIn, opNotIn},
	bitable.CompareAddress:  {opEqual, opNot, opContains, opLacks, opIn, opNotIn, opEmpty},
	bitable.ComparePresence: {opEmpty},
}

// operands reads the values of a condition. A value may be written as for write_records: what is compared is what would be
// stored.
func (p *whereParser) operands(c condition, given []json.RawMessage) ([]operand, error) {
	for _, raw := range given {
		if isEmptyValue(raw) {
			return nil, badWhere(
				fmt.Sprintf("列“%s”的 %s 需要一个值；要找空单元格请用 {\"empty\":true}", c.field.Name, c.op),
				fmt.Sprintf("%s of the column %q needs a value; empty cells are found with {\"empty\":true}", c.op, c.field.Name))
		}
		if raw[0] == '[' {
			return nil, badWhere(
				fmt.Sprintf("列“%s”的 %s 只能有一个值；多个值请用 in", c.field.Name, c.op),
				fmt.Sprintf("%s of the column %q takes one value; for several use in", c.op, c.field.Name))
		}
	}
	switch {
	case c.kind == bitable.CompareText, c.kind == bitable.CompareSerial, c.kind == bitable.CompareAddress,
		c.kind == bitable.ComparePhone && c.test == testContains:
		return texts(c, given)
	}
	stored, err := p.coerce(c, given)
	if err != nil {
		return nil, err
	}
	if c.kind == bitable.CompareDate {
		return p.spans(c, given, stored)
	}
	out := make([]operand, 0, len(stored))
	for _, raw := range stored {
		out = append(out, operandsOf(c.kind, raw)...)
	}
	return out, nil
}

// texts takes text byte for byte, numbers and booleans as they are spelled.
func texts(c condition, given []json.RawMessage) ([]operand, error) {
	out := make([]operand, len(given))
	for i, raw := range given {
		switch raw[0] {
		case '"':
			if err := json.Unmarshal(raw, &out[i].text); err != nil {
				return nil, err
			}
		case '{':
			return nil, badWhere(
				fmt.Sprintf("列“%s”的 %s 应是文本", c.field.Name, c.op), fmt.Sprintf("%s of the column %q takes text", c.op, c.field.Name))
		default:
			out[i].text = string(raw)
		}
	}
	return out, nil
}

// operandsOf reads a value in write shape; the lists of people, links and options give one operand an entry.
func operandsOf(kind bitable.Compare, raw json.RawMessage) []operand {
	switch kind {
	case bitable.CompareNumber:
		number, _ := strconv.ParseFloat(string(raw), 64) // coerced: a number
		return []operand{{text: string(raw), number: number}}
	case bitable.CompareCheckbox:
		return []operand{{text: string(raw)}}
	default:
		names := namesIn(raw)
		out := make([]operand, len(names))
		for i, name := range names {
			out[i].text = name
		}
		return out
	}
}

// coerce brings values into the write shape of the column; a column that Feishu fills in itself takes what its writable kin
// takes.
func (p *whereParser) coerce(c condition, given []json.RawMessage) ([]json.RawMessage, error) {
	field := c.field
	if as := bitable.KindOf(field).ComparedAs; as != 0 {
		field.Type, field.Property = as, nil
	}
	plan := p.plan(field, given, c.kind == bitable.CompareSet)
	if errs := plan.Errors(); len(errs) > 0 {
		return nil, p.refused(field, errs[0])
	}
	rows := plan.Rows()
	if len(rows) != len(given) {
		return nil, badWhere(
			fmt.Sprintf("列“%s”要用编号比较，不能用邮箱或手机号", field.Name),
			fmt.Sprintf("the column %q is compared by id, not by email or mobile number", field.Name))
	}
	stored := make([]json.RawMessage, len(rows))
	for i, row := range rows {
		stored[i] = bitable.Cell(row.Fields, field.Name)
	}
	return stored, nil
}

// plan coerces each value as the only cell of a row. Values of list columns are one entry each, which is never split.
func (p *whereParser) plan(field feishu.Field, values []json.RawMessage, entries bool) *bitable.Plan {
	name, _ := json.Marshal(field.Name) // a string always marshals
	rows := make([]json.RawMessage, len(values))
	for i, value := range values {
		if entries {
			value = json.RawMessage("[" + string(value) + "]")
		}
		rows[i] = json.RawMessage(`{"fields":{` + string(name) + `:` + string(value) + `}}`)
	}
	return bitable.NewSchema([]feishu.Field{field}).Coerce(rows, bitable.Options{
		Mode: bitable.Create, TimeZone: p.zone, UserIDType: p.userIDType, EmptyValues: bitable.EmptySkip,
		UnknownFields: bitable.PolicyReject, UnknownOptions: bitable.PolicyReject, Literal: true,
	})
}

// refused says why a value cannot be one of the column's.
func (*whereParser) refused(field feishu.Field, e bitable.RowError) error {
	text := problem.Text{
		ZH: fmt.Sprintf("列“%s”的值不正确：%s", field.Name, e.Message.ZH),
		EN: fmt.Sprintf("a value for the column %q is not right: %s", field.Name, e.Message.EN),
	}
	switch {
	case e.Code == problem.RowOptionNotFound && e.Suggestion != "":
		text.ZH = fmt.Sprintf("列“%s”没有这个选项，最接近的是“%s”", field.Name, e.Suggestion)
		text.EN = fmt.Sprintf("the column %q has no such option; the nearest is %q", field.Name, e.Suggestion)
	case e.Code == problem.RowOptionNotFound:
		text.ZH = fmt.Sprintf("列“%s”没有这个选项", field.Name)
		text.EN = fmt.Sprintf("the column %q has no such option", field.Name)
	case !e.Expected.IsZero():
		text.ZH += "应是" + e.Expected.ZH
		text.EN += " The expected value is " + e.Expected.EN
	}
	return badWhere(strings.TrimSuffix(text.ZH, "。"), strings.TrimSuffix(text.EN, "."))
}

// spans turns dates into what they cover: a date that could still take a time of day is the whole day in the base's zone.
func (p *whereParser) spans(c condition, given, stored []json.RawMessage) ([]operand, error) {
	field := c.field
	field.Type, field.Property = feishu.TypeDateTime, nil
	spaced, basic := make([]json.RawMessage, len(given)), make([]json.RawMessage, len(given))
	for i, raw := range given {
		text := string(raw)
		if raw[0] == '"' {
			if err := json.Unmarshal(raw, &text); err != nil {
				return nil, err
			}
		}
		text = strings.TrimSpace(text)
		spaced[i], _ = json.Marshal(text + " 12:34:56") // a string always marshals
		basic[i], _ = json.Marshal(text + "T123456")    // what 20260304 takes
	}
	probes := [...]*bitable.Plan{p.plan(field, spaced, false), p.plan(field, basic, false)}
	out := make([]operand, len(stored))
	for i, raw := range stored {
		ms, err := strconv.ParseInt(string(raw), 10, 64)
		if err != nil {
			return nil, err
		}
		out[i] = operand{from: ms, to: ms + 1}
		if !probes[0].Bad(i) || !probes[1].Bad(i) {
			day := dayOf(ms, p.zone)
			out[i] = operand{from: day.UnixMilli(), to: nextDay(day, 1).UnixMilli()}
		}
	}
	return out, nil
}

// dayOf is the beginning of the day of an instant.
func dayOf(ms int64, zone *time.Location) time.Time { return nextDay(time.UnixMilli(ms).In(zone), 0) }

// nextDay is the beginning of the day that comes days after at's.
func nextDay(at time.Time, days int) time.Time {
	return time.Date(at.Year(), at.Month(), at.Day()+days, 0, 0, 0, 0, at.Location())
}

// namesIn lists what a cell says as text: a string, the entries of a list, the ids of people and groups, the text of a url,
// the address of a location.
func namesIn(raw json.RawMessage) []string {
	var value any
	if json.Unmarshal(raw, &value) != nil {
		return nil
	}
	switch v := value.(type) {
	case string:
		return []string{v}
	case map[string]any:
		if text, ok := v["text"].(string); ok {
			return []string{text}
		}
		return addressesIn(v)
	case []any:
		names := make([]string, 0, len(v))
		for _, entry := range v {
			switch e := entry.(type) {
			case string:
				names = append(names, e)
			case map[string]any:
				if id, ok := e["id"].(string); ok {
					names = append(names, id)
				}
			}
		}
		return names
	}
	return nil
}

// addressesIn lists what a location in read shape is called: any of these may be meant by "the address".
func addressesIn(location map[string]any) (names []string) {
	for _, part := range []string{"full_address", "name", "address"} {
		if text, ok := location[part].(string); ok && text != "" && !slices.Contains(names, text) {
			names = append(names, text)
		}
	}
	return names
}
