package bitable

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/rowgate/rowgate/internal/feishu"
	"github.com/rowgate/rowgate/internal/problem"
)

// Inferred is a column that was made out of the values that rows have for it.
type Inferred struct {
	Field  feishu.Field // name, type and property, ready to be created
	Why    problem.Text // what the type rests on
	Values int          // values that were looked at, empty ones left out
}

// Bounds of inference.
const (
	maxInferredDigits      = 10 // longer digits in text are ids, not numbers
	maxInferredOptionRunes = 30 // a longer text in a list is not an option
)

// SampleColumns lists the columns that rows name, with their values, for Infer. Rows have the shapes that Coerce takes.
func SampleColumns(rows []json.RawMessage) ([]UnknownColumn, []RowError) {
	plan := NewSchema(nil).Coerce(rows, Options{UnknownFields: PolicyCreate})
	return plan.UnknownColumns(), plan.Errors()
}

// Infer finds the type of each column by evidence over all its values: every one of them must be of a type, else the column
// is text, which loses nothing. Columns keep their order; text "00123" or a long row of digits stays text.
func Infer(columns []UnknownColumn) []Inferred {
	inferred := make([]Inferred, len(columns))
	for i, column := range columns {
		inferred[i] = inferColumn(column)
	}
	return inferred
}

// evidence is what one value can be.
type evidence struct {
	kind     feishu.FieldType
	decimals int  // digits behind the point of a number
	percent  bool // a number was written with %
	timed    bool // a date has a time of day
	zh, en   string
}

// and is what both values have in common; ok is false if they are not of one type.
func (e evidence) and(other evidence) (both evidence, ok bool) {
	e.decimals = max(e.decimals, other.decimals)
	e.percent = e.percent && other.percent
	e.timed = e.timed || other.timed
	return e, e.kind == other.kind
}

// format is how Feishu shows the values: numbers with as many digits as they have, dates with the time if any has one.
func (e evidence) format() feishu.FieldProperty {
	numbers := []string{"0", "0.0", "0.00", "0.000", "0.0000"}
	switch {
	case e.kind == feishu.TypeNumber && e.percent:
		return feishu.FieldProperty{Formatter: "0.00%"}
	case e.kind == feishu.TypeNumber:
		return feishu.FieldProperty{Formatter: numbers[min(e.decimals, len(numbers)-1)]}
	case e.kind == feishu.TypeDateTime && e.timed:
		return feishu.FieldProperty{DateFormatter: "yyyy/MM/dd HH:mm"}
	case e.kind == feishu.TypeDateTime:
		return feishu.FieldProperty{DateFormatter: "yyyy/MM/dd"}
	default:
		return feishu.FieldProperty{}
	}
}

func inferColumn(column UnknownColumn) Inferred {
	out := Inferred{Field: feishu.Field{Name: column.Name, Type: feishu.TypeText}}
	var found evidence
	agreed, emptyLists := true, false
	for _, raw := range column.Samples {
		raw = trimJSON(raw)
		e, empty := evidenceOf(raw)
		if empty {
			emptyLists = emptyLists || len(raw) > 0 && raw[0] == '['
			continue
		}
		if out.Values++; out.Values == 1 {
			found = e
			continue
		}
		var same bool
		found, same = found.and(e)
		agreed = agreed && same
	}
	if emptyLists && found.kind != feishu.TypeMultiSelect && found.kind != feishu.TypeAttachment {
		agreed = false
	}
	switch {
	case column.Files > 0:
		out.Field.Type = feishu.TypeAttachment
		out.Why = problem.Text{
			ZH: fmt.Sprintf("有 %d 个文件。", column.Files),
			EN: fmt.Sprintf("There are %d files for it.", column.Files),
		}
		return out
	case out.Values == 0:
		out.Why = problem.Text{ZH: "没有值，按文本。", EN: "There are no values; text."}
		return out
	case !agreed:
		out.Why = problem.Text{
			ZH: fmt.Sprintf("%d 个值的类型不一致，按文本。", out.Values),
			EN: fmt.Sprintf("The %d values are not of one type; text.", out.Values),
		}
		return out
	}
	out.Field.Type = found.kind
	out.Why = problem.Text{
		ZH: fmt.Sprintf("全部 %d 个值都是%s。", out.Values, found.zh),
		EN: fmt.Sprintf("All %d values are %s.", out.Values, found.en),
	}
	switch found.kind { //nolint:exhaustive // the others have no property
	case feishu.TypeNumber, feishu.TypeDateTime:
		out.Field.Property = new(found.format())
	case feishu.TypeMultiSelect:
		out.Field.Property = &feishu.FieldProperty{Options: inferOptions(column.Samples)}
	}
	return out
}

