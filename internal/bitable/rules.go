package bitable

// The rules by which values are changed; each change is counted in a warning of that name, which
// problem.LookupRule explains. A value in Feishu's own write
// shape, and text for a text column, changes nothing and has no warning.
const (
	RuleColumnMatched      = "column_matched"
	RuleUnknownIgnored     = "unknown_ignored"
	RuleReadOnlyDropped    = "read_only_dropped"
	RuleNullSkipped        = "null_skipped"
	RuleEmptySkipped       = "empty_skipped"
	RuleEmptyCleared       = "empty_cleared"
	RuleTextScalar         = "text_scalar"
	RuleTextJSON           = "text_json"
	RuleTextJoined         = "text_joined"
	RuleNumberText         = "number_text"
	RuleOptionMatched      = "option_matched"
	RuleOptionCreated      = "option_created"
	RuleOptionUnwrapped    = "option_unwrapped"
	RuleTextSplit          = "text_split"
	RulePartsDropped       = "parts_dropped"
	RuleDateText           = "date_text"
	RuleDateNumber         = "date_number"
	RuleDSTOverlap         = "dst_overlap"
	RuleDSTDayStart        = "dst_day_start"
	RuleCheckboxText       = "checkbox_text"
	RuleIDWrapped          = "id_wrapped"
	RuleMembersDropped     = "members_dropped"
	RulePersonResolved     = "person_resolved"
	RulePhoneCleaned       = "phone_cleaned"
	RuleURLWrapped         = "url_wrapped"
	RuleURLMarkdown        = "url_markdown"
	RuleAttachmentUploaded = "attachment_uploaded"
	RuleLocationText       = "location_text"
	RuleLocationObject     = "location_object"
)
