package bitable

import (
	"bytes"
	"encoding/json"
	"slices"
	"strconv"

	"github.com/rowgate/rowgate/internal/feishu"
)

// Cell returns the value that a row or record has for a column, or nil. row is a JSON object keyed by column name.
func Cell(row json.RawMessage, column string) json.RawMessage { return memberOf(row, column) }

// KeyValue returns the key of a cell in write shape; ok is false for an empty cell, which cannot be a key. Equal cells have
// equal keys, those of KeyOfRead among them; people are a set, a url is its link.
func KeyValue(f feishu.Field, written json.RawMessage) (key string, ok bool) {
	raw := trimJSON(written)
	switch kindOf(f).form {
	case formURL:
		raw = memberOf(raw, "link")
		key = string(content(raw))
	case formCheckbox:
		if len(raw) == 0 || isNull(raw) {
			return "", false
		}
		key = string(raw)
	default:
		key = normal(kindOf(f).form, raw)
	}
	return key, key != ""
}

// KeyOfRead returns the key of a cell in read shape; ok is false for an empty cell. An untouched checkbox is absent from a
// record and means false.
func KeyOfRead(f feishu.Field, read json.RawMessage) (key string, ok bool) {
	if kindOf(f).form == formCheckbox && (len(read) == 0 || isNull(read)) {
		return "false", true
	}
	return KeyValue(f, read)
}

// Changed reports whether writing row, in write shape, would change a record, in read shape. Lists that hold the same entries
// in another order differ, people excepted. A column that the schema does not have counts as changed.
func (s *Schema) Changed(row, record json.RawMessage) bool {
	cells := make(map[string][]byte, len(s.columns))
	for w := walk(record); ; {
		key, value, more := w.member()
		if !more {
			break
		}
		cells[string(content(key))] = value
	}
	for w := walk(row); ; {
		key, written, more := w.member()
		if !more {
			return false
		}
		name := content(key)
		i, known := s.byName[string(name)]
		if !known || normal(s.columns[i].kind.form, written) != normal(s.columns[i].kind.form, cells[string(name)]) {
			return true
		}
	}
}

// normal gives equal cells equal text, whether in write or in read shape; "" for an empty cell.
func normal(form form, raw []byte) string {
	raw = trimJSON(raw)
	if len(raw) == 0 || isNull(raw) {
		return ""
	}
	switch form {
	case formSegments:
		if joined, ok := joinSegments(raw); ok {
			return string(joined)
		}
	case formNumber, formTime:
		return normalNumber(spelled(raw))
	case formCheckbox:
		if string(raw) == "false" {
			return ""
		}
	case formPeople:
		return normalList(raw, "id", true)
	case formGroups:
		return normalList(raw, "id", false)
	case formFiles:
		return normalList(raw, "file_token", false)
	case formOptions:
		return normalList(raw, "", false)
	case formRecordIDs:
		if ids := memberOf(raw, "link_record_ids"); ids != nil {
			if raw = ids; isNull(ids) {
				return ""
			}
		}
		return normalList(raw, "", false)
	case formURL:
		return string(appendMembers(nil, raw, "text", "link"))
	case formLocation:
		if location := memberOf(raw, "location"); location != nil {
			raw = location
		}
		lng, lat, _ := bytes.Cut(spelled(raw), []byte(","))
		return normalNumber(bytes.TrimSpace(lng)) + "," + normalNumber(bytes.TrimSpace(lat))
	case formScalar, formComputed: // compare as they are spelled
	}
	if isString(raw) {
		return string(content(raw))
	}
	return string(appendCompact(nil, raw))
}

// spelled is what a string says, or raw itself.
func spelled(raw []byte) []byte {
	if isString(raw) {
		return content(raw)
	}
	return raw
}

// normalNumber spells equal numbers alike: shortest, without exponent.
func normalNumber(s []byte) string {
	v, err := strconv.ParseFloat(string(s), 64)
	if err != nil {
		return string(s)
	}
	return strconv.FormatFloat(v+0, 'f', -1, 64) // + 0 makes 0 of -0
}

// normalList spells the entries of a list, or one member of each, as quoted strings; sorted where their order says nothing.
func normalList(raw []byte, member string, sorted bool) string {
	if raw[0] != '[' {
		return string(appendCompact(nil, raw))
	}
	var entries [][]byte
	for w := walk(raw); ; {
		entry, more := w.element()
		if !more {
			break
		}
		if id := memberOf(entry, member); member != "" && id != nil {
			entry = id
		}
		entries = append(entries, appendCompact(nil, entry))
	}
	if sorted {
		slices.SortFunc(entries, bytes.Compare)
	}
	return string(bytes.Join(entries, []byte(",")))
}
