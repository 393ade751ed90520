package record

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/rowgate/rowgate/internal/sandbox/core"
	"github.com/rowgate/rowgate/internal/sandbox/state"
)

// run returns a page, the token of the next one ("" at the end) and the number of rows of the whole query. Without a filter and a
// sort order its cost is that of the page.
func (q *query) run(t *state.Table) (page []*state.Row, next string, total int, f *core.Failure) {
	at, f := core.Position(q.after)
	if f != nil {
		return nil, "", 0, f
	}
	if q.keep == nil && len(q.sort) == 0 && !q.lags {
		for _, r := range t.After(at) {
			if r.Gone {
				continue
			}
			if len(page) == q.size {
				return page, core.PageToken(page[len(page)-1].Seq), t.Count(), nil
			}
			page = append(page, r)
		}
		return page, "", t.Count(), nil
	}
	var matching []*state.Row
	for _, r := range t.Order {
		if q.lags {
			r = r.AsOf(q.asOf)
		}
		if r != nil && !r.Gone && (q.keep == nil || q.keep(r)) {
			matching = append(matching, r)
		}
	}
	q.order(matching)
	from := min(int(at), len(matching))
	to := min(from+q.size, len(matching))
	if to < len(matching) {
		next = core.PageToken(int64(to))
	}
	return matching[from:to], next, len(matching), nil
}

func (q *query) order(rows []*state.Row) {
	if len(q.sort) == 0 {
		return
	}
	slices.SortStableFunc(rows, func(a, b *state.Row) int {
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

// choose limits the columns that are shown.
func (r *reader) choose(names []string) *core.Failure {
	if len(names) == 0 {
		return nil
	}
	if len(names) > MaxFieldNames {
		return core.Fail(1254024)
	}
	r.only = []*state.Field{}
	for _, name := range names {
		f := r.table.ByName[name]
		if f == nil {
			return core.Invalid(1254024, "field_names."+name, "field_name not found")
		}
		r.only = append(r.only, f)
	}
	return nil
}

func (q *query) setSort(r *reader, raw json.RawMessage) *core.Failure {
	if len(raw) == 0 || string(raw) == "null" {
		return nil
	}
	if len([]rune(string(raw))) > MaxSortChars {
		return core.Fail(1254108)
	}
	if json.Unmarshal(raw, &q.sort) != nil || len(q.sort) > maxSortFields {
		return core.Fail(1254016)
	}
	return q.findSort(r)
}

// setLegacySort reads a JSON list of "column ASC" and "column DESC".
func (q *query) setLegacySort(r *reader, text string) *core.Failure {
	if text == "" {
		return nil
	}
	if len([]rune(text)) > MaxSortChars {
		return core.Fail(1254108)
	}
	var list []string
	if json.Unmarshal([]byte(text), &list) != nil {
		return core.Fail(1254016)
	}
	for _, item := range list {
		name, direction, _ := cutLast(item, " ")
		switch direction {
		case "ASC":
			q.sort = append(q.sort, sortKey{FieldName: name})
		case "DESC":
			q.sort = append(q.sort, sortKey{FieldName: name, Desc: true})
		default:
			return core.Fail(1254016)
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

func (q *query) findSort(r *reader) *core.Failure {
	for i := range q.sort {
		if q.sort[i].field = r.table.ByName[q.sort[i].FieldName]; q.sort[i].field == nil {
			return core.Invalid(1254016, "sort."+q.sort[i].FieldName, "field_name not found")
		}
	}
	return nil
}
