// Package feishu holds the vocabulary of the Feishu/Lark Open API: types, column types, endpoints with their rates, error codes and
// what each code means to a caller. It does no I/O; the client subpackage makes the calls. Names are Feishu's own.
package feishu

import (
	"encoding/json"

	"github.com/rowgate/rowgate/internal/secret"
)

// Brand is the edition of the product; each has a host of its own.
type Brand string

// The brands.
const (
	BrandFeishu Brand = "feishu" // https://open.feishu.cn
	BrandLark   Brand = "lark"   // https://open.larksuite.com
)

// App is who calls: a caller's self-built app, or in place of one the holder of a PersonalBaseToken.
type App struct {
	Brand  Brand
	ID     string      // cli_…; "" for a PersonalBaseToken
	Secret secret.Text // app_secret, or the PersonalBaseToken
}

// IsPersonal reports whether there is no app: calls are made with the PersonalBaseToken (授权码) of one base, which is the Secret. It
// opens only what API.OfBase says.
func (a App) IsPersonal() bool { return a.ID == "" && !a.Secret.IsZero() }

// TableRef is an app and the table that it calls.
type TableRef struct {
	App      App
	AppToken string
	TableID  string
}

// Batch limits of the record calls, in rows (ids) a call. Source: the endpoint pages of the record API.
const (
	MaxBatchCreate = 1000
	MaxBatchUpdate = 1000
	MaxBatchDelete = 500
	MaxBatchGet    = 100
	MaxSearchPage  = 500
)

// FieldType is Feishu's number of a column type.
type FieldType int

// The column types.
const (
	TypeText         FieldType = 1
	TypeNumber       FieldType = 2
	TypeSingleSelect FieldType = 3
	TypeMultiSelect  FieldType = 4
	TypeDateTime     FieldType = 5
	TypeCheckbox     FieldType = 7
	TypeUser         FieldType = 11
	TypePhone        FieldType = 13
	TypeURL          FieldType = 15
	TypeAttachment   FieldType = 17
	TypeSingleLink   FieldType = 18
	TypeLookup       FieldType = 19
	TypeFormula      FieldType = 20
	TypeDuplexLink   FieldType = 21
	TypeLocation     FieldType = 22
	TypeGroupChat    FieldType = 23
	TypeStage        FieldType = 24
	TypeCreatedTime  FieldType = 1001
	TypeModifiedTime FieldType = 1002
	TypeCreatedUser  FieldType = 1003
	TypeModifiedUser FieldType = 1004
	TypeAutoNumber   FieldType = 1005
	TypeButton       FieldType = 3001
)

// Table is one entry of the tables list.
type Table struct {
	ID       string `json:"table_id"`
	Name     string `json:"name"`
	Revision int    `json:"revision"`
}

// Field is one column as the fields list describes it.
type Field struct {
	ID       string         `json:"field_id,omitempty"`
	Name     string         `json:"field_name"`
	Type     FieldType      `json:"type"`
	UIType   string         `json:"ui_type,omitempty"`
	Primary  bool           `json:"is_primary,omitempty"`
	Hidden   bool           `json:"is_hidden,omitempty"`
	Property *FieldProperty `json:"property,omitempty"`
}

// FieldProperty is the part of a column's property that Rowgate reads or writes.
type FieldProperty struct {
	Options       []Option `json:"options,omitempty"`
	Multiple      *bool    `json:"multiple,omitempty"`
	Formatter     string   `json:"formatter,omitempty"`
	DateFormatter string   `json:"date_formatter,omitempty"`
	TableID       string   `json:"table_id,omitempty"`
	TableName     string   `json:"table_name,omitempty"`
	CurrencyCode  string   `json:"currency_code,omitempty"`
}

// FieldDefinition is a column as an update has to send it back: an update replaces the definition, so that Property is kept as it
// came, with the parts that nobody here reads.
type FieldDefinition struct {
	ID          string           `json:"field_id"`
	Name        string           `json:"field_name"`
	Type        FieldType        `json:"type"`
	UIType      string           `json:"ui_type"`
	Primary     bool             `json:"is_primary"`
	Property    json.RawMessage  `json:"property"`
	Description FieldDescription `json:"description"`
}

// Field is the definition with what Rowgate reads of its property. The error is that of a property of another shape.
func (d *FieldDefinition) Field() (Field, error) {
	field := Field{ID: d.ID, Name: d.Name, Type: d.Type, UIType: d.UIType, Primary: d.Primary}
	if len(d.Property) == 0 {
		return field, nil
	}
	return field, json.Unmarshal(d.Property, &field.Property)
}

// FieldDescription is the text that describes a column.
type FieldDescription string

// UnmarshalJSON reads the shapes in which descriptions come: a text, a list of segments with a text, an object with a text.
func (d *FieldDescription) UnmarshalJSON(data []byte) error {
	type segment struct {
		Text string `json:"text"`
	}
	var text string
	if json.Unmarshal(data, &text) == nil {
		*d = FieldDescription(text)
		return nil
	}
	var list []segment
	if json.Unmarshal(data, &list) == nil {
		*d = ""
		for _, part := range list {
			*d += FieldDescription(part.Text)
		}
		return nil
	}
	var one segment
	err := json.Unmarshal(data, &one)
	*d = FieldDescription(one.Text)
	return err
}

