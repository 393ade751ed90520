package sandbox

import (
	"github.com/rowgate/rowgate/internal/sandbox/admin"
	"github.com/rowgate/rowgate/internal/sandbox/core"
	"github.com/rowgate/rowgate/internal/sandbox/drive"
	"github.com/rowgate/rowgate/internal/sandbox/state"
)

// The two halves of a Sandbox.
type (
	Server = core.Server
	Admin  = admin.Admin
)

// What a sandbox is seeded with, and what it shows of what it holds.
type (
	AppSpec    = state.AppSpec
	BaseSpec   = state.BaseSpec
	TableSpec  = state.TableSpec
	FieldSpec  = state.FieldSpec
	PersonSpec = state.PersonSpec
	Base       = admin.Base
	Row        = admin.Row
	File       = state.File
)

// What it serves and what it was asked.
type (
	Endpoint   = core.Endpoint
	AnswerCode = core.AnswerCode
	Call       = core.JournalCall
	Count      = core.Count
)

// How it answers.
type (
	Options         = core.Options
	Latency         = core.Latency
	ClientTokenMode = core.ClientTokenMode
	Scope           = core.Scope
	ReadOnlyMode    = core.ReadOnlyMode
	OverloadMode    = core.OverloadMode
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

	ScopeTable = core.ScopeTable
	ScopeBase  = core.ScopeBase
	ScopeNone  = core.ScopeNone
	ScopeApp   = core.ScopeApp

	ReadOnlyMismatch = core.ReadOnlyMismatch
	ReadOnlyConvert  = core.ReadOnlyConvert
	ReadOnlyIgnore   = core.ReadOnlyIgnore

	OverloadGateway = core.OverloadGateway
	OverloadService = core.OverloadService
)

// What goes wrong.
type (
	Fault       = core.Fault
	FaultStatus = core.FaultStatus
	Action      = core.Action
	Moment      = core.Moment
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
