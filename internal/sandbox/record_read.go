package sandbox

import (
	"encoding/json"
)

// Limits of reading calls.
const (
	maxPage        = 500 // records; a larger page_size is 99992402
	maxBatchGet    = 100 // record ids: 1254104
	maxFieldNames  = 200
	maxSortFields  = 100
	maxFilterChars = 2000 // 1254107
	maxSortChars   = 1000 // 1254108
)

type sortKey struct {
	FieldName string `json:"field_name"`
	Desc      bool   `json:"desc"`
	field     *field
}

// query is a search or a list: which rows, in which order, which page.
type query struct {
	keep  func(*row) bool // nil: all
	sort  []sortKey
	after string // page_token
	size  int
}

func searchRecords(c *call) (any, *failure) {
	var body struct {
		ViewID     string          `json:"view_id"`
		FieldNames []string        `json:"field_names"`
		Sort       json.RawMessage `json:"sort"`
		Filter     json.RawMessage `json:"filter"`
		Automatic  bool            `json:"automatic_fields"`
	}
	if len(c.body) > 0 { // an empty body asks for everything
		if f := c.decode(&body); f != nil {
			return nil, f
		}
	}
	return runPage(c, func(r *reader, q *query) *failure {
		r.automatic = body.Automatic
		if f := r.choose(body.FieldNames); f != nil {
			return f
		}
		if f := q.setSort(r, body.Sort); f != nil {
			return f
		}
		var f *failure
		if q.keep, f = parseFilter(r, body.Filter); f != nil {
			return f
		}
		if q.keep == nil && len(q.sort) == 0 { // else view_id is ignored
			return checkView(r.table, body.ViewID)
		}
		return nil
	})
}

func listRecords(c *call) (any, *failure) {
	params := c.req.URL.Query()
	return runPage(c, func(r *reader, q *query) *failure {
		r.legacy = true
		for name, flag := range map[string]*bool{"text_field_as_array": &r.segments, "automatic_fields": &r.automatic} {
			if f := boolParam(params.Get(name), name, flag); f != nil {
				return f
			}
		}
		if text := params.Get("field_names"); text != "" {
			var names []string
			if json.Unmarshal([]byte(text), &names) != nil {
				return fail(1254024)
			}
			if f := r.choose(names); f != nil {
				return f
			}
		}
		if f := q.setLegacySort(r, params.Get("sort")); f != nil {
			return f
		}
		if text := params.Get("filter"); text != "" {
			if len([]rune(text)) > maxFilterChars {
				return fail(1254107)
			}
			var f *failure
			if q.keep, f = parseFormula(r, text); f != nil {
				return f
			}
		}
		if q.keep == nil && len(q.sort) == 0 {
			return checkView(r.table, params.Get("view_id"))
		}
		return nil
	})
}

// runPage runs a query that prepare fills in and answers one page of it.
func runPage(c *call, prepare func(*reader, *query) *failure) (any, *failure) {
	idType, f := c.userIDType()
	if f != nil {
		return nil, f
	}
	size, f := pageSize(c.req.URL.Query().Get("page_size"), defaultPage, maxPage)
	if f != nil {
		return nil, f
	}
	b, t, f := openTable(c, false)
	if f != nil {
		return nil, f
	}
	q := &query{size: size, after: c.req.URL.Query().Get("page_token")}
	r := &reader{base: b, table: t, idType: idType}
	b.mu.RLock()
	f = prepare(r, q)
	b.mu.RUnlock()
	if f != nil {
		return nil, f
	}
	end, f := c.begin(nil, size)
	if f != nil {
		return nil, f
	}
	defer end()
	b.mu.RLock()
	defer b.mu.RUnlock()
	if blind(c, b) {
		return map[string]any{"items": []any{}, "has_more": false, "total": 0}, nil
	}
	rows, next, total, f := q.run(t)
	if f != nil {
		return nil, f
	}
	out := map[string]any{"items": mapSlice(rows, func(rec *row) any { return r.record(rec) }), "has_more": next != "", "total": total}
	if next != "" {
		out["page_token"] = next
	}
	return out, nil
}

func getRecord(c *call) (any, *failure) {
	idType, f := c.userIDType()
	if f != nil {
		return nil, f
	}
	r := &reader{idType: idType, legacy: true}
	params := c.req.URL.Query()
	for name, flag := range map[string]*bool{"text_field_as_array": &r.segments, "automatic_fields": &r.automatic} {
		if f := boolParam(params.Get(name), name, flag); f != nil {
			return nil, f
		}
	}
	id := c.params["record_id"]
	if !recordIDShape.MatchString(id) {
		return nil, fail(1254006)
	}
	if r.base, r.table, f = openTable(c, false); f != nil {
		return nil, f
	}
	end, f := c.begin(nil, 1)
	if f != nil {
		return nil, f
	}
	defer end()
	r.base.mu.RLock()
	defer r.base.mu.RUnlock()
	rec := r.table.rows[id]
	if rec == nil || blind(c, r.base) {
		return nil, fail(1254043)
	}
	return map[string]any{"record": r.record(rec)}, nil
}

func batchGetRecords(c *call) (any, *failure) {
	var body struct {
		RecordIDs  []string `json:"record_ids"`
		UserIDType string   `json:"user_id_type"`
		SharedURL  bool     `json:"with_shared_url"`
		Automatic  bool     `json:"automatic_fields"`
	}
	if f := c.decode(&body); f != nil {
		return nil, f
	}
	if len(body.RecordIDs) == 0 {
		return nil, violation("record_ids", "", "record_ids is required")
	}
	if len(body.RecordIDs) > maxBatchGet {
		return nil, fail(1254104)
	}
	idType, f := checkIDType(body.UserIDType)
	if f != nil {
		return nil, f
	}
	b, t, f := openTable(c, false)
	if f != nil {
		return nil, f
	}
	end, f := c.begin(nil, len(body.RecordIDs))
	if f != nil {
		return nil, f
	}
	defer end()
	b.mu.RLock()
	defer b.mu.RUnlock()
	r := &reader{base: b, table: t, idType: idType, automatic: body.Automatic}
	found, absent, forbidden := []any{}, []string{}, []string{}
	for _, id := range body.RecordIDs {
		rec := t.rows[id]
		switch {
		case !recordIDShape.MatchString(id):
			return nil, fail(1254006)
		case rec == nil:
			absent = append(absent, id)
		case blind(c, b):
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
