package problem

// Code names a problem; callers branch on it. A name never changes once it has landed.
type Code string

// The codes of docs/contract.md §5, by status; not_found, method_not_allowed and internal_error concern the server itself.
const (
	BadBody           Code = "bad_body"
	UnknownParameter  Code = "unknown_parameter"
	BadParameter      Code = "bad_parameter"
	NoRows            Code = "no_rows"
	SecretInQuery     Code = "secret_in_query"
	BadLink           Code = "bad_link"
	MissingConnection Code = "missing_connection"

	UnrenderedTemplate Code = "unrendered_template"
	Wrapper            Code = "wrapper"

	BadPassphrase     Code = "bad_passphrase"
	BadAppCredentials Code = "bad_app_credentials"
	BadConnectionKey  Code = "bad_connection_key"

	AppNotCollaborator Code = "app_not_collaborator"
	ScopeMissing       Code = "scope_missing"
	AdvancedPermission Code = "advanced_permission"
	IPNotAllowed       Code = "ip_not_allowed"
	KeyScope           Code = "key_scope"
	WrongOrigin        Code = "wrong_origin"

	BaseNotFound   Code = "base_not_found"
	TableNotFound  Code = "table_not_found"
	RecordNotFound Code = "record_not_found"
	JobNotFound    Code = "job_not_found"
	NotFound       Code = "not_found"

	MethodNotAllowed Code = "method_not_allowed"

	WrongHost Code = "wrong_host"

	IdempotencyConflict Code = "idempotency_conflict"
	InFlight            Code = "in_flight"
	WrongState          Code = "wrong_state"

	BodyTooLarge Code = "body_too_large"
	TooManyRows  Code = "too_many_rows"

	InvalidRows      Code = "invalid_rows"
	FieldNotFound    Code = "field_not_found"
	BadKeyField      Code = "bad_key_field"
	TableFull        Code = "table_full"
	QuotaExhausted   Code = "quota_exhausted"
	UpstreamRejected Code = "upstream_rejected"
	TargetNotAllowed Code = "target_not_allowed"

	RateLimited     Code = "rate_limited"
	TooManyFailures Code = "too_many_failures"

	InternalError Code = "internal_error"

	UpstreamUnavailable Code = "upstream_unavailable"
	Overloaded          Code = "overloaded"
	Draining            Code = "draining"

	UnknownOutcome Code = "outcome_unknown"
)

// RowCode names what is wrong with a row.
type RowCode string

// The row codes of docs/contract.md §3.
const (
	RowFieldNotFound    RowCode = "field_not_found"
	RowValueMismatch    RowCode = "value_mismatch"
	RowReadOnlyField    RowCode = "read_only_field"
	RowOptionNotFound   RowCode = "option_not_found"
	RowDuplicateColumn  RowCode = "duplicate_column"
	RowEmpty            RowCode = "empty_row"
	RowAmbiguous        RowCode = "ambiguous_row"
	RowEmptyKey         RowCode = "empty_key"
	RowManyMatches      RowCode = "many_matches"
	RowAttachmentFailed RowCode = "attachment_failed"
	RowPersonNotFound   RowCode = "person_not_found"
	RowTooLarge         RowCode = "too_large"
	RowWrapper          RowCode = "wrapper"
	RowRecordNotFound   RowCode = "record_not_found" // update, delete
)
