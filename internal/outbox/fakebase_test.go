package outbox_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/rowgate/rowgate/internal/feishu"
)

// tokenMode is what Feishu answers to a client token that it has seen; the documentation does not say.
type tokenMode int

const (
	tokenReplays   tokenMode = iota // the first answer again
	tokenConflicts                  // 1255006
	tokenRepeated                   // 1254608
)

// fault is what happens to one write call.
type fault struct {
	before error // in place of carrying it out
	after  error // after it was carried out
}

// write is one write call as the fake base saw it.
type write struct {
	op    string
	table string
	token string
	rows  int
	first string // the first row's fields or record id
}

type fakeRow struct {
	id     string
	made   time.Time
	fields map[string]json.RawMessage
}

// fakeBase is a base: it stores rows, refuses the text "bad" in any column, and counts what it is asked.
type fakeBase struct {
	mu        sync.Mutex
	mode      tokenMode
	faults    func(n int, w write) fault // n counts from 1; nil: no faults
	gate      chan struct{}              // when set, a write takes a value from it before anything else
	entered   chan struct{}              // when set, gets a value as a write comes in
	forgetful bool                       // remembers no client token
	unread    error                      // what a search fails with; nil: it does not
	stale     []fakeRow                  // what a search shows instead of the table; nil: the table
	ungot     error                      // what a read by id fails with; nil: it does not
	answer    func([]string) []string    // changes the record ids of an answer; nil: no
	advanced  bool                       // the base has advanced permissions
	nameless  bool                       // data errors do not name the value
	tables    map[string][]fakeRow
	tokens    map[string][]string
	writes    []write
	searches  int
	gets      int
	next      int
	busy      int
	maxBusy   int
}

func newFakeBase() *fakeBase {
	return &fakeBase{tables: make(map[string][]fakeRow), tokens: make(map[string][]string)}
}

func dataError(column, value string) *feishu.Error {
	e := &feishu.Error{Class: feishu.ClassData, Code: 1254060, Msg: "TextFieldConvFail"}
	if column != "" {
		e.Message = fmt.Sprintf(
			"Invalid request parameter: 'fields.%[1]s.fieldValue.%[2]s.fieldName.%[1]s'. Correct format : the value of 'Multiline' must "+
				"be a string. Please check and modify accordingly.",
			column,
			value,
		)
	}
	return e
}

// begin lets a write in, counts it and returns its fault.
func (f *fakeBase) begin(ctx context.Context, w write) (fault, error) {
	f.mu.Lock()
	f.writes = append(f.writes, w)
	n := len(f.writes)
	f.busy++
	f.maxBusy = max(f.maxBusy, f.busy)
	gate, entered, faults := f.gate, f.entered, f.faults
	f.mu.Unlock()
	if entered != nil {
		entered <- struct{}{}
	}
	if gate != nil {
		select {
		case <-gate:
		case <-ctx.Done():
			return fault{}, &feishu.Error{Class: feishu.ClassInterrupted}
		}
	}
	if faults == nil {
		return fault{}, nil
	}
	x := faults(n, w)
	return x, x.before
}

func (f *fakeBase) end() { f.busy-- }

func (f *fakeBase) refuse(row feishu.Fields) error {
	var cells map[string]any
	if err := json.Unmarshal(row, &cells); err != nil {
		return dataError("", "")
	}
	for _, name := range slices.Sorted(maps.Keys(cells)) {
		if text := fmt.Sprint(cells[name]); strings.HasPrefix(text, "bad") {
			if f.nameless {
				name = ""
			}
			return dataError(name, text)
		}
	}
	return nil
}

func (f *fakeBase) BatchCreate(
	ctx context.Context,
	table feishu.TableRef,
	rows []feishu.Fields,
	opts feishu.WriteOptions,
) ([]string, error) {
	x, err := f.begin(ctx, write{"create", table.TableID, opts.ClientToken, len(rows), string(rows[0])})
	f.mu.Lock()
	defer f.mu.Unlock()
	defer f.end()
	if err != nil {
		return nil, err
	}
	if ids, known := f.tokens[opts.ClientToken]; known {
		switch f.mode {
		case tokenConflicts:
			return nil, &feishu.Error{Class: feishu.ClassReadBack, Code: 1255006}
		case tokenRepeated:
			return nil, &feishu.Error{Class: feishu.ClassReadBack, Code: 1254608}
		case tokenReplays:
			return ids, x.after
		}
	}
	for _, row := range rows {
		if err := f.refuse(row); err != nil {
			return nil, err
		}
	}
	ids := make([]string, len(rows))
	for i, row := range rows {
		f.next++
		ids[i] = "rec" + strconv.Itoa(f.next)
		stored := fakeRow{id: ids[i], made: time.Now()}
		_ = json.Unmarshal(row, &stored.fields)
		f.tables[table.TableID] = append(f.tables[table.TableID], stored)
	}
	if !f.forgetful {
		f.tokens[opts.ClientToken] = ids
	}
	if f.answer != nil {
		ids = f.answer(ids)
	}
	return ids, x.after
}

