package sandbox

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Limits of reading calls.
const (
	defaultPage    = 20
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
	return c.page(func(r *reader, q *query) *failure {
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
			return r.view(body.ViewID)
		}
		return nil
	})
}

func listRecords(c *call) (any, *failure) {
	params := c.req.URL.Query()
	return c.page(func(r *reader, q *query) *failure {
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
			return r.view(params.Get("view_id"))
		}
		return nil
	})
}

// page runs a query that prepare fills in and answers one page of it.
func (c *call) page(prepare func(*reader, *query) *failure) (any, *failure) {
	idType, f := c.userIDType()
	if f != nil {
		return nil, f
	}
	size, f := pageSize(c.req.URL.Query().Get("page_size"), defaultPage, maxPage)
	if f != nil {
		return nil, f
	}
	b, t, f := c.openTable(false)
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
	if c.blind(b) {
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

// run returns a page, the token of the next one ("" at the end) and the number of rows of the whole query. Without a filter and a
// sort order its cost is that of the page.
func (q *query) run(t *table) (page []*row, next string, total int, f *failure) {
	at, f := q.position()
	if f != nil {
		return nil, "", 0, f
	}
	if q.keep == nil && len(q.sort) == 0 {
		for _, r := range t.after(at) {
			if r.gone {
				continue
			}
			if len(page) == q.size {
				return page, pageToken(page[len(page)-1].seq), t.live(), nil
			}
			page = append(page, r)
		}
		return page, "", t.live(), nil
	}
	var matching []*row
	for _, r := range t.order {
		if !r.gone && (q.keep == nil || q.keep(r)) {
			matching = append(matching, r)
		}
	}
	q.order(matching)
	from := min(int(at), len(matching))
	to := min(from+q.size, len(matching))
	if to < len(matching) {
		next = pageToken(int64(to))
	}
	return matching[from:to], next, len(matching), nil
}

func (q *query) order(rows []*row) {
	if len(q.sort) == 0 {
		return
	}
	slices.SortStableFunc(rows, func(a, b *row) int {
		for _, key := range q.sort {
			if n := compareCells(sortCell(key.field, a), sortCell(key.field, b)); n != 0 {
				if key.Desc {
					return -n
				}
				return n
			}
		}
		return 0
	})
}

// pageToken hides a position: the sequence number of the last row, or the offset in a filtered or sorted query.
func pageToken(position int64) string {
	return base64.RawURLEncoding.EncodeToString([]byte("page:" + strconv.FormatInt(position, 10)))
}

func (q *query) position() (int64, *failure) {
	if q.after == "" {
		return 0, nil
	}
	b, err := base64.RawURLEncoding.DecodeString(q.after)
	text, ok := strings.CutPrefix(string(b), "page:")
	at, err2 := strconv.ParseInt(text, 10, 64)
	if err != nil || err2 != nil || !ok || at < 0 {
		return 0, &failure{code: 1254030, msg: "InvalidPageToken"}
	}
	return at, nil
}

func pageSize(text string, def, limit int) (int, *failure) {
	if text == "" {
		return def, nil
	}
	n, err := strconv.Atoi(text)
	switch {
	case err != nil:
		return 0, violation("page_size", text, "page_size must be an integer")
	case n <= 0:
		return 0, fail(1254011)
	case n > limit:
		return 0, violation("page_size", text, fmt.Sprintf("the max value is %d", limit))
	}
	return n, nil
}

func boolParam(text, name string, value *bool) *failure {
	if text == "" {
		return nil
	}
	parsed, err := strconv.ParseBool(text)
	if err != nil {
		return violation(name, text, name+" must be a boolean")
	}
	*value = parsed
	return nil
}

// choose limits the columns that are shown.
func (r *reader) choose(names []string) *failure {
	if len(names) == 0 {
		return nil
	}
	if len(names) > maxFieldNames {
		return fail(1254024)
	}
	r.only = []*field{}
	for _, name := range names {
		f := r.table.byName[name]
		if f == nil {
			return invalid(1254024, "field_names."+name, "field_name not found")
		}
		r.only = append(r.only, f)
	}
	return nil
}

// view checks a view id; the sandbox's views show all rows.
func (r *reader) view(id string) *failure {
	switch {
	case id == "":
		return nil
	case !viewIDShape.MatchString(id):
		return fail(1254005)
	case !slices.ContainsFunc(r.table.views, func(v view) bool { return v.ID == id }):
		return fail(1254042)
	}
	return nil
}

func (q *query) setSort(r *reader, raw json.RawMessage) *failure {
	if len(raw) == 0 || string(raw) == "null" {
		return nil
	}
	if len([]rune(string(raw))) > maxSortChars {
		return fail(1254108)
	}
	if json.Unmarshal(raw, &q.sort) != nil || len(q.sort) > maxSortFields {
		return fail(1254016)
	}
	return q.findSort(r)
}

// setLegacySort reads a JSON list of "column ASC" and "column DESC".
func (q *query) setLegacySort(r *reader, text string) *failure {
	if text == "" {
		return nil
	}
	if len([]rune(text)) > maxSortChars {
		return fail(1254108)
	}
	var list []string
	if json.Unmarshal([]byte(text), &list) != nil {
		return fail(1254016)
	}
	for _, item := range list {
		name, direction, _ := cutLast(item, " ")
		switch direction {
		case "ASC":
			q.sort = append(q.sort, sortKey{FieldName: name})
		case "DESC":
			q.sort = append(q.sort, sortKey{FieldName: name, Desc: true})
		default:
			return fail(1254016)
		}
	}
	return q.findSort(r)
}

func cutLast(s, sep string) (before, after string, found bool) {
	i := strings.LastIndex(s, sep)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(sep):], true
}

func (q *query) findSort(r *reader) *failure {
	for i := range q.sort {
		if q.sort[i].field = r.table.byName[q.sort[i].FieldName]; q.sort[i].field == nil {
			return invalid(1254016, "sort."+q.sort[i].FieldName, "field_name not found")
		}
	}
	return nil
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
	if r.base, r.table, f = c.openTable(false); f != nil {
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
	if rec == nil || c.blind(r.base) {
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
	b, t, f := c.openTable(false)
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
		case c.blind(b):
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
