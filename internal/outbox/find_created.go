package outbox

import (
	"context"
	"log/slog"
	"time"

	"github.com/rowgate/rowgate/internal/bitable"
	"github.com/rowgate/rowgate/internal/feishu"
)

const (
	// trustToken is how long after its first sending a create may be sent again by its client token alone.
	trustToken = 10 * time.Minute
	// clockSlack is how far Feishu's clock and this one may be apart: what was made so shortly before the first sending may be the
	// create's own.
	clockSlack = time.Minute
)

// sighting is what a look for the rows of a create came to.
type sighting int

const (
	undecided sighting = iota // the table cannot be read, or does not tell
	absent                    // they are not there
	present                   // they are there
)

// circumstances are what is known beside the table when the rows of a create are looked for.
type circumstances struct {
	others map[string]bool // records that are known to be other batches'
	claims map[string]int  // by content: rows of other creates of unknown outcome
	spent  bool            // Feishu says that it knows the client token
}

// created looks for the rows of a create in the table. ids are the records, one an item, if they are there.
func (f *finder) created(ctx context.Context, b *batch, c circumstances) (ids []string, seen sighting) {
	err := recovered(f.opts.Logger, func() (err error) {
		ids, seen, err = f.look(ctx, b, c)
		if err == nil && seen == absent && time.Since(b.first) > trustToken {
			if _, unread := f.readable(ctx, b.lead().sub); unread != nil {
				seen = undecided
			}
		}
		return err
	})
	if err != nil {
		f.opts.Logger.InfoContext(ctx, "cannot look for rows", slog.String("batch", b.id), slog.Any("error", err))
		return nil, undecided
	}
	return ids, seen
}

// look reads the records that have the rows' keys, or their most telling value, and compares them: an upsert's rows by the key
// alone, others by all that they write.
func (f *finder) look(ctx context.Context, b *batch, c circumstances) ([]string, sighting, error) {
	sub := b.lead().sub
	if len(sub.Fields) == 0 {
		return nil, undecided, nil
	}
	rows := make([]cells, len(b.items))
	for i := range b.items {
		rows[i] = cellsOf(b.items[i].fields)
	}
	columns, names := columnsIn(sub.Fields, rows)
	key := tellingColumn(columns, rows)
	if sub.Op == OpUpsert {
		key = keyColumns(sub)
	}
	want := make([][]string, len(rows))
	for i, row := range rows {
		want[i], _ = rowKey(key, row)
	}
	q := lookup{
		reader: f.opts.Reader, table: sub.Table, user: sub.Write.UserIDType, columns: key, names: names, pages: maxReadBack, dated: true,
	}
	records, complete, err := q.find(ctx, want)
	for _, e := range b.entries() {
		e.calls.Add(int64(q.calls))
	}
	if err != nil || !complete {
		return nil, undecided, err
	}
	same := sameContent(sub, columns)
	groups := contentsOf(b, want)
	for _, list := range records {
		for i := range list {
			if age := b.ageOf(&list[i], c); age != older && !c.others[list[i].ID] {
				assign(groups[recordGroup(key, &list[i])], &list[i], age, same)
			}
		}
	}
	return decide(b, groups, c)
}

// sameContent returns how a row is compared with a record that has its key.
func sameContent(sub *Submission, columns []feishu.Field) func(it *item, record *feishu.Record) bool {
	if sub.Op == OpUpsert {
		return func(*item, *feishu.Record) bool { return true }
	}
	schema := bitable.NewSchema(columns)
	return func(it *item, record *feishu.Record) bool { return !schema.Changed(it.fields, record.Fields) }
}

// age is when a record was made, seen from a batch.
type age int

const (
	older   age = iota // before the first sending
	maybe              // it cannot be told
	younger            // since the first sending
)

// ageOf compares when a record was made with the first sending of b. A token that a caller brought may have been used before.
func (b *batch) ageOf(record *feishu.Record, c circumstances) age {
	if b.first.IsZero() || c.spent && b.token == b.lead().sub.Write.ClientToken {
		return younger
	}
	millis, err := record.CreatedTime.Int64()
	switch since := b.first.UnixMilli(); {
	case err != nil:
		return maybe
	case millis >= since:
		return younger
	case millis >= since-clockSlack.Milliseconds():
		return maybe
	}
	return older
}

// content is a content that one or more rows of a batch have, and the records that may be theirs.
type content struct {
	at     []int // places of the rows in the batch
	first  *item
	sure   []string // records made since the first sending
	maybe  []string
	strays int // records of the same key and another content
}

// contentsOf groups the rows of b by content, under their joined keys.
func contentsOf(b *batch, want [][]string) map[string][]*content {
	groups := make(map[string][]*content)
	byContent := make(map[string]*content)
	for i := range b.items {
		text := string(b.items[i].fields)
		c := byContent[text]
		if c == nil {
			c = &content{first: &b.items[i]}
			byContent[text] = c
			key := join(want[i])
			groups[key] = append(groups[key], c)
		}
		c.at = append(c.at, i)
	}
	return groups
}

func recordGroup(key []feishu.Field, record *feishu.Record) string {
	parts, _ := recordKey(key, cellsOf(record.Fields))
	return join(parts)
}

// assign gives a record to the content that it has, of those with its key.
func assign(group []*content, record *feishu.Record, a age, same func(*item, *feishu.Record) bool) {
	for _, c := range group {
		switch {
		case !same(c.first, record):
			continue
		case a == younger:
			c.sure = append(c.sure, record.ID)
		default:
			c.maybe = append(c.maybe, record.ID)
		}
		return
	}
	for _, c := range group {
		c.strays++
	}
}

// decide says whether the rows of b are there: each content exactly as often as b and the other creates of unknown outcome have
// it. A batch is carried out whole or not at all: rows of which some are there and some are not decide nothing.
func decide(b *batch, groups map[string][]*content, c circumstances) ([]string, sighting, error) {
	ids := make([]string, len(b.items))
	there, gone := true, true
	for _, group := range groups {
		for _, g := range group {
			records, need := g.sure, len(g.at)+c.claims[string(g.first.fields)]
			if c.spent && len(records) != need {
				records = append(records, g.maybe...)
			}
			gone = gone && len(g.sure)+len(g.maybe)+g.strays == 0
			there = there && len(records) == need
			for n := range min(len(g.at), len(records)) {
				ids[g.at[n]] = records[n]
			}
		}
	}
	switch {
	case there:
		return ids, present, nil
	case gone:
		return nil, absent, nil
	}
	return nil, undecided, nil
}
