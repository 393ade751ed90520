package core

import (
	"encoding/json"
	"time"
)

// optionsJSON is how the admin API shows Options: snake_case names, durations as "300ms".
type optionsJSON struct {
	WritePerCall           Duration        `json:"write_per_call"`
	WritePerRow            Duration        `json:"write_per_row"`
	ReadPerCall            Duration        `json:"read_per_call"`
	ReadPerRow             Duration        `json:"read_per_row"`
	AuthPerCall            Duration        `json:"auth_per_call"`
	ConflictScope          Scope           `json:"conflict_scope"`
	ConflictQueue          bool            `json:"conflict_queue"`
	ConflictWindow         Duration        `json:"conflict_window"`
	IgnoreConsistencyLifts bool            `json:"ignore_consistency_lifts"`
	ClientToken            ClientTokenMode `json:"client_token"`
	ClientTokenTTL         Duration        `json:"client_token_ttl"`
	ClientTokenScope       Scope           `json:"client_token_scope"`
	RepeatWindow           Duration        `json:"repeat_window"`
	ReadOnlyWrite          ReadOnlyMode    `json:"read_only_write"`
	AcceptUnknownLinks     bool            `json:"accept_unknown_links"`
	AcceptUnknownPeople    bool            `json:"accept_unknown_people"`
	EmptyClears            bool            `json:"empty_clears"`
	FieldIDKeys            bool            `json:"field_id_keys"`
	SparseEcho             bool            `json:"sparse_echo"`
	LocationFilter         LocationMode    `json:"location_filter"`
	TrailingSlash          bool            `json:"trailing_slash"`
	HiddenAbsent           bool            `json:"hidden_absent"`
	RouteTokenOptional     bool            `json:"route_token_optional"`
	Overload               OverloadMode    `json:"overload"`
	RatesOff               bool            `json:"rates_off"`
	TokensPerMinute        int             `json:"tokens_per_minute"`
	BaseWritesPerSec       int             `json:"base_writes_per_sec"`
	MonthlyQuota           int             `json:"monthly_quota"`
	SecretStatus           int             `json:"secret_status"`
	TokenTTL               Duration        `json:"token_ttl"`
	RecordLimit            int             `json:"record_limit"`
	CellLimit              int             `json:"cell_limit"`
	MaxBodyBytes           int64           `json:"max_body_bytes"`
	GatewayTimeout         Duration        `json:"gateway_timeout"`
	CreationLag            Duration        `json:"creation_lag"`
	SearchLag              Duration        `json:"search_lag"`
	JournalCalls           int             `json:"journal_calls"`
	Seed                   uint64          `json:"seed"`
}

// MarshalJSON writes snake_case names and durations as text ("300ms").
func (o Options) MarshalJSON() ([]byte, error) { return json.Marshal(o.wire()) }

// UnmarshalJSON reads what MarshalJSON writes; names that are absent keep their value.
func (o *Options) UnmarshalJSON(b []byte) error {
	wire := o.wire()
	if err := StrictJSON(b, &wire); err != nil {
		return err
	}
	*o = Options{
		Write:         Latency{time.Duration(wire.WritePerCall), time.Duration(wire.WritePerRow)},
		Read:          Latency{time.Duration(wire.ReadPerCall), time.Duration(wire.ReadPerRow)},
		Auth:          Latency{PerCall: time.Duration(wire.AuthPerCall)},
		ConflictScope: wire.ConflictScope, ConflictQueue: wire.ConflictQueue, ConflictWindow: time.Duration(wire.ConflictWindow),
		IgnoreConsistencyLifts: wire.IgnoreConsistencyLifts,
		ClientToken:            wire.ClientToken, ClientTokenTTL: time.Duration(wire.ClientTokenTTL), ClientTokenScope: wire.ClientTokenScope,
		RepeatWindow:  time.Duration(wire.RepeatWindow),
		ReadOnlyWrite: wire.ReadOnlyWrite, AcceptUnknownLinks: wire.AcceptUnknownLinks,
		AcceptUnknownPeople: wire.AcceptUnknownPeople, EmptyClears: wire.EmptyClears, FieldIDKeys: wire.FieldIDKeys,
		SparseEcho: wire.SparseEcho, LocationFilter: wire.LocationFilter,
		TrailingSlash: wire.TrailingSlash, HiddenAbsent: wire.HiddenAbsent, RouteTokenOptional: wire.RouteTokenOptional,
		Overload: wire.Overload, RatesOff: wire.RatesOff, TokensPerMinute: wire.TokensPerMinute,
		BaseWritesPerSec: wire.BaseWritesPerSec, MonthlyQuota: wire.MonthlyQuota,
		SecretStatus: wire.SecretStatus, TokenTTL: time.Duration(wire.TokenTTL), RecordLimit: wire.RecordLimit,
		CellLimit: wire.CellLimit, MaxBodyBytes: wire.MaxBodyBytes, GatewayTimeout: time.Duration(wire.GatewayTimeout),
		CreationLag: time.Duration(wire.CreationLag), SearchLag: time.Duration(wire.SearchLag), JournalCalls: wire.JournalCalls, Seed: wire.Seed,
	}
	return nil
}

func (o Options) wire() optionsJSON {
	return optionsJSON{
		WritePerCall: Duration(o.Write.PerCall), WritePerRow: Duration(o.Write.PerRow),
		ReadPerCall: Duration(o.Read.PerCall), ReadPerRow: Duration(o.Read.PerRow), AuthPerCall: Duration(o.Auth.PerCall),
		ConflictScope: o.ConflictScope, ConflictQueue: o.ConflictQueue, ConflictWindow: Duration(o.ConflictWindow),
		IgnoreConsistencyLifts: o.IgnoreConsistencyLifts,
		ClientToken:            o.ClientToken, ClientTokenTTL: Duration(o.ClientTokenTTL), ClientTokenScope: o.ClientTokenScope,
		RepeatWindow:  Duration(o.RepeatWindow),
		ReadOnlyWrite: o.ReadOnlyWrite, AcceptUnknownLinks: o.AcceptUnknownLinks,
		AcceptUnknownPeople: o.AcceptUnknownPeople, EmptyClears: o.EmptyClears, FieldIDKeys: o.FieldIDKeys,
		SparseEcho: o.SparseEcho, LocationFilter: o.LocationFilter,
		TrailingSlash: o.TrailingSlash, HiddenAbsent: o.HiddenAbsent, RouteTokenOptional: o.RouteTokenOptional,
		Overload: o.Overload, RatesOff: o.RatesOff, TokensPerMinute: o.TokensPerMinute,
		BaseWritesPerSec: o.BaseWritesPerSec, MonthlyQuota: o.MonthlyQuota,
		SecretStatus: o.SecretStatus, TokenTTL: Duration(o.TokenTTL), RecordLimit: o.RecordLimit,
		CellLimit: o.CellLimit, MaxBodyBytes: o.MaxBodyBytes, GatewayTimeout: Duration(o.GatewayTimeout),
		CreationLag: Duration(o.CreationLag), SearchLag: Duration(o.SearchLag), JournalCalls: o.JournalCalls, Seed: o.Seed,
	}
}
