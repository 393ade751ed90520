package tool

import (
	"github.com/rowgate/rowgate/internal/intake"
	"github.com/rowgate/rowgate/internal/secret"
)

// Connection says who is calling and which table is meant: the fields that every tool shares (docs/contract.md §2). A field that is
// empty in the body is taken from the query (where it is no secret), then from its header; app_id, app_secret (or in place of both
// personal_base_token) and passphrase may instead all be sealed in a connection key sent as Authorization: Bearer.
type Connection struct {
	Passphrase        secret.Text `json:"passphrase,omitzero" in:"header=X-Passphrase" doc:"Call passphrase of this service; also Authorization: Bearer <passphrase>."`
	AppID             string      `json:"app_id,omitempty" in:"header=X-App-Id,query" example:"cli_example" doc:"App ID of the caller's own Feishu app, cli_…"`
	AppSecret         secret.Text `json:"app_secret,omitzero" in:"header=X-App-Secret" doc:"App Secret of that app."`
	PersonalBaseToken secret.Text `json:"personal_base_token,omitzero" in:"header=X-Personal-Base-Token" doc:"PersonalBaseToken (授权码) of one base, in place of app_id and app_secret."`
	AppToken          string      `json:"app_token,omitempty" in:"header=X-App-Token,query" example:"https://example.feishu.cn/base/bascnExample?table=tblExample" doc:"The base: an app_token or any pasted link to it (base, wiki, embedded)."`
	TableID           string      `json:"table_id,omitempty" in:"header=X-Table-Id,query" example:"tblExample" doc:"The table: tbl… or its name. May be left out if the link carries ?table=tbl…"`
	Brand             string      `json:"brand,omitempty" in:"header=X-Brand,query" enum:"feishu,lark" doc:"feishu (default) or lark; a link's host decides if there is one."`
	UserIDType        string      `json:"user_id_type,omitempty" in:"query" enum:"open_id,union_id,user_id" doc:"Kind of the ids in people columns. Default open_id."`
	Language          string      `json:"language,omitempty" in:"header=X-Language,query" enum:"zh,en" doc:"Language of title, detail and message: zh or en. Default: Accept-Language, else zh for brand feishu and en for lark. In a body of write_records or update_records only beside records or fields."`
	SoftErrors        *bool       `json:"soft_errors,omitempty" in:"query" doc:"Answer errors as HTTP 200 with ok:false, for callers that lose the body of an error. Default false."`
}

// Rendered refuses template text where a credential stands, which has no such form.
func (c *Connection) Rendered() error {
	for _, field := range []struct{ name, value string }{
		{"app_id", c.AppID},
		{"app_secret", c.AppSecret.Reveal()},
		{"personal_base_token", c.PersonalBaseToken.Reveal()},
	} {
		if intake.IsUnrendered(field.value) {
			return intake.Unrendered(field.name)
		}
	}
	return nil
}

// Deadline is how long a caller waits.
type Deadline struct {
	TimeoutMS *int `json:"timeout_ms,omitempty" in:"query" minimum:"1000" maximum:"55000" example:"25000" doc:"How long to wait for the result, in milliseconds. Default 25000."`
}
