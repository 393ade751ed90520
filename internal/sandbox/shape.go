package sandbox

import (
	"slices"
	"strconv"
	"strings"
)

// reader renders rows of one table. The caller holds the base's lock.
type reader struct {
	base      *base
	table     *table
	idType    string
	legacy    bool // the shapes of GET records: numbers as strings, links as objects with text
	segments  bool // legacy with text_field_as_array
	automatic bool // created_by and the like beside fields
	only      []*field
}

// shown is a record's cells in the read shape; empty ones are left out.
func (r *reader) shown(rec *row) map[string]any {
	fields := r.only
	if fields == nil {
		fields = r.table.fields
	}
	shown := make(map[string]any, len(fields))
	for _, f := range fields {
		if v := r.value(f, rec); v != nil {
			shown[f.name] = v
		}
	}
	return shown
}

// record is a row as search, get and list show it. Empty cells are left out.
func (r *reader) record(rec *row) map[string]any {
	out := map[string]any{"record_id": rec.id, "fields": r.shown(rec)}
	if r.legacy {
		out["id"] = rec.id
	}
	if r.automatic {
		out["created_by"], out["created_time"] = appUser(rec.createdBy), rec.created.UnixMilli()
		out["last_modified_by"], out["last_modified_time"] = appUser(rec.changedBy), rec.modified.UnixMilli()
	}
	return out
}

// value is a cell in the read shape; nil when empty.
func (r *reader) value(f *field, rec *row) any {
	switch f.typ {
	case typeCreatedTime:
		return rec.created.UnixMilli()
	case typeModifiedTime:
		return rec.modified.UnixMilli()
	case typeCreatedUser:
		return []any{appUser(rec.createdBy)}
	case typeModifiedUser:
		return []any{appUser(rec.changedBy)}
	case typeAutoNumber:
		return strconv.FormatInt(rec.serial, 10)
	case typeFormula, typeLookup:
		return r.computedShape(f)
	}
	cell := rec.cell(f)
	if cell == nil {
		return nil
	}
	switch v := cell.(type) {
	case string:
		return r.text(f, v)
	case float64:
		if r.legacy {
			return strconv.FormatFloat(v, 'f', -1, 64)
		}
		return v
	case *option:
		return v.Name
	case []*option:
		return optionNames(v)
	case []*person:
		return mapSlice(v, func(p *person) any { return p.show(r.idType) })
	case []*mediaFile:
		return mapSlice(v, func(m *mediaFile) any { return m.show() })
	case locationValue:
		at := v.String()
		return map[string]any{"location": at, "pname": "", "cityname": "", "adname": "", "address": "", "name": at, "full_address": at}
	case []string:
		if f.typ == typeGroup {
			return mapSlice(v, func(id string) any {
				return map[string]any{"id": id, "name": id, "avatar_url": "https://internal-api-lark-file.feishu.cn/static-resource/v1/" + id}
			})
		}
		return r.links(f, v)
	default: // date, checkbox and url read as they are written
		return v
	}
}

func (r *reader) text(f *field, s string) any {
	if f.typ != typeText || (r.legacy && !r.segments) {
		return s
	}
	if f.ui == "Email" {
		return []map[string]any{{"type": "url", "text": s, "link": "mailto:" + s}}
	}
	return []map[string]any{{"type": "text", "text": s}}
}

// links leaves out records that were deleted since.
func (r *reader) links(f *field, ids []string) any {
	target := r.base.tables[f.target]
	if target != nil && len(target.graves) > 0 {
		ids = slices.DeleteFunc(slices.Clone(ids), func(id string) bool { _, gone := target.graves[id]; return gone })
	}
	if len(ids) == 0 {
		return nil
	}
	if !r.legacy {
		return map[string]any{"link_record_ids": ids}
	}
	texts := make([]string, len(ids))
	for i, id := range ids {
		if target != nil && target.rows[id] != nil {
			texts[i] = plain(target.rows[id].cell(target.primary()))
		}
	}
	return []map[string]any{{"record_ids": ids, "table_id": f.target, "text": strings.Join(texts, ","), "text_arr": texts, "type": "text"}}
}

func (r *reader) computedShape(f *field) any {
	switch {
	case f.computed == nil:
		return nil
	case r.legacy && len(f.computed.Value) == 1:
		return f.computed.Value[0]
	case r.legacy:
		return f.computed.Value
	default:
		return f.computed
	}
}

// written is a cell in the write shape, as Rows shows it; nil when empty or computed.
func written(f *field, cell any) any {
	switch v := cell.(type) {
	case *option:
		return v.Name
	case []*option:
		return optionNames(v)
	case []*person:
		return mapSlice(v, func(p *person) any { return map[string]string{"id": p.OpenID} })
	case []*mediaFile:
		return mapSlice(v, func(m *mediaFile) any { return map[string]string{"file_token": m.token} })
	case locationValue:
		return v.String()
	case urlValue:
		return map[string]string{"text": v.Text, "link": v.Link}
	case []string:
		if f.typ == typeGroup {
			return idObjects("id", v)
		}
		return slices.Clone(v)
	default:
		return v
	}
}

// plain is a cell as one text: what a linked record shows, and what text filters look at.
func plain(cell any) string {
	switch v := cell.(type) {
	case string:
		return v
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	case int64:
		return strconv.FormatInt(v, 10)
	case bool:
		return strconv.FormatBool(v)
	case urlValue:
		return v.Text
	case *option:
		return v.Name
	case locationValue:
		return v.String()
	default:
		return ""
	}
}

// appUser is an app as the user that made or changed a record.
func appUser(appID string) map[string]any {
	return map[string]any{"id": appUserID(appID), "name": appID, "en_name": appID, "email": "", "avatar_url": ""}
}

func appUserID(appID string) string { return "ou_" + strings.ReplaceAll(appID, "_", "") }

func optionNames(list []*option) []string {
	out := make([]string, len(list))
	for i, o := range list {
		out[i] = o.Name
	}
	return out
}

func mapSlice[T any](list []T, f func(T) any) []any {
	out := make([]any, len(list))
	for i, item := range list {
		out[i] = f(item)
	}
	return out
}
