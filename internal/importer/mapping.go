package importer

import (
	"fmt"
	"slices"
	"strings"

	"golang.org/x/text/unicode/norm"

	"github.com/rowgate/rowgate/internal/nearest"
	"github.com/rowgate/rowgate/internal/source"
)

// description is what describe_table says of a table.
type description struct {
	AppToken  string  `json:"app_token"`
	TableID   string  `json:"table_id"`
	TableName string  `json:"table_name"`
	Fields    []field `json:"fields"`
}

// field is a column of the table.
type field struct {
	Name     string `json:"name"`
	FieldID  string `json:"field_id"`
	Type     string `json:"type"`
	Writable bool   `json:"writable"`
}

// mapped is a column of the source that is written.
type mapped struct {
	from   string // the source's name
	at     int    // among the columns of the source
	column string // the table's name
	kind   string // of the table's column; "" for a table to be made
}

// mapping is which columns of the source are written to which of the table.
type mapping struct {
	columns []mapped
	left    []string // columns of the source that are left out
	keys    []string // the table's names
}

// mapColumns matches the columns of the source with those of the table: by --map, else by name, as a request's are (exactly, else
// without regard to case, width and outer white space). A column that matches none is refused before anything is written, and so is one
// that cannot be written. fields is nil for a table to be made, which gets every column.
func mapColumns(columns []source.Column, fields []field, options *Options) (*mapping, error) {
	names := make([]string, len(columns))
	for i, column := range columns {
		names[i] = column.Name
	}
	chosen, err := parseMap(options.Map, names)
	if err != nil {
		return nil, err
	}
	skipped := map[int]bool{}
	for _, name := range options.Skip {
		i := find(names, name)
		if i < 0 {
			return nil, noSuch("--skip", "文件里", "the file does", name, names)
		}
		skipped[i] = true
	}
	m := &mapping{}
	var unknown []string // with advice
	for i, name := range names {
		target, given := chosen[i]
		switch {
		case given && skipped[i]:
			return nil, fail(fmt.Sprintf("列“%s”同时出现在 --map 和 --skip 里。请只留一个。", name),
				fmt.Sprintf("The column “%s” is in both --map and --skip. Keep one.", name))
		case skipped[i], name == source.ReasonColumn && !given:
			m.left = append(m.left, name)
			continue
		case !given:
			target = name
		}
		if fields == nil {
			m.columns = append(m.columns, mapped{from: name, at: i, column: target})
			continue
		}
		f := findField(fields, target)
		switch {
		case f == nil && given:
			return nil, noSuch("--map", "表里", "the table does", target, fieldNames(fields))
		case f == nil:
			unknown = append(unknown, name)
			continue
		case !f.Writable:
			return nil, fail(
				fmt.Sprintf("列“%s”由飞书计算，不能写入。请加 --skip '%s' 略过它。", f.Name, name),
				fmt.Sprintf("The column “%s” is filled in by Feishu and cannot be written. Leave it out with --skip '%s'.", f.Name, name))
		}
		m.columns = append(m.columns, mapped{from: name, at: i, column: f.Name, kind: f.Type})
	}
	if len(unknown) > 0 {
		return nil, unknownColumns(unknown, fieldNames(fields))
	}
	return m, m.check(options)
}

// check looks for columns that are written twice, for none, and for the keys.
func (m *mapping) check(options *Options) error {
	if len(m.columns) == 0 {
		return fail("没有一列会被写入。", "No column would be written.")
	}
	var names []string
	for _, one := range m.columns {
		if first := slices.IndexFunc(m.columns, func(o mapped) bool { return o.column == one.column }); m.columns[first].from != one.from {
			return fail(
				fmt.Sprintf("文件里的“%s”和“%s”都对应表里的“%s”。请用 --map 或 --skip 区分。", m.columns[first].from, one.from, one.column),
				fmt.Sprintf("“%s” and “%s” of the file are both the table's “%s”. Tell them apart with --map or --skip.",
					m.columns[first].from, one.from, one.column))
		}
		names = append(names, one.column)
	}
	for _, key := range options.Keys {
		i := find(names, key)
		if i < 0 {
			return noSuch("--key", "会写入的列里", "the columns that are written do", key, names)
		}
		m.keys = append(m.keys, names[i])
	}
	return nil
}

