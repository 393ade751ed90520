package core

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

// Defaults of Options. A zero field of Options takes the value here.
const (
	DefaultTokenTTL       = 2 * time.Hour    // the documented maximum life of a tenant_access_token
	DefaultClientTokenTTL = 10 * time.Minute // not documented: nothing bounds it from below, so a client may count on minutes at most
	DefaultMaxBodyBytes   = 32 << 20         // not documented; larger bodies get the gateway's HTML 413
	DefaultJournalCalls   = 100_000          // calls the journal keeps, oldest dropped first
)

// Latency is how long an endpoint takes: PerCall once, PerRow for each row of the call (written, asked for by id, or asked for by page).
type Latency struct{ PerCall, PerRow time.Duration }

// ClientTokenMode says what a create answers when its client_token was already used for the same body.
type ClientTokenMode string

// The known ways to answer a repeated client_token; which one Feishu takes is not documented.
const (
	ClientTokenReplay   ClientTokenMode = "replay"   // the first answer again, nothing is written (default)
	ClientTokenConflict ClientTokenMode = "conflict" // 400/1255006
	ClientTokenRepeat   ClientTokenMode = "repeat"   // 403/1254608
	ClientTokenForget   ClientTokenMode = "forget"   // nothing is remembered: the rows are created again
)

// Scope says how far a rule reaches.
type Scope string

// Reaches of the conflict rule and of a client_token.
const (
	ScopeTable Scope = "table" // one table (default)
	ScopeBase  Scope = "base"  // one base (conflict rule)
	ScopeNone  Scope = "none"  // nothing: the conflict rule is off
	ScopeApp   Scope = "app"   // one app over all its tables (client_token)
)

// ReadOnlyMode says what a write to a computed or automatic field answers.
type ReadOnlyMode string

// The known ways to refuse a value for a read-only field.
const (
	ReadOnlyMismatch ReadOnlyMode = "mismatch" // 400/1254015 (default)
	ReadOnlyConvert  ReadOnlyMode = "convert"  // the conversion code of the field's kind, as for a wrong value
	ReadOnlyIgnore   ReadOnlyMode = "ignore"   // the value is dropped in silence
)

// LocationMode says which filter operators a location column takes: its value is the address, and which operators fit is not documented.
type LocationMode string

// The sets of operators that are possible.
const (
	LocationEqual LocationMode = "equal" // is and isNot (default)
	LocationText  LocationMode = "text"  // contains and doesNotContain as well
	LocationNone  LocationMode = "none"  // none, 1254018
)

// OverloadMode says who refuses a call over the rate limit.
type OverloadMode string

// The two documented answers to a call over the limit.
const (
	OverloadGateway OverloadMode = "gateway" // 429/99991400 with x-ogw-ratelimit headers (default)
	OverloadService OverloadMode = "service" // 200/1254290, no headers (Bitable only)
)

