package sandbox

import (
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"slices"
)

// AppSpec describes a Feishu app (its id and secret) to AddApp.
type AppSpec struct {
	ID     string `json:"app_id"`
	Secret string `json:"app_secret"`
	Tenant string `json:"tenant"` // the monthly quota is shared by a tenant's apps; default "tenant"
	// Scopes are the app's permissions; nil means AllScopes, an empty list none.
	Scopes  []string `json:"scopes"`
	IPAllow []string `json:"ip_allow"` // IPv4 addresses that may call with its tokens; none: all
}

// BaseSpec describes a base (多维表格 app) to AddBase.
type BaseSpec struct {
	Token    string `json:"app_token"` // default: generated
	Name     string `json:"name"`
	TimeZone string `json:"time_zone"` // IANA name; default Asia/Shanghai
	// Collaborators are the ids of the apps that may read and write it, Readers of those that may only read; others get 91403.
	Collaborators []string `json:"collaborators"`
	Readers       []string `json:"readers"`
	// WikiNode is the token of a wiki page that holds the base; get_node resolves it. "": the base is in no wiki.
	WikiNode string `json:"wiki_node"`
	Advanced bool   `json:"advanced"` // advanced permissions: a reader's search succeeds with no rows
	Copying  bool   `json:"copying"`  // still being copied: 1254036 on every call
}

// FieldSpec describes a column to AddTable. The first field of a table is its primary one.
type FieldSpec struct {
	Name     string         `json:"field_name"`
	Type     int            `json:"type"`              // the numbers of Feishu: 1 text, 2 number, …
	UIType   string         `json:"ui_type,omitempty"` // default: that of the type
	Property map[string]any `json:"property,omitempty"`
	// Options are the names of select options, a shorthand for property.options.
	Options []string `json:"options,omitempty"`
	// FixedOptions marks a select whose options refer to another field: an unknown value is refused, not created.
	FixedOptions bool `json:"fixed_options,omitempty"`
	// Computed is what a formula (20) or lookup (19) gives in every row, in the read shape of ComputedType.
	Computed     []any `json:"computed,omitempty"`
	ComputedType int   `json:"computed_type,omitempty"`
}

// PersonSpec is an entry of the directory: contact lookups find it by email and mobile, person fields show its name.
type PersonSpec struct {
	OpenID  string `json:"open_id"`
	UnionID string `json:"union_id"`
	UserID  string `json:"user_id"`
	Name    string `json:"name"`
	EnName  string `json:"en_name"`
	Email   string `json:"email"`
	Mobile  string `json:"mobile"`
}

var (
	appIDShape    = regexp.MustCompile(`^cli_[A-Za-z0-9_]{1,60}$`)
	appTokenShape = regexp.MustCompile(`^[A-Za-z0-9]{10,100}$`)
	tableIDShape  = regexp.MustCompile(`^tbl[A-Za-z0-9]{5,47}$`)
	recordIDShape = regexp.MustCompile(`^rec[A-Za-z0-9]{3,47}$`)
	viewIDShape   = regexp.MustCompile(`^vew[A-Za-z0-9]{5,47}$`)
)

// AddApp makes an app known. Adding an id again replaces secret, scopes and addresses; its tokens stay valid.
func (a *Admin) AddApp(spec AppSpec) error {
	if !appIDShape.MatchString(spec.ID) || spec.Secret == "" {
		return fmt.Errorf("app %q: want an id like cli_… and a secret", spec.ID)
	}
	spec.Tenant = cmp.Or(spec.Tenant, "tenant")
	if spec.Scopes == nil {
		spec.Scopes = a.server.defaultScopes()
	}
	a.store.addApp(spec)
	return nil
}

// AddBase makes a base without tables known and returns a handle to add them.
func (a *Admin) AddBase(spec BaseSpec) (*Base, error) {
	b, err := a.store.addBase(spec)
	if err != nil {
		return nil, err
	}
	return &Base{a, b}, nil
}

// AddPerson adds an entry to the directory.
func (a *Admin) AddPerson(spec PersonSpec) error {
	if spec.OpenID == "" {
		return errors.New("a person needs an open_id")
	}
	a.store.people.add(spec)
	return nil
}

// Base is a handle on a seeded base. It is safe for concurrent use.
type Base struct {
	admin *Admin
	base  *base
}

// Token returns the base's app_token.
func (b *Base) Token() string { return b.base.spec.Token }

// TableSpec describes a table to AddTableSpec.
type TableSpec struct {
	ID     string      `json:"table_id"` // default: generated
	Name   string      `json:"name"`
	Fields []FieldSpec `json:"fields"`
	Synced bool        `json:"synced"` // synced from elsewhere: the API cannot write its records (403/1254304)
}

// AddTable adds a table and returns its generated id.
func (b *Base) AddTable(name string, fields ...FieldSpec) (string, error) {
	return b.AddTableSpec(TableSpec{Name: name, Fields: fields})
}

// AddTableSpec adds a table, which may bring its own id, and returns the id.
func (b *Base) AddTableSpec(spec TableSpec) (string, error) {
	if spec.ID != "" && !tableIDShape.MatchString(spec.ID) {
		return "", fmt.Errorf("table %q: an id is tbl and 5 to 47 letters and digits", spec.ID)
	}
	fields, err := normalisedFields(spec.Fields)
	if err != nil {
		return "", fmt.Errorf("table %q: %w", spec.Name, err)
	}
	spec.Fields = fields
	b.base.mu.Lock()
	defer b.base.mu.Unlock()
	if b.base.tables[spec.ID] != nil {
		return "", fmt.Errorf("table %s exists", spec.ID)
	}
	t, f := newTable(b.admin.store, b.base, spec, "", true)
	if f != nil {
		return "", fmt.Errorf("table %q: %w", spec.Name, f)
	}
	b.base.insert(t)
	return t.id, nil
}

// normalisedFields gives property values from Go the form that a JSON body would give them.
func normalisedFields(specs []FieldSpec) ([]FieldSpec, error) {
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
	opts := b.admin.server.Options()
	opts.RecordLimit, opts.CellLimit = 0, 0
	normal, err := normalise(rows)
	if err != nil {
		return nil, err
	}
	b.base.mu.Lock()
	defer b.base.mu.Unlock()
	t := b.base.tables[tableID]
	if t == nil {
		return nil, fmt.Errorf("no table %s", tableID)
	}
	w := newWriter(b.admin.store, &opts, b.base, t, seedApp, "open_id")
	ids := make([]string, len(normal))
	for i, fields := range normal {
		id, _, f := w.create(fields)
		if f != nil {
			return nil, fmt.Errorf("row %d: %w", i, f)
		}
		ids[i] = id
	}
	w.commit()
	return ids, nil
}
