package record

import (
	"github.com/rowgate/rowgate/internal/sandbox/base"
	"github.com/rowgate/rowgate/internal/sandbox/core"
)

// Family is the records of bitable/v1.
func Family() core.Family {
	legacy := []string{"bitable:app", "bitable:app:readonly"}
	return core.Family{Name: "record", Endpoints: []*core.Route{
		{Name: "record.create", Method: "POST", Path: base.TablePath + "/records", Class: core.ClassWrite, Rates: core.PerSecond50, Scopes: base.WriteScopes("base:record:create"), Handle: createRecord, Locks: true, Token: true},
		{Name: "record.batch_create", Method: "POST", Path: base.TablePath + "/records/batch_create", Class: core.ClassWrite, Rates: core.PerSecond50, Scopes: base.WriteScopes("base:record:create"), Handle: batchCreateRecords, Locks: true, Token: true},
		{Name: "record.update", Method: "PUT", Path: base.TablePath + "/records/:record_id", Class: core.ClassWrite, Rates: core.PerSecond50, Scopes: base.WriteScopes("base:record:update"), Handle: updateRecord, Locks: true},
		{Name: "record.batch_update", Method: "POST", Path: base.TablePath + "/records/batch_update", Class: core.ClassWrite, Rates: core.PerSecond50, Scopes: base.WriteScopes("base:record:update"), Handle: batchUpdateRecords, Locks: true},
		{Name: "record.delete", Method: "DELETE", Path: base.TablePath + "/records/:record_id", Class: core.ClassWrite, Rates: core.PerSecond50, Scopes: base.WriteScopes("base:record:delete"), Handle: deleteRecord, Locks: true},
		{Name: "record.batch_delete", Method: "POST", Path: base.TablePath + "/records/batch_delete", Class: core.ClassWrite, Rates: core.PerSecond50, Scopes: base.WriteScopes("base:record:delete"), Handle: batchDeleteRecords, Locks: true},
		{Name: "record.get", Method: "GET", Path: base.TablePath + "/records/:record_id", Rates: core.PerSecond20, Scopes: legacy, Handle: getRecord},
		{Name: "record.list", Method: "GET", Path: base.TablePath + "/records", Rates: core.PerSecond20, Scopes: legacy, Handle: listRecords},
		{Name: "record.batch_get", Method: "POST", Path: base.TablePath + "/records/batch_get", Rates: core.PerSecond20, Scopes: base.ReadScopes("base:record:read"), Handle: batchGetRecords},
		{Name: "record.search", Method: "POST", Path: base.TablePath + "/records/search", Rates: core.PerSecond20, Scopes: base.ReadScopes("base:record:retrieve"), Handle: searchRecords},
	}}
}
