package feishu

// The codes that more than the error table branches on. Source: the error table of each endpoint's page.
const (
	CodeInvalidParam        = 10003 // of the token endpoint
	CodeBadSecret           = 10014 // of the token endpoint
	CodeEmptyValue          = 1254007
	CodeTableNameDuplicated = 1254013
	CodeFieldNameDuplicated = 1254014
	CodeViewNameDuplicated  = 1254020
	CodeInvalidSort         = 1254016
	CodeInvalidFilter       = 1254018
	CodeInvalidFieldNames   = 1254024
	CodeRecordNotFound      = 1254043
	CodeFieldNameNotFound   = 1254045
	CodeDataNotChange       = 1254606
	CodeFolderForbidden     = 1254701
	CodeFolderNotFound      = 1254702
	CodeRequestRepeated     = 1254608 // the same request again: done, or under way
	CodeClientTokenUsed     = 1255006 // this client token was used
	CodeTimeout             = 1255040 // the call took too long: its outcome is unknown
	CodeForbidden           = 91403
	CodeRateLimited         = 99991400
	CodeNoToken             = 99991661
	CodeBadToken            = 99991668 // no token of Feishu's; SDKs do not ask for a new one
	CodeBadField            = 99992402
)
