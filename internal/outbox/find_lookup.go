package outbox

import (
	"context"
	"encoding/json"
	"slices"

	"github.com/rowgate/rowgate/internal/bitable"
	"github.com/rowgate/rowgate/internal/feishu"
	"github.com/rowgate/rowgate/internal/query"
)

// Bounds of a lookup.
const (
	maxFieldNames = 200 // columns that a search may name; more are asked for as "all"
	maxReadBack   = 60  // pages that are read to find rows of an unknown outcome: 30,000 records
)

// finder looks rows up at Feishu: by key, and by content to find out what became of a batch. It changes nothing.
type finder struct {
	opts   *Options
	proofs *proofs
}

// cells is a row or a record by column name.
type cells map[string]json.RawMessage

func cellsOf(fields json.RawMessage) cells {
	var row cells
	if json.Unmarshal(fields, &row) != nil {
		return nil
	}
	return row
}

// rowKey is the normalised key of a row in write shape: one part a column. ok is false if a part of it is empty.
func rowKey(columns []feishu.Field, row cells) (parts []string, ok bool) {
	return keyParts(columns, row, bitable.KeyValue)
}

// recordKey is the normalised key of a record in read shape.
func recordKey(columns []feishu.Field, record cells) (parts []string, ok bool) {
	return keyParts(columns, record, bitable.KeyOfRead)
}

func keyParts(columns []feishu.Field, row cells, part func(feishu.Field, json.RawMessage) (string, bool)) ([]string, bool) {
	parts := make([]string, len(columns))
	for i, column := range columns {
		text, ok := part(column, row[column.Name])
		if !ok {
			return nil, false
		}
		parts[i] = text
	}
	return parts, true
}

// join makes one comparable value of texts.
func join(texts []string) string {
	var key []byte
	for _, text := range texts {
		key = appendBytes(key, []byte(text))
	}
	return string(key)
}

// lookup is a search for the records that have one of some keys.
type lookup struct {
	reader  Reader
	table   feishu.TableRef
	user    string
	columns []feishu.Field // of the key
	names   []string       // columns to be read
	dated   bool           // records say when they were made
	pages   int            // most pages of the whole table that may be read; 0: no limit

	calls int
	found map[string][]feishu.Record
	seen  map[string]bool
	saw   bool // a row of the table was seen, or counted
}

// find returns the records by joined key, for the keys in want. It filters, or pages through the whole table, whichever takes fewer
// calls. complete is false if the table has more pages than may be read.
func (q *lookup) find(ctx context.Context, want [][]string) (found map[string][]feishu.Record, complete bool, err error) {
	q.reset(want)
	filters, _ := query.Filters(q.columns, want)
	if len(filters) != 1 {
		page, err := q.search(ctx, nil, "")
		if err != nil {
			return nil, false, err
		}
		pages := (page.Total + feishu.MaxSearchPage - 1) / feishu.MaxSearchPage
		if len(filters) == 0 || pages-1 <= len(filters) {
			if q.pages > 0 && pages > q.pages {
				return nil, false, nil
			}
			return q.found, true, q.rest(ctx, nil, page)
		}
		q.reset(want)
	}
	for _, filter := range filters {
		page, err := q.search(ctx, filter, "")
		if err == nil {
			err = q.rest(ctx, filter, page)
		}
		if err != nil {
			return nil, false, err
		}
	}
	return q.found, true, nil
}

func (q *lookup) reset(want [][]string) {
	q.found = make(map[string][]feishu.Record, len(want))
	q.seen = make(map[string]bool)
	for _, parts := range want {
		q.found[join(parts)] = nil
	}
}

// rest reads the pages after page.
func (q *lookup) rest(ctx context.Context, filter json.RawMessage, page feishu.Page) error {
	for page.HasMore && page.PageToken != "" {
		var err error
		if page, err = q.search(ctx, filter, page.PageToken); err != nil {
			return err
		}
	}
	return nil
}

// search reads one page and keeps the records that have a wanted key.
func (q *lookup) search(ctx context.Context, filter json.RawMessage, token string) (feishu.Page, error) {
	names := q.names
	if len(names) > maxFieldNames {
		names = nil
	}
	q.calls++
	page, err := q.reader.Search(ctx, q.table, feishu.SearchRequest{
		UserIDType: q.user, PageToken: token, PageSize: feishu.MaxSearchPage, FieldNames: names, Filter: filter,
		AutomaticFields: q.dated,
	})
	if err != nil {
		return page, err
	}
	q.saw = q.saw || page.Total > 0 || len(page.Items) > 0
	for _, record := range page.Items {
		parts, ok := recordKey(q.columns, cellsOf(record.Fields))
		key := join(parts)
		if _, wanted := q.found[key]; ok && wanted && !q.seen[record.ID] {
			q.seen[record.ID] = true
			q.found[key] = append(q.found[key], record)
		}
	}
	return page, nil
}

// columnsIn returns those of fields that any of the rows has, and their names.
func columnsIn(fields []feishu.Field, rows []cells) (columns []feishu.Field, names []string) {
	for _, f := range fields {
		if slices.ContainsFunc(rows, func(row cells) bool { _, ok := row[f.Name]; return ok }) {
			columns = append(columns, f)
			names = append(names, f.Name)
		}
	}
	return columns, names
}
