package record

import (
	"slices"
	"strconv"
	"strings"

	"github.com/rowgate/rowgate/internal/sandbox/core"
	"github.com/rowgate/rowgate/internal/sandbox/state"
)

// reader renders rows of one table. The caller holds the base's lock.
type reader struct {
	base      *state.Base
	table     *state.Table
	idType    string
	legacy    bool // the shapes of GET records: numbers as strings, links as objects with text
	segments  bool // legacy with text_field_as_array
	automatic bool // created_by and the like beside fields
	only      []*state.Field

	location core.LocationMode // Options.LocationFilter
}

// readShape is a record's cells in the read shape; empty ones are left out.
func (r *reader) readShape(rec *state.Row) map[string]any {
	fields := r.only
	if fields == nil {
		fields = r.table.Fields
	}
	shown := make(map[string]any, len(fields))
	for _, f := range fields {
		if v := r.value(f, rec); v != nil {
			shown[f.Name] = v
		}
	}
	return shown
}

// record is a row as search, get and list show it. Empty cells are left out.
func (r *reader) record(rec *state.Row) map[string]any {
	out := map[string]any{"record_id": rec.ID, "fields": r.readShape(rec)}
	if r.legacy {
		out["id"] = rec.ID
	}
	if r.automatic {
		out["created_by"], out["created_time"] = appUser(rec.CreatedBy), rec.Created.UnixMilli()
		out["last_modified_by"], out["last_modified_time"] = appUser(rec.ChangedBy), rec.Modified.UnixMilli()
	}
	return out
}

// value is a cell in the read shape; nil when empty.
func (r *reader) value(f *state.Field, rec *state.Row) any {
	switch f.Type {
	case state.TypeCreatedTime:
		return rec.Created.UnixMilli()
	case state.TypeModifiedTime:
		return rec.Modified.UnixMilli()
	case state.TypeCreatedUser:
		return r.automaticUser(rec.CreatedBy)
	case state.TypeModifiedUser:
		return r.automaticUser(rec.ChangedBy)
	case state.TypeAutoNumber:
		return strconv.FormatInt(rec.Serial, 10)
	case state.TypeFormula, state.TypeLookup:
		return r.computedShape(f)
	}
	cell := rec.Cell(f)
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
	case *state.Option:
		return v.Name
	case []*state.Option:
		return optionNames(v)
	case []*state.Person:
		return core.MapSlice(v, func(p *state.Person) any { return p.Show(r.idType) })
	case []*state.Media:
		return core.MapSlice(v, func(m *state.Media) any { return m.Show() })
	case locationValue:
		at := v.String()
		return map[string]any{"location": at, "pname": "", "cityname": "", "adname": "", "address": "", "name": at, "full_address": at}
	case []string:
		if f.Type == state.TypeGroup {
			return core.MapSlice(v, func(id string) any {
				return map[string]any{"id": id, "name": id, "avatar_url": "https://internal-api-lark-file.feishu.cn/static-resource/v1/" + id}
			})
		}
		return r.links(f, v)
	default: // date, checkbox and url read as they are written
		return v
	}
}

func (r *reader) text(f *state.Field, s string) any {
	if f.Type != state.TypeText || (r.legacy && !r.segments) {
		return s
	}
	if f.UI == "Email" {
		return []map[string]any{{"type": "url", "text": s, "link": "mailto:" + s}}
	}
	return []map[string]any{{"type": "text", "text": s}}
}

// links leaves out records that were deleted since.
func (r *reader) links(f *state.Field, ids []string) any {
	target := r.base.Tables[f.Target]
	if target != nil && len(target.DeletedIDs) > 0 {
		ids = slices.DeleteFunc(slices.Clone(ids), func(id string) bool { _, gone := target.DeletedIDs[id]; return gone })
	}
	if len(ids) == 0 {
		return nil
	}
	if !r.legacy {
		return map[string]any{"link_record_ids": ids}
	}
	texts := make([]string, len(ids))
	for i, id := range ids {
		if target != nil && target.Rows[id] != nil {
			texts[i] = PlainText(target.Rows[id].Cell(target.Primary()))
		}
	}
	return []map[string]any{{"record_ids": ids, "table_id": f.Target, "text": strings.Join(texts, ","), "text_arr": texts, "type": "text"}}
}

// automaticUser is who made or changed a record: a list of one, in the legacy shape the object alone.
func (r *reader) automaticUser(appID string) any {
	if r.legacy {
		return appUser(appID)
	}
	return []any{appUser(appID)}
}

// computedShape is the value of a formula or lookup; in the legacy shape a list of text segments, also for one segment.
func (r *reader) computedShape(f *state.Field) any {
	switch {
	case f.Computed == nil:
		return nil
	case r.legacy:
		return core.MapSlice(f.Computed.Value, segment)
	default:
		return f.Computed
	}
}

// segment is an item of a computed value as a text segment.
func segment(item any) any {
	switch v := item.(type) {
	case map[string]any:
		text, _ := v["text"].(string)
		return map[string]any{"text": text, "type": "text"}
	case string:
		return map[string]any{"text": v, "type": "text"}
	default: // a number or a boolean
		return map[string]any{"text": string(core.Encode(v)), "type": "text"}
	}
}

// writeShape is a cell in the write shape, as Rows shows it; nil when empty or computed.
func writeShape(f *state.Field, cell any) any {
	switch v := cell.(type) {
	case *state.Option:
		return v.Name
	case []*state.Option:
		return optionNames(v)
	case []*state.Person:
		return core.MapSlice(v, func(p *state.Person) any { return map[string]string{"id": p.OpenID} })
	case []*state.Media:
		return core.MapSlice(v, func(m *state.Media) any { return map[string]string{"file_token": m.Token} })
	case locationValue:
		return v.String()
	case urlValue:
		return map[string]string{"text": v.Text, "link": v.Link}
	case []string:
		if f.Type == state.TypeGroup {
			return idObjects("id", v)
		}
		return slices.Clone(v)
	default:
		return v
	}
}

// PlainText is a cell as one text: what a linked record shows, and what text filters look at.
func PlainText(cell any) string {
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
	case *state.Option:
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

func optionNames(list []*state.Option) []string {
	out := make([]string, len(list))
	for i, o := range list {
		out[i] = o.Name
	}
	return out
}
