package record

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"testing"
	"time"

	"github.com/rowgate/rowgate/internal/bitable"
	"github.com/rowgate/rowgate/internal/directory"
	"github.com/rowgate/rowgate/internal/feishu"
	"github.com/rowgate/rowgate/internal/problem"
)

// longTable is a linked table of so many rows, whose titles are their numbers. It counts searches.
type longTable struct {
	Rows

	rows, searches int
}

func (t *longTable) Search(_ context.Context, _ feishu.TableRef, req feishu.SearchRequest) (feishu.Page, error) {
	t.searches++
	from, _ := strconv.Atoi(req.PageToken)
	to := min(from+req.PageSize, t.rows)
	page := feishu.Page{Total: t.rows, HasMore: to < t.rows, PageToken: strconv.Itoa(to)}
	for i := from; i < to && req.Filter == nil; i++ {
		fields := fmt.Sprintf(`{"名":[{"type":"text","text":"%d"}]}`, i)
		page.Items = append(page.Items, feishu.Record{ID: fmt.Sprint("rec", i), Fields: json.RawMessage(fields)})
	}
	if req.Filter != nil {
		page.HasMore = false
	}
	return page, nil
}

func searchFor(table *longTable, primary feishu.Field, titles ...string) (*titleSearch, error) {
	s := &titleSearch{
		write:   &write{Service: &Service{Rows: table}},
		linked:  &directory.Table{Fields: []feishu.Field{primary}, Zone: time.UTC},
		primary: primary, found: map[string][]string{}, seen: map[string]bool{},
	}
	return s, s.run(context.Background(), "列", s.want(titles))
}

// TestTitleSearchesAreBounded holds the bounds on the look-ups of titles.
func TestTitleSearchesAreBounded(t *testing.T) {
	t.Parallel()
	text, formula := feishu.Field{Name: "名", Type: feishu.TypeText}, feishu.Field{Name: "名", Type: feishu.TypeFormula}
	var many []string
	for i := range 120 {
		many = append(many, strconv.Itoa(i))
	}
	number := feishu.Field{Name: "名", Type: feishu.TypeNumber}
	const most = maxTitlePages * feishu.MaxSearchPage
	for name, test := range map[string]struct {
		rows     int
		primary  feishu.Field
		titles   []string
		searches int
		refused  bool
	}{
		"one filter for a few titles":                 {1_000_000, text, many[:20], 1, false},
		"several filters, after a look at the size":   {1_000_000, text, many, 1 + 4, false},
		"the whole table where that is fewer":         {900, text, many, 2, false},
		"the whole table where nothing can filter":    {most, formula, many[:1], maxTitlePages, false},
		"none of a table that is too long for that":   {most + 1, formula, many[:1], 1, true},
		"none for titles that the column cannot hold": {10, number, []string{"x"}, 0, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			table := &longTable{rows: test.rows}
			_, err := searchFor(table, test.primary, test.titles...)
			e, isProblem := errors.AsType[*problem.Error](err)
			if table.searches != test.searches || (err != nil) != test.refused || test.refused && (!isProblem || e.Code != problem.BadParameter) {
				t.Errorf("%d searches, error %v", table.searches, err)
			}
		})
	}

	t.Run("so many titles of a table in a request", func(t *testing.T) {
		t.Parallel()
		schema := bitable.NewSchema([]feishu.Field{{Name: "链", Type: feishu.TypeSingleLink}})
		rows := make([]json.RawMessage, maxTitles+2)
		for i := range rows {
			rows[i] = fmt.Appendf(nil, `{"链":"%d"}`, min(i, maxTitles)) // the last two are the same, one too many
		}
		plan := schema.Coerce(rows, bitable.Options{LinksByTitle: []string{"链"}})
		titles := linkedTitles{asked: map[string][]bitable.Pending{}}
		for _, l := range plan.Pending() {
			titles.add(plan, l)
		}
		if len(titles.order) != maxTitles || plan.ErrorCount() != 2 || plan.Errors()[0].Code != problem.RowTooLarge {
			t.Errorf("%d titles, errors %+v", len(titles.order), plan.Errors())
		}
	})
}
