package record

import (
	"encoding/json"
	"time"

	"github.com/rowgate/rowgate/internal/sandbox/base"
	"github.com/rowgate/rowgate/internal/sandbox/core"
	"github.com/rowgate/rowgate/internal/sandbox/state"
)

// Limits of reading calls.
const (
	MaxPage        = 500 // records; a larger page_size is 99992402
	MaxBatchGet    = 100 // record ids: 1254104
	MaxFieldNames  = 200
	maxSortFields  = 100
	MaxFilterChars = 2000 // 1254107
	MaxSortChars   = 1000 // 1254108
)

type sortKey struct {
	FieldName string `json:"field_name"`
	Desc      bool   `json:"desc"`
	field     *state.Field
}

// query is a search or a list: which rows, in which order, which page.
type query struct {
	keep  func(*state.Row) bool // nil: all
	sort  []sortKey
	after string // page_token
	size  int
	lags  bool // rows are shown as they were at asOf
	asOf  time.Time
}

func searchRecords(c *core.Call) (any, *core.Failure) {
	var body struct {
		ViewID     string          `json:"view_id"`
		FieldNames []string        `json:"field_names"`
		Sort       json.RawMessage `json:"sort"`
		Filter     json.RawMessage `json:"filter"`
		Automatic  bool            `json:"automatic_fields"`
	}
	if len(c.Body) > 0 { // an empty body asks for everything
		if f := c.Decode(&body); f != nil {
			return nil, f
		}
	}
	return runPage(c, func(r *reader, q *query) *core.Failure {
		r.automatic = body.Automatic
		if f := r.choose(body.FieldNames); f != nil {
			return f
		}
		if f := q.setSort(r, body.Sort); f != nil {
			return f
		}
		var f *core.Failure
		if q.keep, f = parseFilter(r, body.Filter); f != nil {
			return f
		}
		if q.keep == nil && len(q.sort) == 0 { // else view_id is ignored
			q.keep, f = r.rowsOfView(body.ViewID)
		}
		return f
	})
}

func listRecords(c *core.Call) (any, *core.Failure) {
	params := c.Request.URL.Query()
	return runPage(c, func(r *reader, q *query) *core.Failure {
		r.legacy = true
		for name, flag := range map[string]*bool{"text_field_as_array": &r.segments, "automatic_fields": &r.automatic} {
			if f := core.BoolParam(params.Get(name), name, flag); f != nil {
				return f
			}
		}
		if text := params.Get("field_names"); text != "" {
			var names []string
			if json.Unmarshal([]byte(text), &names) != nil {
				return core.Fail(1254024)
			}
			if f := r.choose(names); f != nil {
				return f
			}
		}
		if f := q.setLegacySort(r, params.Get("sort")); f != nil {
			return f
		}
		if text := params.Get("filter"); text != "" {
			if len([]rune(text)) > MaxFilterChars {
				return core.Fail(1254107)
			}
			var f *core.Failure
			if q.keep, f = parseFormula(r, text); f != nil {
				return f
			}
		}
		if q.keep != nil || len(q.sort) > 0 {
			return nil
		}
		var f *core.Failure
		q.keep, f = r.rowsOfView(params.Get("view_id"))
		return f
	})
}

// runPage runs a query that prepare fills in and answers one page of it.
func runPage(c *core.Call, prepare func(*reader, *query) *core.Failure) (any, *core.Failure) {
	idType, f := c.UserIDType()
	if f != nil {
		return nil, f
	}
	size, f := core.PageSize(c.Request.URL.Query().Get("page_size"), core.DefaultPage, MaxPage)
	if f != nil {
		return nil, f
	}
	b, t, f := base.OpenTable(c, false)
	if f != nil {
		return nil, f
	}
	q := &query{size: size, after: c.Request.URL.Query().Get("page_token")}
	r := &reader{base: b, table: t, idType: idType, location: c.Options.LocationFilter}
	b.RLock()
	f = prepare(r, q)
	b.RUnlock()
	if f != nil {
		return nil, f
	}
	end, f := c.Begin(nil, size)
	if f != nil {
		return nil, f
	}
	defer end()
	b.RLock()
	defer b.RUnlock()
	if base.SeesNoRows(c, b) {
		return map[string]any{"items": []any{}, "has_more": false, "total": 0}, nil
	}
	q.lags, q.asOf = c.SearchLag > 0, time.Now().Add(-c.SearchLag)
	rows, next, total, f := q.run(t)
	if f != nil {
		return nil, f
	}
	items := core.MapSlice(rows, func(rec *state.Row) any { return r.record(rec) })
	out := map[string]any{"items": items, "has_more": next != "", "total": total}
	if next != "" {
		out["page_token"] = next
	}
	return out, nil
}

func getRecord(c *core.Call) (any, *core.Failure) {
	idType, f := c.UserIDType()
	if f != nil {
		return nil, f
	}
	r := &reader{idType: idType, legacy: true}
	params := c.Request.URL.Query()
	for name, flag := range map[string]*bool{"text_field_as_array": &r.segments, "automatic_fields": &r.automatic} {
		if f := core.BoolParam(params.Get(name), name, flag); f != nil {
			return nil, f
		}
	}
	id := c.Params["record_id"]
	if !state.RecordIDShape.MatchString(id) {
		return nil, core.Fail(1254006)
	}
	if r.base, r.table, f = base.OpenTable(c, false); f != nil {
		return nil, f
	}
	end, f := c.Begin(nil, 1)
	if f != nil {
		return nil, f
	}
	defer end()
	r.base.RLock()
	defer r.base.RUnlock()
	rec := r.table.Rows[id]
	if rec == nil || base.SeesNoRows(c, r.base) {
		return nil, core.Fail(1254043)
	}
	return map[string]any{"record": r.record(rec)}, nil
}

func batchGetRecords(c *core.Call) (any, *core.Failure) {
	var body struct {
		RecordIDs  []string `json:"record_ids"`
		UserIDType string   `json:"user_id_type"`
		SharedURL  bool     `json:"with_shared_url"`
		Automatic  bool     `json:"automatic_fields"`
	}
	if f := c.Decode(&body); f != nil {
		return nil, f
	}
	if len(body.RecordIDs) == 0 {
		return nil, core.Violation("record_ids", "", "record_ids is required")
	}
	if len(body.RecordIDs) > MaxBatchGet {
		return nil, core.Fail(1254104)
	}
	idType, f := core.CheckIDType(body.UserIDType)
	if f != nil {
		return nil, f
	}
	b, t, f := base.OpenTable(c, false)
	if f != nil {
		return nil, f
	}
	end, f := c.Begin(nil, len(body.RecordIDs))
	if f != nil {
		return nil, f
	}
	defer end()
	b.RLock()
	defer b.RUnlock()
	r := &reader{base: b, table: t, idType: idType, automatic: body.Automatic}
	found, absent, forbidden := []any{}, []string{}, []string{}
	for _, id := range body.RecordIDs {
		rec := t.Rows[id]
		switch {
		case !state.RecordIDShape.MatchString(id):
			return nil, core.Fail(1254006)
		case rec == nil:
			absent = append(absent, id)
		case base.SeesNoRows(c, b) && c.Options.HiddenAbsent:
			absent = append(absent, id)
		case base.SeesNoRows(c, b):
			forbidden = append(forbidden, id)
		default:
			shown := r.record(rec)
			if body.SharedURL {
				shown["shared_url"] = "https://example.feishu.cn/record/" + id
			}
			found = append(found, shown)
		}
	}
	return map[string]any{"records": found, "forbidden_record_ids": forbidden, "absent_record_ids": absent}, nil
}
