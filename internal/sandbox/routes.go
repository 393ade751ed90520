package sandbox

import (
	"slices"
	"strings"
	"time"
)

// rate is how many calls an endpoint takes per window, for each app.
type rate struct {
	calls int
	per   time.Duration
}

// The documented rates of the endpoints below.
var (
	perSecond10  = []rate{{10, time.Second}}
	perSecond20  = []rate{{20, time.Second}}
	perSecond50  = []rate{{50, time.Second}}
	perMinute20  = []rate{{20, time.Minute}}
	perMinute100 = []rate{{100, time.Minute}}
	perMinute1k  = []rate{{1000, time.Minute}, {50, time.Second}}
)

type class uint8

const (
	classRead class = iota
	classWrite
	classAuth
	classUpload
)

// endpoint is one method and path of the open platform. Rates and scopes are those of the official pages: one of
// the scopes is enough, an empty list needs none.
type endpoint struct {
	name   string // as the admin API, faults and counters name it: "record.batch_create"
	method string
	path   string // without /open-apis, with :name for a parameter
	class  class
	rates  []rate
	scopes []string
	handle func(*call) (any, *failure)
	locks  bool // takes part in "one write at a time"
	token  bool // takes a client_token
}

// tablePath is where a table's fields, views and records are.
const tablePath = "/bitable/v1/apps/:app_token/tables/:table_id"

// The scopes of drive's endpoints.
var (
	anyUpload = []string{"bitable:app", "docs:document.media:upload", "drive:drive"}
	anyFetch  = []string{"bitable:app", "docs:document.media:download", "drive:drive", "drive:drive:readonly"}
)

// writeScopes are the scopes that let an app do what scope is for and change data.
func writeScopes(scope string) []string { return []string{scope, "bitable:app"} }

// readScopes are the scopes that let an app do what scope is for and read data.
func readScopes(scope string) []string { return []string{scope, "bitable:app", "bitable:app:readonly"} }

// authFamily is the token endpoints of custom apps.
func authFamily() family {
	return family{name: "auth", endpoints: []*endpoint{
		{name: "auth.tenant_token", method: "POST", path: "/auth/v3/tenant_access_token/internal", class: classAuth, handle: tenantToken},
		{name: "auth.app_token", method: "POST", path: "/auth/v3/app_access_token/internal", class: classAuth, handle: appToken},
	}}
}

// baseFamily is bases, tables, fields and views: bitable/v1 without records.
func baseFamily() family {
	return family{name: "base", scopes: []string{"bitable:app"}, endpoints: []*endpoint{
		{name: "app.create", method: "POST", path: "/bitable/v1/apps", class: classWrite, rates: perMinute20, scopes: writeScopes("base:app:create"), handle: createApp},
		{name: "app.get", method: "GET", path: "/bitable/v1/apps/:app_token", rates: perSecond20, scopes: readScopes("base:app:read"), handle: getApp},
		{name: "app.update", method: "PUT", path: "/bitable/v1/apps/:app_token", class: classWrite, rates: perSecond10, scopes: writeScopes("base:app:update"), handle: updateApp},
		{name: "table.list", method: "GET", path: "/bitable/v1/apps/:app_token/tables", rates: perSecond20, scopes: readScopes("base:table:read"), handle: listTables},
		{name: "table.create", method: "POST", path: "/bitable/v1/apps/:app_token/tables", class: classWrite, rates: perSecond10, scopes: writeScopes("base:table:create"), handle: createTable},
		{name: "table.batch_create", method: "POST", path: "/bitable/v1/apps/:app_token/tables/batch_create", class: classWrite, rates: perSecond10, scopes: writeScopes("base:table:create"), handle: batchCreateTables},
		{name: "table.batch_delete", method: "POST", path: "/bitable/v1/apps/:app_token/tables/batch_delete", class: classWrite, rates: perSecond10, scopes: writeScopes("base:table:delete"), handle: batchDeleteTables},
		{name: "table.delete", method: "DELETE", path: tablePath, class: classWrite, rates: perSecond10, scopes: writeScopes("base:table:delete"), handle: deleteTable, locks: true},
		{name: "table.update", method: "PATCH", path: tablePath, class: classWrite, rates: perSecond10, scopes: writeScopes("base:table:update"), handle: renameTable, locks: true},
		{name: "field.list", method: "GET", path: tablePath + "/fields", rates: perSecond20, scopes: readScopes("base:field:read"), handle: listFields},
		{name: "field.create", method: "POST", path: tablePath + "/fields", class: classWrite, rates: perSecond10, scopes: writeScopes("base:field:create"), handle: createField, locks: true, token: true},
		{name: "field.update", method: "PUT", path: tablePath + "/fields/:field_id", class: classWrite, rates: perSecond10, scopes: writeScopes("base:field:update"), handle: updateField, locks: true},
		{name: "field.delete", method: "DELETE", path: tablePath + "/fields/:field_id", class: classWrite, rates: perSecond10, scopes: writeScopes("base:field:delete"), handle: deleteField, locks: true},
		{name: "view.list", method: "GET", path: tablePath + "/views", rates: perSecond20, scopes: readScopes("base:view:read"), handle: listViews},
		{name: "view.get", method: "GET", path: tablePath + "/views/:view_id", rates: perSecond20, scopes: readScopes("base:view:read"), handle: getView},
		{name: "view.create", method: "POST", path: tablePath + "/views", class: classWrite, rates: perSecond10, scopes: writeScopes("base:view:write_only"), handle: createView, locks: true},
		{name: "view.update", method: "PATCH", path: tablePath + "/views/:view_id", class: classWrite, rates: perSecond10, scopes: writeScopes("base:view:write_only"), handle: updateView, locks: true},
		{name: "view.delete", method: "DELETE", path: tablePath + "/views/:view_id", class: classWrite, rates: perSecond10, scopes: writeScopes("base:view:write_only"), handle: deleteView, locks: true},
	}}
}

