package state

import "regexp"

// AppSpec describes a Feishu app (its id and secret) to AddApp.
type AppSpec struct {
	ID     string `json:"app_id"`
	Secret string `json:"app_secret"`
	Tenant string `json:"tenant"` // the monthly quota is shared by a tenant's apps; default "tenant"
	// Scopes are the app's permissions; nil means all that the families know, an empty list none.
	Scopes  []string `json:"scopes"`
	IPAllow []string `json:"ip_allow"` // IPv4 addresses that may call with its tokens; none: all
	Folders []string `json:"folders"`  // folder_tokens of the folders that it has made: only there it can make a base
}

// BaseSpec describes a base (多维表格 app) to AddBase.
type BaseSpec struct {
	Token    string `json:"app_token"` // default: generated
	Name     string `json:"name"`
	TimeZone string `json:"time_zone"` // IANA name; default Asia/Shanghai
	// Collaborators are the ids of the apps that may do everything in it, Editors of those that may read and write but not manage
	// it, Readers of those that may only read; others get 91403.
	Collaborators []string `json:"collaborators"`
	Editors       []string `json:"editors"`
	Readers       []string `json:"readers"`
	// WikiNode is the token of a wiki page that holds the base; get_node resolves it. "": the base is in no wiki.
	WikiNode string `json:"wiki_node"`
	// PersonalToken is the 授权码 of the base (PersonalBaseToken): as Bearer it opens the Bitable calls of this base. "": the base has none.
	PersonalToken string `json:"personal_token"`

	Advanced bool `json:"advanced"` // advanced permissions: an editor's and a reader's search succeeds with no rows
	Copying  bool `json:"copying"`  // still being copied: 1254036 on every call
}

// PersonalCaller stands for the app in calls with the base's PersonalBaseToken: in limits, counters, journal and rows.
func (b BaseSpec) PersonalCaller() string { return "personal_" + b.Token }

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

// The forms of identifiers. An identifier of another form is refused as malformed, not as unknown.
var (
	AppIDShape    = regexp.MustCompile(`^cli_[A-Za-z0-9_]{1,60}$`)
	AppTokenShape = regexp.MustCompile(`^[A-Za-z0-9]{10,100}$`)
	TableIDShape  = regexp.MustCompile(`^tbl[A-Za-z0-9]{5,47}$`)
	RecordIDShape = regexp.MustCompile(`^rec[A-Za-z0-9]{3,47}$`)
	ViewIDShape   = regexp.MustCompile(`^vew[A-Za-z0-9]{5,47}$`)
)

// TableSpec describes a table to AddTableSpec.
type TableSpec struct {
	ID     string      `json:"table_id"` // default: generated
	Name   string      `json:"name"`
	Fields []FieldSpec `json:"fields"`
	Synced bool        `json:"synced"` // synced from elsewhere: the API cannot write its records (403/1254304)
}
