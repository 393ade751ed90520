package admin

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/rowgate/rowgate/internal/sandbox/base"
	"github.com/rowgate/rowgate/internal/sandbox/record"
	"github.com/rowgate/rowgate/internal/sandbox/state"
)

// normalise gives Go values the form that a JSON body would give them (json.Number, []any, map[string]any).
func normalise(rows []map[string]any) ([]map[string]any, error) {
	b, err := json.Marshal(rows)
	if err != nil {
		return nil, err
	}
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.UseNumber()
	var out []map[string]any
	err = dec.Decode(&out)
	return out, err
}

// Base returns the handle of a seeded or created base; false if there is none.
func (a *Admin) Base(appToken string) (*Base, bool) {
	b := a.store.Base(appToken)
	return &Base{a, b}, b != nil
}

// Bases returns the handles of all bases, oldest first.
func (a *Admin) Bases() []*Base {
	all := a.store.Bases()
	handles := make([]*Base, len(all))
	for i, b := range all {
		handles[i] = &Base{a, b}
	}
	return handles
}

// AddApp makes an app known. Adding an id again replaces secret, scopes and addresses; its tokens stay valid.
func (a *Admin) AddApp(spec state.AppSpec) error {
	if !state.AppIDShape.MatchString(spec.ID) || spec.Secret == "" {
		return fmt.Errorf("app %q: want an id like cli_… and a secret", spec.ID)
	}
	spec.Tenant = cmp.Or(spec.Tenant, "tenant")
	if spec.Scopes == nil {
		spec.Scopes = a.server.DefaultScopes()
	}
	a.store.AddApp(spec)
	return nil
}

// AddBase makes a base without tables known and returns a handle to add them.
func (a *Admin) AddBase(spec state.BaseSpec) (*Base, error) {
	b, err := a.store.AddBase(spec)
	if err != nil {
		return nil, err
	}
	return &Base{a, b}, nil
}

// AddPerson adds an entry to the directory.
func (a *Admin) AddPerson(spec state.PersonSpec) error {
	if spec.OpenID == "" {
		return errors.New("a person needs an open_id")
	}
	a.store.People.Add(spec)
	return nil
}

// Base is a handle on a seeded base. It is safe for concurrent use.
type Base struct {
	admin *Admin
	base  *state.Base
}

// Token returns the base's app_token.
func (b *Base) Token() string { return b.base.Spec.Token }

// AddTable adds a table and returns its generated id.
func (b *Base) AddTable(name string, fields ...state.FieldSpec) (string, error) {
	return b.AddTableSpec(state.TableSpec{Name: name, Fields: fields})
}

// AddTableSpec adds a table, which may bring its own id, and returns the id.
func (b *Base) AddTableSpec(spec state.TableSpec) (string, error) {
	if spec.ID != "" && !state.TableIDShape.MatchString(spec.ID) {
		return "", fmt.Errorf("table %q: an id is tbl and 5 to 47 letters and digits", spec.ID)
	}
	fields, err := normalisedFields(spec.Fields)
	if err != nil {
		return "", fmt.Errorf("table %q: %w", spec.Name, err)
	}
	spec.Fields = fields
	b.base.Lock()
	defer b.base.Unlock()
	if b.base.Tables[spec.ID] != nil {
		return "", fmt.Errorf("table %s exists", spec.ID)
	}
	t, f := base.NewTable(b.admin.store, b.base, spec, "", true)
	if f != nil {
		return "", fmt.Errorf("table %q: %w", spec.Name, f)
	}
	b.base.Insert(t)
	return t.ID, nil
}

// normalisedFields gives property values from Go the form that a JSON body would give them.
func normalisedFields(specs []state.FieldSpec) ([]state.FieldSpec, error) {
	properties := make([]map[string]any, len(specs))
	for i, spec := range specs {
		properties[i] = spec.Property
	}
	normal, err := normalise(properties)
	if err != nil {
		return nil, err
	}
	out := slices.Clone(specs)
	for i := range out {
		out[i].Property = normal[i]
	}
	return out, nil
}

// AddRows writes rows (column name → value in Feishu's write shape) without latency, rates or journal and returns their ids.
// Nothing is written when a value is refused; the error names Feishu's code.
func (b *Base) AddRows(tableID string, rows ...map[string]any) ([]string, error) {
	normal, err := normalise(rows)
	if err != nil {
		return nil, err
	}
	b.base.Lock()
	defer b.base.Unlock()
	t := b.base.Tables[tableID]
	if t == nil {
		return nil, fmt.Errorf("no table %s", tableID)
	}
	return record.Seed(b.admin.store, b.admin.server.Options(), b.base, t, normal)
}
