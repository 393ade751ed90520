package state

import (
	"slices"
	"time"
)

// Field types, by Feishu's numbers.
const (
	TypeText         = 1
	TypeNumber       = 2
	TypeSingleSelect = 3
	TypeMultiSelect  = 4
	TypeDate         = 5
	TypeCheckbox     = 7
	TypeUser         = 11
	TypePhone        = 13
	TypeURL          = 15
	TypeAttachment   = 17
	TypeLink         = 18
	TypeLookup       = 19
	TypeFormula      = 20
	TypeDuplex       = 21
	TypeLocation     = 22
	TypeGroup        = 23
	TypeStage        = 24
	TypeCreatedTime  = 1001
	TypeModifiedTime = 1002
	TypeCreatedUser  = 1003
	TypeModifiedUser = 1004
	TypeAutoNumber   = 1005
	TypeButton       = 3001
)

// Field is a column, guarded by the lock of the base.
type Field struct {
	ID          string
	Name        string
	Type        int
	UI          string
	Property    map[string]any // without options and link targets
	Description *Description   // nil: none
	Options     []*Option
	ByOption    map[string]*Option // the first of each name
	Fixed       bool               // an unknown option is refused, not created
	Multiple    bool
	Target      string // table_id of a link
	Back        string // field_id of a duplex link's other side
	Computed    *Computed
	Slot        int // where a row has its cell
	Created     time.Time
	ByAPI       bool // made over the API: creation lag holds
}

// Description is a column's description, as a body sends it and the answer to a creation or change shows it.
type Description struct {
	DisableSync bool   `json:"disable_sync"`
	Text        string `json:"text"`
}

// Option is an option of a select column, in the shape that the API shows.
type Option struct {
	ID    string `json:"id"`
	Name  string `json:"name"`
	Color int    `json:"color"`
}

// Computed is the value of a formula or lookup column, in the shape that the API shows.
type Computed struct {
	Type  int   `json:"type"`
	Value []any `json:"value"`
}

// AddOption adds an option, also under a name that is there already.
func (f *Field) AddOption(o *Option) {
	f.Options = append(f.Options, o)
	if f.ByOption[o.Name] == nil {
		f.ByOption[o.Name] = o
	}
}

// DropBack removes the other side of a duplex link; nothing for any other column.
func (b *Base) DropBack(f *Field) {
	if target := b.Tables[f.Target]; f.Type == TypeDuplex && target != nil {
		if back := target.FieldByID(f.Back); back != nil {
			target.DropField(back)
		}
	}
}

// DropField removes the column. Its slot stays unused, so the cells need no change.
func (t *Table) DropField(f *Field) {
	t.Fields = slices.DeleteFunc(t.Fields, func(x *Field) bool { return x == f })
	delete(t.ByName, f.Name)
}

// Primary is the first column.
func (t *Table) Primary() *Field { return t.Fields[0] }

// FieldByID returns the column of that id; nil if there is none.
func (t *Table) FieldByID(id string) *Field {
	for _, f := range t.Fields {
		if f.ID == id {
			return f
		}
	}
	return nil
}

// AddField adds a column at the end, with a slot of its own in each row.
func (t *Table) AddField(f *Field) {
	f.Slot = t.Slots
	t.Slots++
	t.Fields = append(t.Fields, f)
	t.ByName[f.Name] = f
}
