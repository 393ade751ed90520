package table

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/rowgate/rowgate/internal/bitable"
	"github.com/rowgate/rowgate/internal/feishu"
	"github.com/rowgate/rowgate/internal/query"
)

// Change is what is to become of a column; what is zero stays.
type Change struct {
	Name    string
	Kind    *bitable.Kind
	Options []OptionChange
}

// Redefine changes the column of that name or id and returns it as it is then; changed is false if it was so before. A lost answer does
// no harm: the column is looked at again, and what it lacks is sent once more. Errors: field_not_found; bad_parameter for what
// the column cannot become; what Feishu answers otherwise.
func (m *Maker) Redefine(
	ctx context.Context, ref feishu.TableRef, name string, change Change, source Definer,
) (now feishu.Field, changed bool, err error) {
	done, err := m.turn(ctx, ref.AppToken+"/"+ref.TableID)
	if err != nil {
		return feishu.Field{}, false, err
	}
	defer done()
	lost := false
	for attempt := 1; ; attempt++ {
		columns, err := source.ListDefinitions(ctx, ref)
		if err != nil {
			return feishu.Field{}, false, err
		}
		was, err := definitionOf(columns, name)
		if err != nil {
			return feishu.Field{}, false, err
		}
		next, differs, err := change.apply(was, columns)
		if err != nil {
			return feishu.Field{}, false, err
		}
		if !differs {
			now, err = was.Field()
			return now, lost, err
		}
		made, err := source.UpdateField(ctx, ref, next)
		if err == nil {
			made.Primary = was.Primary
			return made, true, nil
		}
		e, ok := errors.AsType[*feishu.Error](err)
		if ok && e.Code == feishu.CodeDataNotChange {
			now, err = next.Field()
			return now, lost, err
		}
		if !ok || !e.Repeatable() || !m.again(ctx, ref.App, e, attempt) {
			return feishu.Field{}, false, err
		}
		lost = lost || e.OutcomeUnknown()
		name = was.ID // its name may be the new one now
	}
}

// definitionOf finds the column of that name or id.
func definitionOf(columns []feishu.FieldDefinition, name string) (*feishu.FieldDefinition, error) {
	fields := make([]feishu.Field, len(columns))
	for i := range columns {
		fields[i] = feishu.Field{ID: columns[i].ID, Name: columns[i].Name, Type: columns[i].Type, UIType: columns[i].UIType}
	}
	found, err := query.FindColumn(bitable.NewSchema(fields), "field", name)
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(columns, func(c feishu.FieldDefinition) bool { return c.ID == found.ID })
	return &columns[i], nil
}

// apply returns the definition that was becomes, and whether it differs. columns are all of the table.
func (c *Change) apply(was *feishu.FieldDefinition, columns []feishu.FieldDefinition) (*feishu.FieldDefinition, bool, error) {
	next := *was
	differs := false
	if c.Name != "" && c.Name != was.Name {
		if slices.ContainsFunc(columns, func(other feishu.FieldDefinition) bool { return other.Name == c.Name }) {
			return nil, false, badColumn(c.Name, "表中已有同名的列", "the table has a column of this name")
		}
		next.Name, differs = c.Name, true
	}
	field, err := was.Field()
	if err != nil {
		return nil, false, err
	}
	if c.Kind != nil && c.Kind.Name != bitable.KindOf(field).Name {
		if was.Primary && !c.Kind.Primary {
			return nil, false, badColumn(was.Name, "索引列不能是这种类型", "the primary column cannot be of this type")
		}
		next.Type, next.UIType, differs = c.Kind.Type, uiType(c.Kind), true
		if !isSelect(was.Type) || !isSelect(next.Type) { // the options of a select go along, every other property is the type's own
			next.Property = nil
		}
	}
	if len(c.Options) == 0 {
		return &next, differs, nil
	}
	if !isSelect(next.Type) {
		return nil, false, badColumn(was.Name, "只有 single_select 和 multi_select 有 options", "only single_select and multi_select have options")
	}
	property, edited, err := editOptions(was.Name, next.Property, c.Options)
	if edited {
		next.Property, differs = property, true
	}
	return &next, differs, err
}

// uiType is the ui_type of a kind, said also where it is the type's own: a definition that says none may keep another.
func uiType(kind *bitable.Kind) string {
	switch {
	case kind.UIType != "":
		return kind.UIType
	case kind.Type == feishu.TypeText:
		return "Text"
	case kind.Type == feishu.TypeNumber:
		return "Number"
	}
	return ""
}

func isSelect(t feishu.FieldType) bool {
	return t == feishu.TypeSingleSelect || t == feishu.TypeMultiSelect
}

// optionsMember is where a property has a select's options.
const optionsMember = "options"

// editOptions adds and renames options of a property, in order, and keeps all else of it: ids, colours, what nobody here knows.
func editOptions(column string, property json.RawMessage, changes []OptionChange) (edited json.RawMessage, differs bool, err error) {
	members := map[string]json.RawMessage{}
	var options []map[string]json.RawMessage
	if len(property) > 0 && string(property) != "null" {
		if err := json.Unmarshal(property, &members); err != nil {
			return nil, false, err
		}
	}
	if raw, there := members[optionsMember]; there {
		if err := json.Unmarshal(raw, &options); err != nil {
			return nil, false, err
		}
	}
	at := func(name string) int {
		return slices.IndexFunc(options, func(o map[string]json.RawMessage) bool { return nameOf(o) == name })
	}
	for _, change := range changes {
		i := at(change.Name)
		switch renamed := change.NewName != "" && change.NewName != change.Name; {
		case !renamed && i >= 0, renamed && i < 0 && at(change.NewName) >= 0: // so it is already
		case !renamed:
			options, differs = append(options, map[string]json.RawMessage{"name": quoted(change.Name)}), true
		case i < 0:
			return nil, false, badColumn(column, "没有选项“"+change.Name+"”。"+listed(options, "现有：", "", "、"),
				fmt.Sprintf("it has no option %q. %s", change.Name, listed(options, "It has: ", "It has none", ", ")))
		case at(change.NewName) >= 0:
			return nil, false, badColumn(column, "已有选项“"+change.NewName+"”，两个选项不能合并",
				fmt.Sprintf("it has an option %q already, and two options cannot become one", change.NewName))
		default:
			options[i]["name"], differs = quoted(change.NewName), true
		}
	}
	members[optionsMember], err = json.Marshal(options)
	if err != nil {
		return nil, false, err
	}
	edited, err = json.Marshal(members)
	return edited, differs, err
}

func nameOf(option map[string]json.RawMessage) string {
	var name string
	_ = json.Unmarshal(option["name"], &name) // an option whose name is no text has none
	return name
}

// maxOptionsNamed bounds the options that a message names.
const maxOptionsNamed = 10

// listed names options behind a word, or is none if there are none.
func listed(options []map[string]json.RawMessage, word, none, by string) string {
	if len(options) == 0 {
		return none
	}
	var names []string
	for _, option := range options[:min(len(options), maxOptionsNamed)] {
		names = append(names, nameOf(option))
	}
	return word + strings.Join(names, by)
}
