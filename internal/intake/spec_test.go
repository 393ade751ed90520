package intake_test

import "github.com/rowgate/rowgate/internal/intake"

// connection are the fields that every tool shares.
var connection = []intake.Param{
	{Name: "passphrase", Header: "X-Passphrase", Secret: true},
	{Name: "app_id", Header: "X-App-Id", Query: true},
	{Name: "app_secret", Header: "X-App-Secret", Secret: true},
	{Name: "app_token", Header: "X-App-Token", Query: true},
	{Name: "table_id", Header: "X-Table-Id", Query: true},
	{Name: "brand", Query: true, Role: intake.Keyword, MayBeColumn: true},
	{Name: "user_id_type", Query: true, Role: intake.Keyword},
	{Name: "soft_errors", Kind: intake.Bool, Query: true},
	{Name: "timeout_ms", Kind: intake.Integer, Query: true},
}

func withConnection(params ...intake.Param) []intake.Param {
	return append(params, connection...)
}

// specs are the tools that the corpus calls.
var specs = map[string]intake.Spec{
	"write": {
		Rows: "records", Row: "fields", RowsRequired: true, FlatRow: true,
		Params: withConnection(
			intake.Param{Name: "records", Kind: intake.Rows},
			intake.Param{Name: "fields", Kind: intake.Row},
			intake.Param{Name: "key_fields", Kind: intake.List, Query: true},
			intake.Param{Name: "on_error", Query: true, Role: intake.Keyword},
			intake.Param{Name: "unknown_fields", Query: true, Role: intake.Keyword},
			intake.Param{Name: "typecast", Kind: intake.Bool, Query: true, MayBeColumn: true},
			intake.Param{Name: "dry_run", Kind: intake.Bool, Query: true},
			intake.Param{Name: "time_zone", Query: true, Role: intake.Keyword, MayBeColumn: true},
			intake.Param{Name: "idempotency_key", Header: "Idempotency-Key", Query: true, Role: intake.IdempotencyKey},
		),
	},
	"update": {
		Rows: "records", RowsRequired: true, FlatRow: true, RowParts: []string{"record_id", "id", "fields"},
		Params: withConnection(intake.Param{Name: "records", Kind: intake.Rows}),
	},
	"delete": {
		Params: withConnection(intake.Param{Name: "record_ids", Kind: intake.List, Query: true}),
	},
	"search": {
		Params: withConnection(
			intake.Param{Name: "where", Kind: intake.Object},
			intake.Param{Name: "sort", Kind: intake.List, Query: true},
			intake.Param{Name: "fields", Kind: intake.List, Query: true},
			intake.Param{Name: "limit", Kind: intake.Integer, Query: true},
		),
	},
	"create_table": {
		Rows: "sample_rows",
		Params: withConnection(
			intake.Param{Name: "name"},
			intake.Param{Name: "fields", Kind: intake.Array},
			intake.Param{Name: "sample_rows", Kind: intake.Rows},
		),
	},
	"upload": {
		Params: withConnection(
			intake.Param{Name: "url"},
			intake.Param{Name: "name"},
			intake.Param{Name: "file", Kind: intake.Upload},
		),
	},
}
