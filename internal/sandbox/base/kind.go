package base

import (
	"github.com/rowgate/rowgate/internal/sandbox/state"
)

// Kind is what a field type is: its ui_types (default first), whether records may be written, the conversion code, and the code of a
// bad property.
type Kind struct {
	ui             []string
	ReadOnly       bool
	ConversionCode int
	property       int
	Hint           string
	notCreatable   bool
	primary        bool // may be a table's first field
}

// Kinds are the field types, by Feishu's number.
var Kinds = map[int]Kind{
	state.TypeText: {
		ui: []string{"Text", "Barcode", "Email"}, ConversionCode: 1254060, property: 1254080, primary: true,
		Hint: "the value of 'Multiline' must be a string",
	},
	state.TypeNumber: {
		ui: []string{"Number", "Progress", "Currency", "Rating"}, ConversionCode: 1254061, property: 1254081, primary: true,
		Hint: "the value of 'Number' must be a number",
	},
	state.TypeSingleSelect: {
		ui: []string{"SingleSelect"}, ConversionCode: 1254062, property: 1254082,
		Hint: "the value of 'Single Option' must be a string",
	},
	state.TypeMultiSelect: {
		ui: []string{"MultiSelect"}, ConversionCode: 1254063, property: 1254083,
		Hint: "the value of 'Multiple Options' must be an array of strings",
	},
	state.TypeDate: {
		ui: []string{"DateTime"}, ConversionCode: 1254064, property: 1254084, primary: true,
		Hint: "the value of 'Date' must be a unix timestamp",
	},
	state.TypeCheckbox: {
		ui: []string{"Checkbox"}, ConversionCode: 1254065, property: 1254085,
		Hint: "the value of 'Checkbox' must be a boolean",
	},
	state.TypeUser: {
		ui: []string{"User"}, ConversionCode: 1254066, property: 1254086,
		Hint: "the value of 'User' must be an array of objects with id",
	},
	state.TypePhone: {
		ui: []string{"Phone"}, ConversionCode: 1254072, property: 1254080, primary: true,
		Hint: "the value of 'Phone' must be a string of digits with an optional leading +",
	},
	state.TypeURL: {
		ui: []string{"Url"}, ConversionCode: 1254068, property: 1254087, primary: true,
		Hint: "the value of 'Link' must be an object",
	},
	state.TypeAttachment: {
		ui: []string{"Attachment"}, ConversionCode: 1254069, property: 1254088,
		Hint: "the value of 'Attachment' must be an array of objects with file_token",
	},
	state.TypeLink: {
		ui: []string{"SingleLink"}, ConversionCode: 1254067, property: 1254089,
		Hint: "the value of 'Single Link' must be an array of record ids",
	},
	state.TypeLookup:  {ui: []string{"Lookup"}, ReadOnly: true, ConversionCode: 1254060, property: 1254090, notCreatable: true},
	state.TypeFormula: {ui: []string{"Formula"}, ReadOnly: true, ConversionCode: 1254060, property: 1254091, primary: true},
	state.TypeDuplex: {
		ui: []string{"DuplexLink"}, ConversionCode: 1254074, property: 1254092,
		Hint: "the value of 'Duplex Link' must be an array of record ids",
	},
	state.TypeLocation: {
		ui: []string{"Location"}, ConversionCode: 1254015, property: 1254080, primary: true,
		Hint: "the value of 'Location' must be a string of longitude and latitude",
	},
	state.TypeGroup: {
		ui: []string{"GroupChat"}, ConversionCode: 1254015, property: 1254086,
		Hint: "the value of 'Group' must be an array of objects with id",
	},
	state.TypeStage:        {ui: []string{"Stage"}, ReadOnly: true, ConversionCode: 1254062, notCreatable: true},
	state.TypeCreatedTime:  {ui: []string{"CreatedTime"}, ReadOnly: true, ConversionCode: 1254064, property: 1254093},
	state.TypeModifiedTime: {ui: []string{"ModifiedTime"}, ReadOnly: true, ConversionCode: 1254064, property: 1254094},
	state.TypeCreatedUser:  {ui: []string{"CreatedUser"}, ReadOnly: true, ConversionCode: 1254066, property: 1254095},
	state.TypeModifiedUser: {ui: []string{"ModifiedUser"}, ReadOnly: true, ConversionCode: 1254066, property: 1254096},
	state.TypeAutoNumber:   {ui: []string{"AutoNumber"}, ReadOnly: true, ConversionCode: 1254061, property: 1254081},
	state.TypeButton:       {ui: []string{"Button"}, ReadOnly: true, ConversionCode: 1254015, notCreatable: true},
}
