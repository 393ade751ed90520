package base

import (
	"github.com/rowgate/rowgate/internal/sandbox/core"
)

// TablePath is where a table's fields, views and records are.
const TablePath = "/bitable/v1/apps/:app_token/tables/:table_id"

// WriteScopes are the scopes that let an app do what scope is for and change data.
func WriteScopes(scope string) []string { return []string{scope, "bitable:app"} }

// ReadScopes are the scopes that let an app do what scope is for and read data.
func ReadScopes(scope string) []string { return []string{scope, "bitable:app", "bitable:app:readonly"} }

// Family is bases, tables, fields and views: bitable/v1 without records.
func Family() core.Family {
	return core.Family{Name: "base", Scopes: []string{"bitable:app"}, Endpoints: []*core.Route{
		{Name: "app.create", Method: "POST", Path: "/bitable/v1/apps", Class: core.ClassWrite, Rates: core.PerMinute20, Scopes: WriteScopes("base:app:create"), Handle: createApp},
		{Name: "app.get", Method: "GET", Path: "/bitable/v1/apps/:app_token", Rates: core.PerSecond20, Scopes: ReadScopes("base:app:read"), Handle: getApp},
		{Name: "app.update", Method: "PUT", Path: "/bitable/v1/apps/:app_token", Class: core.ClassWrite, Rates: core.PerSecond10, Scopes: WriteScopes("base:app:update"), Handle: updateApp},
		{Name: "table.list", Method: "GET", Path: "/bitable/v1/apps/:app_token/tables", Rates: core.PerSecond20, Scopes: ReadScopes("base:table:read"), Handle: listTables},
		{Name: "table.create", Method: "POST", Path: "/bitable/v1/apps/:app_token/tables", Class: core.ClassWrite, Rates: core.PerSecond10, Scopes: WriteScopes("base:table:create"), Handle: createTable},
		{Name: "table.batch_create", Method: "POST", Path: "/bitable/v1/apps/:app_token/tables/batch_create", Class: core.ClassWrite, Rates: core.PerSecond10, Scopes: WriteScopes("base:table:create"), Handle: batchCreateTables},
		{Name: "table.batch_delete", Method: "POST", Path: "/bitable/v1/apps/:app_token/tables/batch_delete", Class: core.ClassWrite, Rates: core.PerSecond10, Scopes: WriteScopes("base:table:delete"), Handle: batchDeleteTables},
		{Name: "table.delete", Method: "DELETE", Path: TablePath, Class: core.ClassWrite, Rates: core.PerSecond10, Scopes: WriteScopes("base:table:delete"), Handle: deleteTable, Locks: true},
		{Name: "table.update", Method: "PATCH", Path: TablePath, Class: core.ClassWrite, Rates: core.PerSecond10, Scopes: WriteScopes("base:table:update"), Handle: renameTable, Locks: true},
		{Name: "field.list", Method: "GET", Path: TablePath + "/fields", Rates: core.PerSecond20, Scopes: ReadScopes("base:field:read"), Handle: listFields},
		{Name: "field.create", Method: "POST", Path: TablePath + "/fields", Class: core.ClassWrite, Rates: core.PerSecond10, Scopes: WriteScopes("base:field:create"), Handle: createField, Locks: true, Token: true},
		{Name: "field.update", Method: "PUT", Path: TablePath + "/fields/:field_id", Class: core.ClassWrite, Rates: core.PerSecond10, Scopes: WriteScopes("base:field:update"), Handle: updateField, Locks: true},
		{Name: "field.delete", Method: "DELETE", Path: TablePath + "/fields/:field_id", Class: core.ClassWrite, Rates: core.PerSecond10, Scopes: WriteScopes("base:field:delete"), Handle: deleteField, Locks: true},
		{Name: "view.list", Method: "GET", Path: TablePath + "/views", Rates: core.PerSecond20, Scopes: ReadScopes("base:view:read"), Handle: listViews},
		{Name: "view.get", Method: "GET", Path: TablePath + "/views/:view_id", Rates: core.PerSecond20, Scopes: ReadScopes("base:view:read"), Handle: getView},
		{Name: "view.create", Method: "POST", Path: TablePath + "/views", Class: core.ClassWrite, Rates: core.PerSecond10, Scopes: WriteScopes("base:view:write_only"), Handle: createView, Locks: true},
		{Name: "view.update", Method: "PATCH", Path: TablePath + "/views/:view_id", Class: core.ClassWrite, Rates: core.PerSecond10, Scopes: WriteScopes("base:view:write_only"), Handle: updateView, Locks: true},
		{Name: "view.delete", Method: "DELETE", Path: TablePath + "/views/:view_id", Class: core.ClassWrite, Rates: core.PerSecond10, Scopes: WriteScopes("base:view:write_only"), Handle: deleteView, Locks: true},
	}}
}