// parseMap reads SOURCE=COLUMN. A name of the source may have = in it; the first part that names a column of the source counts.
func parseMap(pairs, names []string) (map[int]string, error) {
	chosen := map[int]string{}
	for _, pair := range pairs {
		at, target := -1, ""
		for i := 0; i < len(pair) && at < 0; i++ {
			if pair[i] == '=' {
				at, target = find(names, pair[:i]), strings.TrimSpace(pair[i+1:])
			}
		}
		from, _, divided := strings.Cut(pair, "=")
		switch {
		case !divided || at >= 0 && target == "":
			return nil, fail(fmt.Sprintf("--map '%s' 应写成 文件里的列=表里的列。", pair), fmt.Sprintf("--map '%s' should be SOURCE=COLUMN.", pair))
		case at < 0:
			return nil, noSuch("--map", "文件里", "the file does", from, names)
		}
		if before, twice := chosen[at]; twice {
			return nil, fail(fmt.Sprintf("--map 里列“%s”出现了两次：%s 和 %s。", names[at], before, target),
				fmt.Sprintf("The column “%s” is in --map twice: %s and %s.", names[at], before, target))
		}
		chosen[at] = target
	}
	return chosen, nil
}

// find returns the place of a name: the same, else the only one that differs by case, width or outer white space; else -1.
func find(names []string, name string) int {
	if i := slices.Index(names, name); i >= 0 {
		return i
	}
	found := -1
	for i, other := range names {
		if fold(other) == fold(name) {
			if found >= 0 {
				return -1
			}
			found = i
		}
	}
	return found
}

func fold(name string) string { return strings.ToLower(strings.TrimSpace(norm.NFKC.String(name))) }

func findField(fields []field, name string) *field {
	if i := find(fieldNames(fields), name); i >= 0 {
		return &fields[i]
	}
	if i := slices.IndexFunc(fields, func(f field) bool { return f.FieldID == name }); i >= 0 {
		return &fields[i]
	}
	return nil
}

func fieldNames(fields []field) []string {
	names := make([]string, len(fields))
	for i, f := range fields {
		names[i] = f.Name
	}
	return names
}

// noSuch is the failure of a flag that names a column which is not there; whereEN ends with do or does.
func noSuch(flag, whereZH, whereEN, name string, names []string) error {
	zh, en := fmt.Sprintf("%s：%s没有“%s”。", flag, whereZH, name), fmt.Sprintf("%s: %s not have “%s”.", flag, whereEN, name)
	if near := nearest.Names(name, slices.Values(names)); len(near) > 0 {
		return fail(zh+fmt.Sprintf("是不是“%s”？", near[0]), en+fmt.Sprintf(" Is it “%s”?", near[0]))
	}
	return fail(zh+"有："+strings.Join(names, "、")+"。", en+" There are: "+strings.Join(names, ", ")+".")
}

// unknownColumns says for each column what to do.
func unknownColumns(unknown, names []string) error {
	var zh, en strings.Builder
	_, _ = fmt.Fprintf(&zh, "文件里有 %d 列在表里找不到，没有写入任何行。请为每一列选一种做法：", len(unknown))
	_, _ = fmt.Fprintf(&en, "%d column(s) of the file are not in the table; nothing was written. Choose for each:", len(unknown))
	for _, name := range unknown {
		target, skip := "COLUMN", "--skip '"+name+"'"
		if near := nearest.Names(name, slices.Values(names)); len(near) > 0 {
			target = near[0]
		}
		_, _ = fmt.Fprintf(&zh, "\n  %s  →  --map '%s=%s' 或 %s", name, name, target, skip)
		_, _ = fmt.Fprintf(&en, "\n  %s  →  --map '%s=%s' or %s", name, name, target, skip)
	}
	return fail(zh.String()+"\n表里的列："+strings.Join(names, "、"), en.String()+"\nColumns of the table: "+strings.Join(names, ", "))
}