// recordFamily is the records of bitable/v1.
func recordFamily() family {
	legacy := []string{"bitable:app", "bitable:app:readonly"}
	return family{name: "record", endpoints: []*endpoint{
		{name: "record.create", method: "POST", path: tablePath + "/records", class: classWrite, rates: perSecond50, scopes: writeScopes("base:record:create"), handle: createRecord, locks: true, token: true},
		{name: "record.batch_create", method: "POST", path: tablePath + "/records/batch_create", class: classWrite, rates: perSecond50, scopes: writeScopes("base:record:create"), handle: batchCreateRecords, locks: true, token: true},
		{name: "record.update", method: "PUT", path: tablePath + "/records/:record_id", class: classWrite, rates: perSecond50, scopes: writeScopes("base:record:update"), handle: updateRecord, locks: true},
		{name: "record.batch_update", method: "POST", path: tablePath + "/records/batch_update", class: classWrite, rates: perSecond50, scopes: writeScopes("base:record:update"), handle: batchUpdateRecords, locks: true},
		{name: "record.delete", method: "DELETE", path: tablePath + "/records/:record_id", class: classWrite, rates: perSecond50, scopes: writeScopes("base:record:delete"), handle: deleteRecord, locks: true},
		{name: "record.batch_delete", method: "POST", path: tablePath + "/records/batch_delete", class: classWrite, rates: perSecond50, scopes: writeScopes("base:record:delete"), handle: batchDeleteRecords, locks: true},
		{name: "record.get", method: "GET", path: tablePath + "/records/:record_id", rates: perSecond20, scopes: legacy, handle: getRecord},
		{name: "record.list", method: "GET", path: tablePath + "/records", rates: perSecond20, scopes: legacy, handle: listRecords},
		{name: "record.batch_get", method: "POST", path: tablePath + "/records/batch_get", rates: perSecond20, scopes: readScopes("base:record:read"), handle: batchGetRecords},
		{name: "record.search", method: "POST", path: tablePath + "/records/search", rates: perSecond20, scopes: readScopes("base:record:retrieve"), handle: searchRecords},
	}}
}

// wikiFamily is wiki/v2: which base is on a page.
func wikiFamily() family {
	return family{name: "wiki", scopes: []string{"wiki:wiki:readonly"}, endpoints: []*endpoint{
		{name: "wiki.get_node", method: "GET", path: "/wiki/v2/spaces/get_node", rates: perMinute100, scopes: []string{"wiki:node:read", "wiki:wiki", "wiki:wiki:readonly"}, handle: getNode},
	}}
}