var (
	isTextual    = evidence{kind: feishu.TypeText, zh: "文本", en: "text"}
	isNumeric    = evidence{kind: feishu.TypeNumber, zh: "数字", en: "numbers"}
	isBoolean    = evidence{kind: feishu.TypeCheckbox, zh: "布尔值", en: "booleans"}
	isDated      = evidence{kind: feishu.TypeDateTime, zh: "日期", en: "dates"}
	isLink       = evidence{kind: feishu.TypeURL, zh: "链接", en: "links"}
	isOptionList = evidence{kind: feishu.TypeMultiSelect, zh: "短文本的列表", en: "lists of short texts"}
	isFileList   = evidence{kind: feishu.TypeAttachment, zh: "文件", en: "files"}
)

func evidenceOf(raw []byte) (e evidence, empty bool) {
	switch {
	case len(raw) == 0 || isNull(raw):
		return e, true
	case isNumber(raw):
		if !isExact(raw) {
			return isTextual, false
		}
		return numberEvidence(raw), false
	case raw[0] == 't' || raw[0] == 'f':
		return isBoolean, false
	case isString(raw):
		text := bytes.TrimSpace(content(raw))
		return textEvidence(text), len(text) == 0
	case raw[0] == '{':
		if isString(memberOf(raw, "text")) && isURL(spelled(memberOf(raw, "link"))) {
			return isLink, false
		}
		return isTextual, false
	default:
		return listEvidence(raw)
	}
}

// numberEvidence counts the digits behind the point of a JSON number.
func numberEvidence(number []byte) evidence {
	e := isNumeric
	mantissa, _, _ := bytes.Cut(bytes.ToLower(number), []byte("e"))
	_, fraction, _ := bytes.Cut(mantissa, []byte("."))
	e.decimals = len(bytes.TrimRight(fraction, "0"))
	return e
}

func textEvidence(text []byte) evidence {
	folded := foldWidth(text)
	switch {
	case isOneLink(text):
		return isLink
	case bytes.EqualFold(folded, []byte("true")) || bytes.EqualFold(folded, []byte("false")):
		return isBoolean
	}
	if n, ok := parseNumber(folded); ok {
		id := folded[0] == '+' || areDigits(folded) && (len(folded) > maxInferredDigits || len(folded) > 1 && folded[0] == '0')
		number, _, fault := appendNumber(nil, folded)
		if id || !fault.IsZero() {
			return isTextual
		}
		e := numberEvidence(number)
		e.percent = n.percent
		return e
	}
	if d, fault := parseDate(string(folded)); fault.reason.IsZero() {
		e := isDated
		e.timed = d.timed
		return e
	}
	return isTextual
}

// isOneLink reports whether text is one http or https address that a url column takes whole or without the mark behind it: of
// "http://." nothing is left.
func isOneLink(text []byte) bool {
	return isURL(text) && (text[0]|0x20) == 'h' && isURL(bareLink(text)) && countLinks(text) == 1
}

func listEvidence(raw []byte) (e evidence, empty bool) {
	n, files := 0, 0
	for w := walk(raw); ; n++ {
		entry, more := w.element()
		if !more {
			break
		}
		switch {
		case isFileToken(spelled(memberOf(entry, "file_token"))):
			files++
		case !isString(entry) || len([]rune(string(content(entry)))) > maxInferredOptionRunes:
			return isTextual, false
		}
	}
	switch {
	case n == 0:
		return e, true
	case files == n:
		return isFileList, false
	case files > 0:
		return isTextual, false
	default:
		return isOptionList, false
	}
}

// inferOptions lists the options that the values of a multi select name, each once, in order of first use.
func inferOptions(samples []json.RawMessage) []feishu.Option {
	var options []feishu.Option
	seen := map[string]bool{}
	for _, raw := range samples {
		raw = trimJSON(raw)
		if len(raw) == 0 || raw[0] != '[' {
			continue
		}
		for w := walk(raw); ; {
			entry, more := w.element()
			if !more {
				break
			}
			name := string(bytes.TrimSpace(content(entry)))
			if key := foldOption(name); name != "" && !seen[key] && len(options) < MaxOptions {
				seen[key] = true
				options = append(options, feishu.Option{Name: name})
			}
		}
	}
	return options
}
