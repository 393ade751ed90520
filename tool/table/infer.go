package table

import (
	"fmt"
	"slices"
	"strings"

	"github.com/rowgate/rowgate/internal/bitable"
	"github.com/rowgate/rowgate/internal/feishu"
	"github.com/rowgate/rowgate/internal/problem"
	"github.com/rowgate/rowgate/tool"
)

// NewColumn is one column to be made.
type NewColumn struct {
	Name    string   `json:"name" doc:"The column's name."`
	Type    string   `json:"type,omitempty" enum:"text,barcode,email,number,progress,currency,rating,single_select,multi_select,date,checkbox,person,phone,url,attachment,location,group,created_time,modified_time,created_by,modified_by,auto_number" doc:"What it holds. Default text."`
	Options []string `json:"options,omitempty" doc:"Names of a select's options."`
}

// creatable reports whether a column can be made here.
func creatable(kind bitable.Kind) bool { return kind.Creatable }

// wanted is a column that a request asks for, and what its type rests on if that was inferred.
type wanted struct {
	field    feishu.Field
	evidence problem.Text
}

// columnsOf reads the columns of a request, from a list or from sample rows. Names that differ only in case, width or outer
// white space are one column, which must not be listed twice. Errors: bad_parameter, invalid_rows.
func columnsOf(list []NewColumn, rows tool.Rows) ([]wanted, error) {
	if (len(list) > 0) == (len(rows) > 0) {
		return nil, problem.New(problem.BadParameter, problem.Text{
			ZH: "请给出 fields 或 sample_rows，二者之一。", EN: "Give either fields or sample_rows.",
		})
	}
	columns, err := inferred(rows)
	for i := 0; i < len(list) && err == nil; i++ {
		var column wanted
		column.field, err = list[i].field()
		columns = append(columns, column)
	}
	if err != nil {
		return nil, err
	}
	seen := make(map[string]bool, len(columns))
	for _, column := range columns {
		name := bitable.FoldName(column.field.Name)
		switch {
		case name == "":
			return nil, badColumn(column.field.Name, "列名不能为空", "its name is empty")
		case seen[name]:
			return nil, badColumn(column.field.Name, "列名重复", "the name comes twice")
		}
		seen[name] = true
	}
	if len(columns) > MaxColumns {
		return nil, problem.New(problem.BadParameter, problem.Text{
			ZH: fmt.Sprintf("一张表最多 %d 列。", MaxColumns), EN: fmt.Sprintf("A table has at most %d columns.", MaxColumns),
		})
	}
	return columns, nil
}

// inferred makes columns of what all sample rows have for them.
func inferred(rows tool.Rows) ([]wanted, error) {
	unknown, errs := bitable.SampleColumns(rows)
	if len(errs) > 0 {
		e := problem.New(problem.InvalidRows, problem.Text{
			ZH: "sample_rows 里有不能作为样例的行，什么都没有新建。", EN: "Some of sample_rows cannot be samples; nothing was made.",
		})
		e.Rows = errs
		return nil, e
	}
	columns := make([]wanted, 0, len(unknown))
	for _, column := range bitable.Infer(unknown) {
		columns = append(columns, wanted{field: column.Field, evidence: column.Why})
	}
	return columns, nil
}

// field is the column as Feishu takes it.
func (c NewColumn) field() (feishu.Field, error) {
	field := feishu.Field{Name: strings.TrimSpace(c.Name)}
	name := strings.ToLower(strings.TrimSpace(c.Type))
	if name == "" {
		name = "text"
	}
	kind, known := bitable.KindNamed(name)
	if !kind.Creatable {
		var names []string
		for _, kind := range bitable.Kinds(creatable) {
			names = append(names, kind.Name)
		}
		list := strings.Join(names, " ")
		if known {
			return field, badColumn(field.Name, "这种列要在飞书里新建；这里可以新建："+list, "a column of that type is made in Feishu; here there are: "+list)
		}
		return field, badColumn(field.Name, "没有这种类型，可用："+list, "there is no such type; there are: "+list)
	}
	field.Type, field.UIType = kind.Type, kind.UIType
	if len(c.Options) == 0 {
		return field, nil
	}
	if kind.Type != feishu.TypeSingleSelect && kind.Type != feishu.TypeMultiSelect {
		return field, badColumn(field.Name, "只有 single_select 和 multi_select 有 options", "only single_select and multi_select have options")
	}
	field.Property = &feishu.FieldProperty{}
	for _, option := range c.Options {
		option = strings.TrimSpace(option)
		if option == "" || slices.ContainsFunc(field.Property.Options, func(o feishu.Option) bool { return o.Name == option }) {
			return field, badColumn(field.Name, "options 里有空的或重复的名称", "options holds an empty name, or one twice")
		}
		field.Property.Options = append(field.Property.Options, feishu.Option{Name: option})
	}
	return field, nil
}

func badColumn(name, zh, en string) error {
	return problem.New(problem.BadParameter, problem.Text{
		ZH: fmt.Sprintf("列“%s”：%s。", name, zh), EN: fmt.Sprintf("The column %q: %s.", name, en),
	})
}

// MadeColumn is a column as it is now.
type MadeColumn struct {
	Name      string   `json:"name" doc:"the column's name"`
	FieldID   string   `json:"field_id" doc:"fld…"`
	Type      string   `json:"type" example:"date" doc:"what it holds"`
	AskedType string   `json:"asked_type" doc:"what was asked for, if the column was there with another type; else empty"`
	Primary   bool     `json:"primary" doc:"the table's index column"`
	Options   []string `json:"options" nullable:"false" doc:"names of a select's options"`
	Evidence  string   `json:"evidence" doc:"with sample_rows, what the type rests on; else empty"`
}

func madeColumn(field feishu.Field, asked wanted, lang problem.Lang) MadeColumn {
	made := MadeColumn{
		Name: field.Name, FieldID: field.ID, Type: bitable.TypeName(field), Primary: field.Primary, Options: optionNames(field),
		Evidence: asked.evidence.In(lang),
	}
	if want := bitable.TypeName(asked.field); want != made.Type {
		made.AskedType = want
	}
	return made
}
