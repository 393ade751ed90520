package sandbox

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// run returns a page, the token of the next one ("" at the end) and the number of rows of the whole query. Without a filter and a
// sort order its cost is that of the page.
func (q *query) run(t *table) (page []*row, next string, total int, f *failure) {
	at, f := position(q.after)
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

// defaultPage is the page_size of a call that names none.
const defaultPage = 20

// pageToken hides a position: the sequence number of the last row, or the offset in a filtered or sorted query.
func pageToken(position int64) string {
	return base64.RawURLEncoding.EncodeToString([]byte("page:" + strconv.FormatInt(position, 10)))
}

// position reads what pageToken wrote; 0 for none.
func position(token string) (int64, *failure) {
	if token == "" {
		return 0, nil
	}
	b, err := base64.RawURLEncoding.DecodeString(token)
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

// checkView checks a view id; the sandbox's views show all rows.
func checkView(t *table, id string) *failure {
	switch {
	case id == "":
		return nil
	case !viewIDShape.MatchString(id):
		return fail(1254005)
	case !slices.ContainsFunc(t.views, func(v view) bool { return v.ID == id }):
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
