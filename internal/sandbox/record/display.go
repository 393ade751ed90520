package record

import (
	"strings"
	"time"

	"github.com/rowgate/rowgate/internal/sandbox/core"
	"github.com/rowgate/rowgate/internal/sandbox/state"
)

// Display is a cell as a person reads it in Feishu: times in the base's zone, people and files by name, links by the title of the linked
// row. The caller holds the base's lock.
func Display(b *state.Base, t *state.Table, f *state.Field, rec *state.Row) string {
	switch v := (&reader{base: b, table: t, legacy: true, idType: "open_id"}).value(f, rec).(type) {
	case nil:
		return ""
	case string:
		return v
	case int64:
		return time.UnixMilli(v).In(b.Zone).Format("2006-01-02 15:04")
	case bool:
		if v {
			return "✓"
		}
		return ""
	case urlValue:
		if v.Text == v.Link {
			return v.Link
		}
		return v.Text + " " + v.Link
	case []string:
		return strings.Join(v, "、")
	case map[string]any:
		return label(v)
	case []any:
		return join(v)
	case []map[string]any:
		return join(core.MapSlice(v, func(object map[string]any) any { return object }))
	default:
		return string(core.Encode(v))
	}
}

func join(list []any) string {
	labels := make([]string, 0, len(list))
	for _, item := range list {
		object, _ := item.(map[string]any)
		labels = append(labels, label(object))
	}
	return strings.Join(labels, "、")
}

// label is the text of a person, file, place, link or segment.
func label(object map[string]any) string {
	for _, key := range []string{"full_address", "name", "text"} {
		if s, ok := object[key].(string); ok && s != "" {
			return s
		}
	}
	return ""
}
