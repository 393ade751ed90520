package record

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/rowgate/rowgate/internal/bitable"
	"github.com/rowgate/rowgate/internal/directory"
	"github.com/rowgate/rowgate/internal/feishu"
	"github.com/rowgate/rowgate/internal/memory"
	"github.com/rowgate/rowgate/internal/outbox"
	"github.com/rowgate/rowgate/internal/problem"
	"github.com/rowgate/rowgate/internal/query"
)

// Bounds of one search request.
const (
	DefaultSearchLimit = 100
	MaxSearchLimit     = 5000     // rows
	MaxSearchPages     = 40       // pages read from Feishu: 20,000 rows looked at
	MaxAnswerBytes     = 16 << 20 // bytes of rows
)

// shapeFeishu is the value of shape that keeps Feishu's own shapes; the other, plain, is the default.
const shapeFeishu = "feishu"

// view is how rows are shown.
type view struct {
	table   *directory.Table
	columns []string // names of the columns that are shown; nil for all
	raw     bool     // shape: feishu
}

// append appends a record as the caller sees it.
func (v view) append(dst []byte, r feishu.Record) []byte {
	if v.columns != nil {
		r.Fields = pick(r.Fields, v.columns)
	}
	if !v.raw {
		return v.table.Schema.AppendPlainRecord(dst, r, v.table.Zone)
	}
	id, _ := json.Marshal(r.ID) // a string always marshals
	dst = append(append(dst, `{"record_id":`...), id...)
	if len(r.Fields) == 0 {
		r.Fields = json.RawMessage("{}")
	}
	dst = append(append(dst, `,"fields":`...), r.Fields...)
	return append(dst, '}')
}

// pick makes an object of the named members of another, in the order of names.
func pick(fields json.RawMessage, names []string) json.RawMessage {
	out := json.RawMessage{'{'}
	for _, name := range names {
		cell := bitable.Cell(fields, name)
		if cell == nil {
			continue
		}
		if len(out) > 1 {
			out = append(out, ',')
		}
		quoted, _ := json.Marshal(name) // a string always marshals
		out = append(append(append(out, quoted...), ':'), cell...)
	}
	return append(out, '}')
}

// paging reads pages of a search until the caller has what it asked for.
type paging struct {
	rows    Rows
	ref     feishu.TableRef
	request feishu.SearchRequest // but for the page
	rest    query.Where          // what Feishu could not filter
	exact   bool                 // rest is empty
	view    view
	limit   int
	room    *memory.Hold // of the rows that are found
}

// batch is what one request got.
type batch struct {
	rows  []json.RawMessage
	total *int // rows of the whole search; nil while that is not known
	next  position
	more  bool
}

// read reads from a position on. It ends early, with more set, when it has looked at MaxSearchPages, has MaxAnswerBytes, or
// when ctx runs out after it found something: nothing is lost, the next request goes on there.
func (p *paging) read(ctx context.Context, from position) (batch, error) {
	got := batch{rows: []json.RawMessage{}, next: from, more: true}
	bytes := 0
	for range MaxSearchPages {
		req := p.request
		req.PageToken, req.PageSize = got.next.Token, p.pageSize(got)
		page, err := p.rows.Search(ctx, p.ref, req)
		if err != nil && len(got.rows) > 0 && errors.Is(ctx.Err(), context.DeadlineExceeded) {
			break
		}
		if err != nil {
			return batch{}, err
		}
		if err := p.room.Grow(ctx, page.Bytes()); err != nil {
			return batch{}, tooManySearches(err)
		}
		if p.exact {
			got.total = new(page.Total)
		}
		for i := min(got.next.Offset, len(page.Items)); i < len(page.Items); i++ {
			if !p.exact && !p.rest.Matches(page.Items[i].Fields) {
				continue
			}
			if len(got.rows) == p.limit || bytes > MaxAnswerBytes {
				got.next.Offset, got.next.Size = i, req.PageSize
				return got, nil
			}
			row := p.view.append(nil, page.Items[i])
			bytes += len(row)
			got.rows = append(got.rows, row)
			got.next.Given++
		}
		if !page.HasMore {
			got.more = false
			got.total = new(got.next.Given)
			if p.exact {
				got.total = new(page.Total)
			}
			return got, nil
		}
		if page.PageToken == "" || page.PageToken == got.next.Token {
			return batch{}, noNextPage()
		}
		got.next = position{Token: page.PageToken, Given: got.next.Given}
		if len(got.rows) == p.limit {
			break
		}
	}
	return got, nil
}

// pageSize is the size with which an offset was counted, else no more than is wanted; where rows are sorted out, whole pages.
func (p *paging) pageSize(got batch) int {
	switch {
	case got.next.Offset > 0:
		return got.next.Size
	case !p.exact:
		return feishu.MaxSearchPage
	default:
		return min(p.limit-len(got.rows), feishu.MaxSearchPage)
	}
}

func tooManySearches(cause error) error {
	p := problem.New(problem.Overloaded, problem.Text{
		ZH: "同时进行的查询占用的内存已达上限。", EN: "Searches that run at the moment take up all the memory that they may have.",
	})
	p.RetryAfter = outbox.OverloadWait
	return p.Because(cause)
}

func noNextPage() error {
	return problem.New(problem.UpstreamUnavailable, problem.Text{
		ZH: "飞书说还有数据，但没有给出下一页。", EN: "Feishu says that there is more and does not say where.",
	})
}
