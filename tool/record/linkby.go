package record

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/rowgate/rowgate/internal/bitable"
	"github.com/rowgate/rowgate/internal/problem"
	"github.com/rowgate/rowgate/internal/query"
	"github.com/rowgate/rowgate/tool"
)

// Values of link_by.
const (
	linkByID    = "id"
	linkByTitle = "title"
)

// linksByTitle names the link columns of a table whose rows are named by title. Errors: bad_parameter for what is no value of link_by,
// a column that links to nothing, or typecast: false, under which values go as they are; field_not_found for a column that is not there.
func (o *WriteOptions) linksByTitle(table *bitable.Schema) ([]string, error) {
	var titled []string
	switch {
	case o.LinkBy == "" || o.LinkBy == linkByID:
		return nil, nil
	case o.LinkBy == linkByTitle:
		for _, field := range table.Fields() {
			if bitable.IsLink(field) {
				titled = append(titled, field.Name)
			}
		}
	default:
		var err error
		if titled, err = titledColumns(table, o.LinkBy); err != nil {
			return nil, err
		}
	}
	if len(titled) > 0 && !tool.IsTrueByDefault(o.Typecast) {
		return nil, badLinkBy(
			"link_by=title 要查找记录，typecast=false 要原样发送，二者不能同时使用。请去掉其中一个。",
			"link_by: title looks rows up, and typecast: false sends values as they are; leave one of them out.",
		)
	}
	return titled, nil
}

// titledColumns reads {"<column>": "title"}.
func titledColumns(table *bitable.Schema, text string) ([]string, error) {
	var byColumn map[string]string
	if json.Unmarshal([]byte(text), &byColumn) != nil || byColumn == nil {
		return nil, badLinkBy(
			`link_by 应是 id、title，或 {"关联列的列名": "title"}。`, `link_by takes id, title, or {"<link column>": "title"}.`)
	}
	var titled []string
	seen := map[string]bool{}
	for name, by := range byColumn {
		field, err := query.FindColumn(table, "link_by", name)
		switch {
		case err != nil:
			return nil, err
		case by != linkByID && by != linkByTitle:
			return nil, badLinkBy(
				fmt.Sprintf("link_by 里列“%s”的值应是 id 或 title。", name), fmt.Sprintf("link_by takes id or title for the column %q.", name))
		case !bitable.IsLink(field):
			return nil, badLinkBy(
				fmt.Sprintf("列“%s”（%s）不是关联列，不能用在 link_by 里。", field.Name, bitable.TypeName(field)),
				fmt.Sprintf("The column %q (%s) links to nothing, so it cannot stand in link_by.", field.Name, bitable.TypeName(field)))
		case seen[field.Name]:
			return nil, badLinkBy(
				fmt.Sprintf("link_by 里有两个名称指向列“%s”。只留一个。", field.Name),
				fmt.Sprintf("Two names in link_by mean the column %q. Keep one of them.", field.Name))
		case by == linkByTitle:
			titled = append(titled, field.Name)
		}
		seen[field.Name] = true
	}
	slices.Sort(titled)
	return titled, nil
}

func badLinkBy(zh, en string) error {
	return problem.New(problem.BadParameter, problem.Text{ZH: zh, EN: en})
}
