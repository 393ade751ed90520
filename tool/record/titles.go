package record

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/rowgate/rowgate/internal/bitable"
	"github.com/rowgate/rowgate/internal/directory"
	"github.com/rowgate/rowgate/internal/feishu"
	"github.com/rowgate/rowgate/internal/problem"
	"github.com/rowgate/rowgate/internal/query"
)

// Bounds of the look-ups of titles (link_by: title), of one request.
const (
	maxTitles        = 5_000 // different titles of one linked table: some 200 searches, since a filter holds about 25
	maxTitlePages    = 60    // pages of a linked table that are read where its titles cannot be filtered: 30,000 rows
	maxTitlesMatched = 5     // record ids that an error names
)

// linkedTitles are the titles that rows name of one linked table.
type linkedTitles struct {
	column string // a link column that leads there
	ref    feishu.TableRef
	asked  map[string][]bitable.Pending // by title
	order  []string                     // titles, in order of rows
}

// titles looks up the linked rows that the plan names by title: for each linked table once, all titles of the request together. A
// title that no row or several rows have is an error of its row. The error is a problem of the whole request.
func (w *write) titles(ctx context.Context, plan planned) error {
	var tables []*linkedTitles
	for _, l := range plan.Pending() {
		if l.Kind != bitable.PendingTitle {
			continue
		}
		field, _, _ := plan.known.Schema.Field(l.Column)
		ref := w.target.TableRef
		if ref.TableID = ""; field.Property != nil {
			ref.TableID = field.Property.TableID
		}
		i := slices.IndexFunc(tables, func(t *linkedTitles) bool { return t.ref.TableID == ref.TableID })
		if i < 0 {
			if err := w.mayLookUp(l.Column, ref.TableID); err != nil {
				return err
			}
			i = len(tables)
			tables = append(tables, &linkedTitles{column: l.Column, ref: ref, asked: map[string][]bitable.Pending{}})
		}
		tables[i].add(plan.Plan, l)
	}
	for _, t := range tables {
		if err := w.findTitles(ctx, plan.Plan, t); err != nil {
			return unreadable(err, t.column)
		}
	}
	return nil
}

// add takes a look-up in; one beyond the bound fails its row.
func (t *linkedTitles) add(plan *bitable.Plan, l bitable.Pending) {
	if t.asked[l.Value] == nil {
		if len(t.order) == maxTitles {
			plan.Reject(l, tooManyTitles)
			return
		}
		t.order = append(t.order, l.Value)
	}
	t.asked[l.Value] = append(t.asked[l.Value], l)
}

// mayLookUp refuses a key of one table for titles of another: it does not read there.
func (w *write) mayLookUp(column, tableID string) error {
	switch {
	case tableID == "":
		return problem.New(problem.BadParameter, problem.Text{
			ZH: fmt.Sprintf("飞书没有给出列“%s”关联的数据表，不能用标题查找。请用 record_id。", column),
			EN: fmt.Sprintf("Feishu does not tell which table the column %q links to, so titles cannot be looked up. Send record ids.", column),
		})
	case w.target.Only != "" && w.target.Only != tableID:
		return problem.New(problem.KeyScope, problem.Text{
			ZH: fmt.Sprintf("这个连接密钥只适用于它自己的数据表，不能在列“%s”关联的表里查找标题。请用 record_id，或用整个多维表格的密钥。", column),
			EN: fmt.Sprintf("This connection key is for its own table only: it cannot look titles up in the table that the column %q links "+
				"to. Send record ids, or use a key of the whole base.", column),
		})
	}
	return nil
}

// findTitles looks up the titles of one linked table and answers their look-ups.
func (w *write) findTitles(ctx context.Context, plan *bitable.Plan, t *linkedTitles) error {
	linked, err := w.Tables.Table(ctx, t.ref)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(linked.Fields, func(f feishu.Field) bool { return f.Primary })
	if i < 0 || linked.Fields[i].Type == feishu.TypeLocation {
		return problem.New(problem.BadParameter, problem.Text{
			ZH: fmt.Sprintf("列“%s”关联的表没有可用作标题的首列。请用 record_id。", t.column),
			EN: fmt.Sprintf("The table that the column %q links to has no first column whose text can be looked up. Send record ids.", t.column),
		})
	}
	s := titleSearch{write: w, linked: linked, primary: linked.Fields[i], found: map[string][]string{}, seen: map[string]bool{}}
	keys := s.want(t.order)
	if err := s.run(ctx, t.column, keys); err != nil {
		return err
	}
	for n, title := range t.order {
		var ids []string
		if keys[n] != "" {
			ids = s.found[keys[n]]
		}
		for _, l := range t.asked[title] {
			switch len(ids) {
			case 0:
				plan.RejectTitle(l, noSuchTitle(s.primary.Name, title))
			case 1:
				id, _ := json.Marshal(ids[0]) // a string always marshals
				plan.Resolve(l, id)
			default:
				plan.Reject(l, severalTitles(s.primary.Name, ids))
			}
		}
	}
	return nil
}

