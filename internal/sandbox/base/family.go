package base

import (
	_ "embed"

	"github.com/rowgate/rowgate/internal/sandbox/core"
)

//go:embed codes.tsv
var codes string

// TablePath is where a table's fields, views and records are.
const TablePath = "/bitable/v1/apps/:app_token/tables/:table_id"

// WriteScopes are the scopes that let an app do what scope is for and change data.
func WriteScopes(scope string) []string { return []string{scope, "bitable:app"} }

// ReadScopes are the scopes that let an app do what scope is for and read data.
func ReadScopes(scope string) []string { return []string{scope, "bitable:app", "bitable:app:readonly"} }

// Family is bases, tables, fields and views: bitable/v1 without records. check judges the filter of a view.
func Family(check CheckFilter) core.Family {
	return core.Family{Name: "base", Codes: codes, Scopes: []string{"bitable:app"}, Routes: []*core.Route{
		{
			Name: "app.create", Method: "POST", Path: "/bitable/v1/apps", Handle: createApp,
			Class: core.ClassWrite, Rates: core.PerMinute(20), Scopes: WriteScopes("base:app:create"),
		},
		{
			Name: "app.get", Method: "GET", Path: "/bitable/v1/apps/:app_token", Handle: getApp,
			Rates: core.PerSecond(20), Scopes: ReadScopes("base:app:read"),
		},
		{
			Name: "app.update", Method: "PUT", Path: "/bitable/v1/apps/:app_token", Handle: updateApp,
			Class: core.ClassWrite, Rates: core.PerSecond(10), Scopes: WriteScopes("base:app:update"),
		},
		{
			Name: "table.list", Method: "GET", Path: "/bitable/v1/apps/:app_token/tables", Handle: listTables,
			Rates: core.PerSecond(20), Scopes: ReadScopes("base:table:read"),
		},
		{
			Name: "table.create", Method: "POST", Path: "/bitable/v1/apps/:app_token/tables", Handle: createTable,
			Class: core.ClassWrite, Rates: core.PerSecond(10), Scopes: WriteScopes("base:table:create"),
		},
		{
			Name: "table.batch_create", Method: "POST", Path: "/bitable/v1/apps/:app_token/tables/batch_create", Handle: batchCreateTables,
			Class: core.ClassWrite, Rates: core.PerSecond(10), Scopes: WriteScopes("base:table:create"),
		},
		{
			Name: "table.batch_delete", Method: "POST", Path: "/bitable/v1/apps/:app_token/tables/batch_delete", Handle: batchDeleteTables,
			Class: core.ClassWrite, Rates: core.PerSecond(10), Scopes: WriteScopes("base:table:delete"),
		},
		{
			Name: "table.delete", Method: "DELETE", Path: TablePath, Handle: deleteTable,
			Class: core.ClassWrite, Locks: true, Rates: core.PerSecond(10), Scopes: WriteScopes("base:table:delete"),
		},
		{
			Name: "table.update", Method: "PATCH", Path: TablePath, Handle: renameTable,
			Class: core.ClassWrite, Locks: true, Rates: core.PerSecond(10), Scopes: WriteScopes("base:table:update"),
		},
		{
			Name: "field.list", Method: "GET", Path: TablePath + "/fields", Handle: listFields,
			Rates: core.PerSecond(20), Scopes: ReadScopes("base:field:read"),
		},
		{
			Name: "field.create", Method: "POST", Path: TablePath + "/fields", Handle: createField,
			Class: core.ClassWrite, Locks: true, Token: true, Rates: core.PerSecond(10), Scopes: WriteScopes("base:field:create"),
		},
		{
			Name: "field.update", Method: "PUT", Path: TablePath + "/fields/:field_id", Handle: updateField,
			Class: core.ClassWrite, Locks: true, Rates: core.PerSecond(10), Scopes: WriteScopes("base:field:update"),
		},
		{
			Name: "field.delete", Method: "DELETE", Path: TablePath + "/fields/:field_id", Handle: deleteField,
			Class: core.ClassWrite, Locks: true, Rates: core.PerSecond(10), Scopes: WriteScopes("base:field:delete"),
		},
		{
			Name: "view.list", Method: "GET", Path: TablePath + "/views", Handle: listViews,
			Rates: core.PerSecond(20), Scopes: ReadScopes("base:view:read"),
		},
		{
			Name: "view.get", Method: "GET", Path: TablePath + "/views/:view_id", Handle: getView,
			Rates: core.PerSecond(20), Scopes: ReadScopes("base:view:read"),
		},
		{
			Name: "view.create", Method: "POST", Path: TablePath + "/views", Handle: createView,
			Class: core.ClassWrite, Locks: true, Rates: core.PerSecond(10), Scopes: WriteScopes("base:view:write_only"),
		},
		{
			Name: "view.update", Method: "PATCH", Path: TablePath + "/views/:view_id", Handle: check.updateView,
			Class: core.ClassWrite, Locks: true, Rates: core.PerSecond(10), Scopes: WriteScopes("base:view:write_only"),
		},
		{
			Name: "view.delete", Method: "DELETE", Path: TablePath + "/views/:view_id", Handle: deleteView,
			Class: core.ClassWrite, Locks: true, Rates: core.PerSecond(10), Scopes: WriteScopes("base:view:write_only"),
		},
	}}
}
