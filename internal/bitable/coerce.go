package bitable

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/rowgate/rowgate/internal/feishu"
)

const (
	chunkBytes   = 64 << 10 // rows are written into chunks of at least this size
	maxSentBytes = 256      // a longer value is left out of a warning's example
	maxWarnings  = 500      // entries with a field; further ones are counted by rule alone
)

// Coerce turns rows into what Feishu takes. It never fails as a whole: what is wrong with a row is in the plan's Errors.
//
// Each row is a valid JSON object without duplicate keys; the plan keeps parts of it. A nil Options.TimeZone means UTC.
func (s *Schema) Coerce(rows []json.RawMessage, o Options) *Plan {
	if o.TimeZone == nil {
		o.TimeZone = time.UTC
	}
	c := &run{
		Schema: s, o: o,
		plan:    &Plan{rows: make([]planned, len(rows)), answers: map[Pending]*answer{}, sorted: true},
		targets: map[string]*target{},
		seen:    make([]int, len(s.columns)),
		counted: map[string][]int{},
		fresh:   map[int]*freshOptions{},
		unknown: map[string]int{},
		files:   map[int][]File{},
		clock:   clock{zone: o.TimeZone},
	}
	for _, f := range o.Files {
		c.files[f.Row] = append(c.files[f.Row], f)
	}
	for i, row := range rows {
		c.coerceRow(i, trimJSON(row))
	}
	return c.plan
}

// run is one coercion under way.
type run struct {
	*Schema
	o    Options
	plan *Plan
	buf  []byte // chunk that rows are written into

	targets  map[string]*target    // raw key → where it leads
	seen     []int                 // by column: 1 + the last row that named it
	counted  map[string][]int      // by field: its warnings in the plan
	fresh    map[int]*freshOptions // by column: options to be created
	unknown  map[string]int        // folded name → index in plan.unknown
	files    map[int][]File        // by row
	searches int                   // of nearest names
	clock    clock

	// The row under way.
	row     int
	members int // written or held
	start   int // of the row in buf

	// The cell under way.
	key      *target
	raw      []byte
	notes    []string // rules applied
	elements []element
}

// target is where a key of the rows leads.
type target struct {
	name   string // as the caller wrote it
	column int    // index, or -1
	exact  bool
	near   []string // for an unknown column
}

// result says what became of a cell.
type result int

const (
	written result = iota
	omitted        // nothing to send
	failed         // an error was recorded
	held           // waits for lookups
)

func (c *run) coerceRow(i int, raw []byte) {
	c.row, c.members = i, 0
	fields, skip, ok := c.unwrap(raw)
	if !ok {
		return
	}
	if room := 2*len(fields) + 64; cap(c.buf)-len(c.buf) < room {
		c.buf = make([]byte, 0, max(chunkBytes, room))
	}
	c.start = len(c.buf)
	c.buf = append(c.buf, '{')
	count := 0
	for w := walk(fields); ; {
		key, value, more := w.member()
		if !more {
			break
		}
		if len(skip) > 0 && string(key) == string(skip) {
			continue
		}
		if count++; count > MaxColumns {
			c.failRow(tooManyColumns)
			break
		}
		c.cell(c.target(key), value)
	}
	for _, f := range c.files[i] {
		if t := c.target(appendQuoted(nil, f.Column)); t.column < 0 || c.seen[t.column] != i+1 {
			c.cell(t, nil)
		}
	}
	c.finish()
}

// finish closes the row under way and hands it to the plan.
func (c *run) finish() {
	row := &c.plan.rows[c.row]
	if !row.bad && !row.waiting && c.members == 0 {
		c.failRow(emptyRow)
	}
	if row.bad || row.waiting {
		c.buf = c.buf[:c.start]
		return
	}
	c.buf = append(c.buf, '}')
	row.body = json.RawMessage(c.buf[c.start:len(c.buf):len(c.buf)])
}