// titleSearch finds the rows of a linked table by the text of its primary column.
type titleSearch struct {
	*write

	linked  *directory.Table
	primary feishu.Field
	found   map[string][]string // record ids by key; the keys that are wanted are there
	seen    map[string]bool     // record ids
}

// isKey reports whether titles are compared as keys of an upsert are: as values of the column, which Feishu can filter by. Others
// (url, formula) are compared by their text.
func (s *titleSearch) isKey() bool { return bitable.KindOf(s.primary).KeyFilter }

// want returns the key of each title, "" for one that the column cannot hold, and notes what is wanted.
func (s *titleSearch) want(titles []string) []string {
	keys := slices.Clone(titles)
	if s.isKey() {
		keys = s.keysOf(titles)
	}
	for _, key := range keys {
		if key != "" {
			s.found[key] = nil
		}
	}
	return keys
}

// keysOf reads titles as values of the primary column.
func (s *titleSearch) keysOf(titles []string) []string {
	rows := make([]json.RawMessage, len(titles))
	for i, title := range titles {
		rows[i], _ = json.Marshal(map[string]map[string]string{"fields": {s.primary.Name: title}}) // strings always marshal
	}
	plan := bitable.NewSchema([]feishu.Field{s.primary}).Coerce(rows, bitable.Options{
		Mode: bitable.Create, TimeZone: s.linked.Zone, EmptyValues: bitable.EmptySkip, UnknownFields: bitable.PolicyReject,
		UnknownOptions: bitable.PolicyReject, UserIDType: s.target.UserIDType, Literal: true,
	})
	keys := make([]string, len(titles))
	for _, row := range plan.Rows() {
		keys[row.Index], _ = bitable.KeyValue(s.primary, bitable.Cell(row.Fields, s.primary.Name))
	}
	return keys
}

// run reads the rows that may have the keys: by filters, or all of the table where that takes fewer calls or nothing can be filtered.
func (s *titleSearch) run(ctx context.Context, column string, keys []string) error {
	var wanted [][]string
	for _, key := range keys {
		if key != "" {
			wanted = append(wanted, []string{key})
		}
	}
	if len(wanted) == 0 {
		return nil
	}
	var filters []json.RawMessage
	if s.isKey() {
		filters, _ = query.Filters([]feishu.Field{s.primary}, wanted)
	}
	if len(filters) != 1 {
		page, err := s.page(ctx, nil, "")
		if err != nil {
			return err
		}
		pages := (page.Total + feishu.MaxSearchPage - 1) / feishu.MaxSearchPage
		switch {
		case len(filters) > 0 && pages-1 > len(filters):
		case pages > maxTitlePages:
			return tooManyRows(column, page.Total)
		default:
			return s.rest(ctx, nil, page)
		}
	}
	for _, filter := range filters {
		page, err := s.page(ctx, filter, "")
		if err == nil {
			err = s.rest(ctx, filter, page)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// rest reads the pages after page.
func (s *titleSearch) rest(ctx context.Context, filter json.RawMessage, page feishu.Page) error {
	for page.HasMore && page.PageToken != "" {
		var err error
		if page, err = s.page(ctx, filter, page.PageToken); err != nil {
			return err
		}
	}
	return nil
}

// page reads one page and keeps the rows that have a wanted key.
func (s *titleSearch) page(ctx context.Context, filter json.RawMessage, token string) (feishu.Page, error) {
	page, err := s.Rows.Search(ctx, s.linked.Ref, feishu.SearchRequest{
		UserIDType: s.target.UserIDType, PageToken: token, PageSize: feishu.MaxSearchPage, FieldNames: []string{s.primary.Name}, Filter: filter,
	})
	for _, record := range page.Items {
		key := s.titleOf(record.Fields)
		if _, wanted := s.found[key]; wanted && !s.seen[record.ID] {
			s.seen[record.ID] = true
			s.found[key] = append(s.found[key], record.ID)
		}
	}
	return page, err
}

// titleOf is the key of a row of the linked table; "" if it has no title.
func (s *titleSearch) titleOf(fields json.RawMessage) string {
	cell := bitable.Cell(fields, s.primary.Name)
	if s.isKey() {
		key, _ := bitable.KeyOfRead(s.primary, cell)
		return key
	}
	if len(cell) == 0 {
		return ""
	}
	plain := bytes.TrimSpace(bitable.AppendPlain(nil, s.primary, cell, s.linked.Zone))
	if len(plain) > 0 && plain[0] == '{' {
		plain = bitable.Cell(plain, "text")
	}
	var text string
	if json.Unmarshal(plain, &text) != nil {
		text = string(plain)
	}
	return strings.TrimSpace(text)
}