func (f *fakeBase) find(table, id string) int {
	return slices.IndexFunc(f.tables[table], func(r fakeRow) bool { return r.id == id })
}

func (f *fakeBase) BatchUpdate(ctx context.Context, table feishu.TableRef, rows []feishu.RecordUpdate, _ feishu.WriteOptions) error {
	x, err := f.begin(ctx, write{"update", table.TableID, "", len(rows), rows[0].ID})
	f.mu.Lock()
	defer f.mu.Unlock()
	defer f.end()
	if err != nil {
		return err
	}
	for _, row := range rows {
		if f.find(table.TableID, row.ID) < 0 {
			return &feishu.Error{Class: feishu.ClassFresh, Code: 1254043}
		}
		if err := f.refuse(row.Fields); err != nil {
			return err
		}
	}
	for _, row := range rows {
		_ = json.Unmarshal(row.Fields, &f.tables[table.TableID][f.find(table.TableID, row.ID)].fields)
	}
	return x.after
}

func (f *fakeBase) BatchDelete(ctx context.Context, table feishu.TableRef, ids []string) error {
	x, err := f.begin(ctx, write{"delete", table.TableID, "", len(ids), ids[0]})
	f.mu.Lock()
	defer f.mu.Unlock()
	defer f.end()
	if err != nil {
		return err
	}
	for _, id := range ids {
		if f.find(table.TableID, id) < 0 {
			return &feishu.Error{Class: feishu.ClassFresh, Code: 1254043}
		}
	}
	f.tables[table.TableID] = slices.DeleteFunc(f.tables[table.TableID], func(r fakeRow) bool { return slices.Contains(ids, r.id) })
	return x.after
}

// read returns a record in read shape: text as segments.
func (r fakeRow) read() feishu.Record {
	cells := make(map[string]any)
	for name, raw := range r.fields {
		var text string
		if string(raw) == "null" {
			continue
		}
		if json.Unmarshal(raw, &text) == nil {
			cells[name] = []map[string]string{{"type": "text", "text": text}}
		} else {
			cells[name] = raw
		}
	}
	fields, _ := json.Marshal(cells)
	return feishu.Record{ID: r.id, Fields: fields, CreatedTime: json.Number(strconv.FormatInt(r.made.UnixMilli(), 10))}
}

// Search pages through the whole table, whatever the filter: a filter only saves calls.
func (f *fakeBase) Search(_ context.Context, table feishu.TableRef, req feishu.SearchRequest) (feishu.Page, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.searches++
	if f.unread != nil {
		return feishu.Page{}, f.unread
	}
	rows := f.tables[table.TableID]
	if f.stale != nil {
		rows = f.stale
	}
	from, _ := strconv.Atoi(req.PageToken)
	to := min(from+req.PageSize, len(rows))
	if req.Filter != nil {
		from, to = 0, len(rows)
	}
	page := feishu.Page{Total: len(rows), HasMore: to < len(rows)}
	if page.HasMore {
		page.PageToken = strconv.Itoa(to)
	}
	for _, r := range rows[from:to] {
		page.Items = append(page.Items, r.read())
	}
	return page, nil
}

func (f *fakeBase) BatchGet(
	_ context.Context,
	table feishu.TableRef,
	ids []string,
	_ string,
) (found []feishu.Record, absent []string, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.gets++; f.ungot != nil {
		return nil, nil, f.ungot
	}
	for _, id := range ids {
		if at := f.find(table.TableID, id); at >= 0 {
			found = append(found, f.tables[table.TableID][at].read())
		} else {
			absent = append(absent, id)
		}
	}
	return found, absent, nil
}

func (f *fakeBase) GetApp(_ context.Context, _ feishu.App, appToken string) (feishu.AppInfo, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return feishu.AppInfo{AppToken: appToken, IsAdvanced: f.advanced}, nil
}

// column returns the text of a column, row by row.
func (f *fakeBase) column(table, name string) []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	texts := make([]string, 0, len(f.tables[table]))
	for _, r := range f.tables[table] {
		var text string
		_ = json.Unmarshal(r.fields[name], &text)
		texts = append(texts, text)
	}
	return texts
}

func (f *fakeBase) calls() []write {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.writes)
}