// target finds where a raw key leads; each spelling is looked up once.
func (c *run) target(key []byte) *target {
	if t, ok := c.targets[string(key)]; ok {
		return t
	}
	t := &target{name: string(content(key)), column: -1}
	if i, exact, ok := c.find(t.name); ok {
		t.column, t.exact = i, exact
	} else if c.o.UnknownFields == PolicyReject {
		t.near = c.nearest(len(c.columns), t.name, func(i int) string { return c.columns[i].field.Name })
	}
	c.targets[string(key)] = t
	return t
}

// nearest looks for what was meant, within the bound on searches.
func (c *run) nearest(n int, name string, at func(int) string) []string {
	if c.searches++; c.searches > maxNearestSearches {
		return nil
	}
	return nearest(name, n, at)
}

// cell coerces one value and writes it with its key. A nil raw stands for files alone.
func (c *run) cell(t *target, raw []byte) {
	c.key, c.raw, c.notes = t, raw, c.notes[:0]
	if t.column < 0 {
		c.unknownColumn(raw)
		return
	}
	if c.seen[t.column] == c.row+1 {
		c.fail(duplicateColumn(c.columns[t.column].field.Name))
		return
	}
	c.seen[t.column] = c.row + 1
	col := &c.columns[t.column]
	if len(c.o.Repeated) > 0 && slices.Contains(c.o.Repeated, t.name) && !holdsSeveral(col.field.Type) {
		c.fail(duplicateColumn(col.field.Name))
		return
	}
	start := len(c.buf)
	if c.members > 0 {
		c.buf = append(c.buf, ',')
	}
	c.buf = append(c.buf, col.member...)
	at := len(c.buf)
	out, res := c.value(c.buf, col)
	switch res {
	case written, held:
		c.buf = out
		c.members++
		if res == held {
			c.plan.hold(c.row, heldCell{at: at - c.start, elements: slices.Clone(c.elements)})
		}
	case omitted:
		c.buf = c.buf[:start]
		out = nil
	case failed:
		c.buf = c.buf[:start]
		return
	}
	if !t.exact {
		c.count(RuleColumnMatched, col.field.Name, []byte(t.name), appendQuoted(nil, col.field.Name))
	}
	for _, rule := range c.notes {
		c.count(rule, col.field.Name, raw, out[min(at, len(out)):])
	}
}

// unknownColumn does what the policy says about a column that the table has not.
func (c *run) unknownColumn(raw []byte) {
	switch c.o.UnknownFields {
	case PolicyIgnore:
		c.count(RuleUnknownIgnored, c.key.name, raw, nil)
	case PolicyCreate:
		key := foldName(c.key.name)
		i, ok := c.unknown[key]
		if !ok {
			i = len(c.plan.unknown)
			c.unknown[key] = i
			c.plan.unknown = append(c.plan.unknown, UnknownColumn{Name: strings.TrimSpace(c.key.name)})
		}
		switch column := &c.plan.unknown[i]; {
		case raw == nil:
			column.Files++
		case !isNull(raw):
			column.Samples = append(column.Samples, raw)
		}
		c.plan.rows[c.row].waiting = true
	default:
		c.fail(unknownColumn(c.key))
	}
}

