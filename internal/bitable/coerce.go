package bitable

import (
	"encoding/json"
	"iter"
	"time"

	"github.com/rowgate/rowgate/internal/nearest"
)

// chunkBytes is the size of the chunks that rows are written into. What is left of a request gets no larger one than it
// needs: a waiting row holds its whole chunk.
const chunkBytes = 64 << 10

// Coerce turns rows into what Feishu takes. It never fails as a whole: what is wrong with a row is in the plan's Errors.
//
// Each row is a valid JSON object without duplicate keys, as the intake hands it on; what is not an object is that row's error. A row
// is walked over once, by unwrap; after that only its single values are looked at. The rows are not changed; the plan keeps parts
// of them (UnknownColumn.Samples). A nil Options.TimeZone means UTC.
func (s *Schema) Coerce(rows []json.RawMessage, o Options) *Plan {
	if o.TimeZone == nil {
		o.TimeZone = time.UTC
	}
	c := &run{
		Schema: s, opts: o,
		plan: &Plan{
			rows: make([]planned, len(rows)), answers: map[Pending]*answer{}, sorted: true, skips: o.SkipBadValues,
			clears: o.Mode != Create && o.EmptyValues == EmptyClear,
		},
		targets: map[string]*target{},
		seen:    make([]int, len(s.columns)),
		counted: map[string][]int{},
		fresh:   map[int]*freshOptions{},
		unknown: map[string]int{},
		files:   map[int][]File{},
		clock:   clock{zone: o.TimeZone},
	}
	for _, name := range o.KeyFields {
		if i, _, ok := s.find(name); ok {
			c.keys = append(c.keys, i)
		}
	}
	for _, f := range o.Files {
		c.files[f.Row] = append(c.files[f.Row], f)
	}
	for _, row := range rows {
		c.left += roomFor(row)
	}
	for i, row := range rows {
		c.coerceRow(i, trimJSON(row))
		c.left -= roomFor(row)
	}
	return c.plan
}

// run is one coercion under way.
type run struct {
	*Schema
	opts Options
	plan *Plan
	buf  []byte // chunk that rows are written into

	targets     map[string]*target    // raw key → where it leads
	seen        []int                 // by column: 1 + the last row that named it
	counted     map[string][]int      // by field: its warnings in the plan
	fresh       map[int]*freshOptions // by column: options to be created
	unknown     map[string]int        // folded name → index in plan.unknown
	files       map[int][]File        // by row
	unknownSeen []int                 // by index in plan.unknown: 1 + the last row that named it
	searches    int                   // of nearest names
	clock       clock
	keys        []int // columns that rows are matched on

	// The row under way.
	row     int
	listed  []member // its columns, at most MaxColumns+1; reused
	members int      // written or held
	start   int      // of the row in buf
	left    int      // bytes that this row and those behind it may take
	leftOut RowError // the first of its values that bad_values: skip leaves out; zero if none is

	// The cell under way.
	key      *target
	raw      []byte   // its value, taken out of JSON text and of the shape of a computed column
	given    []byte   // its value as the caller sent it
	notes    []string // rules applied
	elements []element
	entries  distinct // ids in elements
}

// member is one member of a row's JSON, as parts of it.
type member struct{ key, value []byte }

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
	c.row, c.members, c.leftOut = i, 0, RowError{}
	if e, refused := c.opts.Refused[i]; refused {
		c.failRow(e)
		return
	}
	if !c.unwrap(raw) {
		return
	}
	if room := roomFor(raw); cap(c.buf)-len(c.buf) < room {
		c.buf = make([]byte, 0, max(min(chunkBytes, c.left), room))
	}
	c.start = len(c.buf)
	c.buf = append(c.buf, '{')
	for _, m := range c.listed {
		c.cell(c.target(m.key), m.value)
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
		c.failRow(emptied(c.leftOut))
	}
	if row.bad || row.waiting {
		c.buf = c.buf[:c.start]
		return
	}
	c.buf = append(c.buf, '}')
	row.members = c.members
	row.body = json.RawMessage(c.buf[c.start:len(c.buf):len(c.buf)])
}

// target finds where a raw key leads; each spelling is looked up once, up to maxTargets of them.
func (c *run) target(key []byte) *target {
	if t, ok := c.targets[string(key)]; ok {
		return t
	}
	t := &target{name: string(content(key)), column: -1}
	if i, exact, ok := c.find(t.name); ok {
		t.column, t.exact = i, exact
	} else if c.opts.UnknownFields == PolicyReject {
		t.near = c.nearest(t.name, c.names())
	}
	if len(c.targets) < maxTargets {
		c.targets[string(key)] = t
	}
	return t
}

// nearest looks for what was meant, within the bound on searches. A pair of quotes or asterisks around the name, as Markdown and CSV
// have it around a header, counts for nothing.
func (c *run) nearest(name string, candidates iter.Seq[string]) []string {
	if c.searches++; c.searches > maxNearestSearches {
		return nil
	}
	bare, _ := cutPair([]byte(name))
	return nearest.Names(string(bare), candidates)
}

// roomFor is how many bytes a row may take once it is coerced; one that takes more gets a chunk of its own.
func roomFor(row []byte) int { return 2*len(row) + 64 }
