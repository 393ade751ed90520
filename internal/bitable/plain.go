package bitable

import (
	"strconv"
	"time"

	"github.com/rowgate/rowgate/internal/feishu"
)

// AppendPlainRecord appends {"record_id":…, "<column>": plain value, …} for a record in read shape. Columns keep the order in
// which Feishu returned them; empty cells are absent, as Feishu leaves them out. A column that is itself named record_id
// appears as fields.record_id.
func (s *Schema) AppendPlainRecord(dst []byte, r feishu.Record, zone *time.Location) []byte {
	dst = appendQuoted(append(dst, `{"record_id":`...), r.ID)
	for w := walk(r.Fields); ; {
		key, raw, more := w.member()
		if !more {
			return append(dst, '}')
		}
		name := content(key)
		i, known := s.byName[string(name)]
		var f feishu.Field
		if known {
			f = s.columns[i].field
		}
		if string(name) == "record_id" {
			name = []byte("fields.record_id")
		}
		dst = append(appendQuoted(append(dst, ','), name), ':')
		dst = AppendPlain(dst, f, raw, zone)
	}
}

// AppendPlain appends the plain value of a cell in read shape: text joined, options as text, dates as RFC 3339 in zone,
// people and groups as [{"id","name"}], links as ids, urls as {"text","link"}, formulas and lookups as their values;
// everything else as Feishu has it. A shape that is not known is passed on as it is.
func AppendPlain(dst []byte, f feishu.Field, raw []byte, zone *time.Location) []byte {
	raw = trimJSON(raw)
	switch kindOf(f).form {
	case formSegments:
		if joined, ok := joinSegments(raw); ok {
			return appendQuoted(dst, joined)
		}
	case formTime:
		return appendTime(dst, raw, zone)
	case formPeople, formGroups:
		return appendMembers(dst, raw, "id", "name")
	case formURL:
		return appendMembers(dst, raw, "text", "link")
	case formRecordIDs:
		if ids := memberOf(raw, "link_record_ids"); ids != nil {
			if isNull(ids) {
				return append(dst, "[]"...)
			}
			raw = ids
		}
	case formComputed:
		return appendComputed(dst, f, raw, zone)
	case formScalar, formNumber, formCheckbox, formOptions, formFiles, formLocation:
	}
	return appendCompact(dst, raw)
}

func appendTime(dst, raw []byte, zone *time.Location) []byte {
	ms, err := strconv.ParseInt(string(raw), 10, 64)
	if err != nil {
		return appendCompact(dst, raw)
	}
	dst = append(dst, '"')
	dst = time.UnixMilli(ms).In(zone).AppendFormat(dst, "2006-01-02T15:04:05.999Z07:00")
	return append(dst, '"')
}

// appendMembers appends an object, or each object of a list, with only the members that are named.
func appendMembers(dst, raw []byte, names ...string) []byte {
	switch {
	case len(raw) > 0 && raw[0] == '[':
		dst = append(dst, '[')
		for w, first := walk(raw), true; ; first = false {
			entry, more := w.element()
			if !more {
				return append(dst, ']')
			}
			if !first {
				dst = append(dst, ',')
			}
			dst = appendMembers(dst, entry, names...)
		}
	case len(raw) > 0 && raw[0] == '{':
		dst = append(dst, '{')
		first := true
		for _, name := range names {
			value := memberOf(raw, name)
			if value == nil {
				continue
			}
			if !first {
				dst = append(dst, ',')
			}
			first = false
			dst = append(appendQuoted(dst, name), ':')
			dst = appendCompact(dst, value)
		}
		return append(dst, '}')
	default:
		return appendCompact(dst, raw)
	}
}

// appendComputed unwraps {"type":n,"value":[…]}. A formula has one value, which stands alone, except for types whose values
// are lists; a lookup has a list, an entry for each record.
func appendComputed(dst []byte, f feishu.Field, raw []byte, zone *time.Location) []byte {
	value := memberOf(raw, "value")
	kind, err := strconv.Atoi(string(memberOf(raw, "type")))
	if err != nil || len(value) == 0 || value[0] != '[' {
		if value == nil {
			value = raw
		}
		return appendCompact(dst, value)
	}
	inner := feishu.Field{Type: feishu.FieldType(kind)}
	switch form := kindOf(inner).form; {
	case form == formComputed: // never nested
		return appendCompact(dst, value)
	case form.isList(), form == formSegments && f.Type == feishu.TypeFormula:
		return AppendPlain(dst, inner, value, zone)
	}
	start, n := len(dst), 0
	dst = append(dst, '[')
	for w := walk(value); ; n++ {
		entry, more := w.element()
		if !more {
			break
		}
		if n > 0 {
			dst = append(dst, ',')
		}
		if text := memberOf(entry, "text"); inner.Type == feishu.TypeText && isString(text) {
			entry = text
		}
		dst = AppendPlain(dst, inner, entry, zone)
	}
	if n == 1 && f.Type == feishu.TypeFormula {
		return append(dst[:start], dst[start+1:]...)
	}
	return append(dst, ']')
}