// value appends the write shape of the cell under way.
func (c *run) value(dst []byte, col *column) ([]byte, result) {
	if len(c.files) > 0 && c.hasFiles(col) {
		if col.field.Type != feishu.TypeAttachment {
			return c.mismatch(dst, col, reasonFile, "")
		}
		if isNull(c.raw) || string(c.raw) == `""` {
			c.raw = nil
		}
		return c.list(dst, col, bytes.TrimSpace(content(c.raw)), isString(c.raw), attachmentList)
	}
	raw := c.raw
	if c.o.Raw {
		if !Writable(col.field) && c.o.UnknownFields == PolicyIgnore {
			return c.readOnly(dst, isNull(raw))
		}
		return append(dst, raw...), written
	}
	if isNull(raw) {
		return c.null(dst, col)
	}
	text, isText := []byte(nil), isString(raw)
	if isText {
		text = content(raw)
		if len(text) == 0 {
			return c.empty(dst, col)
		}
	}
	if col.field.Type == feishu.TypeText {
		return c.text(dst, text, isText)
	}
	if isText {
		if text = bytes.TrimSpace(text); len(text) == 0 {
			return c.empty(dst, col)
		}
	}
	if !Writable(col.field) {
		return c.readOnly(dst, false)
	}
	switch col.field.Type { //nolint:exhaustive // text stands above, the others are not writable
	case feishu.TypeNumber:
		return c.number(dst, col, text, isText)
	case feishu.TypeSingleSelect:
		return c.singleSelect(dst, col, text, isText)
	case feishu.TypeMultiSelect:
		return c.multiSelect(dst, col, text, isText)
	case feishu.TypeDateTime:
		return c.date(dst, col, text, isText)
	case feishu.TypeCheckbox:
		return c.checkbox(dst, col, text, isText)
	case feishu.TypePhone:
		return c.phone(dst, col, text, isText)
	case feishu.TypeURL:
		return c.url(dst, col, text, isText)
	case feishu.TypeLocation:
		return c.location(dst, col, text, isText)
	case feishu.TypeUser:
		return c.list(dst, col, text, isText, personList)
	case feishu.TypeGroupChat:
		return c.list(dst, col, text, isText, groupList)
	case feishu.TypeAttachment:
		return c.list(dst, col, text, isText, attachmentList)
	default: // the two kinds of links
		return c.links(dst, col, text, isText)
	}
}

// null clears on update and upsert and is left out on create.
func (c *run) null(dst []byte, col *column) ([]byte, result) {
	if !Writable(col.field) {
		return c.readOnly(dst, true)
	}
	if c.o.Mode != Create {
		return append(dst, "null"...), written
	}
	c.note(RuleNullSkipped)
	return dst, omitted
}

// empty is an empty text or a list of empty parts: empty_values rules it.
func (c *run) empty(dst []byte, col *column) ([]byte, result) {
	if c.o.Mode != Create && c.o.EmptyValues == EmptyClear {
		if !Writable(col.field) {
			return c.readOnly(dst, true)
		}
		c.note(RuleEmptyCleared)
		return append(dst, "null"...), written
	}
	c.note(RuleEmptySkipped)
	return dst, omitted
}

// emptyList is an explicit [], which says the same as null.
func (c *run) emptyList(dst []byte) ([]byte, result) {
	if c.o.Mode != Create {
		c.note(RuleEmptyCleared)
		return append(dst, "null"...), written
	}
	c.note(RuleEmptySkipped)
	return dst, omitted
}

func (c *run) readOnly(dst []byte, null bool) ([]byte, result) {
	if !null && c.o.UnknownFields != PolicyIgnore {
		c.fail(readOnlyField)
		return dst, failed
	}
	c.note(RuleReadOnlyDropped)
	return dst, omitted
}

// note marks a rule as applied to the cell under way, once.
func (c *run) note(rule string) {
	if !slices.Contains(c.notes, rule) {
		c.notes = append(c.notes, rule)
	}
}

// count adds one change to the warnings; the first one of its rule and field is the example.
func (c *run) count(rule, field string, got, sent []byte) {
	if c.countAgain(rule, field) {
		return
	}
	if len(c.plan.warnings) >= maxWarnings {
		if field = ""; c.countAgain(rule, field) {
			return
		}
	}
	w := Warning{Rule: rule, Field: field, Count: 1, Index: c.row, Got: shown(got)}
	if len(sent) > 0 && len(sent) <= maxSentBytes {
		w.Sent = slices.Clone(sent)
	}
	c.counted[field] = append(c.counted[field], len(c.plan.warnings))
	c.plan.warnings = append(c.plan.warnings, w)
}

func (c *run) countAgain(rule, field string) bool {
	for _, i := range c.counted[field] {
		if w := &c.plan.warnings[i]; w.Rule == rule {
			w.Count++
			return true
		}
	}
	return false
}

// shown is a value for people: what a string says, anything else as it is spelled.
func shown(raw []byte) string {
	if isString(raw) {
		return cut(content(raw))
	}
	return cut(raw)
}
