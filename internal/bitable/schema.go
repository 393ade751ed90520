package bitable

import (
	"iter"
	"strings"
	"sync"

	"github.com/rowgate/rowgate/internal/feishu"
	"github.com/rowgate/rowgate/internal/nearest"
)

// Schema is a table's columns, compiled for matching names and options. It is immutable and safe for concurrent use.
type Schema struct {
	columns []column
	byName  map[string]int
	byID    map[string]int
	byFold  map[string]int // ambiguous where two columns share a key
}

// ambiguous marks a folded name that more than one column or option has.
const ambiguous = -1

// column is one compiled column.
type column struct {
	field   feishu.Field
	kind    *Kind
	member  []byte               // `"name":`, as it stands in a written row
	options func() *optionsIndex // made at first use: a column may have MaxOptions of them
	single  bool                 // the column's property forbids more than one value
}

// optionsIndex finds options by name.
type optionsIndex struct {
	exact  map[string]int // name → index in field.Property.Options
	folded map[string]int // folded name → index, or ambiguous
}

// NewSchema compiles the fields of a table as the fields list returns them.
func NewSchema(fields []feishu.Field) *Schema {
	s := &Schema{
		columns: make([]column, len(fields)),
		byName:  make(map[string]int, len(fields)),
		byID:    make(map[string]int, len(fields)),
		byFold:  make(map[string]int, len(fields)),
	}
	for i, f := range fields {
		s.columns[i] = compile(f)
		s.byName[f.Name] = i
		if f.ID != "" {
			s.byID[f.ID] = i
		}
		addFolded(s.byFold, foldName(f.Name), i)
	}
	return s
}

func compile(f feishu.Field) column {
	c := column{field: f, kind: kindOf(f), member: append(appendQuoted(nil, f.Name), ':')}
	if p := f.Property; p != nil && p.Multiple != nil {
		c.single = !*p.Multiple
	}
	c.options = sync.OnceValue(func() *optionsIndex { return indexOptions(optionsOf(f)) })
	return c
}

func indexOptions(options []feishu.Option) *optionsIndex {
	index := &optionsIndex{exact: make(map[string]int, len(options)), folded: make(map[string]int, len(options))}
	for i, o := range options {
		if _, twice := index.exact[o.Name]; twice {
			continue // Feishu keeps twins of one name apart by id; a write by name takes the first
		}
		index.exact[o.Name] = i
		addFolded(index.folded, foldOption(o.Name), i)
	}
	return index
}

func addFolded(m map[string]int, key string, i int) {
	if _, taken := m[key]; taken {
		i = ambiguous
	}
	m[key] = i
}

func optionsOf(f feishu.Field) []feishu.Option {
	if f.Property == nil {
		return nil
	}
	return f.Property.Options
}

// optionNames are the names of a select's options, in order.
func (c *column) optionNames() iter.Seq[string] {
	return func(yield func(string) bool) {
		for _, option := range optionsOf(c.field) {
			if !yield(option.Name) {
				return
			}
		}
	}
}

// Field finds a column the way the keys of a row are matched: by exact name, by fld… id, then by folded name if that is
// unique. exact is false where only the folded name agreed.
func (s *Schema) Field(name string) (field feishu.Field, exact, ok bool) {
	i, exact, ok := s.find(name)
	if !ok {
		return feishu.Field{}, false, false
	}
	return s.columns[i].field, exact, true
}

// Fields returns the table's columns in their order. The slice is the caller's.
func (s *Schema) Fields() []feishu.Field {
	fields := make([]feishu.Field, len(s.columns))
	for i := range s.columns {
		fields[i] = s.columns[i].field
	}
	return fields
}

func (s *Schema) find(name string) (i int, exact, ok bool) {
	if i, ok = s.byName[name]; ok {
		return i, true, true
	}
	if strings.HasPrefix(name, "fld") {
		if i, ok = s.byID[name]; ok {
			return i, true, true
		}
	}
	if i, ok = s.byFold[foldName(name)]; ok && i != ambiguous {
		return i, false, true
	}
	return 0, false, false
}

// Nearest returns the names of up to nearest.MaxFound columns that name may mean, the nearest first.
func (s *Schema) Nearest(name string) []string {
	return nearest.Names(name, s.names())
}

// names are those of the columns, in order.
func (s *Schema) names() iter.Seq[string] {
	return func(yield func(string) bool) {
		for i := range s.columns {
			if !yield(s.columns[i].field.Name) {
				return
			}
		}
	}
}

func (c *column) isSelect() bool {
	return c.field.Type == feishu.TypeSingleSelect || c.field.Type == feishu.TypeMultiSelect
}

// foldsWidth reports whether full-width characters are folded in the column's values.
func (c *column) foldsWidth() bool {
	switch c.field.Type {
	case feishu.TypeNumber, feishu.TypeDateTime, feishu.TypeCheckbox, feishu.TypePhone, feishu.TypeLocation:
		return true
	default:
		return false
	}
}
