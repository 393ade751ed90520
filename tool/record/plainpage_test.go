package record_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rowgate/rowgate/internal/feishu"
	"github.com/rowgate/rowgate/internal/problem"
	"github.com/rowgate/rowgate/internal/sandbox"
	"github.com/rowgate/rowgate/tool/record"
)

// manyRows is a table of n rows, numbered from 0; every third is checked.
func manyRows(t *testing.T, n int) *stock {
	s := setupReading(t).stock(t, sandbox.BaseSpec{}, sandbox.FieldSpec{Name: "序号", Type: 2}, sandbox.FieldSpec{Name: "上架", Type: 7})
	rows := make([]map[string]any, n)
	for i := range rows {
		rows[i] = map[string]any{"序号": i, "上架": i%3 == 0}
	}
	s.add(rows...)
	return s
}

// pages follows cursors to the end and returns all values of a column, and the last answer.
func (s *stock) pages(options, name string) (values []any, last *record.Found) {
	s.t.Helper()
	cursor := ""
	for {
		found := s.found(options + fmt.Sprintf(`,"cursor":%q`, cursor))
		values = append(values, column(s.t, found.Records, name)...)
		if found.HasMore != (found.Cursor != "") {
			s.t.Fatalf("has_more %v with cursor %q", found.HasMore, found.Cursor)
		}
		if !found.HasMore {
			return values, found
		}
		cursor = found.Cursor
	}
}

func numbers(n int, keep func(int) bool) []any {
	var out []any
	for i := range n {
		if keep(i) {
			out = append(out, float64(i))
		}
	}
	return out
}

func TestSearch_pages(t *testing.T) {
	t.Parallel()
	const rows = 1234
	s := manyRows(t, rows)
	all := numbers(rows, func(int) bool { return true })
	unchecked := numbers(rows, func(i int) bool { return i%3 != 0 })

	t.Run("100 rows unless more are asked for, and the number of all", func(t *testing.T) {
		t.Parallel()
		found := s.found("")
		if found.Count != record.DefaultSearchLimit || !found.HasMore || found.Total == nil || *found.Total != rows {
			t.Errorf("count %d, has_more %v, total %v", found.Count, found.HasMore, found.Total)
		}
	})

	t.Run("all rows at once, in as few calls as Feishu allows", func(t *testing.T) {
		t.Parallel()
		s := manyRows(t, rows)
		found := s.found(`"limit":5000`)
		if diff := cmp.Diff(all, column(t, found.Records, "序号")); diff != "" || found.HasMore {
			t.Errorf("has_more %v, rows (-want +got):\n%s", found.HasMore, diff)
		}
		if calls := s.calls("record.search"); calls != 3 {
			t.Errorf("%d calls for %d rows, want 3", calls, rows)
		}
	})

	for name, c := range map[string]struct {
		options string
		want    []any
	}{
		"every row once":                             {`"limit":500`, all},
		"every row once, past Feishu's pages":        {`"limit":700`, all},
		"every row that Feishu filters":              {`"where":{"序号":{">=":100}},"limit":300`, all[100:]},
		"every row that Feishu cannot filter":        {`"where":{"上架":false},"limit":100`, unchecked},
		"every one of those, sorted":                 {`"where":{"上架":false},"limit":333,"sort":["序号"]`, unchecked},
		"every one of those, as many as fill a page": {`"where":{"上架":false},"limit":500`, unchecked},
	} {
		t.Run(name+" by cursors", func(t *testing.T) {
			t.Parallel()
			got, last := s.pages(c.options, "序号")
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("rows (-want +got):\n%s", diff)
			}
			if last.Total == nil || *last.Total != len(c.want) {
				t.Errorf("total at the end is %v, want %d", last.Total, len(c.want))
			}
		})
	}

	t.Run("no total while it is not known", func(t *testing.T) {
		t.Parallel()
		if found := s.found(`"where":{"上架":false},"limit":10`); found.Total != nil || !found.HasMore {
			t.Errorf("total %v, has_more %v", found.Total, found.HasMore)
		}
	})

	t.Run("no further page where the rest of the last one does not match", func(t *testing.T) {
		t.Parallel()
		found := s.found(`"where":{"上架":false,"序号":{"<":4}},"limit":2`)
		if found.HasMore || found.Total == nil || *found.Total != 2 {
			t.Errorf("has_more %v, total %v", found.HasMore, found.Total)
		}
	})

	t.Run("a cursor holds for its own search only", func(t *testing.T) {
		t.Parallel()
		cursor := s.found(`"where":{"序号":{">":1}},"limit":10`).Cursor
		if _, err := s.search(fmt.Sprintf(`"where":{"序号":{">":1}},"limit":20,"fields":["序号"],"shape":"feishu","cursor":%q`, cursor)); err != nil {
			t.Errorf("the same search with another limit and shape: %v", err)
		}
		altered := []byte(cursor)
		altered[len(altered)/2] ^= 1
		for name, options := range map[string]string{
			"another where": fmt.Sprintf(`"where":{"序号":{">":2}},"cursor":%q`, cursor),
			"another sort":  fmt.Sprintf(`"where":{"序号":{">":1}},"sort":["序号"],"cursor":%q`, cursor),
			"altered":       fmt.Sprintf(`"where":{"序号":{">":1}},"cursor":%q`, altered),
			"cut":           fmt.Sprintf(`"where":{"序号":{">":1}},"cursor":%q`, cursor[:10]),
			"very long":     fmt.Sprintf(`"where":{"序号":{">":1}},"cursor":%q`, strings.Repeat("A", 5000)),
		} {
			if _, err := s.search(options); err == nil || err.Code != problem.BadParameter {
				t.Errorf("%s: %v, want bad_parameter", name, err)
			}
		}
		other := s.stock(t, sandbox.BaseSpec{}, sandbox.FieldSpec{Name: "序号", Type: 2})
		if _, err := other.search(fmt.Sprintf(`"where":{"序号":{">":1}},"cursor":%q`, cursor)); err == nil || err.Code != problem.BadParameter {
			t.Errorf("another table: %v, want bad_parameter", err)
		}
	})
}