// Options are the sandbox's speed and its answers to what Feishu does not document. The zero value is the documented
// Feishu with no latency. Options may be changed at any time with SetOptions; a running call keeps those it began with.
type Options struct {
	// Write, Read and Auth are the latencies of changing calls (uploads too), of reading calls and of the token endpoints; default 0.
	Write, Read, Auth Latency

	ConflictScope  Scope         // which writes exclude each other; default ScopeTable, else ScopeBase or ScopeNone
	ConflictQueue  bool          // a write during another one waits for it instead of failing with 1254291
	ConflictWindow time.Duration // how long after its end a write still excludes others; default 0
	// IgnoreConsistencyLifts lets ignore_consistency_check=true pass the conflict rule; by default the flag is only validated.
	IgnoreConsistencyLifts bool

	ClientToken      ClientTokenMode // default ClientTokenReplay; the same token with another body is always 400/1255006
	ClientTokenTTL   time.Duration   // default DefaultClientTokenTTL
	ClientTokenScope Scope           // default ScopeTable, else ScopeApp
	RepeatWindow     time.Duration   // an update or delete equal to the table's last write within it is 403/1254608; default 0, off

	ReadOnlyWrite       ReadOnlyMode // default ReadOnlyMismatch
	AcceptUnknownLinks  bool         // a link to a record that does not exist is stored; by default 1254067
	AcceptUnknownPeople bool         // a well-formed person id outside the directory is stored; by default 1254066
	EmptyClears         bool         // "" for number, date, single select clears; by default the conversion code
	FieldIDKeys         bool         // fld… ids work as keys of fields; by default 1254045
	SparseEcho          bool         // the echo of a write leaves out "" in text, a url sent without text, and links
	LocationFilter      LocationMode // what the filter of a location takes beside isEmpty and isNotEmpty; default LocationEqual
	TrailingSlash       bool         // a Bitable path may end in "/"; by default only with a PersonalBaseToken, else 404
	HiddenAbsent        bool         // batch_get names records that advanced permissions hide as absent; by default as forbidden
	RouteTokenOptional  bool         // an upload to a base outside a wiki needs no drive_route_token; by default 403/1061004

	Overload         OverloadMode // default OverloadGateway
	RatesOff         bool         // no rate limits at all
	TokensPerMinute  int          // rate of each token endpoint per app; default 0, none (not documented)
	BaseWritesPerSec int          // writes per base before 1254112; default 0, none (the number is not published)
	MonthlyQuota     int          // calls per tenant before 99991403; default 0, none. Token calls and 4xx/5xx do not count

	SecretStatus   int           // HTTP status of 10014 on the token endpoints; default 200
	TokenTTL       time.Duration // default DefaultTokenTTL
	RecordLimit    int           // records per table before 1254103; default 0, none ("the open platform adds no limit")
	CellLimit      int           // cells per write call before 1254130; default 0, none (not documented)
	MaxBodyBytes   int64         // default DefaultMaxBodyBytes; files of uploads are not counted
	GatewayTimeout time.Duration // a call slower than this answers 504/1255040 at this time, its write still lands; default 0, none
	CreationLag    time.Duration // how long a new table or field is unknown (1254041, 1254045) to record calls; default 0
	SearchLag      time.Duration // how long search and list show rows as they were before a write; default 0. A read by id never lags
	JournalCalls   int           // default DefaultJournalCalls
	Seed           uint64        // of the random part of faults; equal seeds and calls give equal faults
}

func (o Options) withDefaults() (Options, error) {
	o.ConflictScope = cmp.Or(o.ConflictScope, ScopeTable)
	o.ClientToken = cmp.Or(o.ClientToken, ClientTokenReplay)
	o.ClientTokenTTL = cmp.Or(o.ClientTokenTTL, DefaultClientTokenTTL)
	o.ClientTokenScope = cmp.Or(o.ClientTokenScope, ScopeTable)
	o.ReadOnlyWrite = cmp.Or(o.ReadOnlyWrite, ReadOnlyMismatch)
	o.Overload = cmp.Or(o.Overload, OverloadGateway)
	o.SecretStatus = cmp.Or(o.SecretStatus, 200)
	o.TokenTTL = cmp.Or(o.TokenTTL, DefaultTokenTTL)
	o.LocationFilter = cmp.Or(o.LocationFilter, LocationEqual)
	o.MaxBodyBytes = cmp.Or(o.MaxBodyBytes, DefaultMaxBodyBytes)
	o.JournalCalls = cmp.Or(o.JournalCalls, DefaultJournalCalls)
	for _, check := range []struct {
		name, value string
		allowed     []string
	}{
		{"conflict_scope", string(o.ConflictScope), []string{"table", "base", "none"}},
		{"client_token", string(o.ClientToken), []string{"replay", "conflict", "repeat", "forget"}},
		{"client_token_scope", string(o.ClientTokenScope), []string{"table", "app"}},
		{"read_only_write", string(o.ReadOnlyWrite), []string{"mismatch", "convert", "ignore"}},
		{"location_filter", string(o.LocationFilter), []string{"equal", "text", "none"}},
		{"overload", string(o.Overload), []string{"gateway", "service"}},
	} {
		if !slices.Contains(check.allowed, check.value) {
			return o, fmt.Errorf("option %s: %q is not one of %v", check.name, check.value, check.allowed)
		}
	}
	if o.SecretStatus < 200 || o.SecretStatus > 599 {
		return o, fmt.Errorf("option secret_status: %d is not an HTTP status", o.SecretStatus)
	}
	return o, nil
}