// contactFamily is contact/v3: who has an email or a mobile number.
func contactFamily() family {
	return family{name: "contact", scopes: []string{"contact:user.id:readonly"}, endpoints: []*endpoint{
		{name: "contact.batch_get_id", method: "POST", path: "/contact/v3/users/batch_get_id", rates: perMinute1k, scopes: []string{"contact:user.id:readonly"}, handle: batchGetUserIDs},
	}}
}

// driveFamily is drive/v1 medias: uploads in one call and in blocks, and temporary addresses.
func driveFamily() family {
	d := &drive{}
	return family{name: "drive", scopes: []string{"docs:document.media:upload", "docs:document.media:download"}, reset: d.reset, endpoints: []*endpoint{
		{name: "media.upload_all", method: "POST", path: "/drive/v1/medias/upload_all", class: classUpload, scopes: anyUpload, handle: d.uploadAll},
		{name: "media.upload_prepare", method: "POST", path: "/drive/v1/medias/upload_prepare", class: classUpload, scopes: anyUpload, handle: d.uploadPrepare},
		{name: "media.upload_part", method: "POST", path: "/drive/v1/medias/upload_part", class: classUpload, scopes: anyUpload, handle: d.uploadPart},
		{name: "media.upload_finish", method: "POST", path: "/drive/v1/medias/upload_finish", class: classUpload, scopes: anyUpload, handle: d.uploadFinish},
		{name: "media.tmp_url", method: "GET", path: "/drive/v1/medias/batch_get_tmp_download_url", rates: []rate{{5, time.Second}}, scopes: anyFetch, handle: tmpURLs},
	}}
}

// Endpoint is a method and path that the sandbox serves, and its name in faults, counters and Codes.
type Endpoint struct {
	Name   string `json:"name"`
	Method string `json:"method"`
	Path   string `json:"path"` // with :name for a parameter
}

// Endpoints returns what the server serves under /open-apis.
func (s *Server) Endpoints() []Endpoint { return endpointsOf(s.families) }

func endpointsOf(families []family) []Endpoint {
	out := []Endpoint{}
	for _, f := range families {
		for _, e := range f.endpoints {
			out = append(out, Endpoint{e.name, e.method, "/open-apis" + e.path})
		}
	}
	return out
}

// router finds the endpoint of a method and path.
type router struct {
	byShape map[shape][]candidate
	byName  map[string]*endpoint
}

type shape struct {
	method   string
	segments int
}

type candidate struct {
	*endpoint
	segments []string
}

func newRouter(families []family) *router {
	r := &router{byShape: map[shape][]candidate{}, byName: map[string]*endpoint{}}
	for _, f := range families {
		for _, e := range f.endpoints {
			segments := strings.Split(e.path[1:], "/")
			key := shape{e.method, len(segments)}
			r.byShape[key] = append(r.byShape[key], candidate{e, segments})
			r.byName[e.name] = e
		}
	}
	// A fixed segment wins over a parameter: ".../records/search" is no record_id.
	for _, list := range r.byShape {
		slices.SortStableFunc(list, func(a, b candidate) int { return strings.Count(a.path, ":") - strings.Count(b.path, ":") })
	}
	return r
}

// match returns nil for an unknown path or a method that the path does not take. Only the token endpoints take a trailing slash.
func (r *router) match(method, path string) (*endpoint, map[string]string) {
	rest, ok := strings.CutPrefix(path, "/open-apis/")
	if !ok {
		return nil, nil
	}
	if strings.HasPrefix(rest, "auth/") {
		rest = strings.TrimSuffix(rest, "/")
	}
	segments := strings.Split(rest, "/")
	for _, c := range r.byShape[shape{method, len(segments)}] {
		if params, ok := c.match(segments); ok {
			return c.endpoint, params
		}
	}
	return nil, nil
}

func (c candidate) match(segments []string) (map[string]string, bool) {
	for i, want := range c.segments {
		if segments[i] == "" || (want[0] != ':' && want != segments[i]) {
			return nil, false
		}
	}
	params := make(map[string]string, 3)
	for i, want := range c.segments {
		if want[0] == ':' {
			params[want[1:]] = segments[i]
		}
	}
	return params, true
}
