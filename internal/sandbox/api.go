package sandbox

import (
	"github.com/rowgate/rowgate/internal/sandbox/admin"
	"github.com/rowgate/rowgate/internal/sandbox/core"
	"github.com/rowgate/rowgate/internal/sandbox/drive"
	"github.com/rowgate/rowgate/internal/sandbox/state"
)

type (
	// Server serves the open platform and holds options, faults, tokens and journal.
	Server = core.Server
	// Admin seeds the sandbox and shows what it holds.
	Admin = admin.Admin
)

type (
	// AppSpec describes a Feishu app to AddApp.
	AppSpec = state.AppSpec
	// BaseSpec describes a base (多维表格 app) to AddBase.
	BaseSpec = state.BaseSpec
	// TableSpec describes a table to AddTableSpec.
	TableSpec = state.TableSpec
	// FieldSpec describes a column to AddTable.
	FieldSpec = state.FieldSpec
	// PersonSpec describes a person to AddPerson.
	PersonSpec = state.PersonSpec
	// Base is a handle on a base.
	Base = admin.Base
	// Row is a record as it is stored.
	Row = admin.Row
	// File is an uploaded file.
	File = state.File
)

type (
	// Endpoint is a method and path that the sandbox serves.
	Endpoint = core.Endpoint
	// AnswerCode is a code that an endpoint can answer.
	AnswerCode = core.AnswerCode
	// Call is an answered call in the journal.
	Call = core.JournalCall
	// Count is how many calls ended alike.
	Count = core.Count
)

type (
	// Options are the speed of the sandbox and its answers to what Feishu does not document.
	Options = core.Options
	// Latency is how long an endpoint takes.
	Latency = core.Latency
	// ClientTokenMode says what a repeated client_token gets.
	ClientTokenMode = core.ClientTokenMode
	// Scope says how far a rule reaches.
	Scope = core.Scope
	// ReadOnlyMode says what a write to a read-only column gets.
	ReadOnlyMode = core.ReadOnlyMode
	// LocationMode says which filter operators a location takes.
	LocationMode = core.LocationMode
	// OverloadMode says who refuses a call over the rate limit.
	OverloadMode = core.OverloadMode
)

// Values of Options, documented there.
const (
	DefaultTokenTTL       = core.DefaultTokenTTL
	DefaultClientTokenTTL = core.DefaultClientTokenTTL
	DefaultMaxBodyBytes   = core.DefaultMaxBodyBytes
	DefaultJournalCalls   = core.DefaultJournalCalls

	ClientTokenReplay   = core.ClientTokenReplay
	ClientTokenConflict = core.ClientTokenConflict
	ClientTokenRepeat   = core.ClientTokenRepeat
	ClientTokenForget   = core.ClientTokenForget

	ScopeTable = core.ScopeTable
	ScopeBase  = core.ScopeBase
	ScopeNone  = core.ScopeNone
	ScopeApp   = core.ScopeApp

	ReadOnlyMismatch = core.ReadOnlyMismatch
	ReadOnlyConvert  = core.ReadOnlyConvert
	ReadOnlyIgnore   = core.ReadOnlyIgnore

	LocationEqual = core.LocationEqual
	LocationText  = core.LocationText
	LocationNone  = core.LocationNone

	OverloadGateway = core.OverloadGateway
	OverloadService = core.OverloadService
)

type (
	// Fault makes calls that match go wrong.
	Fault = core.Fault
	// FaultStatus is a fault with how many calls it matched and changed.
	FaultStatus = core.FaultStatus
	// Action is what a fault does to a call.
	Action = core.Action
	// Moment is when a fault takes effect.
	Moment = core.Moment
)

// Values of Fault, documented there.
const (
	ActionError       = core.ActionError
	ActionStatus      = core.ActionStatus
	ActionHTML        = core.ActionHTML
	ActionCut         = core.ActionCut
	ActionHang        = core.ActionHang
	ActionInvalidJSON = core.ActionInvalidJSON
	ActionSlowBody    = core.ActionSlowBody
	ActionDelay       = core.ActionDelay
	ActionRevoke      = core.ActionRevoke
	ActionStale       = core.ActionStale
	ActionForget      = core.ActionForget

	BeforeCommit = core.BeforeCommit
	AfterCommit  = core.AfterCommit
)

// Limits of uploads, as documented.
const (
	MaxUploadAllBytes = drive.MaxUploadAllBytes
	BlockBytes        = drive.BlockBytes
	UploadsPerSecond  = drive.UploadsPerSecond
	UploadsPerDay     = drive.UploadsPerDay
)
