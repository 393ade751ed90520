package outbox

import (
	"encoding/json"

	"github.com/rowgate/rowgate/internal/feishu"
)

// Text, numbers and single selects compare by what they show.

func keyFieldAllowed(f feishu.Field) bool {
	return f.Type == feishu.TypeText || f.Type == feishu.TypeNumber || f.Type == feishu.TypeSingleSelect
}

func keyValue(_ feishu.Field, raw json.RawMessage) (string, bool) {
	s := plainText(raw)
	return s, s != ""
}

func keyOfRead(_ feishu.Field, raw json.RawMessage) (string, bool) {
	s := plainText(raw)
	return s, s != ""
}

func plainText(raw json.RawMessage) string {
	var v any
	if len(raw) == 0 || json.Unmarshal(raw, &v) != nil {
		return ""
	}
	switch v := v.(type) {
	case string:
		return v
	case []any:
		out := ""
		for _, x := range v {
			if m, ok := x.(map[string]any); ok {
				s, _ := m["text"].(string)
				out += s
			}
		}
		return out
	case nil:
		return ""
	}
	return string(raw)
}

func changed(fields []feishu.Field, row, record json.RawMessage) bool {
	have := cellsOf(record)
	for name, value := range cellsOf(row) {
		if plainText(value) != plainText(have[name]) {
			return true
		}
	}
	return false
}

func keyFilters(columns []feishu.Field, rows []map[string]json.RawMessage) []json.RawMessage {
	if len(columns) != 1 || len(rows) > 10 {
		return nil
	}
	conds := []any{}
	for _, r := range rows {
		conds = append(conds, map[string]any{"field_name": columns[0].Name, "operator": "is", "value": []string{plainText(r[columns[0].Name])}})
	}
	out, _ := json.Marshal(map[string]any{"conjunction": "or", "conditions": conds})
	return []json.RawMessage{out}
}
