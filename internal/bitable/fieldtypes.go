package bitable

import "github.com/rowgate/rowgate/internal/feishu"

// typeNames are the stable names of the column types, for describe_table and create_table.
var typeNames = map[feishu.FieldType]string{
	feishu.TypeText:         "text",
	feishu.TypeNumber:       "number",
	feishu.TypeSingleSelect: "single_select",
	feishu.TypeMultiSelect:  "multi_select",
	feishu.TypeDateTime:     "date",
	feishu.TypeCheckbox:     "checkbox",
	feishu.TypeUser:         "person",
	feishu.TypePhone:        "phone",
	feishu.TypeURL:          "url",
	feishu.TypeAttachment:   "attachment",
	feishu.TypeSingleLink:   "link",
	feishu.TypeLookup:       "lookup",
	feishu.TypeFormula:      "formula",
	feishu.TypeDuplexLink:   "two_way_link",
	feishu.TypeLocation:     "location",
	feishu.TypeGroupChat:    "group",
	feishu.TypeStage:        "stage",
	feishu.TypeCreatedTime:  "created_time",
	feishu.TypeModifiedTime: "modified_time",
	feishu.TypeCreatedUser:  "created_by",
	feishu.TypeModifiedUser: "modified_by",
	feishu.TypeAutoNumber:   "auto_number",
	feishu.TypeButton:       "button",
}

// uiNames are the names of what is a kind of text or number to Feishu, by ui_type.
var uiNames = map[string]string{
	"Barcode":  "barcode",
	"Email":    "email",
	"Progress": "progress",
	"Currency": "currency",
	"Rating":   "rating",
}

// TypeName names a column's type in snake_case; "unknown" for a type that Feishu added later.
func TypeName(f feishu.Field) string {
	if f.Type == feishu.TypeText || f.Type == feishu.TypeNumber {
		if name, ok := uiNames[f.UIType]; ok {
			return name
		}
	}
	if name, ok := typeNames[f.Type]; ok {
		return name
	}
	return "unknown"
}

// ParseType finds the type, and the ui_type where it needs one, of a name that TypeName gives.
func ParseType(name string) (t feishu.FieldType, uiType string, ok bool) {
	for ui, known := range uiNames {
		if known == name {
			t = feishu.TypeNumber
			if ui == "Barcode" || ui == "Email" {
				t = feishu.TypeText
			}
			return t, ui, true
		}
	}
	for t, known := range typeNames {
		if known == name {
			return t, "", true
		}
	}
	return 0, "", false
}

// Writable reports whether Feishu takes values for the column.
func Writable(f feishu.Field) bool {
	switch f.Type {
	case feishu.TypeText, feishu.TypeNumber, feishu.TypeSingleSelect, feishu.TypeMultiSelect, feishu.TypeDateTime,
		feishu.TypeCheckbox, feishu.TypeUser, feishu.TypePhone, feishu.TypeURL, feishu.TypeAttachment,
		feishu.TypeSingleLink, feishu.TypeDuplexLink, feishu.TypeLocation, feishu.TypeGroupChat:
		return true
	case feishu.TypeLookup, feishu.TypeFormula, feishu.TypeStage, feishu.TypeCreatedTime, feishu.TypeModifiedTime,
		feishu.TypeCreatedUser, feishu.TypeModifiedUser, feishu.TypeAutoNumber, feishu.TypeButton:
		return false
	default: // a type that Feishu added later
		return false
	}
}

// holdsSeveral reports whether a cell of the type is a list of values.
func holdsSeveral(t feishu.FieldType) bool {
	switch t { // all others hold one
	case feishu.TypeMultiSelect, feishu.TypeUser, feishu.TypeAttachment, feishu.TypeSingleLink, feishu.TypeDuplexLink,
		feishu.TypeGroupChat:
		return true
	default:
		return false
	}
}

// CanBePrimary reports whether a column of the type may be a table's first one, its index.
func CanBePrimary(t feishu.FieldType) bool {
	switch t { // all others may not
	case feishu.TypeText, feishu.TypeNumber, feishu.TypeDateTime, feishu.TypePhone, feishu.TypeURL, feishu.TypeFormula,
		feishu.TypeLocation:
		return true
	default:
		return false
	}
}