// scripted answers searches from a function.
type scripted struct {
	search func(call int, req feishu.SearchRequest) (feishu.Page, error)
	calls  int
	hang   int // the call that waits until the caller's time is up
}

func (s *scripted) Search(ctx context.Context, _ feishu.TableRef, req feishu.SearchRequest) (feishu.Page, error) {
	s.calls++
	if s.calls == s.hang {
		<-ctx.Done()
		return feishu.Page{}, ctx.Err()
	}
	return s.search(s.calls, req)
}

func (*scripted) BatchGet(context.Context, feishu.TableRef, []string, string) ([]feishu.Record, []string, error) {
	return nil, nil, errors.New("not asked for")
}

func TestSearch_bounds(t *testing.T) {
	t.Parallel()
	// tell makes a table whose searches are answered by script.
	tell := func(t *testing.T, script func(call int, req feishu.SearchRequest) (feishu.Page, error)) (*stock, *scripted) {
		s := manyRows(t, 1)
		rows := &scripted{search: script}
		s.service.Rows = rows
		return s, rows
	}
	page := func(call, n int, fields string) feishu.Page {
		items := make([]feishu.Record, n)
		for i := range items {
			items[i] = feishu.Record{ID: fmt.Sprintf("rec%dx%d", call, i), Fields: json.RawMessage(fields)}
		}
		return feishu.Page{Items: items, HasMore: true, PageToken: fmt.Sprint("page", call), Total: 1 << 20}
	}

	t.Run("looks at no more than its bound of pages, and goes on from there", func(t *testing.T) {
		t.Parallel()
		s, rows := tell(t, func(call int, _ feishu.SearchRequest) (feishu.Page, error) {
			return page(call, 500, `{"上架":true}`), nil
		})
		found := s.found(`"where":{"上架":false}`)
		if rows.calls != record.MaxSearchPages || !found.HasMore || found.Count != 0 {
			t.Fatalf("%d calls, has_more %v, count %d", rows.calls, found.HasMore, found.Count)
		}
		rows.search = func(_ int, req feishu.SearchRequest) (feishu.Page, error) {
			if req.PageToken != fmt.Sprint("page", record.MaxSearchPages) {
				t.Errorf("goes on at %q", req.PageToken)
			}
			return feishu.Page{}, nil
		}
		if found = s.found(fmt.Sprintf(`"where":{"上架":false},"cursor":%q`, found.Cursor)); found.HasMore {
			t.Error("has_more at the end")
		}
	})

	t.Run("answers no more than its bound of bytes", func(t *testing.T) {
		t.Parallel()
		large := fmt.Sprintf(`{"标题":%q}`, strings.Repeat("x", 1<<20))
		s, _ := tell(t, func(call int, _ feishu.SearchRequest) (feishu.Page, error) { return page(call, 50, large), nil })
		found := s.found(`"limit":50`)
		bytes := 0
		for _, row := range found.Records {
			bytes += len(row)
		}
		if bytes < record.MaxAnswerBytes || bytes > record.MaxAnswerBytes+2<<20 || !found.HasMore {
			t.Errorf("%d bytes in %d rows, has_more %v", bytes, found.Count, found.HasMore)
		}
	})

	t.Run("gives what it has when the time is up", func(t *testing.T) {
		t.Parallel()
		s, rows := tell(t, func(call int, _ feishu.SearchRequest) (feishu.Page, error) {
			return page(call, 500, `{"序号":1}`), nil
		})
		rows.hang = 2
		found := s.found(`"limit":1000,"timeout_ms":1000`)
		if found.Count != 500 || !found.HasMore {
			t.Errorf("count %d, has_more %v", found.Count, found.HasMore)
		}
	})

	t.Run("refuses a page that leads nowhere", func(t *testing.T) {
		t.Parallel()
		s, _ := tell(t, func(int, feishu.SearchRequest) (feishu.Page, error) {
			return feishu.Page{Items: []feishu.Record{{ID: "recExample"}}, HasMore: true}, nil
		})
		if _, err := s.search(""); err == nil || err.Code != problem.UpstreamUnavailable {
			t.Errorf("%v, want upstream_unavailable", err)
		}
	})
}