// ViewFilter is the filter of a view: conditions on columns by id, all on one level.
type ViewFilter struct {
	Conjunction string          `json:"conjunction"` // and, or
	Conditions  []ViewCondition `json:"conditions"`
}

// ViewCondition is one condition of a view's filter. Value is the JSON text of a list of texts.
type ViewCondition struct {
	FieldID  string `json:"field_id"`
	Operator string `json:"operator"`
	Value    string `json:"value"`
}

// NewApp describes a base that was made.
type NewApp struct {
	AppToken string `json:"app_token"`
	Name     string `json:"name"`
	URL      string `json:"url"`
	TableID  string `json:"default_table_id"`
}

// Option is one option of a select column.
type Option struct {
	ID    string `json:"id,omitempty"`
	Name  string `json:"name"`
	Color int    `json:"color,omitempty"`
}

// AppInfo describes a base.
type AppInfo struct {
	AppToken   string `json:"app_token"`
	Name       string `json:"name"`
	TimeZone   string `json:"time_zone"`
	IsAdvanced bool   `json:"is_advanced"`
	Revision   int    `json:"revision"`
}

// Node is a wiki node.
type Node struct {
	NodeToken string `json:"node_token"`
	ObjToken  string `json:"obj_token"`
	ObjType   string `json:"obj_type"` // bitable, docx, sheet, …
	Title     string `json:"title"`
}

// Record is one row as search and batch_get return it; Fields is the JSON object in read shape.
type Record struct {
	ID     string          `json:"record_id"`
	Fields json.RawMessage `json:"fields"`
	// CreatedTime is when it was made, milliseconds since 1970; "" unless SearchRequest.AutomaticFields asks for it.
	CreatedTime json.Number `json:"created_time,omitempty"`
}

// Fields is one row as a JSON object of column names, in Feishu's write shape; it is sent byte for byte.
type Fields = json.RawMessage

// RecordUpdate is one row of a BatchUpdate; Fields is the JSON object of the columns that change, in write shape.
type RecordUpdate struct {
	ID     string
	Fields Fields
}

// View is one entry of the views list.
type View struct {
	ID   string `json:"view_id"`
	Name string `json:"view_name"`
	Type string `json:"view_type"` // grid, kanban, gallery, gantt, form
}

// Contact is one answer of BatchGetID: the address that was asked for, and the id, "" when nobody has it.
type Contact struct {
	Email  string `json:"email"`
	Mobile string `json:"mobile"`
	UserID string `json:"user_id"`
}

// WriteOptions are the query parameters of the record writes.
type WriteOptions struct {
	UserIDType             string // open_id, union_id, user_id; "" leaves it out
	ClientToken            string // uuid v4; creates only
	IgnoreConsistencyCheck bool
}

// SearchRequest is one page of a search.
type SearchRequest struct {
	UserIDType      string
	PageToken       string
	PageSize        int // 1–MaxSearchPage; 0 means MaxSearchPage
	ViewID          string
	FieldNames      []string
	Filter          json.RawMessage // Feishu's filter object, nil for none
	Sort            []Sort
	AutomaticFields bool
}

// Sort orders a search.
type Sort struct {
	FieldName string `json:"field_name"`
	Desc      bool   `json:"desc"`
}

// Page is one page of a search.
type Page struct {
	Items     []Record `json:"items"`
	HasMore   bool     `json:"has_more"`
	PageToken string   `json:"page_token"`
	Total     int      `json:"total"`
}

// Bytes is what the fields of the page's records take up.
func (p *Page) Bytes() int64 {
	n := 0
	for i := range p.Items {
		n += len(p.Items[i].Fields)
	}
	return int64(n)
}

// Class groups errors by what a client does about them; see the error table.
type Class int

// The classes of docs/feishu/errors.md §3.3.
const (
	ClassData        Class = iota // the caller must fix the data; bisect a batch
	ClassConflict                 // try again later, serialised per table: 1254290, 1254291, 1254607, …
	ClassFresh                    // not found; again only for what was created seconds ago: 1254040–1254044
	ClassReadBack                 // outcome unknown: 1254608, 1255006, 1255040
	ClassToken                    // new token, once
	ClassAccess                   // the caller must fix access or configuration
	ClassCapacity                 // limits of the base or tenant; stop
	ClassRate                     // gateway rate limit: wait for the time it names
	ClassServer                   // Feishu's own fault: 5xx, 1255001–1255005, 2200, not JSON
	ClassUnreachable              // dial, TLS: the request was never sent
	ClassInterrupted              // cut or timed out after sending: outcome unknown
	ClassOpen                     // refused by the client's breaker: not sent
)

// String returns the class as metrics and logs name it.
func (c Class) String() string {
	switch c {
	case ClassData:
		return "data"
	case ClassConflict:
		return "conflict"
	case ClassFresh:
		return "fresh"
	case ClassReadBack:
		return "read_back"
	case ClassToken:
		return "token"
	case ClassAccess:
		return "access"
	case ClassCapacity:
		return "capacity"
	case ClassRate:
		return "rate"
	case ClassServer:
		return "server"
	case ClassUnreachable:
		return "unreachable"
	case ClassInterrupted:
		return "interrupted"
	case ClassOpen:
		return "open"
	default:
		return "unknown"
	}
}
