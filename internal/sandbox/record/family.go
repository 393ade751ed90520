package record

import (
	_ "embed"

	"github.com/rowgate/rowgate/internal/sandbox/base"
	"github.com/rowgate/rowgate/internal/sandbox/core"
)

//go:embed codes.tsv
var codes string

// Family is the records of bitable/v1.
func Family() core.Family {
	legacy := []string{"bitable:app", "bitable:app:readonly"}
	return core.Family{Name: "record", Codes: codes, Routes: []*core.Route{
		{
			Name: "record.create", Method: "POST", Path: base.TablePath + "/records", Handle: createRecord,
			Class: core.ClassWrite, Locks: true, Token: true, Rates: core.PerSecond(50), Scopes: base.WriteScopes("base:record:create"),
		},
		{
			Name: "record.batch_create", Method: "POST", Path: base.TablePath + "/records/batch_create", Handle: batchCreateRecords,
			Class: core.ClassWrite, Locks: true, Token: true, Rates: core.PerSecond(50), Scopes: base.WriteScopes("base:record:create"),
		},
		{
			Name: "record.update", Method: "PUT", Path: base.TablePath + "/records/:record_id", Handle: updateRecord,
			Class: core.ClassWrite, Locks: true, Rates: core.PerSecond(50), Scopes: base.WriteScopes("base:record:update"),
		},
		{
			Name: "record.batch_update", Method: "POST", Path: base.TablePath + "/records/batch_update", Handle: batchUpdateRecords,
			Class: core.ClassWrite, Locks: true, Rates: core.PerSecond(50), Scopes: base.WriteScopes("base:record:update"),
		},
		{
			Name: "record.delete", Method: "DELETE", Path: base.TablePath + "/records/:record_id", Handle: deleteRecord,
			Class: core.ClassWrite, Locks: true, Rates: core.PerSecond(50), Scopes: base.WriteScopes("base:record:delete"),
		},
		{
			Name: "record.batch_delete", Method: "POST", Path: base.TablePath + "/records/batch_delete", Handle: batchDeleteRecords,
			Class: core.ClassWrite, Locks: true, Rates: core.PerSecond(50), Scopes: base.WriteScopes("base:record:delete"),
		},
		{
			Name: "record.get", Method: "GET", Path: base.TablePath + "/records/:record_id", Handle: getRecord,
			Rates: core.PerSecond(20), Scopes: legacy,
		},
		{
			Name: "record.list", Method: "GET", Path: base.TablePath + "/records", Handle: listRecords,
			Rates: core.PerSecond(20), Scopes: legacy,
		},
		{
			Name: "record.batch_get", Method: "POST", Path: base.TablePath + "/records/batch_get", Handle: batchGetRecords,
			Rates: core.PerSecond(20), Scopes: base.ReadScopes("base:record:read"),
		},
		{
			Name: "record.search", Method: "POST", Path: base.TablePath + "/records/search", Handle: searchRecords,
			Rates: core.PerSecond(20), Scopes: base.ReadScopes("base:record:retrieve"),
		},
	}}
}
